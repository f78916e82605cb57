//! Lines are laid out as servers expect them: lines on a stream, packed datagrams over UDP.

use statsd_proto::{Metric, RecordError};
use tests::adapter::Adapter;

use crate::world::{World, count, counted};

pub(crate) fn every_line_on_a_stream_ends_in_one_line_break<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(world.config(&server));
    let client = statsd.client();
    for number in 0..3 {
        count(&client, number..number + 1);
        statsd.flush();
    }
    statsd.stop();
    server.wait_for_end(3);
    let pieces = server.pieces();
    assert_eq!(pieces.len(), 1, "{pieces:?}");
    assert_eq!(pieces[0].bytes, b"count:0|c\ncount:1|c\ncount:2|c\n");
}

pub(crate) fn datagrams_hold_whole_lines_in_at_most_1432_bytes<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(world.config(&server));
    count(&statsd.client(), 0..2000);
    statsd.stop();
    assert_eq!(server.wait_for(2000), counted(0..2000));
    let pieces = server.pieces();
    let longest = pieces.iter().map(|piece| piece.bytes.len()).max();
    assert!(longest.is_some_and(|len| len <= 1432), "{longest:?}");
    let total: usize = pieces.iter().map(|piece| piece.bytes.len()).sum();
    let full = total / 1432;
    assert!(pieces.len() <= full + 5, "{} for {total}", pieces.len());
}

pub(crate) fn a_datagram_has_no_line_break_at_its_end<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(world.config(&server));
    let client = statsd.client();
    count(&client, 0..1);
    statsd.flush();
    count(&client, 1..300);
    statsd.stop();
    assert_eq!(server.wait_for(300), counted(0..300));
    for piece in server.pieces() {
        assert!(!piece.bytes.ends_with(b"\n"), "{piece:?}");
        assert!(!piece.bytes.starts_with(b"\n"), "{piece:?}");
    }
}

pub(crate) fn a_datagram_may_be_full_to_the_byte<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(world.config(&server));
    let client = statsd.client();
    let mut lengths = Vec::new();
    for missing in [2, 1, 0] {
        // Two lines with a break in between, then two more that open the next datagram.
        for length in [1000, 1432 - missing - 1001, 1000, 300] {
            client.inject_metric(&"n".repeat(length - 4), 1, "c");
            lengths.push(length);
        }
    }
    let report = statsd.stop();
    assert_eq!(report.sent, 12);
    let arrived = server.wait_for(12);
    assert_eq!(arrived.iter().map(String::len).collect::<Vec<_>>(), lengths);
    let datagrams = server.pieces();
    let longest = datagrams.iter().map(|piece| piece.bytes.len()).max();
    assert_eq!(longest, Some(1432));
}

pub(crate) fn a_line_longer_than_a_datagram_goes_alone<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(world.config(&server));
    let client = statsd.client();
    let long = "n".repeat(5000);
    client.inject_metric("before", 1, "c");
    client.inject_metric(&long, 1, "c");
    client.inject_metric("after", 1, "c");
    let report = statsd.stop();
    assert_eq!(report.sent, 3);
    server.wait_for(3);
    let datagrams: Vec<Vec<String>> = server.pieces().iter().map(|piece| piece.lines()).collect();
    let expected = ["before:1|c", &format!("{long}:1|c"), "after:1|c"];
    assert_eq!(datagrams, expected.map(|line| [line.to_owned()]));
}

pub(crate) fn a_line_that_nothing_can_carry_is_refused_and_counted<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(world.config(&server));
    let client = statsd.client();
    let long = "n".repeat(70_000);
    let refused = client.record(&Metric::counter(&long, 1));
    assert_eq!(refused, Err(RecordError::LineTooLong));
    count(&client, 0..1);
    let report = statsd.stop();
    assert_eq!(report.stats.refused.too_long, 1);
    assert_eq!(server.wait_for_end(1), counted(0..1));
}

pub(crate) fn five_hundred_metrics_leave_in_few_writes<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(world.config(&server));
    count(&statsd.client(), 0..500);
    let report = statsd.stop();
    assert_eq!(server.wait_for_end(500), counted(0..500));
    assert!(report.stats.payloads <= 10, "{}", report.stats.payloads);
}
