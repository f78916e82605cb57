//! Servers that are killed, as by `kill -9`, and come back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use statsd_proto::Client;
use tests::timeout::{TIMEOUT, eventually};

use crate::adapters::Adapter;
use crate::counts::{assert_delivered, expect_count, expect_no_bad_lines};
use crate::server::{RealServer, Reference, Speech};

pub(crate) fn a_kill_at_rest_loses_nothing<S: RealServer>(
    server: &mut S,
    speech: Speech,
    adapter: Adapter,
) {
    const COUNTS: u32 = 1000;
    let record = |client: &Client, name: &str| {
        for _ in 0..COUNTS {
            client.inject_metric(name, 1, "c");
        }
    };
    let config = server.config(speech);
    let report = adapter(config, &mut |client: &Client| {
        record(client, "before");
        expect_count(server, "shop.before", COUNTS);
        server.process().kill();
        record(client, "away");
        eventually("a broken link", || client.stats().disconnects > 0);
        server.start();
        record(client, "back");
        expect_count(server, "shop.away", COUNTS);
        expect_count(server, "shop.back", COUNTS);
        // It would have been sent twice.
        assert_eq!(server.counter("shop.before"), None);
    });
    assert_delivered(&report);
    expect_no_bad_lines(server);
}

pub(crate) fn a_kill_under_load_loses_what_the_kernel_had_taken(
    server: &mut Reference,
    speech: Speech,
    adapter: Adapter,
) {
    server.print_lines();
    server.start();
    let config = server.config(speech).prefix("");
    let config = config.close_timeout(TIMEOUT);
    let report = adapter(config, &mut |client: &Client| {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            // Also where this panics, since the scope waits for the load.
            let over = Over(&is_over);
            scope.spawn(|| load(client, &is_over));
            for _ in 0..KILLS {
                // Unread bytes are lost with the server, so it must have caught up first.
                let recorded = client.stats().accepted + 5000;
                eventually("a server that reads along", || {
                    server
                        .last_printed()
                        .is_some_and(|line| number(&line) >= recorded)
                });
                server.process().kill();
                server.start();
            }
            drop(over);
        });
    });
    assert_delivered(&report);
    assert_eq!(report.stats.disconnects, KILLS);
    let last = report.sent - 1;
    eventually("the last line", || numbers(server).last() == Some(&last));
    assert_few_lost(&numbers(server));
}

/// All came in the order recorded and none twice; what is missing between is little for each kill.
#[track_caller]
fn assert_few_lost(numbers: &[u64]) {
    let mut gaps = 0;
    let mut expected = 0;
    for &number in numbers {
        assert!(number >= expected, "{number} came after {expected}");
        let lost = expected..number;
        let bytes: usize = lost.map(|number| format!("load:{number}|c\n").len()).sum();
        assert!(bytes <= MOST_LOST, "{bytes} bytes are lost before {number}");
        gaps += u64::from(bytes > 0);
        expected = number + 1;
    }
    assert!(gaps <= KILLS, "lines are lost in {gaps} places");
}

/// Ends the load when it is dropped.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// About 10,000 lines a second.
fn load(client: &Client, is_over: &AtomicBool) {
    let mut numbers = 0..;
    while !is_over.load(Ordering::Relaxed) {
        for number in numbers.by_ref().take(10) {
            client.inject_metric("load", number, "c");
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// The numbers of the lines that the server has read.
fn numbers(server: &Reference) -> Vec<u64> {
    let lines = server.printed();
    lines.iter().map(|line| number(line)).collect()
}

#[track_caller]
fn number(line: &str) -> u64 {
    let number = line
        .strip_prefix("load:")
        .and_then(|rest| rest.strip_suffix("|c"));
    let number = number.and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("{line:?} was not recorded"))
}

const KILLS: u64 = 5;

/// Maximum of the bytes that a server without reads is sent. This one has just read all, so its own memory, up
/// to 64 KiB from one read, is counted as well.
const MOST_LOST: usize = 128 * 1024;
