//! One series, one line an interval.

use super::*;
use crate::encode::dialect::Dialect;
use crate::encode::text::SanitizePolicy;
use crate::error::RecordError;
use crate::session::aggregate::Drained;

#[test]
fn a_counter_is_one_line_from_any_number_of_threads_and_handles() {
    let (client, mut server) = start(|config| config.kind_prefixes(false));
    let tags = [("k", "v"), ("l", "w")];
    let backward = [("l", "w"), ("k", "v")];
    for interval in 0..3 {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let prepare = || client.prepare("n").tag("l", "w").tag("k", "v");
                    let held = prepare().counter().unwrap();
                    for _ in 0..100 {
                        held.incr();
                        prepare().counter().unwrap().incr();
                        client.record(&Metric::counter("n", 1).tags(&tags)).unwrap();
                        let metric = Metric::counter("n", 1).tags(&backward);
                        client.record(&metric.rate(0.5)).unwrap();
                        let metric = Metric::raw("n", 1, "c").tags(&tags);
                        client.record(&metric).unwrap();
                    }
                });
            }
        });
        server.advance(SECOND * 2);
        let lines = server.lines();
        assert_eq!(lines.len(), 1, "interval {interval}: {lines:?}");
        assert_eq!(lines[0].split('|').next(), Some("n:4000"));
    }
}

#[cfg(feature = "metrics")]
#[test]
fn the_facade_counts_in_the_same_series() {
    use crate::integrations::facade::FacadeRecorder;

    let (client, mut server) = start(|config| config.kind_prefixes(false));
    let recorder = FacadeRecorder::new(client.clone());
    metrics::with_local_recorder(&recorder, || {
        metrics::counter!("n", "k" => "v").increment(2);
        let metric = Metric::counter("n", 1);
        client.record(&metric.tags(&[("k", "v")])).unwrap();
        metrics::counter!("n", "k" => "v").increment(4);
    });
    server.advance(SECOND * 2);
    assert_eq!(server.lines(), ["n:7|c|#k:v"]);
}

#[test]
fn a_sum_of_zero_is_a_line() {
    let (client, mut server) = start(|config| config.kind_prefixes(false));
    let held = client.prepare("held").counter().unwrap();
    for _ in 0..3 {
        client.incr("zero", 0);
        held.add(0);
        client.incr("up.and.down", 3);
        on_another_thread(|| client.decr("up.and.down", 3));
        client.inject_metric("raw", 0, "c");
        server.advance(SECOND * 2);
        let mut lines = server.lines();
        lines.sort();
        assert_eq!(
            lines,
            ["held:0|c", "raw:0|c", "up.and.down:0|c", "zero:0|c"]
        );
    }
    held.add(3);
    held.add(-3);
    server.advance(SECOND * 2);
    assert_eq!(server.lines(), ["held:0|c"]);
}

#[test]
fn members_of_a_set_leave_in_the_order_recorded() {
    let (client, mut server) = start(|config| config.kind_prefixes(false));
    let held = client.prepare("by.handle").set().unwrap();
    let names: Vec<_> = (0..200)
        .map(|number| format!("m{}", number * 7919 % 200))
        .collect();
    for name in names.iter().chain(&names) {
        client.set("by.name", name);
        held.insert(name);
    }
    server.advance(SECOND * 2);
    let lines = server.lines();
    for set in ["by.name", "by.handle"] {
        let lines = lines.iter().filter(|line| line.starts_with(set)).cloned();
        let expected = names.iter().map(|name| format!("{set}:{name}|s"));
        assert!(lines.eq(expected), "{set}");
    }
}

type Way = fn(&Client, &Metric<'_>) -> Result<(), RecordError>;

/// Ways to record the same metric. Each returns whether it was accepted.
const WAYS: [Way; 2] = [
    |client, metric| client.record(metric),
    |client, metric| {
        let shared = client.entry().unwrap();
        shared.record_prepared(&shared.prepare(metric)?, &metric.value)
    },
];

#[test]
fn what_a_line_is_refused_for_is_refused_at_the_call() {
    for dialect in Dialect::ALL {
        for transport in [Transport::Udp, Transport::Tcp] {
            if !dialect.rules().transports.contains(&transport) {
                continue;
            }
            let config = |aggregate| {
                let config = Config::new("h").dialect(dialect).transport(transport);
                config
                    .sanitize_policy(SanitizePolicy::Refuse)
                    .aggregate(aggregate)
            };
            let (lines, _one) = recorder_with_inlets(config(None), 1).unwrap();
            let (sums, mut server) = recorder_with_inlets(config(Some(SECOND)), 1).unwrap();
            let metrics = [
                Metric::counter("a", -1),
                Metric::counter("a", 0.5),
                Metric::counter("a", u64::MAX),
                Metric::counter("a", f64::NAN),
                Metric::counter("a", 1).rate(0.0),
                Metric::counter("a", 1).rate(f64::NAN),
                Metric::gauge("b", 1).rate(2.0),
                Metric::gauge("b", f64::INFINITY),
                Metric::gauge_delta("b", 1),
                Metric::set("c", "x|y\n"),
                Metric::set("c", ""),
                Metric::set("c", "-1"),
                Metric::timing_ms("d", -1),
                Metric::histogram("e", -1),
                Metric::histogram("e", f64::NAN),
                Metric::distribution("f", 1),
                Metric::counter("g h", 1),
                Metric::counter("", 1),
                Metric::counter("i", 1).tags(&[("", "x")]),
            ];
            for metric in &metrics {
                for (at, way) in WAYS.iter().enumerate() {
                    let expected = way(&lines, metric);
                    assert_eq!(way(&sums, metric), expected, "{dialect:?} {at} {metric:?}");
                }
            }
            let refused = sums.stats().refused;
            server.advance(SECOND * 5);
            assert_eq!(
                sums.stats().refused,
                refused,
                "{dialect:?}: none was refused later"
            );
        }
    }
}

#[test]
fn a_count_down_that_the_server_refuses_takes_no_good_one_along() {
    let config = Config::new("h")
        .dialect(Dialect::StatsdExporter)
        .kind_prefixes(false);
    let config = config.aggregate(Some(SECOND));
    let (client, mut server) = recorder_with_inlets(config, 1).unwrap();
    let held = client.prepare("held").counter().unwrap();
    held.add(1);
    held.add(-5);
    client.incr("named", 1);
    client.decr("named", 5);
    server.advance(SECOND * 2);
    let mut lines = server.lines();
    lines.sort();
    assert_eq!(lines, ["held:1|c", "named:1|c"]);
    assert_eq!(client.stats().refused.total(), 2);
}

#[test]
fn what_comes_in_while_a_drain_writes_waits_for_the_next() {
    let (client, mut server) = start(|config| config);
    let shared = &client.entry().unwrap().shared;
    let held: Vec<_> = (0..200)
        .map(|number| client.prepare(&format!("n{number}")).counter().unwrap())
        .collect();
    held.iter().for_each(|held| held.incr());
    shared.with(|core| core.start_drain());
    shared.with(|core| core.start_writing());
    // As a thread would that records all the time.
    let mut holds = 0;
    while shared.with(|core| core.write_series(&|_| None)) == Drained::Series {
        held.iter().for_each(|held| held.incr());
        holds += 1;
        assert!(holds < 100, "the drain has no end");
    }
    assert_eq!(client.stats().accepted, 200);
    server.advance(SECOND * 4);
    assert_eq!(total(&server.lines(), "n"), 200 + 200 * holds);
}

#[test]
fn what_no_queue_has_room_for_hinders_no_other() {
    let (client, mut server) = start(|config| config.max_queue_lines(1).kind_prefixes(false));
    client.gauge("two.lines", -1);
    client.gauge("one.line", 1);
    server.advance(SECOND * 10);
    assert_eq!(server.lines(), ["one.line:1|g"]);
    assert_eq!(client.stats().refused.too_long, 1);
}
