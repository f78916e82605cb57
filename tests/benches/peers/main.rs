//! This workspace's clients beside others of their kind, over the loopback.
//!
//! ```sh
//! cargo bench -p tests --bench peers -- --syscalls --page statsd-proto/PERFORMANCE.md --svg statsd-proto/performance.svg
//! ```
//!
//! Each figure is from a process of its own, which sends to a receiver in another process. In each round
//! all subjects take their turns at each workload, so that a machine that slows down slows all of them.

#[path = "../../conformance/adapters.rs"]
mod adapters;
mod arguments;
mod arrivals;
mod campaign;
mod clock;
mod column;
mod figures;
mod page;
mod plot;
mod process;
mod receiver;
mod run;
mod spread;
mod subject;
mod table;
mod tally;
mod workload;

use std::error::Error;
use std::fs;
use std::io::{self, Write};

use crate::arguments::{Arguments, Role};
use crate::arrivals::Arrivals;
use crate::campaign::Campaign;
use crate::subject::ENTRIES;
use crate::workload::Workload;

fn main() -> Result<(), Box<dyn Error>> {
    match Role::of_this_process()? {
        Role::Compare(arguments) => compare(&arguments),
        Role::Receive => Ok(receiver::main()?),
        Role::Run(run) => {
            let subject = (ENTRIES[run.subject].open)(run.target);
            let mut arrivals = Arrivals::connect(run.control);
            let workload = Workload::ALL[run.workload];
            let figures = run::run(&*subject, workload, run.metrics, &mut arrivals);
            Ok(writeln!(io::stdout(), "{figures}")?)
        }
    }
}

fn compare(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let campaign = Campaign::run(arguments)?;
    let tables = table::render(&campaign);
    write!(io::stdout(), "{tables}")?;
    if let Some(file) = &arguments.page {
        fs::write(file, page::insert(&fs::read_to_string(file)?, &tables)?)?;
    }
    if let Some(file) = &arguments.svg {
        fs::write(file, plot::render(&campaign))?;
    }
    Ok(())
}
