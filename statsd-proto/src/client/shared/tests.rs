mod gauges;
mod holds;
mod order;

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::client::Client;
use crate::config::Config;
use crate::metric::Metric;
use crate::testing::{Recorder, recorder_with_inlets};

const THREADS: usize = 4;
const LINES: usize = 20_000;

#[test]
fn each_thread_keeps_its_order_and_nothing_is_lost() {
    let (client, mut server) = start(|config| config);
    on_threads(|thread| {
        for number in 0..LINES {
            client.incr(&format!("t{thread}"), number as u64);
        }
    });
    let lines = server.lines();
    assert_eq!(lines.len(), THREADS * LINES);
    for thread in 0..THREADS {
        let name = format!("counters.t{thread}:");
        let numbers = lines.iter().filter_map(|line| line.strip_prefix(&name));
        let expected = (0..LINES).map(|number| format!("{number}|c"));
        assert!(numbers.eq(expected), "thread {thread}");
    }
}

#[test]
fn levels_leave_in_the_order_recorded_whichever_thread_sets_them() {
    let (client, mut server) = start(|config| config);
    let level = Mutex::new(0_u64);
    on_threads(|thread| {
        for number in 0..LINES / 10 {
            client.incr(&format!("t{thread}"), number as u64);
            let mut level = level.lock().unwrap();
            *level += 1;
            client.gauge("level", *level);
        }
    });
    let lines = server.lines();
    let levels = lines
        .iter()
        .filter_map(|line| line.strip_prefix("gauges.level:"));
    let expected = (1..=THREADS * LINES / 10).map(|level| format!("{level}|g"));
    assert!(levels.eq(expected));
    for thread in 0..THREADS {
        let name = format!("counters.t{thread}:");
        let numbers = lines.iter().filter_map(|line| line.strip_prefix(&name));
        let expected = (0..LINES / 10).map(|number| format!("{number}|c"));
        assert!(numbers.eq(expected), "thread {thread}");
    }
}

#[test]
fn the_bounds_hold_for_all_threads_together() {
    for (bytes, lines) in [(64 * 1024, usize::MAX), (1 << 20, 3000)] {
        let (client, mut server) =
            start(|config| config.max_queue_bytes(bytes).max_queue_lines(lines));
        on_threads(|_| {
            for _ in 0..LINES {
                client.incr("x", 1);
            }
        });
        let stats = client.stats();
        assert!(stats.queued_bytes <= bytes as u64 && stats.queued <= lines as u64);
        // The queue has no room for another line, so no refusal was needless.
        let line = "counters.x:1|c\n".len() as u64;
        assert!(stats.queued_bytes + line > bytes as u64 || stats.queued == lines as u64);
        let recorded = (THREADS * LINES) as u64;
        assert_eq!(stats.accepted + stats.refused.full, recorded);
        assert_eq!(stats.accepted, server.lines().len() as u64);
    }
}

#[test]
fn a_full_queue_takes_back_what_other_threads_do_not_use_each_time_that_it_fills() {
    const BYTES: usize = 256 * 1024;
    let (client, mut server) = start(|config| config.max_queue_bytes(BYTES));
    let mut refused = 0;
    for _ in 0..3 {
        // Each thread is granted more than it uses.
        on_threads(|_| client.incr("x", 1));
        on_another_thread(|| (0..LINES).for_each(|_| client.incr("x", 1)));
        let stats = client.stats();
        assert!(stats.refused.full > refused);
        refused = stats.refused.full;
        let line = "counters.x:1|c\n".len() as u64;
        assert!(stats.queued_bytes + line > BYTES as u64, "{stats:?}");
        server.lines();
    }
}

#[test]
fn what_threads_record_after_the_end_is_counted() {
    let (client, mut server) = start(|config| config);
    on_threads(|_| client.incr("x", 1));
    client.close();
    on_threads(|_| client.incr("x", 1));
    assert_eq!(server.lines().len(), THREADS);
    let stats = client.stats();
    assert_eq!(stats.refused.closed, THREADS as u64);
    assert_eq!(
        (stats.accepted, stats.sent),
        (THREADS as u64, THREADS as u64)
    );
}

#[test]
fn what_a_thread_refuses_or_leaves_out_is_counted() {
    let (client, _server) = start(|config| config);
    on_threads(|_| {
        client.histogram("x", 1);
        client.inject_metric("x", f64::NAN, "c");
        client.incr(&"x".repeat(5000), 1);
        for _ in 0..1000 {
            client.record(&Metric::counter("x", 1).rate(0.25)).unwrap();
        }
    });
    let stats = client.stats();
    let threads = THREADS as u64;
    assert_eq!(stats.refused.invalid, 2 * threads);
    assert_eq!(stats.refused.too_long, threads);
    assert_eq!(stats.accepted + stats.sampled_out, 1000 * threads);
    assert!(stats.sampled_out > 600 * threads, "{stats:?}");
}

#[test]
fn lines_longer_than_a_lane_stay_in_their_order() {
    let (client, mut server) = start(|config| config.max_queue_bytes(64 * 1024));
    on_threads(|thread| {
        for len in [1, 2000, 1, 1, 3000] {
            client.inject_metric(&format!("t{thread}{}", "x".repeat(len)), 1, "c");
        }
    });
    let lines = server.lines();
    for thread in 0..THREADS {
        let name = format!("t{thread}");
        let lens = lines
            .iter()
            .filter_map(|line| Some(line.strip_prefix(&name)?.len() - ":1|c".len()));
        assert!(lens.eq([1, 2000, 1, 1, 3000]), "thread {thread}");
    }
}

#[test]
fn a_driver_that_is_dropped_abandons_what_threads_recorded() {
    let (client, server) = start(|config| config);
    on_threads(|_| client.incr("x", 1));
    drop(server);
    let stats = client.stats();
    assert_eq!(stats.dropped.abandoned, THREADS as u64);
    assert_eq!(stats.accepted, stats.dropped.total());
}

#[test]
fn the_first_line_of_any_thread_wakes_the_driver_and_leaves_after_the_interval() {
    for _ in 0..THREADS {
        let (client, mut server) = start(|config| config);
        server.advance(Duration::from_secs(1));
        assert!(!server.is_woken());
        on_another_thread(|| client.incr("a", 1));
        assert!(server.is_woken());
        assert_eq!(server.payloads(), [""; 0]);
        server.advance(Duration::from_millis(99));
        on_another_thread(|| client.incr("b", 1));
        assert!(!server.is_woken());
        server.advance(Duration::from_millis(1));
        assert_eq!(server.payloads().concat().lines().count(), 2);
    }
}

#[test]
fn a_flush_sends_what_every_thread_recorded() {
    let (client, mut server) = start(|config| config);
    server.advance(Duration::from_secs(1));
    on_threads(|_| client.incr("x", 1));
    let _unawaited = client.flush();
    assert_eq!(server.payloads().concat().lines().count(), THREADS);
}

/// Client with an inlet for each thread of a test.
fn start(set: impl FnOnce(Config) -> Config) -> (Client, Recorder) {
    recorder_with_inlets(set(Config::new("localhost")), 4).unwrap()
}

fn on_another_thread(work: impl FnOnce() + Send) {
    thread::scope(|scope| {
        scope.spawn(work);
    });
}

fn on_threads(work: impl Fn(usize) + Sync) {
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let work = &work;
            scope.spawn(move || work(thread));
        }
    });
}
