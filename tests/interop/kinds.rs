//! What servers make of each kind of metric, and of names.

use std::time::Duration;

use statsd_proto::{Client, Metric};
use tests::timeout::eventually;

use crate::adapters::Adapter;
use crate::counts::{assert_delivered, expect_count, expect_no_bad_lines};
use crate::server::{Netdata, RealServer, Speech};

pub(crate) fn every_kind_of_metric_is_read_as_it_is_meant<S: RealServer>(
    server: &mut S,
    speech: Speech,
    adapter: Adapter,
) {
    let tagged = S::tagged("shop.counters.logins", "method", "card");
    let report = adapter(server.config(speech), &mut |client: &Client| {
        record_each_kind(client);
        if tagged.is_some() {
            let tags = [("method", "card")];
            let logins = Metric::counter("logins", 10).tags(&tags).sampled_at(0.25);
            client.record(&logins).expect("the dialect has tags");
        }
    });
    assert_delivered(&report);
    expect_count(server, "shop.counters.orders", 3);
    expect_count(server, "shop.counters.sampled", 40);
    expect_count(server, "shop.a_name_1_c", 1);
    if let Some(tagged) = tagged {
        expect_count(server, &tagged, 40);
    }
    for (name, level) in [("temperature", -4.5), ("queue", 12.0), ("balance", -5.0)] {
        let name = format!("shop.gauges.{name}");
        eventually(&name, || server.gauge(&name) == Some(level));
    }
    eventually("two times of 68.25 milliseconds", || {
        let (count, sum) = server.timer("shop.timers.checkout");
        count == 2.0 && (sum - 68.25).abs() < S::PRECISION
    });
    server.finish();
    eventually("two visitors", || server.set("shop.visitors") == 2);
    expect_no_bad_lines(server);
}

fn record_each_kind(client: &Client) {
    client.incr("orders", 5);
    client.decr("orders", 2);
    client.gauge("temperature", -4.5);
    client.gauge("queue", 10);
    client.gauge_delta("queue", 2);
    client.gauge("balance", 3);
    client.gauge_delta("balance", -8);
    client.timing("checkout", Duration::from_micros(48_250));
    client.timing("checkout", Duration::from_millis(20));
    for visitor in ["anna", "bob", "anna"] {
        client.set("visitors", visitor);
    }
    client.inject_metric("a name:1|c", 1, "c");
    let sampled = Metric::counter("sampled", 10).sampled_at(0.25);
    client.record(&sampled).expect("the dialect has rates");
}

pub(crate) fn meters_and_histograms_are_read_where_there_are_some(
    server: &Netdata,
    speech: Speech,
    adapter: Adapter,
) {
    let report = adapter(server.config(speech), &mut |client: &Client| {
        let visits = Metric::meter("visits", 3);
        client.record(&visits).expect("the dialect has meters");
        client.histogram("weight", 4.5);
        client.histogram("weight", 2);
    });
    assert_delivered(&report);
    eventually("three visits", || server.meter("shop.visits") == Some(3.0));
    eventually("two weights of 6.5 in all", || {
        server.histogram("shop.weight") == (2.0, 6.5)
    });
    expect_no_bad_lines(server);
}

pub(crate) fn no_text_is_misread_or_brings_it_down<S: RealServer>(
    server: &mut S,
    speech: Speech,
    adapter: Adapter,
) {
    // Without a prefix, which would make these names harmless.
    let config = server.config(speech).prefix("").kind_prefixes(false);
    let report = adapter(config, &mut |client: &Client| {
        for name in [
            "constructor",
            "__proto__",
            "toString",
            "con,structor",
            "Ċ",
            "a:1|c\nb",
        ] {
            let metric = Metric::timing(name, Duration::from_millis(2));
            client.record(&metric).expect("the name is replaced");
            let metric = Metric::set(name, name);
            client.record(&metric).expect("the name is replaced");
        }
        client.inject_metric("the.last", 1, "c");
    });
    assert_delivered(&report);
    expect_count(server, "the.last", 1);
    expect_no_bad_lines(server);
    assert!(server.process().is_running());
}
