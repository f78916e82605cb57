//! Datagrams: refused ones are resent, bursts keep the pace, unsendable ones are dropped.

use statsd_proto::driver::{FailureKind, Input, Output, Session};
use statsd_proto::{Metric, Pace};

use crate::network::{Fate, Refusal};
use crate::oracle::arrived;
use crate::settings::{Settings, ms, origin, secs};
use crate::world::World;

#[test]
fn a_refused_datagram_is_resent() {
    for delay in [0, 1, 49] {
        let mut world = World::new(Settings::udp());
        world.net.refusal = Refusal::Read(ms(delay));
        world.net.is_up = false;
        world.record_lines(10);
        world.advance(ms(120));
        assert_eq!(world.stats().sent, 0);
        world.net.is_up = true;
        world.finish();
        assert_eq!(arrived(&world), world.accepted);
    }
}

#[test]
fn a_refusal_that_the_next_write_hears_of_in_time_costs_nothing() {
    let mut world = World::new(Settings::udp());
    world.advance(secs(1));
    world.net.is_up = false;
    for _ in 0..2 {
        world.record_lines(3);
        world.session.flush();
        world.advance(ms(40));
    }
    assert_eq!((world.stats().disconnects, world.stats().in_flight), (1, 0));
    world.net.is_up = true;
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_server_that_is_away_is_asked_with_one_datagram_at_a_time() {
    let mut world = World::new(Settings {
        max_datagram: 100,
        pace: None,
        ..Settings::udp()
    });
    world.net.refusal = Refusal::Read(ms(1));
    world.net.is_up = false;
    world.record_lines(900);
    world.advance(secs(10));
    let counts = world
        .net
        .connections
        .iter()
        .map(|link| link.datagrams.len());
    let counts = counts.collect::<Vec<_>>();
    assert_eq!(counts[0], 64, "all that leaves in one call");
    assert!(counts[1..].iter().all(|count| *count <= 1), "{counts:?}");
    assert!((10..=25).contains(&counts.len()), "{counts:?}");
    world.net.is_up = true;
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_server_that_restarts_gets_what_was_recorded_meanwhile() {
    let mut world = World::new(Settings::udp());
    world.net.refusal = Refusal::Read(ms(1));
    for second in 0..10 {
        world.net.is_up = !(3..6).contains(&second);
        world.record_lines(10);
        world.advance(secs(1));
    }
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_network_without_refusals_loses_datagrams_and_stops_nothing() {
    let mut world = World::new(Settings::udp());
    world.net.refusal = Refusal::Unheard;
    world.net.is_up = false;
    world.record_lines(10);
    world.advance(secs(1));
    world.net.is_up = true;
    world.record_lines(10);
    assert_eq!(world.finish().sent, 20);
    assert_eq!(arrived(&world), world.accepted[10..]);
}

#[test]
fn a_socket_that_is_closed_is_opened_again() {
    let mut world = World::new(Settings::udp());
    world.advance(secs(1));
    world.break_link(FailureKind::PeerClosed, 0);
    world.record_lines(10);
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
    assert_eq!(world.net.connections.len(), 2);
}

#[test]
fn a_burst_goes_at_once_and_the_rest_at_the_pace() {
    let mut world = World::new(Settings {
        max_datagram: 100,
        pace: Some(Pace {
            burst: 1000,
            rate: 2000,
        }),
        flush_interval: ms(0),
        ..Settings::udp()
    });
    world.record_lines(900);
    world.settle();
    assert_eq!(world.net.connections[0].datagrams.len(), 10);
    for _ in 0..30 {
        world.advance(ms(100));
        let elapsed = world.now - world.start;
        let least = (2000.0 * elapsed.as_secs_f64()) as u64;
        let bytes = world.taken_bytes;
        assert!(
            bytes >= least && bytes <= 1100 + least,
            "{bytes} after {elapsed:?}"
        );
    }
    world.advance(secs(3));
    assert_eq!(arrived(&world), world.accepted);
    // A few datagrams for each wake-up.
    assert!(world.polls < 150, "{}", world.polls);
}

#[test]
fn a_write_that_takes_long_saves_up_no_second_burst() {
    let mut world = World::new(Settings {
        max_datagram: 100,
        pace: Some(Pace {
            burst: 1000,
            rate: 2000,
        }),
        ..Settings::udp()
    });
    world.net.window = 0;
    world.record_lines(900);
    world.advance(secs(10));
    world.net.window = usize::MAX;
    world.settle();
    assert_eq!(world.net.connections[0].datagrams.len(), 10);
}

#[test]
fn a_payload_whose_last_datagram_is_short_leaves_in_one_write() {
    let mut world = World::new(Settings {
        max_datagram: 100,
        ..Settings::udp()
    });
    world.record_lines(14);
    world.finish();
    let link = &world.net.connections[0];
    assert_eq!((link.datagrams.len(), link.writes), (2, 1));
}

#[test]
fn datagrams_that_leave_one_by_one_arrive_all_the_same() {
    let mut world = World::new(Settings {
        max_datagram: 100,
        ..Settings::udp()
    });
    world.net.max_write = 1;
    world.record_lines(900);
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
    assert_eq!(world.net.connections[0].writes, 100);
}

#[test]
fn without_segmentation_each_datagram_is_written_alone_and_without_padding() {
    for (is_on, groups) in [(true, 1), (false, 3)] {
        let config = Settings::udp().config().max_datagram(16);
        let mut session = Session::new(&config.segmentation(is_on), 0).expect("valid settings");
        for _ in 0..3 {
            // Two lines would be longer than a datagram.
            let metric = Metric::counter("name.of.x", 1);
            session.record(&metric).expect("there is room");
        }
        session.flush();
        assert!(matches!(session.poll(origin()), Output::Connect(_)));
        session.handle(Input::Connected);
        let mut written = Vec::new();
        while let Output::Transmit(transmit) = session.poll(origin()) {
            written.push(transmit.all_datagrams().0.to_vec());
            session.handle(Input::Written(transmit.data.len()));
        }
        assert_eq!(written.len(), groups, "{written:?}");
        let is_padded = written.concat().windows(2).any(|pair| pair == b"\n\n");
        assert_eq!(is_padded, is_on, "{written:?}");
    }
}

#[test]
fn half_a_datagram_counts_as_not_written() {
    let mut session = Session::new(&Settings::udp().config(), 0).expect("the settings are good");
    let metric = Metric::counter("x", 1);
    session.record(&metric).expect("there is room");
    session.flush();
    let now = origin();
    assert!(matches!(session.poll(now), Output::Connect(_)));
    session.handle(Input::Connected);
    let transmit = session.poll(now);
    assert!(matches!(transmit, Output::Transmit(_)), "{transmit:?}");
    session.handle(Input::Written(3));
    assert_eq!((session.stats().bytes, session.stats().in_flight), (0, 1));
    assert_eq!(session.poll(now), transmit);
    session.handle(Input::Disconnected(FailureKind::Refused.into()));
    assert_eq!((session.stats().queued, session.stats().in_flight), (1, 0));
}

#[test]
fn a_datagram_that_is_resent_counts_its_bytes_once() {
    let mut world = World::new(Settings::udp());
    world.net.refusal = Refusal::Read(ms(1));
    world.net.is_up = false;
    world.record_lines(10);
    world.advance(secs(60));
    assert!(world.net.connections.len() > 50);
    assert_eq!((world.stats().bytes, world.stats().payloads), (0, 0));
    world.net.is_up = true;
    let stats = world.finish().stats;
    assert_eq!((stats.bytes, stats.payloads, stats.sent), (109, 1, 10));
}

#[test]
fn an_unconfirmed_datagram_at_the_close_deadline_does_not_count_as_sent_without_a_server() {
    // The close ends within 50 ms of the last attempt.
    for after in 0..60 {
        let mut world = World::new(Settings {
            backoff: (ms(20), ms(20)),
            close_timeout: ms(200 + after),
            ..Settings::udp()
        });
        world.net.refusal = Refusal::Read(ms(15));
        world.net.is_up = false;
        world.record_lines(10);
        world.advance(secs(1));
        let report = world.finish();
        assert_eq!((report.sent, report.abandoned), (0, 10));
        assert_eq!(report.stats.bytes, 0);
    }
}

#[test]
fn a_datagram_that_cannot_be_sent_is_dropped_at_the_third_try_and_nothing_else() {
    let mut world = World::new(Settings::udp());
    world.net.mtu = 1400;
    world.record_lines(5);
    world.record(2000).expect("it fits in a datagram");
    world.record_lines(5);
    world.advance(secs(5));
    assert_eq!(world.stats().dropped.unsendable, 1);
    assert_eq!(world.stats().disconnects, 3);
    world.finish();
    let expected = [&world.accepted[..5], &world.accepted[6..]].concat();
    assert_eq!(arrived(&world), expected);
}

#[test]
fn a_datagram_that_is_too_large_is_divided_and_costs_nothing() {
    for (mtu, failures) in [(1380, 1), (650, 2), (512, 2), (400, 0)] {
        let mut world = World::new(Settings::udp());
        world.net.mtu = mtu;
        for _ in 0..100 {
            world.record_lines(3);
            world.record_pair(0).expect("there is room");
            world.record(30).expect("there is room");
        }
        world.advance(secs(2));
        world.record_lines(500);
        if failures == 0 {
            // Below the least size datagrams are given up, one by one.
            world.advance(secs(100));
            assert!(world.stats().dropped.unsendable > 0);
            continue;
        }
        let report = world.finish();
        assert_eq!(report.stats.disconnects, failures, "{mtu}");
        assert_eq!(arrived(&world), world.accepted);
        let datagrams = world
            .net
            .connections
            .iter()
            .flat_map(|link| &link.datagrams);
        let longest = datagrams.map(|datagram| datagram.text.len()).max();
        assert!(
            longest > Some(mtu / 2) && longest <= Some(mtu),
            "{longest:?}"
        );
    }
}

#[test]
fn of_datagrams_that_are_too_large_only_a_line_that_fits_in_none_is_dropped() {
    let mut world = World::new(Settings::udp());
    world.net.mtu = 600;
    world.record_lines(200);
    world.record(900).expect("it fits in a datagram");
    world.record_lines(200);
    world.advance(secs(10));
    assert_eq!(world.stats().dropped.unsendable, 1);
    // Two to find the size, three for the line.
    assert_eq!(world.stats().disconnects, 5);
    world.finish();
    let expected = [&world.accepted[..200], &world.accepted[201..]].concat();
    assert_eq!(arrived(&world), expected);
}

#[test]
fn a_refusal_that_comes_too_late_costs_its_own_datagram_and_no_other() {
    let mut world = World::new(Settings::udp());
    world.net.is_up = false;
    world.record_lines(3);
    world.advance(secs(1));
    world.net.is_up = true;
    world.record_lines(3);
    world.finish();
    assert_eq!(arrived(&world), world.accepted[3..]);
    let first = &world.net.connections[0].datagrams[0];
    assert_eq!(first.fate, Fate::Swallowed);
    assert!(first.at < world.start + secs(1));
}
