//! Metrics of several threads: all arrive, and in order.

use std::sync::Arc;
use std::time::Duration;

use shuttle::sync::Mutex;
use shuttle::thread;

use crate::world::{SOUND, World, check, config, join};

#[test]
fn every_line_wakes_a_driver_that_sleeps_without_a_timer() {
    check(|| {
        let (client, server, driver) = World::new(&config()).drive();
        let threads = ["a", "b"].map(|name| {
            let client = client.clone();
            thread::spawn(move || {
                client.incr(name, 1);
                client.incr(name, 2);
            })
        });
        client.incr("c", 1);
        // The client is still open: nothing but the lines themselves can bring them here.
        for (name, sum) in [("a", 3), ("b", 3), ("c", 1)] {
            server.wait_for(name, sum);
        }
        join(threads);
        drop(client);
        let report = driver.join().unwrap();
        assert_eq!((report.sent, report.stats.accepted), (5, 5));
    });
}

#[test]
fn the_order_of_each_thread_and_of_a_gauge_holds() {
    check(|| keep_order(Duration::ZERO));
    check(|| keep_order(Duration::from_millis(100)));
}

fn keep_order(interval: Duration) {
    const NAMES: [&str; 3] = ["a", "b", "c"];

    let config = config().flush_interval(interval);
    let (client, server, driver) = World::new(&config).drive_in_time();
    let level = Arc::new(Mutex::new(0));
    let threads = NAMES.map(|name| {
        let (client, level) = (client.clone(), Arc::clone(&level));
        thread::spawn(move || {
            client.incr(name, 1);
            let mut level = level.lock().expect(SOUND);
            *level += 1;
            client.gauge("level", *level);
            drop(level);
            client.incr(name, 2);
        })
    });
    join(threads);
    drop(client);
    let report = driver.join().expect(SOUND);
    assert_eq!(report.sent, 9);
    assert_eq!(server.values("level"), [1, 2, 3]);
    for name in NAMES {
        assert_eq!(server.values(name), [1, 2], "{:?}", server.lines());
    }
    // The level of a thread is between its counts.
    let lines = server.lines();
    for name in NAMES {
        let place = |line: &str| {
            let line = format!("{name}:{line}");
            let place = lines.iter().position(|found| *found == line);
            place.expect("it has arrived")
        };
        let levels = |range: std::ops::Range<usize>| {
            lines[range].iter().any(|line| line.starts_with("level:"))
        };
        let (first, last) = (place("1|c"), place("2|c"));
        assert!(levels(first..last), "{lines:?}");
    }
}
