use std::time::Duration;

use super::*;
use crate::config::Config;
use crate::encode::dialect::Dialect;
use crate::session::Session;
use crate::session::instruction::{Input, Output};
use crate::testing::{Recorder, origin, recorder_with_inlets};
use crate::{Client, Transport};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_share_is_halved_as_the_queue_fills_and_restored_at_a_quarter() {
    let mut sampling_level = SamplingLevel::NONE;
    for (fill, share_of_all) in [
        (0.5, 1.0),
        (0.51, 0.5),
        (0.75, 0.5),
        (0.76, 0.25),
        (0.6, 0.25),
        (0.5, 0.5),
        (0.26, 0.5),
        (0.25, 1.0),
        (1.0, 0.0625),
        (0.87, 0.125),
        (0.0, 1.0),
        (f64::INFINITY, 0.0625),
    ] {
        sampling_level = sampling_level.at(fill);
        assert_eq!(sampling_level.share(), share_of_all, "{fill}");
        assert_eq!(sampling_level.at(fill), sampling_level, "{fill}");
    }
}

#[test]
fn a_queue_that_never_empties_keeps_a_rate_and_does_not_flap() {
    let mut sampling_level = SamplingLevel::NONE;
    let mut changes = 0;
    for round in 0..1000 {
        let before = sampling_level;
        sampling_level = sampling_level.at(if round % 2 == 0 { 0.51 } else { 0.45 });
        changes += usize::from(sampling_level != before);
    }
    assert_eq!(changes, 1);
}

#[test]
fn what_is_left_out_is_made_up_for_by_the_rate() {
    for lanes in [1, 4] {
        let (client, mut server) = start(|config| config, lanes);
        let counter = client.prepare("held").counter().unwrap();
        let sampled = client.prepare("sampled").rate(0.5).counter().unwrap();
        server.set_up(false);
        let mut recorded = 0;
        while client.stats().queued_bytes < 200_000 {
            client.incr("named", 1);
            counter.incr();
            sampled.incr();
            client
                .record(&Metric::counter("half", 1).rate(0.5))
                .unwrap();
            client
                .record(&Metric::counter("presampled", 1).sampled_at(0.5))
                .unwrap();
            recorded += 1;
        }
        let stats = client.stats();
        assert_eq!(stats.refused.total(), 0);
        server.set_up(true);
        server.advance(SECOND * 60);
        let lines = server.lines();
        assert_eq!(lines.len() as u64, server.stats().accepted);
        assert!(lines.iter().any(|line| line == "named:1|c|@0.5"));
        assert!(lines.iter().any(|line| line == "half:1|c|@0.125"));
        for (name, times) in [
            ("named", 1.0),
            ("held", 1.0),
            ("sampled", 1.0),
            ("half", 1.0),
            ("presampled", 2.0),
        ] {
            let total = total(&lines, name) / times / f64::from(recorded);
            assert!((0.9..1.1).contains(&total), "{name}: {total}");
        }
        // The queue has drained.
        client.incr("named", 1);
        counter.incr();
        assert_eq!(server.lines(), ["named:1|c", "held:1|c"]);
    }
}

#[test]
fn what_no_server_can_make_up_for_is_never_left_out() {
    let (client, mut server) = start(|config| config, 1);
    fill(&client, &mut server);
    let gauge = client.prepare("g").gauge().unwrap();
    let set = client.prepare("s").set().unwrap();
    let stats = client.stats();
    for number in 0..50 {
        client.gauge("g", number);
        client.gauge_delta("g", number);
        client.set("s", "a");
        client.inject_metric("raw", number, "c");
        client.record_line("line:1|c").unwrap();
        gauge.set(number);
        set.insert("b");
    }
    let later = client.stats();
    assert_eq!(later.accepted - stats.accepted, 50 * 7);
    assert_eq!(later.sampled_out, stats.sampled_out);
    // An invalid rate is refused under sampling too.
    let refused = client.record(&Metric::counter("x", 1).rate(2.0));
    assert!(refused.is_err());
}

#[test]
fn timings_are_not_left_out_for_a_server_that_takes_no_rate_on_them() {
    let (client, mut server) = start(|config| config.dialect(Dialect::Collectd), 1);
    fill(&client, &mut server);
    let timing = client.prepare("t").timing().unwrap();
    let stats = client.stats();
    for _ in 0..50 {
        client.timing("t", SECOND);
        timing.record(SECOND);
    }
    assert_eq!(client.stats().accepted - stats.accepted, 100);
    for _ in 0..50 {
        client.incr("c", 1);
    }
    assert!(client.stats().accepted - stats.accepted < 150);
}

#[test]
fn without_sampling_no_metric_is_left_out() {
    let (client, mut server) = start(|config| config.adaptive_sampling(false), 1);
    fill(&client, &mut server);
    assert_eq!(client.stats().sampled_out, 0);
}

#[test]
fn a_session_without_clients_follows_its_queue_at_each_poll() {
    let config = config().host("127.0.0.1").max_queue_lines(100);
    let mut session = Session::new(&config, 7).unwrap();
    let metric = Metric::counter("a", 1);
    for _ in 0..60 {
        session.record(&metric).unwrap();
    }
    assert!(matches!(session.poll(origin()), Output::Connect(_)));
    for _ in 0..20 {
        session.record(&metric).unwrap();
    }
    let stats = session.stats();
    assert!(stats.sampled_out > 0, "{stats:?}");
    assert_eq!(stats.accepted + stats.sampled_out, 80);
    session.handle(Input::Connected);
    let mut now = origin();
    loop {
        match session.poll(now) {
            Output::Transmit(transmit) => session.handle(Input::Written(transmit.data.len())),
            Output::Wait(Some(until)) => now = until,
            Output::Wait(None) => break,
            output @ (Output::Connect(_)
            | Output::Disconnect
            | Output::Finished(_)
            | Output::Resolve(_)) => panic!("{output:?}"),
        }
    }
    for _ in 0..20 {
        session.record(&metric).unwrap();
    }
    assert_eq!(session.stats().sampled_out, stats.sampled_out);
}

/// Records until the queue is filling.
fn fill(client: &Client, server: &mut Recorder) {
    server.set_up(false);
    while client.stats().queued_bytes < 200_000 {
        client.incr("filling", 1);
    }
    server.advance(SECOND);
}

fn config() -> Config {
    Config::new("localhost")
        .kind_prefixes(false)
        .adaptive_sampling(true)
}

fn start(set: impl FnOnce(Config) -> Config, lanes: usize) -> (Client, Recorder) {
    let config = config()
        .transport(Transport::Udp)
        .pace(None)
        .max_queue_bytes(4 * 65_507);
    recorder_with_inlets(set(config), lanes).unwrap()
}

/// Total of a counter, as a server computes it.
fn total(lines: &[String], name: &str) -> f64 {
    let values = lines.iter().filter_map(|line| {
        let parts = line.strip_prefix(name)?.strip_prefix(':')?;
        let (value, rate) = parts.split_once("|c").unwrap();
        let rate = rate.strip_prefix("|@").unwrap_or("1");
        Some(value.parse::<f64>().unwrap() / rate.parse::<f64>().unwrap())
    });
    values.sum()
}

#[test]
fn a_rate_of_the_configuration_is_multiplied_with_that_of_the_call() {
    let (client, mut recorder) =
        crate::testing::recorder(Config::dogstatsd("localhost").rate(0.5)).unwrap();
    let prepared = client.prepare("prepared").rate(0.5).counter().unwrap();
    for _ in 0..400 {
        client.incr("plain", 1);
        client.count("call", 1).rate(0.5).send();
        prepared.incr();
        client.gauge("level", 1);
        client.set("member", "m");
    }
    let lines = recorder.lines();
    let count = |line| lines.iter().filter(|other| *other == line).count();
    assert!((150..250).contains(&count("plain:1|c|@0.5")));
    assert!((60..140).contains(&count("call:1|c|@0.25")));
    assert!((60..140).contains(&count("prepared:1|c|@0.25")));
    assert_eq!((count("level:1|g"), count("member:m|s")), (400, 400));
    let stats = client.stats();
    assert_eq!(stats.accepted + stats.sampled_out, 2000);
    for rate in [0.0, 1.5, f64::NAN] {
        let error = Config::dogstatsd("localhost")
            .rate(rate)
            .check()
            .unwrap_err();
        assert!(error.to_string().contains("rate"), "{error}");
    }
}
