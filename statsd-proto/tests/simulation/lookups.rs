//! Names that are looked up beside an open socket: it stays while its address is still in the answer.

use std::time::Duration;

use statsd_proto::driver::{FailureKind, Input};

use crate::network::{Refusal, address};
use crate::oracle::arrived;
use crate::settings::{Settings, ms, secs};
use crate::world::{World, server};

#[test]
fn a_server_that_works_is_kept_whatever_the_order_of_the_answer() {
    let mut world = World::new(named());
    world.net.found = Some(vec![address(1), address(2), address(3)]);
    world.net.is_shuffled = true;
    send_for(&mut world, secs(600));
    assert!((10..=14).contains(&world.net.lookups.len()));
    assert_eq!(targets(&world), [server(1)]);
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_server_that_moved_in_silence_is_found_within_the_minute() {
    let mut world = World::new(named());
    send_for(&mut world, secs(1));
    world.net.found = Some(vec![address(2), address(3)]);
    send_for(&mut world, secs(62));
    assert_eq!(world.net.lookups.len(), 2);
    assert_eq!(targets(&world), [server(1), server(2)]);
    // The old address listened all the time, so no datagram is lost.
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_server_that_moved_is_found_also_by_those_who_never_rest() {
    let mut world = World::new(named());
    send_for(&mut world, secs(1));
    world.net.found = Some(vec![address(2)]);
    for _ in 0..62 * 50 {
        world.record_lines(1);
        world.session.flush();
        world.advance(ms(20));
    }
    assert_eq!(world.net.lookups.len(), 2);
    assert_eq!((world.stats().connects, world.stats().disconnects), (2, 0));
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_lookup_that_fails_or_hangs_changes_nothing() {
    for (found, delay) in [
        (None, Some(secs(0))),
        (Some(vec![]), Some(secs(0))),
        (Some(vec![address(2)]), None),
        // After it was given up.
        (Some(vec![address(2)]), Some(ms(5001))),
    ] {
        let mut world = World::new(named());
        send_for(&mut world, secs(1));
        world.net.found = found;
        world.net.lookup_delay = delay;
        for _ in 0..300 {
            world.record_lines(1);
            world.session.flush();
            world.settle();
            assert_eq!(world.stats().queued, 0, "nothing waits for a resolver");
            world.advance(secs(1));
        }
        assert!((4..=7).contains(&world.net.lookups.len()));
        assert_eq!(targets(&world), [server(1)]);
        assert_eq!(world.stats().connect_failures, 0);
        world.finish();
        assert_eq!(arrived(&world), world.accepted);
    }
}

#[test]
fn an_answer_that_takes_its_time_counts_all_the_same() {
    let mut world = World::new(named());
    send_for(&mut world, secs(1));
    world.net.found = Some(vec![address(2)]);
    world.net.lookup_delay = Some(ms(4900));
    send_for(&mut world, secs(66));
    assert_eq!(targets(&world), [server(1), server(2)]);
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_client_that_sends_nothing_looks_nothing_up() {
    let mut world = World::new(named());
    world.record_lines(1);
    world.advance(secs(3600));
    assert_eq!(world.net.lookups.len(), 1);
    assert!(world.is_asleep());
}

#[test]
fn a_lookup_that_hangs_while_the_socket_breaks_is_waited_for_and_begun_once() {
    let mut world = World::new(named());
    send_for(&mut world, secs(1));
    world.net.lookup_delay = Some(ms(4000));
    while world.net.lookups.len() < 2 {
        send_for(&mut world, secs(1));
    }
    world.break_link(FailureKind::PeerClosed, 0);
    world.net.found = Some(vec![address(2)]);
    world.record_lines(1);
    world.advance(ms(4500));
    assert_eq!(world.net.lookups.len(), 2);
    assert_eq!(targets(&world), [server(1), server(2)]);
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn an_answer_without_its_number_is_passed_over() {
    let mut world = World::new(named());
    world.net.lookup_delay = None;
    world.record_lines(1);
    world.settle();
    for id in [0, 2, u64::MAX] {
        let found = Ok(vec![server(9)]);
        world.handle_stray(Input::Resolved { id, found });
        world.settle();
    }
    assert_eq!(world.net.attempts, []);
}

#[test]
fn an_old_stream_goes_on_while_its_successor_is_looked_up() {
    let mut world = World::new(Settings {
        max_connection_age: Some(secs(10)),
        host: "metrics.internal",
        ..Settings::tcp()
    });
    world.net.found = Some(vec![address(1), address(2)]);
    world.net.is_shuffled = true;
    send_for(&mut world, secs(5));
    world.net.lookup_delay = Some(secs(3));
    for _ in 0..8 {
        world.record_lines(1);
        world.session.flush();
        world.advance(ms(999));
        assert_eq!(world.stats().queued, 0, "nothing waits for a resolver");
        world.advance(ms(1));
    }
    // A name may share out its clients: the second is where the answer begins.
    assert_eq!(targets(&world), [server(1), server(2)]);
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn the_address_that_answered_is_the_first_to_be_tried_again() {
    for refusal in [Refusal::Read(ms(1)), Refusal::NextWrite] {
        let mut world = World::new(named());
        world.net.refusal = refusal;
        // Of `localhost` the server has only the second.
        world.net.found = Some(vec![address(1), address(2)]);
        world.net.dead = vec![address(1)];
        for _ in 0..3 {
            send_for(&mut world, secs(10));
            world.net.is_up = false;
            send_for(&mut world, secs(10));
            world.net.is_up = true;
        }
        send_for(&mut world, secs(5));
        let before = world.net.attempts.len();
        send_for(&mut world, secs(3600));
        assert_eq!(world.net.attempts.len(), before, "it stays where it is");
        assert_eq!(world.net.attempts[before - 1].1, server(2));
        let stats = world.finish().stats;
        // A driver that hears of a refusal only when it writes again has lost the datagram before.
        if refusal != Refusal::NextWrite {
            assert_eq!(arrived(&world), world.accepted, "{stats:?}");
        }
    }
}

#[test]
fn a_name_with_a_thousand_addresses_is_no_flood() {
    for settings in [
        named(),
        Settings {
            host: "metrics.internal",
            ..Settings::tcp()
        },
    ] {
        let mut world = World::new(settings);
        world.net.found = Some((0..=255).map(address).collect());
        world.net.is_up = false;
        world.net.refusal = Refusal::Read(ms(0));
        world.record_lines(1);
        world.advance(secs(10));
        let attempts = world.net.attempts.len();
        assert!((100..=210).contains(&attempts), "{attempts}");
        // The first few are tried at once.
        let at_once = world
            .net
            .attempts
            .iter()
            .filter(|(at, _)| *at == world.start);
        assert!((1..=4).contains(&at_once.count()));
    }
}

/// Sends a line a second.
fn send_for(world: &mut World, time: Duration) {
    for _ in 0..time.as_secs() {
        world.record_lines(1);
        world.advance(secs(1));
    }
}

/// Where sockets were opened to.
fn targets(world: &World) -> Vec<std::net::SocketAddr> {
    world.net.attempts.iter().map(|(_, to)| *to).collect()
}

/// The defaults over UDP, to a name.
fn named() -> Settings {
    Settings {
        host: "metrics.internal",
        ..Settings::udp()
    }
}
