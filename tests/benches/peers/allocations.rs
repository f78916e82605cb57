//! How often each subject allocates on its caller's thread. A program of its own, since counting
//! costs those who allocate.

#[path = "../../conformance/adapters.rs"]
mod adapters;
#[expect(dead_code, reason = "comparing takes more of a subject than counting")]
mod subject;

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::thread;
use std::time::Duration;

use crate::subject::{ENTRIES, Entry, Kind, Target};

fn main() -> io::Result<()> {
    // Nobody has to read what is counted here, but a stream that is full would hold up its client.
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let target = Target {
        tcp: tcp.local_addr()?,
        udp: udp.local_addr()?,
    };
    thread::spawn(move || {
        for mut stream in tcp.incoming().flatten() {
            thread::spawn(move || io::copy(&mut stream, &mut io::sink()).is_ok());
        }
    });
    for entry in ENTRIES {
        let [count, tagged] = [Kind::Count, Kind::Tagged].map(|kind| measure(entry, kind, target));
        writeln!(io::stdout(), "{}\t{count}\t{tagged}", entry.name)?;
    }
    Ok(())
}

/// Per metric, when the buffers are there. Not a number if the subject has no such metrics.
fn measure(entry: &Entry, kind: Kind, target: Target) -> f64 {
    if kind == Kind::Tagged && !entry.has_tags {
        return f64::NAN;
    }
    let subject = (entry.open)(target);
    let bursts = || {
        for _ in 0..BURSTS {
            subject.record(kind, BURST);
            thread::sleep(Duration::from_millis(1));
        }
    };
    bursts();
    let allocations = allocation_counter::measure(bursts).count_total;
    allocations as f64 / (BURSTS * BURST) as f64
}

const BURSTS: usize = 50;
const BURST: usize = 500;
