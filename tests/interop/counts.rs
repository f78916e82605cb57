//! Totals.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use statsd_proto::{Client, Report};
use tests::timeout::{TIMEOUT, eventually};

use crate::adapters::Adapter;
use crate::server::{RealServer, Speech};

pub(crate) fn counts_add_up_exactly<S: RealServer>(server: &S, speech: Speech, adapter: Adapter) {
    const COUNTS: u32 = 300_000;
    for attempt in 1..=ATTEMPTS {
        let name = format!("attempt_{attempt}");
        let config = server.config(speech).close_timeout(TIMEOUT * 3);
        let dropped = receiver_drops(server.port());
        let report = adapter(config, &mut |client: &Client| {
            for _ in 0..COUNTS {
                client.incr(&name, 1);
            }
        });
        assert_delivered(&report);
        let is_overrun = receiver_drops(server.port()) > dropped;
        if !is_overrun || attempt == ATTEMPTS {
            expect_count(server, &format!("shop.counters.{name}"), COUNTS);
            break;
        }
    }
    expect_no_bad_lines(server);
}

pub(crate) fn datagrams_may_be_as_large_as_the_dialect_says<S: RealServer>(
    server: &S,
    speech: Speech,
    adapter: Adapter,
) {
    const COUNTS: u32 = 20_000;
    let config = server.config(speech).max_datagram(S::MAX_DATAGRAM);
    let too_large = config.clone().max_datagram(S::MAX_DATAGRAM + 1);
    too_large.check().expect_err("the server would cut it");
    let report = adapter(config, &mut |client: &Client| {
        for _ in 0..COUNTS {
            client.incr("orders", 1);
        }
    });
    assert_delivered(&report);
    let filled = report.stats.bytes / report.stats.payloads;
    assert!(filled > S::MAX_DATAGRAM as u64 / 2, "{report:?}");
    expect_count(server, "shop.counters.orders", COUNTS);
    expect_no_bad_lines(server);
}

/// If the machine gives the server no time for longer than its buffer lasts, that proves nothing about the
/// client. That this happens in each attempt is less likely than a client that sends too fast.
const ATTEMPTS: u32 = 3;

/// Waits until a counter has this total.
#[track_caller]
pub(crate) fn expect_count<S: RealServer>(server: &S, name: &str, total: u32) {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let counted = server.counter(name);
        if counted == Some(f64::from(total)) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{name} is {counted:?} and not {total}; datagrams dropped by the receiver's kernel: {:?}",
            receiver_drops(server.port())
        );
        thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until the server reports its number of bad lines.
#[track_caller]
pub(crate) fn expect_no_bad_lines<S: RealServer>(server: &S) {
    let mut count = None;
    eventually("a count of bad lines", || {
        count = server.bad_lines();
        count.is_some()
    });
    assert_eq!(count, Some(0));
}

/// Everything was taken and sent.
#[track_caller]
pub(crate) fn assert_delivered(report: &Report) {
    let stats = &report.stats;
    let refused = stats.refused.total();
    assert_eq!((stats.sent, refused), (stats.accepted, 0), "{report:?}");
}

/// Number of datagrams that the receiver's kernel dropped, if the system reports it.
fn receiver_drops(port: u16) -> Option<u64> {
    let sockets = fs::read_to_string("/proc/net/udp").ok()?;
    let address = format!(":{port:04X}");
    let mut lines = sockets.lines();
    let line = lines.find(|line| {
        line.split_whitespace()
            .nth(1)
            .is_some_and(|at| at.ends_with(&address))
    })?;
    line.split_whitespace().last()?.parse().ok()
}
