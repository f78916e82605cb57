//! cadence.

use std::time::Duration;

use cadence::prelude::*;
use cadence::{SpyMetricSink, StatsdClient};
use statsd_proto::{Config, Dialect, Metric};

use crate::{Row, assert_same, lines};

#[test]
fn each_call_of_cadence_sends_the_same_line() {
    let rows: [Row<StatsdClient>; 22] = [
        (
            |old| drop(old.count("orders", 2)),
            |new| new.incr("orders", 2),
            "shop.orders:2|c|#env:test",
        ),
        (
            |old| drop(old.incr("orders")),
            |new| new.incr("orders", 1),
            "shop.orders:1|c|#env:test",
        ),
        (
            |old| drop(old.decr("stock")),
            |new| new.decr("stock", 1),
            "shop.stock:-1|c|#env:test",
        ),
        (
            |old| drop(old.time("checkout", Duration::from_millis(48))),
            |new| new.timing("checkout", Duration::from_millis(48)),
            "shop.checkout:48|ms|#env:test",
        ),
        (
            |old| drop(old.time("checkout", 48)),
            |new| new.timing_ms("checkout", 48),
            "shop.checkout:48|ms|#env:test",
        ),
        (
            |old| old.time_with_tags("checkout", 48).with_tag("a", "b").send(),
            |new| {
                new.metric(Metric::timing_ms("checkout", 48))
                    .tag("a", "b")
                    .send()
            },
            "shop.checkout:48|ms|#env:test,a:b",
        ),
        (
            |old| drop(old.gauge("queue", 17)),
            |new| new.gauge("queue", 17),
            "shop.queue:17|g|#env:test",
        ),
        (
            |old| drop(old.gauge("load", 0.25)),
            |new| new.gauge("load", 0.25),
            "shop.load:0.25|g|#env:test",
        ),
        (
            |old| drop(old.histogram("bytes", 512)),
            |new| new.histogram("bytes", 512),
            "shop.bytes:512|h|#env:test",
        ),
        (
            |old| drop(old.histogram("work", Duration::from_micros(3))),
            |new| new.histogram("work", 3000),
            "shop.work:3000|h|#env:test",
        ),
        (
            |old| drop(old.distribution("bytes", 512)),
            |new| new.distribution("bytes", 512),
            "shop.bytes:512|d|#env:test",
        ),
        (
            |old| drop(old.set("users", 7)),
            |new| new.set("users", "7"),
            "shop.users:7|s|#env:test",
        ),
        (
            |old| old.count_with_tags("orders", 1).with_tag("a", "b").send(),
            |new| new.count("orders", 1).tag("a", "b").send(),
            "shop.orders:1|c|#env:test,a:b",
        ),
        (
            |old| old.gauge_with_tags("queue", 1).with_tag("a", "b").send(),
            |new| new.metric(Metric::gauge("queue", 1)).tag("a", "b").send(),
            "shop.queue:1|g|#env:test,a:b",
        ),
        (
            |old| {
                old.count_with_tags("orders", 1)
                    .with_tag_value("beta")
                    .send()
            },
            |new| new.count("orders", 1).tag("beta", "").send(),
            "shop.orders:1|c|#env:test,beta",
        ),
        (
            |old| {
                old.count_with_tags("orders", 1)
                    .with_sampling_rate(0.1)
                    .send()
            },
            |new| new.count("orders", 1).sampled_at(0.1).send(),
            "shop.orders:1|c|@0.1|#env:test",
        ),
        (
            |old| {
                old.count_with_tags("orders", 1)
                    .with_timestamp(1_656_581_400)
                    .send()
            },
            |new| new.count("orders", 1).timestamp(1_656_581_400).send(),
            "shop.orders:1|c|#env:test|T1656581400",
        ),
        (
            |old| drop(old.time("checkout", vec![1, 2])),
            |new| {
                new.metric(Metric::timings_ms("checkout", &[1.0, 2.0]))
                    .send()
            },
            "shop.checkout:1:2|ms|#env:test",
        ),
        (
            |old| drop(old.histogram("bytes", vec![1, 2])),
            |new| new.metric(Metric::histograms("bytes", &[1.0, 2.0])).send(),
            "shop.bytes:1:2|h|#env:test",
        ),
        (
            |old| drop(old.distribution("bytes", vec![1, 2])),
            |new| {
                new.metric(Metric::distributions("bytes", &[1.0, 2.0]))
                    .send()
            },
            "shop.bytes:1:2|d|#env:test",
        ),
        (
            |old| drop(old.count("orders", 2)),
            |new| {
                new.record_line("shop.orders:2|c|#env:test")
                    .expect("it is a line")
            },
            "shop.orders:2|c|#env:test",
        ),
        (
            |old| drop(old.count("orders", 2)),
            |new| new.prepare("orders").counter().expect("it can work").add(2),
            "shop.orders:2|c|#env:test",
        ),
    ];
    let (received, sink) = SpyMetricSink::new();
    let old = StatsdClient::builder("shop", sink)
        .with_tag("env", "test")
        .build();
    let config = Config::dogstatsd("localhost")
        .prefix("shop")
        .tag("env", "test");
    assert_same(&old, &config, &rows, || text(received.try_recv()));
}

#[test]
fn cadence_differs_as_the_page_says() {
    let (received, sink) = SpyMetricSink::new();
    let old = StatsdClient::from_sink("shop", sink);
    let sent = || text(received.try_recv());
    let agent = || Config::dogstatsd("localhost").prefix("shop");

    // Fractions of milliseconds.
    let elapsed = Duration::from_micros(48_250);
    drop(old.time("checkout", elapsed));
    assert_eq!(sent(), "shop.checkout:48|ms");
    let ours = lines(agent(), |new| new.timing("checkout", elapsed));
    assert_eq!(ours, ["shop.checkout:48.25|ms"]);

    // A negative level, which Etsy/statsd reads as a change.
    drop(old.gauge("balance", -5.0));
    assert_eq!(sent(), "shop.balance:-5|g");
    let statsd = Config::new("localhost").kind_prefixes(false).prefix("shop");
    let ours = lines(statsd, |new| new.gauge("balance", -5));
    assert_eq!(ours, ["shop.balance:0|g", "shop.balance:-5|g"]);

    // A text that would be a second metric.
    old.count_with_tags("a:1|c\nb", 1).send();
    assert_eq!(sent(), "shop.a:1|c\nb:1|c");
    let ours = lines(agent(), |new| new.incr("a:1|c\nb", 1));
    assert_eq!(ours, ["shop.a_1_c_b:1|c"]);

    // The container, once for all metrics.
    old.count_with_tags("orders", 1)
        .with_container_id("abc")
        .send();
    assert_eq!(sent(), "shop.orders:1|c|c:abc");
    let container = agent().container_id("abc");
    let ours = lines(container, |new| new.incr("orders", 1));
    assert_eq!(ours, ["shop.orders:1|c|c:ci-abc"]);

    // Meters, which only netdata has.
    drop(old.meter("requests", 3));
    assert_eq!(sent(), "shop.requests:3|m");
    let netdata = agent().dialect(Dialect::Netdata);
    let ours = lines(netdata, |new| new.meter("requests", 3));
    assert_eq!(ours, ["shop.requests:3|m"]);
}

fn text<E: std::fmt::Debug>(line: Result<Vec<u8>, E>) -> String {
    String::from_utf8(line.expect("it is sent at once")).expect("it is text")
}
