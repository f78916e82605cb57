//! Lines that the server's kernel has not acknowledged are resent, if so configured.

use statsd_proto::driver::{FailureKind, Output};

use crate::network::Cut;
use crate::oracle::arrived;
use crate::settings::{Settings, ms, secs};
use crate::world::World;

#[test]
fn unacknowledged_lines_are_resent_first_and_in_order() {
    for unacknowledged in 0..=5 * LINE {
        let mut world = World::new(resending());
        world.net.unacknowledged = unacknowledged;
        world.record_lines(5);
        world.advance(secs(1));
        world.break_link(FailureKind::Reset, unacknowledged);
        world.record_lines(5);
        world.net.unacknowledged = 0;
        world.finish();
        assert_eq!(arrived(&world), world.accepted);
        // From the start of the first line that is not acknowledged whole.
        let again = unacknowledged.div_ceil(LINE);
        let rest = world.accepted[5 - again..].join("\n") + "\n";
        assert_eq!(world.net.connections[1].taken, rest.as_bytes());
        let stats = world.stats();
        assert_eq!((stats.accepted, stats.resent), (10, again as u64));
        assert_eq!(stats.sent, 10 + again as u64);
    }
}

#[test]
fn a_partly_written_payload_is_resent_from_its_first_unacknowledged_line() {
    for takes in LINE..4 * LINE {
        let mut world = World::new(resending());
        world.net.cuts.push_back(Cut {
            takes,
            loses: LINE + 3,
        });
        world.net.unacknowledged = LINE + 3;
        world.record_lines(5);
        world.advance(secs(2));
        let acknowledged = takes.saturating_sub(LINE + 3) / LINE;
        let rest = world.accepted[acknowledged..].join("\n") + "\n";
        assert_eq!(world.net.connections[1].taken, rest.as_bytes());
        assert_eq!(arrived(&world), world.accepted);
        world.net.unacknowledged = 0;
        world.finish();
    }
}

#[test]
fn what_arrived_without_an_acknowledgement_arrives_twice() {
    let mut world = World::new(resending());
    world.net.unacknowledged = 2 * LINE;
    world.record_lines(5);
    world.advance(secs(1));
    world.break_link(FailureKind::Reset, 0);
    world.advance(secs(1));
    world.net.unacknowledged = 0;
    world.finish();
    let twice = [&world.accepted[..], &world.accepted[3..]].concat();
    assert_eq!(arrived(&world), twice);
    assert_eq!((world.stats().sent, world.stats().resent), (7, 2));
}

#[test]
fn lines_are_resent_until_they_are_acknowledged() {
    let mut world = World::new(resending());
    world.net.unacknowledged = usize::MAX;
    world.record_lines(3000);
    for _ in 0..10 {
        world.advance(secs(2));
        assert_eq!(world.stats().unacknowledged, 3000);
        world.break_link(FailureKind::Reset, usize::MAX);
    }
    assert_eq!(arrived(&world), [""; 0]);
    world.net.unacknowledged = 0;
    let report = world.finish();
    assert_eq!(arrived(&world), world.accepted);
    assert_eq!((report.sent, report.stats.resent), (33_000, 30_000));
}

#[test]
fn a_stalled_write_is_given_up_and_unacknowledged_lines_are_resent() {
    let mut world = World::new(resending());
    world.net.window = 3 * LINE;
    world.net.unacknowledged = LINE;
    world.record_lines(5);
    world.advance(secs(31));
    world.net.heal();
    world.finish();
    let rest = world.accepted[2..].join("\n") + "\n";
    assert_eq!(world.net.connections[1].taken, rest.as_bytes());
    assert_eq!(world.stats().resent, 1);
}

#[test]
fn closing_waits_until_all_is_acknowledged() {
    let mut world = World::new(resending());
    world.net.unacknowledged = 2 * LINE;
    world.record_lines(5);
    world.advance(secs(1));
    world.session.close();
    let (polls, closed_at) = (world.polls, world.now);
    world.advance(secs(3));
    assert!(world.report.is_none());
    assert!(world.polls - polls < 100, "{}", world.polls - polls);
    world.net.unacknowledged = 0;
    let report = world.finish();
    assert!(world.now <= closed_at + ms(3750));
    assert_eq!((report.sent, report.stats.unacknowledged), (5, 0));
}

#[test]
fn closing_over_a_short_way_takes_no_longer_than_the_way() {
    let mut world = World::new(resending());
    world.net.unacknowledged = LINE;
    world.record_lines(1);
    world.advance(secs(1));
    world.session.close();
    world.settle();
    world.net.unacknowledged = 0;
    let closed_at = world.now;
    world.finish();
    assert!(world.now <= closed_at + ms(1));
}

#[test]
fn a_link_that_breaks_while_closing_waits_costs_no_line() {
    let mut world = World::new(resending());
    world.net.unacknowledged = 2 * LINE;
    world.record_lines(5);
    world.session.close();
    world.advance(secs(1));
    world.break_link(FailureKind::Reset, 2 * LINE);
    world.net.unacknowledged = 0;
    let report = world.finish();
    assert_eq!((report.sent, report.stats.resent), (7, 2));
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_close_after_its_timeout_reports_unacknowledged_lines() {
    let mut world = World::new(resending());
    world.net.unacknowledged = 2 * LINE;
    world.record_lines(5);
    world.advance(secs(1));
    let closed_at = world.now;
    let report = world.finish();
    assert_eq!(world.now, closed_at + secs(5));
    assert_eq!((report.sent, report.abandoned), (5, 0));
    assert_eq!(report.stats.unacknowledged, 2);
}

#[test]
fn lines_that_may_be_resent_take_room_until_they_are_acknowledged() {
    let mut world = World::new(Settings {
        max_queue_lines: 10,
        ..resending()
    });
    world.advance(secs(1));
    world.net.unacknowledged = 8 * LINE;
    world.record_lines(10);
    world.advance(secs(1));
    world.record_lines(2);
    world
        .record(0)
        .expect_err("ten are queued or may come back");
    world.advance(secs(1));
    world.net.unacknowledged = 0;
    // No other event could end the wait.
    world.advance(ms(300));
    world.record_lines(10);
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn an_old_stream_gives_way_once_all_is_acknowledged() {
    let mut world = World::new(aging());
    world.net.unacknowledged = 2 * LINE;
    world.record_lines(5);
    world.advance(secs(11));
    world.record_lines(5);
    world.advance(secs(2));
    assert_eq!(world.net.connections.len(), 1);
    world.net.unacknowledged = 0;
    world.advance(secs(1));
    assert_eq!(world.net.connections.len(), 2);
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
    assert_eq!((world.stats().resent, world.stats().disconnects), (0, 0));
}

#[test]
fn an_old_stream_that_acknowledges_nothing_is_given_up() {
    let mut world = World::new(aging());
    world.net.unacknowledged = 2 * LINE;
    world.record_lines(5);
    world.advance(secs(11));
    world.record_lines(5);
    world.advance(secs(31));
    assert_eq!(world.stats().disconnects, 1);
    world.net.unacknowledged = 0;
    world.finish();
    assert_eq!(world.stats().resent, 2);
    let rest = world.accepted[3..].join("\n") + "\n";
    assert_eq!(world.net.connections[1].taken, rest.as_bytes());
}

#[test]
fn without_reports_of_acknowledgements_nothing_is_resent() {
    let mut world = World::new(resending());
    world.net.tells = false;
    world.record_lines(5);
    world.advance(secs(1));
    assert_eq!(world.stats().unacknowledged, 0);
    world.break_link(FailureKind::Reset, 2 * LINE);
    let closed_at = world.now;
    let report = world.finish();
    assert_eq!((report.sent, report.stats.resent), (5, 0));
    assert_eq!(arrived(&world), world.accepted[..3]);
    assert_eq!(world.now, closed_at);
}

#[test]
fn only_tcp_is_asked_what_is_acknowledged() {
    for settings in Settings::all() {
        let mut world = World::new(Settings {
            resend_unacknowledged: true,
            ..settings
        });
        let Output::Connect(connect) = world.session.poll(world.now) else {
            panic!("it connects first");
        };
        assert_eq!(connect.wants_unacknowledged, world.settings.resends());
    }
    let mut world = World::new(Settings::tcp());
    let Output::Connect(connect) = world.session.poll(world.now) else {
        panic!("it connects first");
    };
    assert!(!connect.wants_unacknowledged, "that is the default");
}

const LINE: usize = "n00000:1|c\n".len();

/// The defaults over TCP, but for this.
fn resending() -> Settings {
    Settings {
        resend_unacknowledged: true,
        ..Settings::tcp()
    }
}

/// The same, with links that get old.
fn aging() -> Settings {
    Settings {
        max_connection_age: Some(secs(10)),
        ..resending()
    }
}
