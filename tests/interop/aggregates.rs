//! Aggregated values.

use std::thread;
use std::time::Duration;

use statsd_proto::{Client, Config};
use tests::timeout::eventually;

use crate::adapters::Adapter;
use crate::counts::{assert_delivered, expect_count, expect_no_bad_lines};
use crate::server::{RealServer, Reference, Speech};

pub(crate) fn a_thousand_counts_become_few_lines_and_add_up_exactly<S: RealServer>(
    server: &S,
    speech: Speech,
    adapter: Adapter,
) {
    const COUNTS: u32 = 100_000;
    let report = adapter(config(server, speech), &mut |client: &Client| {
        thread::scope(|scope| {
            scope.spawn(|| count_by_name(client, "orders", COUNTS));
            scope.spawn(|| count_by_handle(client, "orders", COUNTS));
            scope.spawn(|| count_by_handle(client, "logins", COUNTS));
        });
        for level in 0..1000 {
            client.gauge("queue", level);
        }
        client.gauge("temperature", -4.5);
        for visitor in ["anna", "bob", "anna"] {
            client.set("visitors", visitor);
        }
    });
    assert_delivered(&report);
    let stats = report.stats;
    assert!(stats.accepted < 1000, "nothing was added up: {stats:?}");
    expect_count(server, "shop.counters.orders", 2 * COUNTS);
    expect_count(server, "shop.counters.logins", COUNTS);
    for (name, level) in [("queue", 999.0), ("temperature", -4.5)] {
        let name = format!("shop.gauges.{name}");
        eventually(&name, || server.gauge(&name) == Some(level));
    }
    expect_no_bad_lines(server);
}

pub(crate) fn added_times_keep_their_count_and_sum(
    server: &mut Reference,
    speech: Speech,
    adapter: Adapter,
) {
    const TIMES: u32 = 2000;
    let config = config(server, speech).max_samples(2 * TIMES as usize);
    let received = || {
        server
            .counter("statsd.metrics_received")
            .unwrap_or_default()
    };
    let before = received();
    let report = adapter(config, &mut |client: &Client| {
        let checkout = client.prepare("checkout").timing();
        let checkout = checkout.expect("the name is good");
        for milliseconds in 1..=TIMES {
            let time = Duration::from_millis(u64::from(milliseconds));
            client.timing("checkout", time);
            checkout.record(time);
        }
    });
    assert_delivered(&report);
    eventually("all lines", || {
        received() == before + report.stats.sent as f64
    });
    server.finish();
    let (count, sum) = (2 * TIMES, TIMES * (TIMES + 1));
    assert_eq!(
        server.summary("shop.timers.checkout"),
        Some((f64::from(count), f64::from(sum)))
    );
    expect_no_bad_lines(server);
}

pub(crate) fn a_server_that_was_away_gets_all_counts(
    server: &mut Reference,
    speech: Speech,
    adapter: Adapter,
) {
    const COUNTS: u32 = 1000;
    let count = |client: &Client, name: &str| {
        count_by_name(client, name, COUNTS);
        count_by_handle(client, name, COUNTS);
    };
    let config = config(server, speech);
    let report = adapter(config, &mut |client: &Client| {
        count(client, "before");
        expect_count(server, "shop.counters.before", 2 * COUNTS);
        server.process().kill();
        count(client, "away");
        eventually("a broken link", || client.stats().disconnects > 0);
        // Several rounds would have taken place.
        for _ in 0..10 {
            count(client, "away");
            thread::sleep(ROUND);
        }
        server.start();
        count(client, "back");
        expect_count(server, "shop.counters.away", 22 * COUNTS);
        expect_count(server, "shop.counters.back", 2 * COUNTS);
        // It would have been sent twice.
        assert_eq!(server.counter("shop.counters.before"), None);
    });
    assert_delivered(&report);
    expect_no_bad_lines(server);
}

fn config<S: RealServer>(server: &S, speech: Speech) -> Config {
    server.config(speech).aggregate(Some(ROUND))
}

fn count_by_name(client: &Client, name: &str, counts: u32) {
    for _ in 0..counts {
        client.incr(name, 1);
    }
}

fn count_by_handle(client: &Client, name: &str, counts: u32) {
    let counter = client.prepare(name).counter();
    let counter = counter.expect("the name is good");
    for _ in 0..counts {
        counter.incr();
    }
}

const ROUND: Duration = Duration::from_millis(50);
