//! Bounds on the work that a drain does while it holds a lock, so that recording threads wait only briefly.

use std::time::Duration;

use crate::client::Client;
use crate::config::{Config, Transport};
use crate::encode::dialect::Dialect;
use crate::metric::Metric;
use crate::session::Core;
use crate::session::aggregate::Drained;
use crate::sync::as_thread;
use crate::testing::recorder_with_inlets;

const SERIES: u64 = 32;
const BYTES: u64 = 16 * 1024;

#[test]
fn a_drain_holds_a_lock_for_few_series_and_few_bytes() {
    // Number of series, and values of each: many series with one value, up to few series with many.
    let sizes: [(u32, u32); 4] = [(1000, 1), (100, 512), (3, 40_000), (1, 1)];
    for dialect in [Dialect::DogStatsd, Dialect::Statsd, Dialect::Collectd] {
        for (series, values) in sizes {
            let config = Config::new("192.0.2.1")
                .dialect(dialect)
                .transport(Transport::Udp)
                .kind_prefixes(false)
                .max_samples(1 << 16)
                .aggregate(Some(Duration::from_secs(2)));
            let (client, _server) = recorder_with_inlets(config, 4).unwrap();
            for number in 0..series {
                let name = format!("name.{number}");
                for value in 0..values {
                    let value = f64::from(value) + 0.5;
                    // A dialect without rates on timings sends values beyond the limit as lines at once.
                    let _ = client.record(&Metric::timing_ms(&name, value));
                }
            }
            let moves = count_moves(&client);
            let least = u64::from(series).div_ceil(SERIES);
            assert!(
                moves >= least,
                "{dialect:?} {series} {values}: {moves}, {:?}",
                client.stats()
            );
            let (writes, lines) = check_writes(&client);
            assert!(writes >= u64::from(series).div_ceil(SERIES), "{writes}");
            assert!(lines >= u64::from(series), "{lines}");
        }
    }
}

#[test]
fn idle_series_are_removed_a_few_while_a_lock_is_held() {
    let config = Config::new("192.0.2.1").aggregate(Some(Duration::from_secs(2)));
    let (client, _server) = recorder_with_inlets(config, 4).unwrap();
    let shared = &client.entry().unwrap().shared;
    let record = || {
        for number in 0..1000 {
            as_thread(number % 3, || client.incr(&format!("name.{number}"), 1));
        }
    };
    record();
    drain_a_few(&client);
    assert_eq!(sizes(&client), (1000, 1000));
    // A series that has a value from time to time stays.
    for _ in 0..20 {
        client.incr("name.7", 1);
        drain_a_few(&client);
    }
    assert_eq!(sizes(&client), (1, 1));

    record();
    drain_a_few(&client);
    client.incr("name.7", 1);
    for index in 0..shared.inlets.len() {
        shared.inlet(index).start_trim();
        while a_few(&client, || shared.inlet(index).trim_parts()) {}
    }
    shared.with(Core::start_trim);
    while a_few(&client, || shared.with(Core::trim_series)) {}
    assert_eq!(sizes(&client), (1, 1));
}

#[test]
fn a_sweep_ends_although_the_session_ends_meanwhile() {
    let config = Config::new("192.0.2.1").aggregate(Some(Duration::from_secs(2)));
    let (client, server) = recorder_with_inlets(config, 4).unwrap();
    client.incr("a", 1);
    drain_a_few(&client);
    let shared = &client.entry().unwrap().shared;
    shared.with(Core::start_trim);
    drop(server);
    assert!(!shared.with(Core::trim_series));
    assert!(!shared.with(Core::sweep_series));
}

/// Drains everything, and checks what is removed while a lock is held once.
fn drain_a_few(client: &Client) {
    let shared = &client.entry().unwrap().shared;
    shared.with(Core::start_drain);
    for index in 0..shared.inlets.len() {
        while a_few(client, || shared.collect_parts(index)) {}
    }
    shared.with(Core::start_writing);
    while a_few(client, || {
        shared.with(|core| core.write_series(&|_| None)) != Drained::All
    }) {}
    while a_few(client, || shared.with(Core::sweep_series)) {}
}

/// Does something that holds a lock once, and checks that it removes only a few parts and series.
fn a_few(client: &Client, work: impl FnOnce() -> bool) -> bool {
    let before = sizes(client);
    let has_more = work();
    let after = sizes(client);
    assert!(before.0 - after.0 <= SERIES && before.1 - after.1 <= SERIES);
    has_more
}

/// Number of parts in all inlets, and of series in the store.
fn sizes(client: &Client) -> (u64, u64) {
    let shared = &client.entry().unwrap().shared;
    let parts =
        (0..shared.inlets.len()).map(|index| shared.inlet(index).parts.as_ref().unwrap().len());
    let parts = parts.sum::<usize>();
    (parts as u64, shared.with(|core| core.series_len()) as u64)
}

/// Number of times that the locks are taken to move the values of all inlets to the store.
fn count_moves(client: &Client) -> u64 {
    let shared = &client.entry().unwrap().shared;
    shared.with(|core| core.start_drain());
    let mut holds = 0;
    for index in 0..shared.inlets.len() {
        loop {
            let before = pending(client, index);
            holds += 1;
            let has_more = shared.collect_parts(index);
            assert!(before - pending(client, index) <= SERIES);
            if !has_more {
                break;
            }
        }
    }
    holds
}

/// Number of series with pending values in the inlet.
fn pending(client: &Client, index: usize) -> u64 {
    let inlet = client.entry().unwrap().shared.inlet(index);
    inlet.parts.as_ref().unwrap().pending_len() as u64
}

/// Checks the bytes written while the lock is held once. Returns the number of times that it was taken, and of lines.
fn check_writes(client: &Client) -> (u64, u64) {
    let shared = &client.entry().unwrap().shared;
    shared.with(|core| core.start_writing());
    let (mut holds, mut lines) = (0, 0);
    loop {
        let before = client.stats();
        let drained = shared.with(|core| core.write_series(&|_| None));
        let after = client.stats();
        holds += 1;
        let bytes = after.queued_bytes - before.queued_bytes;
        // The bound may be exceeded by the last line and by the padding of datagrams.
        assert!(bytes <= BYTES + BYTES / 8 + 8192, "{bytes}");
        lines += after.accepted - before.accepted;
        match drained {
            Drained::Series => {}
            Drained::All => return (holds, lines),
            Drained::Stopped | Drained::Owner(_) => panic!("{drained:?}"),
        }
    }
}
