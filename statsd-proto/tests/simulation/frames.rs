//! Frames over a Unix socket: each arrives once, for writes of any size.

use statsd_proto::driver::FailureKind;
use statsd_proto::{Overflow, RecordError};

use crate::network::Cut;
use crate::oracle::{arrived, lines_of_frames};
use crate::settings::{Settings, ms, secs};
use crate::world::World;

#[test]
fn a_frame_follows_its_length() {
    let mut world = World::new(Settings::frames());
    world.record_lines(2);
    world.finish();
    let expected = b"\x16\0\0\0n00000:1|c\nn00001:1|c\n";
    assert_eq!(world.net.connections[0].taken, expected);
}

#[test]
fn a_frame_before_another_is_padded_with_line_feeds() {
    let mut world = World::new(small());
    world.record_lines(3);
    world.finish();
    let expected = b"\x18\0\0\0n00000:1|c\nn00001:1|c\n\n\n\x0b\0\0\0n00002:1|c\n";
    assert_eq!(world.net.connections[0].taken, expected);
    assert_eq!(world.net.connections[0].writes, 1);
}

#[test]
fn writes_of_one_byte_deliver_whole_frames() {
    let mut world = World::new(small());
    world.net.max_write = 1;
    world.record_lines(20);
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
    assert_eq!(world.net.connections.len(), 1);
}

#[test]
fn lines_count_as_sent_when_their_frame_is_whole() {
    let mut world = World::new(small());
    world.record_lines(5);
    for (window, sent) in [(27, 0), (1, 2), (27, 2), (1, 4), (14, 4), (1, 5)] {
        world.net.window = window;
        world.advance(ms(200));
        assert_eq!(world.stats().sent, sent);
    }
    world.finish();
}

#[test]
fn a_torn_frame_is_resent_whole() {
    // Two frames of 28 bytes, and one of 15.
    for takes in 0..28 + 28 + 15 {
        let mut world = World::new(small());
        world.net.cuts.push_back(Cut { takes, loses: 0 });
        world.record_lines(5);
        world.advance(secs(2));
        assert_eq!(arrived(&world), world.accepted, "{takes}");
        let (again, torn) = lines_of_frames(&world.net.connections[1].taken);
        let whole = takes / 28 * 2;
        assert_eq!(again, world.accepted[whole..], "{takes}");
        assert_eq!(torn, b"");
        assert_eq!(world.stats().sent, 5);
        world.finish();
    }
}

#[test]
fn a_frame_torn_again_and_again_arrives_once() {
    let mut world = World::new(small());
    let takes = [5, 27, 28, 3, 55, 0, 13];
    let cuts = takes.map(|takes| Cut { takes, loses: 0 });
    world.net.cuts.extend(cuts);
    world.net.max_write = 7;
    world.record_lines(31);
    world.advance(secs(30));
    assert_eq!(world.net.connections.len(), cuts.len() + 1);
    assert_eq!(arrived(&world), world.accepted);
    world.finish();
}

#[test]
fn a_half_written_frame_that_stalls_is_resent_whole() {
    let mut world = World::new(small());
    world.net.window = 40;
    world.record_lines(5);
    world.advance(secs(31));
    assert_eq!(world.net.connections[0].taken.len(), 40);
    assert_eq!(world.stats().sent, 2);
    world.net.window = usize::MAX;
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn frames_that_the_kernel_took_whole_are_not_resent() {
    let mut world = World::new(small());
    world.record_lines(4);
    world.advance(secs(1));
    world.break_link(FailureKind::Reset, 1);
    world.record_lines(1);
    world.finish();
    let expected = [&world.accepted[..2], &world.accepted[4..]].concat();
    assert_eq!(arrived(&world), expected);
    assert_eq!(world.stats().sent, 5);
}

#[test]
fn a_line_longer_than_a_frame_is_refused_and_counted() {
    let mut world = World::new(Settings::frames());
    let len = 8192 - "n00000:1|c\n".len();
    assert_eq!(world.record(len + 1), Err(RecordError::LineTooLong));
    assert_eq!(world.record(len), Ok(()));
    world.record_lines(1);
    assert_eq!(world.stats().refused.too_long, 1);
    assert_eq!(world.finish().sent, 2);
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn the_oldest_frames_can_be_dropped_while_one_is_half_written() {
    let mut world = World::new(Settings {
        max_queue_lines: 20,
        overflow: Overflow::DropOldest,
        ..small()
    });
    world.net.window = 40;
    world.record_lines(10);
    world.advance(ms(200));
    world.record_lines(50);
    let stats = world.stats();
    assert_eq!(stats.sent, 2);
    assert!(stats.dropped.overflow >= 30, "{stats:?}");
    world.net.window = usize::MAX;
    let report = world.finish();
    assert_eq!(report.sent + report.stats.dropped.overflow, 60);
    assert_eq!(arrived(&world).last(), world.accepted.last());
}

/// Frames of two short lines each.
fn small() -> Settings {
    Settings {
        max_datagram: 24,
        ..Settings::frames()
    }
}
