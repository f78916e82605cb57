//! Lines are laid out as servers expect them: lines or frames on a stream, packed datagrams.

use statsd_proto::{Metric, RecordError};
use tests::adapter::Adapter;
use tests::chunk::Chunk;
use tests::server::Server;

use crate::world::{World, count, counted};

pub(crate) fn every_line_on_a_stream_ends_in_one_line_break<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    for number in 0..3 {
        count(&client, number..number + 1);
        statsd.flush();
    }
    statsd.stop();
    server.wait_for_end(3);
    let chunks = server.chunks();
    assert_eq!(chunks.len(), 1, "{chunks:?}");
    assert_eq!(chunks[0].bytes, b"count:0|c\ncount:1|c\ncount:2|c\n");
}

#[cfg(unix)]
pub(crate) fn every_frame_follows_its_length<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    for number in 0..3 {
        count(&client, number..2 * number + 1);
        statsd.flush();
    }
    statsd.stop();
    server.wait_for_end(6);
    let chunks = server.chunks();
    assert_eq!(chunks.len(), 1, "{chunks:?}");
    let expected = b"\x0a\0\0\0count:0|c\n\
        \x14\0\0\0count:1|c\ncount:2|c\n\
        \x1e\0\0\0count:2|c\ncount:3|c\ncount:4|c\n";
    assert_eq!(chunks[0].bytes, expected);
}

pub(crate) fn datagrams_and_frames_hold_whole_lines_up_to_their_size<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    count(&statsd.client(), 0..2000);
    statsd.stop();
    assert_eq!(server.wait_for(2000), counted(0..2000));
    let most = world.carrier.most();
    let lens = whole_lens(&server);
    assert!(lens.iter().all(|len| *len <= most), "{lens:?}");
    let full = lens.iter().sum::<usize>() / most;
    assert!(lens.len() <= full + 5, "{lens:?}");
}

pub(crate) fn a_datagram_ends_in_line_breaks_only_if_they_fill_it_up<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    count(&client, 0..1);
    statsd.flush();
    count(&client, 1..300);
    statsd.stop();
    assert_eq!(server.wait_for(300), counted(0..300));
    let chunks = server.chunks();
    for chunk in &chunks {
        let text = chunk.bytes.trim_ascii_end();
        let is_full = chunk.bytes.len() == world.carrier.most();
        assert!(text.len() == chunk.bytes.len() || is_full, "{chunk:?}");
        let mut lines = text.split(|byte| *byte == b'\n');
        assert!(lines.all(|line| !line.is_empty()), "{chunk:?}");
    }
    let last = chunks.last().expect("there are some");
    assert!(!last.bytes.ends_with(b"\n"), "{last:?}");
}

pub(crate) fn without_segmentation_no_datagram_is_padded<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config().segmentation(false));
    let client = statsd.client();
    count(&client, 0..1);
    statsd.flush();
    count(&client, 1..300);
    statsd.stop();
    assert_eq!(server.wait_for(300), counted(0..300));
    for chunk in server.chunks() {
        assert!(!chunk.bytes.ends_with(b"\n"), "{chunk:?}");
        assert!(!chunk.bytes.starts_with(b"\n"), "{chunk:?}");
    }
}

pub(crate) fn a_datagram_or_frame_may_be_full_to_the_byte<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    let most = world.carrier.most();
    let mut lengths = Vec::new();
    for missing in [2, 1, 0] {
        // Two lines with a break in between, then two more that open the next datagram.
        for length in [most - 432, 431 - missing, most - 432, 300] {
            client.inject_metric(&"n".repeat(length - 4), 1, "c");
            lengths.push(length);
        }
    }
    let report = statsd.stop();
    assert_eq!(report.sent, 12);
    let arrived = server.wait_for(12);
    assert_eq!(arrived.iter().map(String::len).collect::<Vec<_>>(), lengths);
    assert_eq!(whole_lens(&server).into_iter().max(), Some(most));
}

/// Lengths of the datagrams or frames, without their padding.
fn whole_lens(server: &Server) -> Vec<usize> {
    let chunks = server.chunks();
    let wholes = chunks.iter().flat_map(Chunk::wholes);
    wholes.map(|whole| whole.trim_ascii_end().len()).collect()
}

pub(crate) fn a_line_longer_than_a_datagram_goes_alone<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    let long = "n".repeat(5000);
    client.inject_metric("before", 1, "c");
    client.inject_metric(&long, 1, "c");
    client.inject_metric("after", 1, "c");
    let report = statsd.stop();
    assert_eq!(report.sent, 3);
    server.wait_for(3);
    let datagrams: Vec<Vec<String>> = server.chunks().iter().map(|chunk| chunk.lines()).collect();
    let expected = ["before:1|c", &format!("{long}:1|c"), "after:1|c"];
    assert_eq!(datagrams, expected.map(|line| [line.to_owned()]));
}

pub(crate) fn a_line_that_nothing_can_carry_is_refused_and_counted<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    let long = "n".repeat(70_000);
    let refused = client.record(&Metric::counter(&long, 1));
    assert_eq!(refused, Err(RecordError::LineTooLong));
    count(&client, 0..1);
    let report = statsd.stop();
    assert_eq!(report.stats.refused.too_long, 1);
    assert_eq!(server.wait_for_end(1), counted(0..1));
}

pub(crate) fn the_longest_line_arrives_and_one_byte_more_is_refused<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    let longest = "n".repeat(world.carrier.longest_line() - ":1|c".len());
    count(&client, 0..1);
    for name in [format!("{longest}n"), longest.clone()] {
        client.inject_metric(&name, 1, "c");
    }
    count(&client, 1..2);
    let report = statsd.stop();
    assert_eq!((report.sent, report.stats.refused.too_long), (3, 1));
    let expected = ["count:0|c", &format!("{longest}:1|c"), "count:1|c"];
    assert_eq!(server.wait_for_end(3), expected);
}

pub(crate) fn five_hundred_metrics_leave_in_few_writes<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    count(&statsd.client(), 0..500);
    let report = statsd.stop();
    assert_eq!(server.wait_for_end(500), counted(0..500));
    assert!(report.stats.payloads <= 10, "{}", report.stats.payloads);
}
