//! Every adapter over every carrier, against servers that go, break, stall and come back at random.
//!
//! ```text
//! cargo run -p tests --example soak -- --seconds 60 [--seed N]
//! ```
//!
//! Each adapter and carrier is a process of its own, so that each has its own memory; all run at once. At
//! the end a table accounts for every line. A line that is garbled, repeated, out of order, or
//! unaccounted for is a failure, and so is memory that grows.

#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a table is what it is for"
)]

mod account;
#[path = "../../conformance/adapters.rs"]
mod adapters;
mod chaos;
mod memory;
mod options;
mod oracle;

use std::env;
use std::io;
use std::process::{Child, Command, ExitCode, Stdio};

use crate::account::HEADER;
use crate::adapters::{AsyncStd, Smol, Tokio};
use crate::options::{Options, Subject};

fn main() -> ExitCode {
    let options = match Options::parse(env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("soak: {problem}");
            eprintln!("usage: soak [--seconds N] [--seed N]");
            return ExitCode::FAILURE;
        }
    };
    match options.subject {
        Some(subject) => soak(subject, &options),
        None => soak_all(&options),
    }
}

/// One adapter over one carrier.
fn soak(subject: Subject, options: &Options) -> ExitCode {
    let run = match subject.adapter {
        "async-std" => chaos::run::<AsyncStd>,
        "smol" => chaos::run::<Smol>,
        _ => chaos::run::<Tokio>,
    };
    let account = run(subject.carrier, options);
    println!("{}", account.row(subject));
    for violation in account.violations() {
        eprintln!("soak: {subject}: {violation}");
    }
    exit_code(account.violations().is_empty())
}

/// A process for each.
fn soak_all(options: &Options) -> ExitCode {
    println!("{} s, seed {}\n\n{HEADER}", options.seconds, options.seed);
    let children = Subject::all().map(|subject| (subject, start(subject, options)));
    let mut is_good = true;
    for (subject, child) in children.collect::<Vec<_>>() {
        match child.and_then(Child::wait_with_output) {
            Ok(output) => {
                print!("{}", String::from_utf8_lossy(&output.stdout));
                is_good &= output.status.success();
            }
            Err(error) => {
                eprintln!("soak: {subject}: {error}");
                is_good = false;
            }
        }
    }
    exit_code(is_good)
}

fn start(subject: Subject, options: &Options) -> io::Result<Child> {
    Command::new(env::current_exe()?)
        .args(["--seconds", &options.seconds.to_string()])
        .args(["--seed", &options.seed.to_string()])
        .args(["--only", &subject.to_string()])
        .stdout(Stdio::piped())
        .spawn()
}

fn exit_code(is_good: bool) -> ExitCode {
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
