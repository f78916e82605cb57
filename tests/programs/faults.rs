//! `pipe`, with a server that does it wrong.

use std::thread;
use std::time::Duration;

use tests::carrier::Carrier;
use tests::fault::Fault;
use tests::patience::eventually;
use tests::server::Server;

use crate::pipe::{input, lines};
use crate::process::{Ended, Examples};
#[cfg(target_os = "linux")]
use crate::signals::signal;

pub(crate) fn resets_in_mid_line_neither_repeat_reorder_nor_tear(examples: Examples) {
    const RESETS: usize = 10;
    // More than it takes to be reset.
    const PORTION: usize = 3000;
    let server = Server::start_faulty(Carrier::Tcp, |number| {
        let bytes = 10_000 + 137 * number;
        (number < RESETS).then_some(Fault::ResetAfter(bytes))
    });
    let mut pipe = examples.pipe(&server, &[]);
    for number in 0..RESETS {
        pipe.write(&input(number * PORTION..(number + 1) * PORTION));
        eventually("the next connection", || server.accepted() > number + 1);
    }
    let last = RESETS * PORTION..(RESETS + 1) * PORTION;
    pipe.write(&input(last.clone()));
    let ended = pipe.end();
    assert_accounted_for(&ended, (RESETS + 1) * PORTION);
    let arrived = server.wait_for_end(PORTION);
    assert!(arrived.ends_with(&lines(last)), "the last ones are missing");
    let mut recorded = lines(0..(RESETS + 1) * PORTION).into_iter();
    for line in arrived {
        // What is repeated, torn or out of order is not found behind the one before.
        assert!(recorded.any(|one| one == line), "{line} is out of place");
    }
    let pieces = server.pieces();
    let torn = pieces.iter().filter(|piece| piece.is_torn());
    assert!(torn.count() >= RESETS / 2, "the cuts are in mid-line");
}

pub(crate) fn a_server_that_hangs_up_at_once_is_not_besieged(examples: Examples) {
    let server = Server::start_faulty(Carrier::Tcp, |_| Some(Fault::Close));
    let mut pipe = examples.pipe(&server, &["--linger", "0.2"]);
    for number in 0..500 {
        pipe.write(&input(number..number + 1));
        thread::sleep(Duration::from_millis(10));
    }
    let connections = server.accepted();
    assert!(connections <= 15, "{connections} connections in 5 s");
    assert_accounted_for(&pipe.end(), 500);
}

#[cfg(target_os = "linux")]
pub(crate) fn a_server_that_never_reads_costs_little_memory(examples: Examples) {
    const MOST: usize = 64 << 20;
    let server = Server::start_faulty(Carrier::Tcp, |_| Some(Fault::Stall));
    let mut pipe = examples.pipe(&server, &["--linger", "0.2"]);
    let id = pipe.id();
    let text = "lines:1|c\n".repeat(MOST / 5);
    thread::scope(|scope| {
        scope.spawn(|| pipe.write(&text));
        // Nothing tells from outside that it reads no more.
        thread::sleep(Duration::from_secs(2));
        let peak = peak_memory(id);
        signal(id, "TERM");
        assert!(peak < MOST, "{peak} bytes");
    });
    let ended = pipe.wait();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let counts = ended.counts();
    assert_eq!(counts["accepted"], counts["sent"] + counts["dropped"]);
}

#[track_caller]
fn assert_accounted_for(ended: &Ended, accepted: usize) {
    let counts = ended.counts();
    assert_eq!(counts["accepted"], accepted as u64, "{ended:?}");
    assert_eq!(counts["accepted"], counts["sent"] + counts["dropped"]);
}

/// The most memory that a process has had, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory(id: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"));
    let status = status.expect("the process runs");
    let mut lines = status.lines();
    let peak = lines.find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
    let kilobytes: usize = peak
        .and_then(|peak| peak.trim().parse().ok())
        .expect("a number");
    kilobytes * 1024
}
