//! Telemetry under the names of Datadog's clients.

use std::thread;

use super::*;
use crate::dogstatsd::{Event, ServiceCheck, Status};
use crate::session::failure::FailureKind;

#[test]
fn datadogs_names_have_its_tags_and_no_prefix() {
    let config = config().prefix("shop").tag("env", "test");
    let (client, mut recorder) = start(config);
    client.incr("a", 1);
    recorder.advance(SECOND * 2);
    let version = env!("CARGO_PKG_VERSION");
    let tags = format!("env:test,client:rust,client_version:{version},client_transport:udp");
    let reported = [
        "shop.a:1|c|#env:test".to_owned(),
        format!("datadog.dogstatsd.client.metrics:1|c|#{tags}"),
        format!("datadog.dogstatsd.client.metrics_by_type:1|c|#{tags},metrics_type:count"),
        format!("datadog.dogstatsd.client.packets_sent:1|c|#{tags}"),
        format!("datadog.dogstatsd.client.bytes_sent:21|c|#{tags}"),
    ];
    assert_eq!(recorder.lines(), reported);
}

#[test]
fn every_call_counts_once_by_its_type_whatever_comes_of_it() {
    for aggregate in [None, Some(SECOND)] {
        let (client, mut recorder) = start(config().aggregate(aggregate));
        for _ in 0..3 {
            record_all(&client);
        }
        let sums = sums(&mut recorder);
        let expected = [
            ("count", 3 * 9),
            ("distribution", 3 * 3),
            ("gauge", 3 * 4),
            ("histogram", 3 * 2),
            ("set", 3 * 2),
            ("timing", 3 * 5),
        ];
        for (metrics_type, calls) in expected {
            let name = format!("metrics_by_type {metrics_type}");
            assert_eq!(sums[&name], calls, "{name} {aggregate:?}");
        }
        assert_eq!(sums["metrics"], 3 * 25, "{aggregate:?}");
        assert_eq!((sums["events"], sums["service_checks"]), (6, 3));
        assert_eq!(sums.get("metric_dropped_on_receive"), None);
    }
}

/// Calls of each type: 9 counts, 3 distributions, 4 gauges, 2 histograms, 2 sets, 5 timings, 2 events, a check.
fn record_all(client: &Client) {
    client.incr("a", 1);
    client.count("a", 2).tag("k", "v").send();
    client.count("left.out", 1).rate(1e-12).send();
    client.record_line("b:1|c").unwrap();
    client.inject_metric("b", 1, "c");
    let handle = client.prepare("a").counter().unwrap();
    handle.incr();
    handle.incr();
    client.distribution("d", 1);
    client.prepare("d").distribution().unwrap().record(1);
    client.record_line("d:1:2:3|d").unwrap();
    client.gauge("g", 1);
    client.gauge("g", f64::NAN);
    client.prepare("g").gauge().unwrap().set(2);
    client.histogram("h", 1);
    client
        .record(&Metric::histograms("h", &[1.0, 2.0]))
        .unwrap();
    client.set("s", "one");
    client.prepare("s").set().unwrap().insert("two");
    client.timing("t", SECOND);
    client.timing_ms("t", 1);
    client.prepare("t").timing().unwrap().record(SECOND);
    client.scoped("scope").timing("t", SECOND);
    let mut group = client.group();
    group.incr("a", 1);
    group.record(&Metric::counter("left.out", 1).rate(1e-12));
    group.gauge("g", 3);
    group.timing("t", SECOND);
    group.send();
    client.event(&Event::new("title", "text")).unwrap();
    client.event(&Event::new("", "text")).unwrap_err();
    let check = ServiceCheck::new("check", Status::Ok);
    client.service_check(&check).unwrap();
}

#[test]
fn each_series_counts_once_an_interval_by_its_type() {
    let (client, mut recorder) = start(config().aggregate(Some(SECOND)));
    let handle = client.prepare("b").counter().unwrap();
    for _ in 0..5 {
        for _ in 0..10 {
            client.incr("a", 1);
            client.incr("a", 1);
            handle.incr();
            client.gauge("g", 1);
            client.histogram("h", 1);
            client.distribution("d", 1);
            client.set("s", "one");
            client.set("s", "two");
            client.timing("t", SECOND);
            client.count("a", 1).tag("k", "v").send();
        }
        recorder.advance(SECOND);
    }
    let sums = sums(&mut recorder);
    for (metrics_type, series) in [
        ("count", 3),
        ("distribution", 1),
        ("gauge", 1),
        ("histogram", 1),
        ("set", 1),
        ("timing", 1),
    ] {
        let name = format!("aggregated_context_by_type {metrics_type}");
        assert_eq!(sums[&name], 5 * series, "{name}");
    }
    assert_eq!(sums["aggregated_context"], 5 * 8);
    assert_eq!(sums["metrics"], 5 * 10 * 10);
}

#[test]
fn calls_of_many_threads_are_counted_exactly() {
    for aggregate in [None, Some(SECOND)] {
        let (client, mut recorder) = start(config().aggregate(aggregate));
        thread::scope(|scope| {
            for thread in 0..4 {
                let client = &client;
                scope.spawn(move || {
                    let counter = client.prepare("shared").counter().unwrap();
                    let timing = client.prepare("timing").timing().unwrap();
                    for _ in 0..1000 {
                        counter.incr();
                        timing.record(SECOND);
                        client.incr(&format!("own.{thread}"), 1);
                    }
                });
            }
            // Drains in between.
            for _ in 0..20 {
                recorder.advance(SECOND);
            }
        });
        let sums = sums(&mut recorder);
        assert_eq!(sums["metrics_by_type count"], 8000, "{aggregate:?}");
        assert_eq!(sums["metrics_by_type timing"], 4000, "{aggregate:?}");
        assert_eq!(sums["metrics"], 12_000, "{aggregate:?}");
    }
}

/// An amount too large for a shared sum, and a sum that is about to overflow, leave as lines of their own.
#[test]
fn amounts_that_leave_a_sum_are_counted_once() {
    let (client, mut recorder) = start(config().aggregate(Some(SECOND)));
    let counter = client.prepare("a").counter().unwrap();
    let most = 1_i64 << 40;
    for _ in 0..3_000_000 {
        counter.add(most);
    }
    counter.add(most + 1);
    let sums = sums(&mut recorder);
    assert_eq!(sums["metrics"], 3_000_001);
}

#[test]
fn what_a_full_queue_refuses_counts_as_dropped_on_receive() {
    let config = config().max_queue_lines(200);
    let (client, mut recorder) = start(config);
    recorder.set_up(false);
    for _ in 0..205 {
        client.incr("a", 1);
    }
    client.event(&Event::new("title", "text")).unwrap_err();
    recorder.set_up(true);
    let sums = sums(&mut recorder);
    assert_eq!(sums["metric_dropped_on_receive"], 6);
    assert_eq!((sums["metrics"], sums["events"]), (205, 1));
}

/// The agent listens for a stream where datagrams were expected.
#[test]
fn the_transport_is_the_one_that_was_found() {
    for (address, is_stream, expected) in [
        ("127.0.0.1", false, "udp"),
        ("tcp://127.0.0.1", true, "tcp"),
        ("unixgram:///s", false, "uds"),
        ("unixstream:///s", true, "uds-stream"),
        ("unix:///s", false, "uds"),
        ("unix:///s", true, "uds-stream"),
    ] {
        let config = config().host(address).settle_time(Duration::ZERO);
        let mut session = Session::new(&config, 7).unwrap();
        session.record(&Metric::counter("a", 1)).unwrap();
        let (mut now, mut text) = (origin(), String::new());
        while !text.contains("client_transport") {
            match session.poll(now) {
                Output::Connect(connect) if connect.target.is_stream() == is_stream => {
                    session.handle(Input::Connected);
                }
                Output::Connect(_) => {
                    session.handle(Input::Disconnected(FailureKind::WrongSocket.into()));
                }
                Output::Transmit(transmit) => {
                    text += &String::from_utf8_lossy(&transmit.data);
                    session.handle(Input::Written(transmit.data.len()));
                }
                Output::Wait(until) => now = until.unwrap(),
                output @ (Output::Disconnect | Output::Finished(_) | Output::Resolve(_)) => {
                    panic!("{output:?}")
                }
            }
        }
        let tag = format!(",client_transport:{expected}");
        let is_it = |line: &&str| line.ends_with(&tag) || line.contains(&format!("{tag},"));
        let reported = text
            .lines()
            .filter(|line| line.contains("client_transport"));
        let reported = reported.collect::<Vec<_>>();
        assert_eq!(reported.len(), 4, "{text}");
        assert!(reported.iter().all(is_it), "{address} {text}");
    }
}

#[test]
fn drops_of_a_full_queue_are_reported_in_bytes_and_datagrams() {
    let config = Config::dogstatsd("localhost").overflow(Overflow::DropOldest);
    let config = config.max_datagram(100).max_queue_bytes(64 * 1024);
    let config = config.telemetry(Some(Telemetry::datadog().interval(SECOND)));
    let (client, mut recorder) = start(config);
    recorder.set_up(false);
    for _ in 0..10_000 {
        client.incr("abcdefghijklm", 1);
    }
    let dropped = recorder.stats().dropped.overflow;
    recorder.set_up(true);
    recorder.advance(SECOND * 30);
    let mut sums = BTreeMap::new();
    add_reported(&mut sums, &recorder.lines());
    // A datagram holds five lines of 17 bytes. It is padded unless it is the last of its payload.
    assert!(dropped > 0 && dropped % 5 == 0, "{dropped}");
    assert_eq!(sums["packets_dropped"], dropped / 5);
    assert_eq!(sums["packets_dropped_queue"], dropped / 5);
    let bytes = sums["bytes_dropped"] * 5 / dropped;
    assert!((89..100).contains(&bytes), "{sums:?}");
}

fn config() -> Config {
    let telemetry = Telemetry::datadog().interval(SECOND);
    Config::dogstatsd("localhost").telemetry(Some(telemetry))
}

/// Runs until all has been reported. Returns the sums by name and, where there is one, type.
fn sums(recorder: &mut Recorder) -> BTreeMap<String, u64> {
    recorder.advance(SECOND * 30);
    let mut sums = BTreeMap::new();
    for line in recorder.lines() {
        let Some(line) = line.strip_prefix("datadog.dogstatsd.client.") else {
            continue;
        };
        let (name, rest) = line.split_once(':').unwrap();
        let (value, tags) = rest.split_once("|c|#").unwrap();
        let metrics_type = tags.split_once(",metrics_type:").map(|(_, name)| name);
        let name = match metrics_type {
            Some(metrics_type) => format!("{name} {metrics_type}"),
            None => name.to_owned(),
        };
        *sums.entry(name).or_default() += value.parse::<u64>().unwrap();
    }
    sums
}
