//! Aggregated counts arrive once, or are counted as refused.

use std::time::Duration;

use shuttle::thread;
use statsd_proto::{Config, Dialect, Telemetry, Transport};

use crate::world::{SOUND, World, check, config, join};

#[test]
fn counts_by_handle_against_an_end_are_sent_or_refused() {
    check(|| {
        let (client, server, driver) = World::new(&aggregating()).drive_in_time();
        let counter = client.prepare("a").counter().unwrap();
        let threads = [(); 2].map(|()| {
            let counter = counter.clone();
            thread::spawn(move || {
                counter.incr();
                counter.incr();
            })
        });
        client.close();
        join(threads);
        client.close();
        driver.join().unwrap();
        let sent = server.values("a").iter().sum::<i64>() as u64;
        assert_eq!(sent + client.stats().refused.closed, 4);
    });
}

#[test]
fn counts_by_name_against_an_end_are_sent_or_refused() {
    check(|| {
        let (client, server, driver) = World::new(&aggregating()).drive_in_time();
        let threads = [(); 2].map(|()| {
            let client = client.clone();
            thread::spawn(move || {
                client.incr("a", 1);
                client.incr("a", 1);
            })
        });
        client.incr("a", 1);
        client.close();
        join(threads);
        client.close();
        driver.join().unwrap();
        let sent = server.values("a").iter().sum::<i64>() as u64;
        assert_eq!(sent + client.stats().refused.closed, 5);
    });
}

#[test]
fn samples_by_handle_against_an_end_are_sent_or_refused() {
    check(|| {
        let (client, server, driver) = World::new(&aggregating()).drive_in_time();
        let timing = client.prepare("a").timing().unwrap();
        let threads = [1, 2].map(|number| {
            let timing = timing.clone();
            thread::spawn(move || timing.record_ms(number))
        });
        client.close();
        join(threads);
        driver.join().unwrap();
        let sent = server.values("a").len() as u64;
        assert_eq!(sent + client.stats().refused.closed, 2);
    });
}

#[test]
fn a_handle_that_is_made_against_an_end_counts_or_is_refused() {
    check(|| {
        let (client, server, driver) = World::new(&aggregating()).drive_in_time();
        let making = client.clone();
        let makes = thread::spawn(move || {
            let counter = making.prepare("a").counter().unwrap();
            counter.incr();
            counter.incr();
        });
        client.close();
        makes.join().unwrap();
        driver.join().unwrap();
        let sent = server.values("a").iter().sum::<i64>() as u64;
        assert_eq!(sent + client.stats().refused.closed, 2);
    });
}

#[test]
fn rounds_alone_bring_every_count() {
    check(|| count_and_wait(false));
}

#[test]
fn flushes_between_rounds_lose_no_count() {
    check(|| count_and_wait(true));
}

/// A sum counts its calls beside its amount, in two steps.
#[test]
fn telemetry_counts_every_call_once_whatever_drain_comes_between() {
    check(|| {
        let telemetry = Telemetry::datadog().interval(Duration::from_secs(1));
        let config = aggregating().dialect(Dialect::DogStatsd);
        let config = config.transport(Transport::Tcp).telemetry(Some(telemetry));
        let (client, server, driver) = World::new(&config).drive_in_time();
        let counter = client.prepare("a").counter().unwrap();
        let threads = [(); 2].map(|()| {
            let (client, counter) = (client.clone(), counter.clone());
            thread::spawn(move || {
                counter.incr();
                counter.incr();
                client.incr("b", 1);
            })
        });
        join(threads);
        server.wait_for("a", 4);
        server.wait_for("datadog.dogstatsd.client.metrics", 6);
        drop((client, counter));
        driver.join().expect(SOUND);
        let calls = server.values("datadog.dogstatsd.client.metrics");
        assert_eq!(calls.iter().sum::<i64>(), 6);
    });
}

fn count_and_wait(flushes: bool) {
    let (client, server, driver) = World::new(&aggregating()).drive_in_time();
    let counter = client.prepare("a").counter().expect("the name is good");
    let threads = [(); 2].map(|()| {
        let (client, counter) = (client.clone(), counter.clone());
        thread::spawn(move || {
            counter.incr();
            client.incr("b", 1);
            if flushes {
                drop(client.flush());
            }
            counter.incr();
            client.incr("b", 1);
        })
    });
    join(threads);
    // Nothing is closed yet.
    server.wait_for("a", 4);
    server.wait_for("b", 4);
    drop((client, counter));
    let report = driver.join().expect(SOUND);
    let sum = |name| server.values(name).iter().sum::<i64>();
    let refused = report.stats.refused.total();
    assert_eq!((sum("a"), sum("b"), refused), (4, 4, 0));
}

fn aggregating() -> Config {
    config().aggregate(Some(Duration::from_secs(1)))
}
