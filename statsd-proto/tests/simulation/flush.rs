//! When lines leave, and what wakes the driver.

use crate::oracle::arrived;
use crate::settings::{Settings, ms, secs};
use crate::world::World;

#[test]
fn a_session_at_rest_sets_no_timer() {
    for settings in Settings::all() {
        let mut world = World::new(settings);
        world.advance(secs(1));
        assert!(world.is_asleep());
        let polls = world.polls;
        world.advance(secs(3600));
        assert_eq!(world.polls, polls);
        world.record_lines(1);
        // Until it has given back what memory it needs no longer.
        world.advance(secs(20));
        assert!(world.is_asleep());
        assert!(world.polls < polls + 10, "{}", world.polls - polls);
    }
}

#[test]
fn the_first_line_wakes_the_driver_and_later_ones_do_not() {
    let mut world = World::new(Settings::tcp());
    world.advance(secs(1));
    world.record_lines(1);
    assert!(world.session.wants_poll());
    world.settle();
    for _ in 0..1000 {
        world.record_lines(1);
        assert!(!world.session.wants_poll());
    }
}

#[test]
fn a_trickle_costs_one_write_and_two_polls_an_interval() {
    let mut world = World::new(Settings::tcp());
    world.advance(secs(1));
    world.record_lines(1);
    world.settle();
    let polls = world.polls;
    for _ in 0..10_000 {
        world.advance(ms(1));
        world.record_lines(1);
        assert!(!world.session.wants_poll());
    }
    assert!(world.polls - polls <= 201, "{}", world.polls - polls);
    assert!(world.stats().payloads <= 100, "{:?}", world.stats());
}

#[test]
fn a_line_waits_for_the_flush_interval_and_no_longer() {
    for settings in Settings::all() {
        let mut world = World::new(settings);
        world.advance(secs(1));
        world.record_lines(1);
        world.settle();
        world.advance(ms(99));
        assert_eq!(arrived(&world).len(), 0);
        world.record_lines(1);
        world.advance(ms(1));
        assert_eq!(arrived(&world), world.accepted);
    }
}

#[test]
fn a_flush_sends_at_once_what_was_recorded_before_it() {
    for settings in Settings::all() {
        let mut world = World::new(settings);
        world.advance(secs(1));
        world.record_lines(3);
        world.session.flush();
        assert!(world.session.wants_poll());
        world.settle();
        assert_eq!(arrived(&world), world.accepted);
    }
}

#[test]
fn a_confirmed_flush_is_settled_within_the_time_that_a_refusal_may_take() {
    for is_confirmed in [true, false] {
        let mut world = World::new(Settings::udp());
        world.advance(secs(1));
        world.record_lines(3);
        if is_confirmed {
            world.session.flush_confirmed();
        } else {
            world.session.flush();
        }
        world.settle();
        assert_eq!(world.stats().in_flight, 3);
        world.advance(ms(50));
        let sent = if is_confirmed { 3 } else { 0 };
        assert_eq!(world.stats().sent, sent);
    }
}

#[test]
fn without_an_interval_every_line_leaves_at_once() {
    for settings in Settings::all() {
        let mut world = World::new(Settings {
            flush_interval: ms(0),
            ..settings
        });
        world.advance(secs(1));
        for _ in 0..10 {
            world.record_lines(1);
            assert!(world.session.wants_poll());
            world.settle();
            assert_eq!(arrived(&world), world.accepted);
        }
    }
}

#[test]
fn full_payloads_leave_before_the_flush_interval_is_over() {
    for settings in Settings::all() {
        let mut world = World::new(Settings {
            flush_interval: secs(60),
            pace: None,
            ..settings
        });
        world.advance(secs(1));
        world.record_lines(1);
        world.settle();
        while !world.session.wants_poll() {
            world.record_lines(1);
        }
        let queued = world.stats().queued_bytes;
        assert!((256 * 1024..258 * 1024).contains(&queued), "{queued}");
        world.settle();
        assert!(arrived(&world).len() > 2000, "{:?}", world.stats());
        assert!(world.stats().queued > 0);
    }
}

#[test]
fn a_small_queue_wakes_the_driver_when_half_of_it_is_used() {
    let mut world = World::new(Settings {
        max_queue_bytes: 16 * 1024,
        ..Settings::tcp()
    });
    world.advance(secs(1));
    for _ in 0..20_000 {
        world.record_lines(1);
        if world.session.wants_poll() {
            world.settle();
        }
    }
    assert_eq!(world.stats().refused.full, 0);
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}
