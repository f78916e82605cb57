mod datadog;

use std::collections::BTreeMap;

use super::*;
use crate::config::Transport;
use crate::session::Session;
use crate::session::instruction::{Input, Output};
use crate::session::queue::Overflow;
use crate::testing::{Recorder, origin, recorder};
use crate::{Client, Dialect};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn telemetry_is_sent_after_the_interval() {
    let (client, mut recorder) = start(named().prefix("shop"));
    client.incr("orders", 1);
    client.incr("orders", 1);
    client.gauge("load", f64::NAN);
    recorder.advance(SECOND * 9);
    assert_eq!(recorder.lines(), ["shop.counters.orders:1|c"; 2]);
    recorder.advance(SECOND * 2);
    let reported = [
        "shop.self.accepted:2|c",
        "shop.self.sent:2|c",
        "shop.self.bytes:50|c",
        "shop.self.payloads:1|c",
        "shop.self.refused.invalid:1|c",
        "shop.self.connects:1|c",
        "shop.self.queued_bytes:0|g",
        "shop.self.queued_bytes_peak:50|g",
    ];
    assert_eq!(recorder.lines(), reported);
}

#[test]
fn a_client_at_rest_says_nothing_and_sets_no_timer() {
    for transport in [Transport::Tcp, Transport::Udp] {
        let config = named().host("127.0.0.1").transport(transport);
        let mut session = Session::new(&config, 7).unwrap();
        let mut now = origin();
        session.record(&Metric::counter("a", 1)).unwrap();
        let mut rounds = 0;
        // Runs until the session would sleep forever.
        while let Some(until) = run(&mut session, now) {
            rounds += 1;
            assert!(rounds < 20, "{:?}", session.stats());
            now = until;
        }
        let stats = session.stats();
        assert!(stats.accepted > 1 && stats.queued == 0, "{stats:?}");
        assert_eq!(run(&mut session, now + SECOND * 3600), None);
        assert_eq!(session.stats().accepted, stats.accepted);
        assert!(!session.wants_poll());
    }
}

#[test]
fn telemetry_sums_to_the_counts() {
    let (client, mut recorder) = start(named().transport(Transport::Udp));
    let mut sums = BTreeMap::new();
    let mut recorded = 0;
    for round in 0..40 {
        for _ in 0..round % 3 {
            client.incr("a", 1);
            recorded += 1;
        }
        let half = Metric::counter("b", 1).rate(0.5);
        client.record(&half).unwrap();
        recorder.advance(SECOND * 3);
        add_reported(&mut sums, &recorder.lines());
    }
    // Sampled-out metrics wake no task: their count is sent with the next line.
    client.incr("a", 1);
    recorded += 1;
    recorder.advance(SECOND * 60);
    add_reported(&mut sums, &recorder.lines());
    let stats = recorder.stats();
    assert_eq!(stats.accepted, stats.sent);
    assert_eq!(sums["accepted"] + sums["sampled_out"], recorded + 40);
    assert_eq!(sums["sampled_out"], stats.sampled_out);
    // All lines but those of the last report.
    let unreported = stats.sent - sums["sent"];
    assert!((1..=15).contains(&unreported), "{stats:?} {sums:?}");
}

#[test]
fn telemetry_waits_while_the_connection_is_down() {
    let (client, mut recorder) = start(named().max_queue_lines(40));
    recorder.set_up(false);
    for _ in 0..41 {
        client.incr("a", 1);
    }
    recorder.advance(SECOND * 3600);
    let stats = recorder.stats();
    assert_eq!((stats.accepted, stats.queued), (40, 40));
    recorder.set_up(true);
    recorder.advance(SECOND * 12);
    let mut sums = BTreeMap::new();
    add_reported(&mut sums, &recorder.lines());
    assert_eq!((sums["accepted"], sums["refused.full"]), (40, 1));
    assert_eq!(sums["connect_failures"], stats.connect_failures);
    let stats = recorder.stats();
    assert_eq!(stats.accepted, stats.sent);
}

#[test]
fn telemetry_does_not_pile_up_while_the_server_reads_nothing() {
    let mut session = Session::new(&named().host("127.0.0.1"), 7).unwrap();
    let mut now = origin();
    session.record(&Metric::counter("a", 1)).unwrap();
    // The write of its report never ends.
    loop {
        match session.poll(now) {
            Output::Connect(_) => session.handle(Input::Connected),
            Output::Transmit(_) if session.stats().accepted > 1 => break,
            Output::Transmit(transmit) => session.handle(Input::Written(transmit.data.len())),
            Output::Wait(until) => now = until.unwrap(),
            output @ (Output::Disconnect | Output::Finished(_) | Output::Resolve(_)) => {
                panic!("{output:?}")
            }
        }
    }
    let accepted = session.stats().accepted;
    for _ in 0..100 {
        session.record(&Metric::counter("a", 1)).unwrap();
        now += SECOND / 5;
        assert!(matches!(session.poll(now), Output::Wait(_)));
    }
    assert_eq!(session.stats().accepted, accepted + 100);
}

#[test]
fn what_was_recorded_before_a_report_leaves_before_it() {
    let config = named().host("127.0.0.1").transport(Transport::Udp);
    let config = config.kind_prefixes(false).flush_interval(SECOND * 60);
    let mut session = Session::new(&config, 7).unwrap();
    let start = origin();
    let mut sent = Vec::new();
    session.record(&Metric::counter("a", 1)).unwrap();
    session.flush();
    // The write of the first report takes as long as an interval: when the second is due, it is not confirmed.
    let mut late = 0;
    for now in (0..400).map(|tick| start + SECOND / 10 * tick) {
        match session.poll(now) {
            Output::Connect(_) => session.handle(Input::Connected),
            Output::Transmit(transmit) => {
                let text = String::from_utf8(transmit.data.to_vec()).unwrap();
                late = if text.contains("self.") { 110 } else { 0 };
                sent.push((text, transmit.data.len()));
            }
            Output::Wait(_) => {}
            output @ (Output::Disconnect | Output::Finished(_) | Output::Resolve(_)) => {
                panic!("{output:?}")
            }
        }
        if late > 0 {
            late -= 1;
            if late == 0 {
                session.flush();
            }
        } else if let Some((_, len @ 1..)) = sent.last_mut() {
            session.handle(Input::Written(std::mem::take(len)));
            session.record(&Metric::counter("c", 1)).unwrap();
        }
    }
    let (mut recorded, mut arrived, mut reports) = (0, 0, 0);
    for (text, _) in &sent {
        for line in text.lines() {
            arrived += u64::from(line == "c:1|c");
            if line.starts_with("self.accepted:") {
                reports += 1;
                assert_eq!(arrived, recorded, "{sent:?}");
            }
        }
        recorded += 1;
    }
    assert!(reports > 2, "{sent:?}");
}

#[test]
fn a_report_that_fills_half_of_the_queue_is_followed_by_no_earlier_wait() {
    let pace = crate::Pace { burst: 1, rate: 10 };
    let config = named().host("127.0.0.1").transport(Transport::Udp);
    let config = config.pace(Some(pace)).max_queue_lines(40);
    let mut session = Session::new(&config, 7).unwrap();
    let start = origin();
    let metric = Metric::counter("a", 1);
    session.record(&metric).unwrap();
    session.flush();
    run(&mut session, start);
    // The rest is within half of the queue, and waits for the pace.
    (0..15).for_each(|_| session.record(&metric).unwrap());
    for now in (1..200).map(|tick| start + SECOND / 10 * tick) {
        let until = run(&mut session, now);
        assert_eq!(
            session.poll(now),
            Output::Wait(until),
            "{:?}",
            session.stats()
        );
    }
    assert!(session.stats().accepted > 16);
}

#[test]
fn a_connection_that_is_renewed_for_its_lines_is_not_reported() {
    let (client, mut recorder) = start(named().max_connection_age(Some(SECOND)));
    client.incr("a", 1);
    recorder.advance(SECOND * 60);
    let before = recorder.stats();
    recorder.advance(SECOND * 3600);
    assert_eq!(recorder.stats(), before);
    assert!(before.connects > 1, "{before:?}");
}

#[test]
fn a_name_that_cannot_be_sent_is_an_error() {
    let of = |name: &str| Config::new("localhost").telemetry(Some(Telemetry::named(name)));
    let socket = || of("a").unix_datagram("/s");
    for config in [
        of(""),
        of("a b"),
        of(&"a".repeat(513)),
        of("a").telemetry(Some(Telemetry::datadog())),
        of("a").telemetry(Some(Telemetry::named("a").interval(Duration::ZERO))),
        of(&"a".repeat(110)).dialect(Dialect::Collectd),
        socket().max_datagram(40),
        of("a").max_queue_lines(29),
    ] {
        let error = config.check().unwrap_err();
        assert!(error.to_string().starts_with("telemetry is "), "{error}");
    }
    for config in [
        of("a").max_queue_bytes(16 * 1024),
        of("a").max_queue_lines(30),
        of("a").dialect(Dialect::Netdata),
        of("a").dialect(Dialect::StatsdExporter),
        socket().max_datagram(50),
    ] {
        assert_eq!(config.check(), Ok(()));
    }
}

fn named() -> Config {
    Config::new("localhost").telemetry(Some(Telemetry::named("self")))
}

fn start(config: Config) -> (Client, Recorder) {
    recorder(config).unwrap()
}

/// Executes instructions until the session waits. Returns the time that it waits for.
fn run(session: &mut Session, now: Instant) -> Option<Instant> {
    loop {
        match session.poll(now) {
            Output::Connect(_) => session.handle(Input::Connected),
            Output::Transmit(transmit) => session.handle(Input::Written(transmit.data.len())),
            Output::Wait(until) => return until,
            output @ (Output::Disconnect | Output::Finished(_) | Output::Resolve(_)) => {
                panic!("{output:?}")
            }
        }
    }
}

/// Adds the reported counters to `sums`.
fn add_reported(sums: &mut BTreeMap<String, u64>, lines: &[String]) {
    for line in lines {
        let (name, rest) = line.split_once(':').unwrap();
        let prefixes = ["self.", "datadog.dogstatsd.client."];
        let name = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix));
        let mut parts = rest.split('|');
        if let (Some(name), Some(value), Some("c")) = (name, parts.next(), parts.next()) {
            *sums.entry(name.to_owned()).or_default() += value.parse::<u64>().unwrap();
        }
    }
}
