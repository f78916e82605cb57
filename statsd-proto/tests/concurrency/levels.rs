//! The last level of a gauge that arrives is the last one set, by any method and thread, with drains in between.

use std::sync::Arc;
use std::time::Duration;

use shuttle::future::block_on;
use shuttle::sync::Mutex;
use shuttle::thread;
use statsd_proto::{Client, Config, Gauge, Metric};

use crate::world::{SOUND, World, check, config, join};

type Way = fn(&Client, &Gauge, i64);

const NAMED: Way = |client, _, level| client.gauge("level", level);
const HELD: Way = |_, held, level| held.set(level);
const LINE: Way = |client, _, level| {
    let line = format!("level:{level}|g");
    client.record_line(&line).expect("the line is a good one");
};
const SAMPLED: Way = |client, _, level| {
    let metric = Metric::gauge("level", level).sampled_at(0.5);
    client.record(&metric).expect("there is room");
};
const CHANGED: Way = |client, _, _| client.gauge_delta("level", 1);

#[test]
fn an_aggregated_level_and_a_line_of_the_same_gauge_keep_their_order() {
    check(|| set_in_turn([NAMED, LINE], false));
    check(|| set_in_turn([HELD, SAMPLED], false));
}

#[test]
fn levels_keep_their_order_while_others_flush() {
    check(|| set_in_turn([NAMED, LINE], true));
    check(|| set_in_turn([HELD, CHANGED], true));
}

/// Two threads set a gauge, each knowing which of them was the last.
fn set_in_turn(ways: [Way; 2], flushes: bool) {
    let (client, server, driver) = World::new(&aggregating()).drive_in_time();
    let held = client.prepare("level").gauge().expect("the name is good");
    let level = Arc::new(Mutex::new(0));
    let threads = ways.map(|way| {
        let (client, held, level) = (client.clone(), held.clone(), Arc::clone(&level));
        thread::spawn(move || {
            for _ in 0..2 {
                let mut level = level.lock().expect(SOUND);
                *level += 1;
                way(&client, &held, *level);
            }
        })
    });
    if flushes {
        drop(client.flush());
    }
    join(threads);
    drop((client, held));
    driver.join().expect(SOUND);
    let lines = server.lines();
    // A sign makes a change of it.
    let last = lines.iter().fold(0, |known, line| {
        let (value, _) = line["level:".len()..].split_once('|').expect("a type");
        let number: i64 = value.parse().expect("it is whole");
        number + if value.starts_with('+') { known } else { 0 }
    });
    assert_eq!(last, 4, "{lines:?}");
}

#[test]
fn a_flush_brings_what_was_aggregated_before_whatever_else_drains() {
    check(|| {
        let (client, server, driver) = World::new(&aggregating()).drive_in_time();
        let threads = ["a", "b"].map(|name| {
            let (client, server) = (client.clone(), server.clone());
            thread::spawn(move || {
                let held = client.prepare(name).counter().expect("the name is good");
                client.incr(name, 1);
                held.incr();
                client.gauge("level", 1);
                block_on(client.flush());
                assert_eq!(server.values(name).iter().sum::<i64>(), 2);
                assert!(server.values("level").contains(&1));
            })
        });
        join(threads);
        drop(client);
        driver.join().expect(SOUND);
    });
}

#[test]
fn a_thread_keeps_its_order_among_the_levels_of_others() {
    check(|| {
        let config = config().flush_interval(Duration::from_millis(100));
        let (client, server, driver) = World::new(&config).drive_in_time();
        let threads = ["a", "b"].map(|name| {
            let client = client.clone();
            thread::spawn(move || {
                client.gauge("level", 1);
                let values = [1.0, 2.0];
                let several = Metric::timings_ms(name, &values);
                client.record(&several).expect("there is room");
                client.incr(name, 3);
                client.gauge("level", 2);
                client.incr(name, 4);
            })
        });
        drop(client.flush());
        join(threads);
        drop(client);
        driver.join().expect(SOUND);
        for name in ["a", "b"] {
            assert_eq!(server.values(name), [1, 2, 3, 4], "{:?}", server.lines());
        }
    });
}

fn aggregating() -> Config {
    config().aggregate(Some(Duration::from_secs(1)))
}
