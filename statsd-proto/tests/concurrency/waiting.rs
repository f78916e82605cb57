//! Waiting callers are woken.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
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

#[test]
fn a_waker_that_panics_loses_no_other_its_wake_up() {
    check(|| {
        let config = config().flush_interval(Duration::from_secs(3600));
        let World {
            client,
            mut driver,
            server,
            ..
        } = World::new(&config);
        client.incr("a", 1);
        // It is polled once, and so has left its waker.
        let mut panicking = Box::pin(client.flush());
        let waker = Waker::from(Arc::new(Panicking));
        let polled = panicking.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        let waiting = client.clone();
        let waits = thread::spawn(move || block_on(waiting.flush()));
        // With the thread that waits, or before it.
        let drives = thread::spawn(move || {
            loop {
                let stepped = catch_unwind(AssertUnwindSafe(|| {
                    step(&mut driver, &server, |driver, _| block_on(driver.woken()))
                }));
                if let Ok(Some(report)) = stepped {
                    return report;
                }
            }
        });
        waits.join().unwrap();
        drop(panicking);
        drop(client);
        assert_eq!(drives.join().unwrap().sent, 1);
    });
}

struct Panicking;

impl Wake for Panicking {
    fn wake(self: Arc<Self>) {
        panic!("as a waker may");
    }
}
