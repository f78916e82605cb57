//! Transports of the program's own: the end of a stream, and where they differ from TCP and UDP.

use statsd_proto::driver::{FailureKind, Input};

use crate::network::Refusal;
use crate::oracle::arrived;
use crate::settings::{PATH, Settings, ms, secs};
use crate::world::World;

#[test]
fn only_a_custom_stream_is_shut_down_before_the_end() {
    for settings in Settings::all() {
        let mut world = World::new(settings.clone());
        world.record_lines(10);
        let report = world.finish();
        assert_eq!((report.sent, report.abandoned), (10, 0));
        let ends: Vec<_> = world
            .net
            .connections
            .iter()
            .map(|it| it.is_shut_down)
            .collect();
        assert_eq!(ends, [settings.is_custom() && !settings.is_datagram()]);
    }
}

#[test]
fn a_custom_stream_with_nothing_queued_is_shut_down_too() {
    let mut world = World::new(Settings::custom_stream());
    world.advance(secs(1));
    let closed_at = world.now;
    world.finish();
    assert!(world.net.connections[0].is_shut_down);
    assert_eq!(world.now, closed_at);
}

#[test]
fn a_shutdown_that_hangs_ends_with_the_close_timeout() {
    let mut world = World::new(Settings::custom_stream());
    world.record_lines(10);
    world.advance(secs(1));
    world.net.window = 0;
    let closed_at = world.now;
    let report = world.finish();
    assert_eq!((report.sent, report.abandoned), (10, 0));
    assert_eq!(world.now, closed_at + secs(5));
    assert!(!world.net.connections[0].is_shut_down && !world.net.is_open());
}

#[test]
fn a_shutdown_that_fails_is_the_end_too() {
    let mut world = World::new(Settings::custom_stream());
    world.record_lines(10);
    world.advance(secs(1));
    world.net.write_errors = [FailureKind::PeerClosed.into()].into();
    let closed_at = world.now;
    let report = world.finish();
    assert_eq!((report.sent, report.stats.disconnects), (10, 0));
    assert_eq!(world.now, closed_at);
}

#[test]
fn a_stream_that_broke_or_was_given_up_is_not_shut_down() {
    let mut world = World::new(Settings::custom_stream());
    world.record_lines(10);
    world.advance(secs(1));
    world.break_link(FailureKind::Reset, 0);
    world.advance(secs(1));
    world.net.window = 0;
    world.record_lines(10);
    // Until the write timeout.
    world.advance(secs(31));
    world.net.window = usize::MAX;
    world.advance(secs(1));
    let report = world.finish();
    assert_eq!((report.sent, report.stats.disconnects), (20, 2));
    let ends: Vec<_> = world
        .net
        .connections
        .iter()
        .map(|it| it.is_shut_down)
        .collect();
    assert_eq!(ends, [false, false, true]);
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn an_old_custom_stream_is_shut_down_before_the_next_is_opened() {
    let mut world = World::new(aging());
    for _ in 0..25 {
        world.record_lines(10);
        world.advance(secs(1));
    }
    world.finish();
    let connections = &world.net.connections;
    assert!(connections.len() >= 3, "{connections:?}");
    assert!(connections.iter().all(|connection| connection.is_shut_down));
    assert_eq!(world.stats().disconnects, 0);
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_shutdown_that_hangs_delays_the_next_stream_by_the_write_timeout() {
    let mut world = World::new(aging());
    hang_in_a_shutdown(&mut world);
    let since = world.now;
    world.advance(secs(29));
    assert_eq!(world.net.connections.len(), 1);
    world.net.window = usize::MAX;
    world.advance(secs(2));
    assert_eq!(world.net.connections.len(), 2);
    assert!(world.net.connections[1].opened_at <= since + secs(30));
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_close_during_a_shutdown_that_hangs_ends_in_time() {
    let mut world = World::new(aging());
    hang_in_a_shutdown(&mut world);
    let closed_at = world.now;
    let report = world.finish();
    assert_eq!(report.abandoned, 1);
    assert_eq!(world.now, closed_at + secs(5));
}

#[test]
fn a_server_that_closes_during_a_shutdown_ends_it() {
    let mut world = World::new(aging());
    hang_in_a_shutdown(&mut world);
    world.net.window = usize::MAX;
    world.net.close(0);
    world.task = None;
    let closed = FailureKind::PeerClosed.into();
    world.session.handle(Input::Disconnected(closed));
    world.advance(ms(100));
    assert_eq!(world.net.connections.len(), 2);
    assert_eq!(world.stats().disconnects, 0);
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn custom_datagrams_that_are_refused_are_sent_again() {
    let mut world = World::new(Settings::custom_datagram());
    world.net.refusal = Refusal::Read(ms(1));
    world.net.is_up = false;
    world.record_lines(10);
    world.advance(secs(10));
    world.net.is_up = true;
    world.advance(secs(2));
    assert_eq!(arrived(&world), world.accepted);
    assert!(world.stats().disconnects > 1);
    world.finish();
}

#[test]
fn a_custom_transport_is_named_in_the_log_by_its_target() {
    for settings in [Settings::custom_datagram(), Settings::custom_stream()] {
        let mut world = World::new(settings);
        world.record_lines(1);
        world.advance(secs(1));
        let event = world.session.poll_event().expect("it is connected");
        assert!(
            event.to_string().starts_with(&format!("{PATH}: ")),
            "{event}"
        );
        world.finish();
    }
}

/// Old enough to be replaced, with a shutdown under way that the server does not take.
fn hang_in_a_shutdown(world: &mut World) {
    world.record_lines(10);
    world.advance(secs(11));
    world.net.window = 0;
    world.record_lines(1);
    world.advance(ms(200));
    assert_eq!(world.stats().queued, 1);
}

fn aging() -> Settings {
    Settings {
        max_connection_age: Some(secs(10)),
        ..Settings::custom_stream()
    }
}
