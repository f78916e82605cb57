mod series;

use std::thread;
use std::time::Duration;

use crate::client::Client;
use crate::config::{Config, Transport};
use crate::metric::Metric;
use crate::session::Session;
use crate::session::instruction::{Input, Output};
use crate::testing::{Recorder, origin, recorder_with_inlets};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn what_is_recorded_by_name_becomes_one_line_for_each_context() {
    let (client, mut server) = start(|config| config);
    for number in 1..=10 {
        client.incr("orders", number);
        client.decr("stock", 1);
        client.gauge("queue", number);
        client.gauge_delta("sessions", 1);
        client.set("visitors", if number % 2 == 0 { "anna" } else { "ben" });
        let tagged = Metric::counter("logins", 1);
        client.record(&tagged.tags(&[("method", "card")])).unwrap();
        client.record(&tagged.tags(&[("method", "key")])).unwrap();
    }
    client.timing("checkout", Duration::from_millis(48));
    client.timing("checkout", Duration::from_micros(500));
    assert_eq!(server.payloads(), [""; 0]);
    server.advance(SECOND * 2);
    let mut lines = server.lines();
    lines.sort();
    let expected = [
        "checkout:0.5|ms",
        "checkout:48|ms",
        "logins:10|c|#method:card",
        "logins:10|c|#method:key",
        "orders:55|c",
        "queue:10|g",
        "sessions:+10|g",
        "stock:-10|c",
        "visitors:anna|s",
        "visitors:ben|s",
    ];
    assert_eq!(lines, expected);
    server.advance(SECOND * 10);
    assert_eq!(server.lines(), [""; 0]);
}

#[test]
fn what_is_recorded_by_handle_becomes_one_line_for_each() {
    let (client, mut server) = start(|config| config);
    let orders = client.prepare("orders").tag("a", "b").counter().unwrap();
    let queue = client.prepare("queue").gauge().unwrap();
    let sessions = client.prepare("sessions").gauge_delta().unwrap();
    let visitors = client.prepare("visitors").set().unwrap();
    let checkout = client.prepare("checkout").timing().unwrap();
    for round in 1..=3 {
        for number in 1..=10 {
            orders.add(number);
            orders.clone().incr();
            queue.set(-0.5 * f64::from(number));
            sessions.add(-1);
            visitors.insert("anna");
        }
        checkout.record(Duration::from_millis(round));
        server.advance(SECOND * 2);
        let mut lines = server.lines();
        lines.sort();
        let expected = [
            "checkout:X|ms".replace('X', &round.to_string()),
            "orders:65|c|#a:b".into(),
            "queue:-5|g".into(),
            "queue:0|g".into(),
            "sessions:-10|g".into(),
            "visitors:anna|s".into(),
        ];
        assert_eq!(lines, expected);
    }
}

#[test]
fn counts_of_many_threads_add_up_by_name_and_by_handle() {
    let (client, mut server) = start(|config| config);
    let held = client.prepare("held").counter().unwrap();
    let (threads, counts) = (4, 25_000);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for _ in 0..counts {
                    client.incr("named", 1);
                    held.incr();
                }
            });
        }
        for _ in 0..200 {
            server.advance(SECOND);
        }
    });
    let _unawaited = client.flush();
    assert_eq!(total(&server.lines(), "named"), threads * counts);
    server.advance(SECOND * 5);
    let stats = server.stats();
    assert_eq!((stats.queued, stats.accepted), (0, stats.sent));
    assert!(stats.accepted < 4000, "{stats:?}");
}

#[test]
fn an_outage_of_any_length_costs_no_counts() {
    let (client, mut server) = start(|config| config);
    let held = client.prepare("held").counter().unwrap();
    server.advance(SECOND);
    server.set_up(false);
    for _ in 0..10_000 {
        client.incr("named", 1);
        held.incr();
        client.timing("checkout", Duration::from_millis(1));
        server.advance(SECOND);
    }
    assert_eq!(client.stats().accepted, 0);
    server.set_up(true);
    server.advance(SECOND * 10);
    let lines = server.lines();
    assert_eq!(total(&lines, "named"), 10_000);
    assert_eq!(total(&lines, "held"), 10_000);
    // The samples and their rate represent all values.
    let sampled = lines
        .iter()
        .filter(|line| **line == "checkout:1|ms|@0.0512");
    assert_eq!(sampled.count(), 512);
}

#[test]
fn a_stop_sends_aggregated_values_and_later_ones_are_counted_as_refused() {
    let (client, mut server) = start(|config| config);
    let counter = client.prepare("held").counter().unwrap();
    let gauge = client.prepare("level").gauge().unwrap();
    on_another_thread(|| client.incr("beside", 2));
    client.incr("named", 3);
    counter.add(4_u64);
    gauge.set(5);
    client.close();
    let mut lines = server.lines();
    lines.sort();
    let expected = ["beside:2|c", "held:4|c", "level:5|g", "named:3|c"];
    assert_eq!(lines, expected);
    counter.incr();
    gauge.set(6);
    client.incr("named", 1);
    on_another_thread(|| client.incr("beside", 1));
    server.advance(SECOND * 10);
    assert_eq!(server.lines(), [""; 0]);
    assert_eq!(client.stats().refused.closed, 4);
}

#[test]
fn a_dropped_driver_abandons_aggregated_values() {
    let (client, server) = start(|config| config);
    let counter = client.prepare("held").counter().unwrap();
    counter.incr();
    client.incr("named", 1);
    drop(server);
    let stats = client.stats();
    assert_eq!((stats.accepted, stats.dropped.abandoned), (2, 2));
}

#[test]
fn what_cannot_be_aggregated_is_sent_as_a_line_of_its_own() {
    let (client, mut server) = start(|config| config);
    let counter = client.prepare("held").counter().unwrap();
    counter.add(0.5);
    counter.add(i64::MAX);
    client.incr("named", 0.25);
    client.inject_metric("raw", "1", "c");
    client.inject_metric("gathered", 1, "c");
    let sampled = Metric::counter("sampled", 1).sampled_at(0.5);
    client.record(&sampled).unwrap();
    client.timing("x", Duration::from_millis(1));
    server.advance(SECOND / 10);
    let expected = [
        "held:0.5|c",
        "held:9223372036854775807|c",
        "named:0.25|c",
        "raw:1|c",
        "sampled:1|c|@0.5",
    ];
    assert_eq!(
        server.payloads().concat().lines().collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn what_is_no_metric_is_refused_all_the_same() {
    let (client, mut server) = start(|config| config);
    client.incr("", 1);
    client.gauge("x", f64::NAN);
    client.histogram("x", 1);
    assert!(client.prepare("x").histogram().is_err());
    assert!(client.prepare("").counter().is_err());
    assert!(client.prepare("x").rate(2.0).counter().is_err());
    let gauge = client.prepare("x").gauge().unwrap();
    gauge.set(f64::INFINITY);
    server.advance(SECOND * 5);
    assert_eq!(server.lines(), [""; 0]);
    assert_eq!(client.stats().refused.invalid, 4);
}

#[test]
fn series_are_bounded_and_idle_ones_make_room() {
    let (client, mut server) = start(|config| config.max_series(10));
    for name in 0..20 {
        client.incr(&format!("x{name}"), 1);
        client.incr(&format!("x{name}"), 1);
    }
    server.advance(SECOND / 10);
    // Ten series are pending, and the other metrics were sent as lines.
    assert_eq!(server.payloads().concat().lines().count(), 20);
    server.advance(SECOND * 2);
    assert_eq!(server.lines().len(), 10);
    for _ in 0..40 {
        client.incr("x0", 1);
        server.advance(SECOND * 2);
    }
    assert_eq!(server.lines().len(), 40);
    client.incr("x19", 1);
    client.incr("x19", 1);
    server.advance(SECOND * 2);
    assert_eq!(server.lines(), ["x19:2|c"]);
}

#[test]
fn what_a_full_queue_has_no_room_for_stays() {
    let (client, mut server) = start(|config| config.max_queue_lines(4));
    let held = client.prepare("held").counter().unwrap();
    server.advance(SECOND);
    held.add(7);
    for name in 0..8 {
        client.incr(&format!("x{name}"), 1);
    }
    for _ in 0..20 {
        server.advance(SECOND);
    }
    let lines = server.lines();
    assert_eq!(total(&lines, ""), 15);
    assert_eq!(lines.len(), 9);
}

#[test]
fn a_drain_waits_until_the_line_before_it_is_confirmed() {
    let config = Config::new("192.0.2.1")
        .transport(Transport::Udp)
        .flush_interval(Duration::ZERO)
        .aggregate(Some(Duration::from_millis(1)))
        .max_queue_lines(1);
    let mut session = Session::new(&config, 0).unwrap();
    for name in ["a", "b", "c"] {
        session.record(&Metric::counter(name, 1)).unwrap();
    }
    let mut now = origin();
    loop {
        match session.poll(now) {
            Output::Connect(_) => session.handle(Input::Connected),
            Output::Transmit(transmit) => session.handle(Input::Written(transmit.data.len())),
            Output::Wait(Some(until)) => now = until,
            Output::Wait(None) => break,
            output @ (Output::Disconnect | Output::Finished(_) | Output::Resolve(_)) => {
                panic!("{output:?}")
            }
        }
    }
    assert_eq!(session.stats().sent, 3);
}

#[test]
fn a_round_takes_place_once_there_is_room_although_a_write_is_under_way() {
    let config = Config::new("192.0.2.1")
        .transport(Transport::Udp)
        .flush_interval(Duration::ZERO)
        .aggregate(Some(Duration::from_millis(1)))
        .max_queue_lines(4);
    let mut session = Session::new(&config, 0).unwrap();
    let start = origin();
    let line = Metric::counter("line", 1).sampled_at(1.0);
    (0..3).for_each(|_| session.record(&line).unwrap());
    session.record(&Metric::counter("sum", 1)).unwrap();
    assert!(matches!(session.poll(start), Output::Connect(_)));
    session.handle(Input::Connected);
    let Output::Transmit(transmit) = session.poll(start) else {
        panic!("the lines leave at once");
    };
    session.handle(Input::Written(transmit.data.len()));
    session.record(&line).unwrap();
    let later = start + Duration::from_millis(10);
    assert!(matches!(session.poll(later), Output::Transmit(_)));
    // Until nobody refuses the first three any more, they take the room.
    assert_eq!(session.stats().accepted, 4);
    let later = start + Duration::from_millis(60);
    let output = session.poll(later);
    assert_eq!(session.stats().accepted, 5);
    assert!(matches!(output, Output::Wait(Some(_))));
    assert_eq!(session.poll(later), output, "one more poll changes nothing");
}

#[test]
fn a_recorder_lets_rounds_take_place_that_waited_for_room() {
    let interval = Duration::from_millis(1);
    let (client, mut server) = start(|config| config.aggregate(Some(interval)).max_queue_lines(1));
    for name in ["a", "b", "c"] {
        client.incr(name, 1);
    }
    server.advance(SECOND);
    assert_eq!(server.payloads().len(), 3);
}

#[test]
fn what_a_full_queue_has_no_room_for_at_the_end_is_counted() {
    for lines in [1, 2, 4] {
        let (client, mut server) = start(|config| config.max_queue_lines(lines));
        let held = client.prepare("held").counter().unwrap();
        let level = client.prepare("level").gauge().unwrap();
        server.set_up(false);
        held.incr();
        level.set(1);
        client.incr("named", 1);
        on_another_thread(|| client.incr("beside", 1));
        for _ in 0..5 {
            drop(client.flush());
        }
        assert_eq!(client.stats().refused.full, 0, "it may still be sent");
        client.close();
        let stats = client.stats();
        let known = stats.accepted + stats.refused.full;
        assert_eq!((known, stats.accepted), (4, lines as u64));
    }
}

#[test]
fn without_values_no_timer_wakes_the_driver() {
    let (client, mut server) = start(|config| config);
    let held = client.prepare("held").counter().unwrap();
    server.advance(SECOND * 10);
    assert!(!server.is_woken());
    held.incr();
    assert!(server.is_woken());
    server.advance(SECOND);
    held.incr();
    client.incr("named", 1);
    assert!(!server.is_woken());
    server.advance(SECOND);
    assert_eq!(server.lines().len(), 2);
}

#[test]
fn distributions_are_packed_where_the_server_unpacks_them() {
    let config = Config::dogstatsd("localhost").aggregate(Some(SECOND));
    let (client, mut server) = recorder_with_inlets(config, 1).unwrap();
    for value in 0..1000 {
        client.distribution("x", value);
    }
    server.advance(SECOND);
    let payloads = server.payloads();
    assert!(payloads.len() <= 3, "{payloads:?}");
    let lines = payloads.iter().flat_map(|payload| payload.lines());
    let mut values = 0;
    for line in lines {
        let packed = line.strip_prefix("x:").unwrap();
        let packed = packed.strip_suffix("|d|@0.512").unwrap();
        values += packed.split(':').count();
    }
    assert_eq!(values, 512);
}

/// Client that aggregates, with an interval of two seconds.
fn start(set: impl FnOnce(Config) -> Config) -> (Client, Recorder) {
    let config = Config::new("localhost")
        .kind_prefixes(false)
        .transport(Transport::Udp)
        .pace(None)
        .aggregate(Some(SECOND * 2));
    recorder_with_inlets(set(config), 4).unwrap()
}

fn total(lines: &[String], name: &str) -> u64 {
    let counts = lines.iter().filter(|line| line.starts_with(name));
    let count = |line: &String| {
        let (_, value) = line.split_once(':').unwrap();
        value.strip_suffix("|c").unwrap().parse::<u64>().unwrap()
    };
    counts.map(count).sum()
}

fn on_another_thread(work: impl FnOnce() + Send) {
    thread::scope(|scope| {
        scope.spawn(work);
    });
}
