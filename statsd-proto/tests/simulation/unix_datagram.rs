//! Datagrams over a Unix socket: what the kernel takes has arrived, and what it does not waits.

use statsd_proto::Pace;
use statsd_proto::driver::FailureKind;

use crate::network::Fate;
use crate::oracle::arrived;
use crate::settings::{Settings, ms, secs};
use crate::world::World;

#[test]
fn a_refused_send_does_not_bring_back_the_datagram_before_it() {
    let mut world = World::new(Settings::unix_datagram());
    world.record_lines(3);
    world.session.flush();
    world.settle();
    world.record_lines(3);
    world.session.flush();
    world.net.write_errors = [FailureKind::Refused.into()].into();
    world.advance(ms(1));
    assert_eq!((world.stats().sent, world.stats().queued), (3, 3));
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
    let [first, second] = &world.net.connections[..] else {
        panic!("{:?}", world.net.attempts);
    };
    assert_eq!((first.datagrams.len(), second.datagrams.len()), (1, 1));
}

#[test]
fn a_datagram_that_the_kernel_took_is_sent_at_once() {
    let mut world = World::new(Settings::unix_datagram());
    world.record_lines(3);
    world.session.flush();
    world.settle();
    assert_eq!((world.stats().sent, world.stats().in_flight), (3, 0));
}

#[test]
fn lines_wait_for_a_server_that_is_gone_and_arrive_once() {
    let mut world = World::new(Settings::unix_datagram());
    for second in 0..10 {
        world.net.is_up = !(3..6).contains(&second);
        world.record_lines(10);
        world.advance(secs(1));
    }
    assert_eq!(world.stats().disconnects, 1);
    assert!(world.stats().connect_failures >= 2);
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
    let mut datagrams = world
        .net
        .connections
        .iter()
        .flat_map(|link| &link.datagrams);
    assert!(datagrams.all(|datagram| datagram.fate == Fate::Arrived));
}

#[test]
fn a_full_receive_queue_is_waited_for() {
    let mut world = World::new(Settings {
        max_datagram: 100,
        ..Settings::unix_datagram()
    });
    world.record_lines(900);
    for taken in 1..=10 {
        world.net.window = 1;
        world.advance(secs(1));
        // Nine lines in each.
        assert_eq!(world.stats().sent, 9 * taken);
    }
    assert_eq!(world.stats().disconnects, 0);
    world.net.window = usize::MAX;
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_receive_queue_that_stays_full_is_given_up_and_nothing_is_sent_twice() {
    let mut world = World::new(Settings {
        max_datagram: 100,
        ..Settings::unix_datagram()
    });
    world.record_lines(900);
    for _ in 0..5 {
        world.net.window = 3;
        world.advance(secs(40));
    }
    assert!(world.stats().disconnects >= 4);
    assert_eq!(world.stats().dropped.total(), 0);
    world.net.window = usize::MAX;
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_burst_is_not_paced() {
    let mut world = World::new(Settings {
        max_datagram: 100,
        pace: Some(Pace { burst: 1, rate: 1 }),
        ..Settings::unix_datagram()
    });
    world.record_lines(900);
    world.session.flush();
    world.settle();
    assert_eq!(world.net.connections[0].datagrams.len(), 100);
}

#[test]
fn a_datagram_that_cannot_be_sent_is_dropped_at_the_third_try_and_nothing_else() {
    let mut world = World::new(Settings::unix_datagram());
    world.net.mtu = 2000;
    world.record_lines(5);
    world.session.flush();
    world.settle();
    world.record(2000).expect("it fits in a datagram");
    world.session.flush();
    world.advance(secs(5));
    assert_eq!(world.stats().dropped.unsendable, 1);
    assert_eq!(world.stats().disconnects, 3);
    world.record_lines(5);
    world.finish();
    let expected = [&world.accepted[..5], &world.accepted[6..]].concat();
    assert_eq!(arrived(&world), expected);
}
