//! A full queue: which lines it keeps, and that nothing grows beyond its bounds.

use statsd_proto::driver::EventKind;
use statsd_proto::{Overflow, Pace, RecordError};

use crate::oracle::arrived;
use crate::settings::{Settings, ms, secs};
use crate::world::World;

#[test]
fn a_full_queue_refuses_the_newest_and_keeps_the_earlier_ones() {
    for settings in Settings::all() {
        let mut world = World::new(Settings {
            max_queue_lines: 10,
            ..settings
        });
        world.record_lines(10);
        for _ in 0..5 {
            assert_eq!(world.record(0), Err(RecordError::QueueFull));
        }
        assert_eq!(world.stats().refused.full, 5);
        world.finish();
        assert_eq!(arrived(&world), world.accepted);
    }
}

#[test]
fn a_queue_is_full_when_its_bytes_are() {
    let mut world = World::new(Settings {
        max_queue_bytes: 16 * 1024,
        ..Settings::tcp()
    });
    world.net.is_up = false;
    while world.record(0).is_ok() {}
    // A line of ten bytes and its line break.
    assert_eq!(world.accepted.len(), 16 * 1024 / 11);
    assert!(world.stats().queued_bytes_peak <= 16 * 1024);
    world.net.is_up = true;
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_pair_of_lines_is_taken_whole_or_not_at_all() {
    let mut world = World::new(Settings {
        max_queue_lines: 2,
        ..Settings::tcp()
    });
    world.record_lines(1);
    assert_eq!(world.record_pair(0), Err(RecordError::QueueFull));
    world.record_lines(1);
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn dropping_the_oldest_keeps_the_newest() {
    for settings in Settings::all() {
        let mut world = World::new(Settings {
            max_queue_lines: 20,
            overflow: Overflow::DropOldest,
            ..settings
        });
        world.record_lines(1003);
        let dropped = world.stats().dropped.overflow;
        // A quarter of the queue goes at a time.
        assert!((983..988).contains(&dropped), "{dropped}");
        assert_eq!(world.stats().refused.full, 0);
        world.finish();
        assert_eq!(arrived(&world), world.accepted[dropped as usize..]);
    }
}

#[test]
fn dropping_the_oldest_leaves_what_is_on_its_way() {
    let mut world = World::new(Settings {
        max_queue_lines: 20,
        overflow: Overflow::DropOldest,
        ..Settings::tcp()
    });
    world.advance(secs(1));
    world.net.window = 15;
    world.record_lines(5);
    world.session.flush();
    world.settle();
    world.record_lines(100);
    world.net.window = usize::MAX;
    world.finish();
    let arrived = arrived(&world);
    assert_eq!(arrived[..5], world.accepted[..5]);
    assert_eq!(arrived.last(), world.accepted.last());
    assert!(arrived.len() < 21);
}

#[test]
fn a_server_that_stops_reading_makes_nothing_grow() {
    for overflow in [Overflow::RefuseNewest, Overflow::DropOldest] {
        let mut world = World::new(Settings {
            max_queue_bytes: 64 * 1024,
            overflow,
            ..Settings::tcp()
        });
        world.net.window = 0;
        for _ in 0..100 {
            for _ in 0..1000 {
                let taken = world.record(0);
                assert!(taken.is_ok() || overflow == Overflow::RefuseNewest);
            }
            world.advance(secs(1));
        }
        let stats = world.stats();
        assert!(
            (stats.queued + stats.in_flight) * 11 <= 64 * 1024,
            "{stats:?}"
        );
        assert!(stats.queued_bytes_peak <= 64 * 1024);
        assert_eq!(stats.accepted + stats.refused.full, 100_000);
        world.net.window = usize::MAX;
        world.finish();
        let rest = world.accepted.len() - arrived(&world).len();
        assert_eq!(rest as u64, world.stats().dropped.overflow);
    }
}

#[test]
fn losses_are_reported_briefly_and_completely() {
    let mut world = World::new(Settings {
        max_queue_lines: 10,
        ..Settings::tcp()
    });
    world.net.is_up = false;
    world.record_lines(10);
    for _ in 0..2000 {
        assert_eq!(world.record(0), Err(RecordError::QueueFull));
        world.advance(ms(5));
    }
    world.finish();
    let events = std::iter::from_fn(|| world.session.poll_event());
    let mut losses = Vec::new();
    for event in events {
        if let EventKind::Lost { full, dropped, .. } = event.kind() {
            losses.push((*full, dropped.total()));
        }
    }
    assert!(losses.len() <= 3, "{losses:?}");
    assert_eq!(losses.iter().map(|loss| loss.0).sum::<u64>(), 2000);
    assert_eq!(losses.iter().map(|loss| loss.1).sum::<u64>(), 10);
}

#[test]
fn the_oldest_give_way_although_they_fill_no_payload() {
    let mut world = World::new(Settings {
        max_queue_lines: 24,
        overflow: Overflow::DropOldest,
        pace: Some(Pace {
            burst: 1,
            rate: 200,
        }),
        flush_interval: ms(0),
        ..Settings::udp()
    });
    // Twelve are on their way, and six wait for the pace.
    world.record_lines(18);
    world.settle();
    world.record_lines(5);
    world.record_pair(0).expect("the oldest give way");
    assert_eq!(world.stats().dropped.overflow, 6);
    world.advance(secs(60));
    world.finish();
}
