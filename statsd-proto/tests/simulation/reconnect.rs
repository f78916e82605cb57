//! A connection that breaks costs no line, and few attempts.

use std::time::Duration;

use statsd_proto::Transport;
use statsd_proto::driver::{FailureKind, Output};

use crate::network::{Cut, address};
use crate::oracle::arrived;
use crate::settings::{Settings, ms, secs};
use crate::world::{World, server};

#[test]
fn a_torn_line_is_resent_whole() {
    for torn in 0.."n00000:1|c\n".len() {
        let mut world = World::new(Settings::tcp());
        let takes = 3 * "n00000:1|c\n".len() + torn;
        world.net.cuts.push_back(Cut { takes, loses: 0 });
        world.record_lines(5);
        world.advance(secs(2));
        let rest = world.accepted[3..].join("\n") + "\n";
        assert_eq!(world.net.connections[1].taken, rest.as_bytes());
        assert_eq!(arrived(&world), world.accepted);
        assert_eq!(world.stats().sent, 5);
    }
}

#[test]
fn lines_that_the_kernel_took_whole_count_as_sent_and_are_not_resent() {
    let mut world = World::new(Settings::tcp());
    world.record_lines(5);
    world.advance(secs(1));
    world.break_link(FailureKind::Reset, 25);
    world.record_lines(5);
    world.finish();
    assert_eq!(
        arrived(&world),
        [&world.accepted[..2], &world.accepted[5..]].concat()
    );
    assert_eq!(world.stats().sent, 10);
}

#[test]
fn a_server_that_accepts_and_closes_sees_few_connections_and_costs_no_line() {
    let mut world = World::new(Settings::tcp());
    for hang_up_after in [Duration::ZERO, ms(20), ms(49)] {
        world.net.hang_up_after = Some(hang_up_after);
        let before = world.net.connections.len();
        for _ in 0..50 {
            world.record_lines(1);
            world.advance(ms(100));
        }
        let connections = world.net.connections.len() - before;
        assert!((5..=15).contains(&connections), "{connections}");
    }
    assert_eq!(world.stats().sent, 0);
    world.net.hang_up_after = None;
    world.advance(secs(2));
    assert_eq!(arrived(&world), world.accepted);
    assert_eq!(world.stats().sent, 150);
}

#[test]
fn the_wait_doubles_up_to_its_bound() {
    let mut world = World::new(Settings::tcp());
    world.net.is_up = false;
    world.advance(secs(10));
    let attempts = world
        .net
        .attempts
        .iter()
        .map(|(at, _)| *at)
        .collect::<Vec<_>>();
    let nominal = [100, 200, 400, 800].into_iter().chain([1000; 100]);
    for (pair, nominal) in attempts.windows(2).zip(nominal) {
        let wait = pair[1] - pair[0];
        assert!(
            wait >= ms(nominal / 2) && wait <= ms(nominal),
            "{wait:?} of {nominal}"
        );
    }
    assert_eq!(world.stats().connect_failures, attempts.len() as u64);
}

#[test]
fn backoff_restarts_only_after_a_payload_was_sent_whole() {
    // Two payloads of 16 KiB; the first write is one whole payload, or a part of it.
    for (takes, is_whole) in [(16 * 1024, true), (16_000, false)] {
        let mut world = World::new(Settings::tcp());
        world.net.is_up = false;
        world.advance(secs(10));
        world.record_lines(2500);
        world.session.flush();
        world.net.is_up = true;
        world.net.cuts.push_back(Cut { takes, loses: 0 });
        world.advance(secs(2));
        let [first, second] = &world.net.connections[..] else {
            panic!("{:?}", world.net.attempts);
        };
        let wait = second.opened_at - first.opened_at - world.settings.settle_time;
        assert_eq!(wait <= ms(100), is_whole, "{wait:?}");
        assert_eq!(arrived(&world), world.accepted);
    }
}

#[test]
fn every_address_of_a_name_is_tried_before_the_wait() {
    let mut world = World::new(named());
    world.net.found = Some(vec![address(1), address(2), address(3)]);
    world.net.dead = vec![address(1), address(2)];
    world.record_lines(1);
    world.settle();
    let tried = world.net.attempts.iter().map(|(_, to)| *to);
    assert!(tried.eq([server(1), server(2), server(3)]));
    assert!(world.net.attempts.iter().all(|(at, _)| *at == world.start));
    world.advance(secs(1));
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_server_that_moved_is_found_at_its_new_address() {
    let mut world = World::new(named());
    world.advance(secs(1));
    world.net.found = Some(vec![address(2)]);
    world.net.dead = vec![address(1)];
    world.break_link(FailureKind::Reset, 0);
    world.record_lines(1);
    world.advance(secs(3));
    assert_eq!(
        world.net.attempts.last().expect("there were some").1,
        server(2)
    );
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn the_last_good_addresses_serve_while_lookups_fail() {
    for found in [None, Some(vec![])] {
        let mut world = World::new(named());
        world.advance(secs(1));
        world.net.found = found;
        world.break_link(FailureKind::Reset, 0);
        world.record_lines(1);
        world.advance(secs(1));
        assert_eq!(world.net.lookups.len(), 2);
        assert_eq!(arrived(&world), world.accepted);
    }
}

#[test]
fn a_name_that_is_never_found_costs_one_lookup_for_each_wait() {
    let mut world = World::new(named());
    world.net.found = None;
    world.record_lines(1);
    world.advance(secs(10));
    assert!(
        (10..=25).contains(&world.net.lookups.len()),
        "{:?}",
        world.net.lookups
    );
    assert_eq!(world.net.attempts, []);
    world.net.found = Some(vec![address(1)]);
    world.advance(secs(2));
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_lookup_or_connect_that_never_ends_is_given_up_and_tried_again() {
    for is_lookup in [true, false] {
        let mut world = World::new(named());
        let delay = if is_lookup {
            &mut world.net.lookup_delay
        } else {
            &mut world.net.connect_delay
        };
        *delay = None;
        world.record_lines(1);
        world.advance(secs(5));
        assert_eq!(world.stats().connect_failures, 1);
        world.net.heal();
        world.advance(secs(2));
        assert_eq!(arrived(&world), world.accepted);
    }
}

#[test]
fn a_slow_connect_is_waited_for() {
    let mut world = World::new(Settings::tcp());
    world.net.connect_delay = Some(ms(4900));
    world.record_lines(1);
    world.advance(ms(5500));
    assert_eq!(arrived(&world), world.accepted);
    assert_eq!(world.net.attempts.len(), 1);
}

#[test]
fn a_stalled_write_is_given_up_and_its_lines_are_resent() {
    for settings in Settings::all() {
        let mut world = World::new(settings);
        world.net.window = 0;
        world.record_lines(5);
        world.advance(secs(30));
        assert_eq!(world.stats().disconnects, 0);
        world.advance(ms(200));
        assert_eq!(world.stats().disconnects, 1);
        world.net.window = usize::MAX;
        world.advance(secs(2));
        assert_eq!(arrived(&world), world.accepted);
    }
}

#[test]
fn a_half_written_line_that_stalls_is_resent_whole() {
    let mut world = World::new(Settings::tcp());
    world.net.window = 25;
    world.record_lines(5);
    world.advance(secs(31));
    assert_eq!(world.net.connections[0].taken.len(), 25);
    world.net.window = usize::MAX;
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_server_that_closes_an_idle_connection_is_noticed_before_the_next_line() {
    let mut world = World::new(Settings::tcp());
    world.advance(secs(1));
    world.break_link(FailureKind::PeerClosed, 0);
    world.advance(secs(1));
    assert_eq!(world.net.connections.len(), 2);
    world.record_lines(1);
    world.advance(ms(100));
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_connect_has_the_options_of_the_socket() {
    let mut world = World::new(Settings::tcp());
    let Output::Connect(connect) = world.session.poll(world.now) else {
        panic!("it connects first");
    };
    assert_eq!(connect.send_buffer, Some(65_536));
    assert_eq!(connect.max_unsent, Some(1024));
    assert_eq!(connect.ack_timeout, world.settings.write_timeout);
    let keepalive = connect.keepalive.expect("that is the default");
    let told = (keepalive.time, keepalive.interval, keepalive.probes);
    assert_eq!(told, (secs(15), secs(5), 3));
}

#[test]
fn an_outage_of_five_minutes_costs_few_attempts_and_no_line() {
    let mut world = World::new(Settings::tcp());
    world.advance(secs(1));
    world.net.is_up = false;
    world.break_link(FailureKind::Reset, 0);
    for _ in 0..300 {
        world.record_lines(10);
        world.advance(secs(1));
    }
    assert!(
        world.net.attempts.len() < 620,
        "{}",
        world.net.attempts.len()
    );
    assert!(world.polls < 3000, "{}", world.polls);
    world.net.is_up = true;
    world.advance(secs(2));
    assert_eq!(arrived(&world), world.accepted);
    assert_eq!(world.stats().sent, 3000);
}

#[test]
fn an_old_stream_gives_way_to_a_new_one_between_two_payloads() {
    for settings in [named(), Settings::frames(), Settings::custom_stream()] {
        let mut world = World::new(Settings {
            max_connection_age: Some(secs(10)),
            ..settings
        });
        world.net.max_write = 1000;
        for _ in 0..45 {
            world.record_lines(1000);
            world.advance(secs(1));
        }
        let connections = &world.net.connections;
        assert!((5..=6).contains(&connections.len()), "{connections:?}");
        for pair in connections.windows(2) {
            let age = pair[1].opened_at - pair[0].opened_at;
            assert!(age >= ms(7500) && age <= secs(11), "{age:?}");
        }
        let is_named = world.settings.transport == Transport::Tcp;
        let lookups = if is_named { connections.len() } else { 0 };
        assert_eq!(world.net.lookups.len(), lookups);
        let stats = world.stats();
        assert_eq!((stats.disconnects, stats.connect_failures), (0, 0));
        world.finish();
        assert_eq!(arrived(&world), world.accepted);
    }
}

#[test]
fn an_old_stream_that_has_nothing_to_send_stays() {
    let mut world = World::new(Settings {
        max_connection_age: Some(secs(10)),
        ..Settings::tcp()
    });
    world.record_lines(1);
    world.advance(secs(3600));
    assert_eq!(world.net.connections.len(), 1);
    world.record_lines(1);
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn an_old_stream_whose_server_is_gone_is_missed_no_sooner_than_another() {
    let mut world = World::new(Settings {
        max_connection_age: Some(secs(10)),
        ..Settings::tcp()
    });
    world.advance(secs(11));
    world.net.is_up = false;
    world.record_lines(10);
    world.advance(secs(60));
    assert_eq!(world.stats().disconnects, 0);
    assert!(world.net.attempts.len() < 130, "{:?}", world.net.attempts);
    world.net.is_up = true;
    world.advance(secs(2));
    assert_eq!(arrived(&world), world.accepted);
}

/// The defaults over TCP, to a name.
fn named() -> Settings {
    Settings {
        host: "metrics.internal",
        ..Settings::tcp()
    }
}
