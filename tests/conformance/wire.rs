//! Lines of each call on the wire.

use std::time::Duration;

use statsd_proto::{Client, Config, Dialect, Metric};
use tests::adapter::Adapter;

use crate::world::World;

/// What arrives of what `record` records.
fn lines_of<A: Adapter>(
    world: &World<A>,
    settings: impl FnOnce(Config) -> Config,
    record: impl FnOnce(&Client),
) -> Vec<String> {
    let server = world.server();
    let statsd = world.start(settings(server.config()));
    record(&statsd.client());
    let report = statsd.stop();
    server.wait_for_end(usize::try_from(report.sent).expect("a test sends little"))
}

pub(crate) fn each_call_sends_the_line_of_its_kind<A: Adapter>(world: &World<A>) {
    let lines = lines_of(
        world,
        |config| config,
        |client| {
            client.incr("a.b", 1);
            client.incr("a.b", 10);
            client.decr("a.b", 1);
            client.decr("a.b", 10);
            client.gauge("level", 12);
            client.gauge("level", 0.5);
            client.gauge_delta("level", 10);
            client.gauge_delta("level", -10);
            client.gauge_delta("level", 0);
            client.gauge_delta("level", 1.5);
            client.timing("took", Duration::from_millis(1));
            client.timing("took", Duration::from_micros(1));
            client.timing("took", Duration::from_secs(2));
            client.set("users", "anna");
            client.inject_metric("raw", 7, "kv");
        },
    );
    let expected = [
        "counters.a.b:1|c",
        "counters.a.b:10|c",
        "counters.a.b:-1|c",
        "counters.a.b:-10|c",
        "gauges.level:12|g",
        "gauges.level:0.5|g",
        "gauges.level:+10|g",
        "gauges.level:-10|g",
        "gauges.level:+0|g",
        "gauges.level:+1.5|g",
        "timers.took:1|ms",
        "timers.took:0.001|ms",
        "timers.took:2000|ms",
        "users:anna|s",
        "raw:7|kv",
    ];
    assert_eq!(lines, expected);
}

pub(crate) fn the_prefix_precedes_every_name<A: Adapter>(world: &World<A>) {
    for prefix in ["shop.web", "shop.web."] {
        let lines = lines_of(
            world,
            |config| config.prefix(prefix),
            |client| {
                client.incr("a", 1);
                client.gauge("b", 2);
                client.timing("c", Duration::from_secs(3));
                client.inject_metric("d", 4, "kv");
            },
        );
        let expected = [
            "shop.web.counters.a:1|c",
            "shop.web.gauges.b:2|g",
            "shop.web.timers.c:3000|ms",
            "shop.web.d:4|kv",
        ];
        assert_eq!(lines, expected);
    }
}

pub(crate) fn without_a_prefix_names_start_with_their_kind<A: Adapter>(world: &World<A>) {
    let record = |client: &Client| {
        client.incr("a", 1);
        client.inject_metric("d", 4, "kv");
    };
    let lines = lines_of(world, |config| config.prefix(""), record);
    assert_eq!(lines, ["counters.a:1|c", "d:4|kv"]);
    let lines = lines_of(world, |config| config.kind_prefixes(false), record);
    assert_eq!(lines, ["a:1|c", "d:4|kv"]);
}

pub(crate) fn a_negative_gauge_is_zero_and_a_decrease<A: Adapter>(world: &World<A>) {
    let lines = lines_of(world, |config| config, |client| client.gauge("level", -5));
    assert_eq!(lines, ["gauges.level:0|g", "gauges.level:-5|g"]);
    let lines = lines_of(
        world,
        |config| config.dialect(Dialect::DogStatsd),
        |client| client.gauge("level", -5),
    );
    assert_eq!(lines, ["level:-5|g"]);
}

pub(crate) fn what_is_no_number_never_reaches_the_wire<A: Adapter>(world: &World<A>) {
    let lines = lines_of(
        world,
        |config| config,
        |client| {
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                client.incr("a", value);
                client.gauge("a", value);
                client.gauge_delta("a", value);
            }
            client.inject_metric("a", "None", "g");
            client.inject_metric("a", "1e5", "c");
            assert_eq!(client.stats().refused.invalid, 11);
            client.gauge("tiny", 1e-5);
            client.gauge("huge", 1e15);
        },
    );
    let expected = ["gauges.tiny:0.00001|g", "gauges.huge:1000000000000000|g"];
    assert_eq!(lines, expected);
}

pub(crate) fn a_name_cannot_forge_a_metric<A: Adapter>(world: &World<A>) {
    let lines = lines_of(
        world,
        |config| config.kind_prefixes(false),
        |client| {
            client.incr("evil:1|c\nfake", 1);
            client.set("who", "x|c\ny:2");
            assert!(client.record(&Metric::raw("a", 1, "c\nb:1|c")).is_err());
        },
    );
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in &lines {
        let counts = [':', '|'].map(|mark| line.matches(mark).count());
        assert_eq!(counts, [1, 1], "{line:?}");
    }
}

pub(crate) fn names_are_sent_in_the_encoding_that_the_server_reads<A: Adapter>(world: &World<A>) {
    let record = |client: &Client| client.incr("größe.日本", 1);
    let lines = lines_of(world, |config| config.dialect(Dialect::DogStatsd), record);
    assert_eq!(lines, ["größe.日本:1|c"]);
    // The reference server reads bytes of a stream as 7 bits each, and some then as a line break.
    let lines = lines_of(world, |config| config, record);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].is_ascii(), "{lines:?}");
}

pub(crate) fn tags_and_rates_reach_the_wire<A: Adapter>(world: &World<A>) {
    let lines = lines_of(
        world,
        |config| {
            let config = config.dialect(Dialect::DogStatsd).kind_prefixes(false);
            config.tag("env", "test")
        },
        |client| {
            let metric = Metric::counter("a", 1).tags(&[("route", "home"), ("beta", "")]);
            let result = client.record(&metric.sampled_at(0.5));
            result.expect("the dialect has tags and rates");
        },
    );
    assert_eq!(lines, ["a:1|c|@0.5|#env:test,route:home,beta"]);
}
