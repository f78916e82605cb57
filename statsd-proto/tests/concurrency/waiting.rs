//! Those who wait are told.

use std::time::Duration;

use shuttle::future::block_on;
use shuttle::thread;
use statsd_proto::RecordError;

use crate::world::{World, check, config, join, step};

#[test]
fn flushing_brings_what_was_recorded_before() {
    check(|| {
        let config = config().flush_interval(Duration::from_secs(3600));
        let (client, server, driver) = World::new(&config).drive_in_time();
        let threads = ["a", "b"].map(|name| {
            let (client, server) = (client.clone(), server.clone());
            thread::spawn(move || {
                client.incr(name, 1);
                block_on(client.flush());
                assert_eq!(server.values(name), [1]);
            })
        });
        join(threads);
        drop(client);
        assert_eq!(driver.join().unwrap().sent, 2);
    });
}

#[test]
fn a_full_queue_is_ready_again() {
    check(|| {
        let config = config().max_queue_lines(2);
        let (client, server, driver) = World::new(&config).drive();
        let threads = ["a", "b"].map(|name| {
            let client = client.clone();
            thread::spawn(move || {
                for number in 0..3 {
                    let metric = statsd_proto::Metric::counter(name, number);
                    while client.record(&metric) == Err(RecordError::QueueFull) {
                        block_on(client.ready());
                    }
                }
            })
        });
        join(threads);
        server.wait_for("a", 3);
        server.wait_for("b", 3);
        drop(client);
        assert_eq!(driver.join().unwrap().sent, 6);
        assert_eq!(server.values("a"), [0, 1, 2]);
    });
}

#[test]
fn closing_ends_all_waiting() {
    check(|| {
        let (client, server, driver) = World::new(&config()).drive_in_time();
        let waiting = client.clone();
        let waits = thread::spawn(move || {
            waiting.incr("a", 1);
            block_on(waiting.flush());
            block_on(waiting.ready());
            block_on(waiting.closed())
        });
        let closing = client.clone();
        let closes = thread::spawn(move || {
            closing.close();
            block_on(closing.closed())
        });
        let reports = [
            waits.join().unwrap(),
            closes.join().unwrap(),
            driver.join().unwrap(),
        ];
        for report in reports {
            assert_eq!(
                (report.sent, report.abandoned),
                (server.lines().len() as u64, 0)
            );
        }
        let stats = client.stats();
        assert_eq!(stats.accepted + stats.refused.closed, 1);
    });
}

#[test]
fn a_driver_that_is_dropped_ends_all_waiting() {
    check(|| {
        let World {
            client,
            mut driver,
            server,
            ..
        } = World::new(&config());
        let threads = ["a", "b"].map(|name| {
            let client = client.clone();
            thread::spawn(move || {
                client.incr(name, 1);
                block_on(client.flush());
                client.incr(name, 2);
                block_on(client.ready());
                block_on(client.closed())
            })
        });
        for _ in 0..3 {
            assert_eq!(step(&mut driver, &server, |_, _| {}), None);
        }
        drop(driver);
        join(threads);
        let stats = client.stats();
        assert_eq!(stats.accepted, stats.sent + stats.dropped.total());
        assert_eq!(stats.accepted + stats.refused.closed, 4);
        assert_eq!(stats.sent, server.lines().len() as u64);
    });
}
