//! Layouts that serve both types of a Unix socket.

use super::*;
use crate::encode::dialect::Dialect;

#[test]
fn frames_that_are_sent_as_datagrams_are_divided_into_frames() {
    for (text, joins, size, expected) in [
        ("a\nb\nc", &[][..], 4, ["a\nb", "c", ""]),
        ("longer\na", &[], 4, ["longer", "a", ""]),
        ("g:0|g\ng:-1|g\na", &[9], 9, ["g:0|g\ng:-1|g", "a", ""]),
        ("a\ng:0|g\ng:-1|g", &[11], 9, ["a", "g:0|g\ng:-1|g", ""]),
        ("a\nb\n\n\n\n\n\n\n\n\n\n\n\n\nc", &[], 2, ["a", "b", "c"]),
    ] {
        let mut data = Vec::new();
        for segment in format!("{text}\n").as_bytes().chunks(16) {
            data.extend(framed(segment));
        }
        let payload = Payload {
            data: data.into(),
            header: 4,
            keeps_break: true,
            joins: joins_at(joins),
            ..payload("", Some(20))
        };
        let lines = payload.count_lines(0..payload.data.len());
        let parts = Payload { lines, ..payload }.split(size);
        for (part, expected) in parts.into_iter().zip(expected) {
            let (data, lines) = part.map_or((Bytes::new(), 0), |part| (part.data, part.lines));
            let texts = frames(&data).map(text_of).collect::<String>();
            let end = if expected.is_empty() { "" } else { "\n" };
            assert_eq!(texts, format!("{expected}{end}"), "{text:?}");
            assert_eq!(lines, expected.lines().count());
        }
    }
}

#[test]
fn a_join_moves_into_the_frame_of_its_own() {
    let payload = Payload {
        data: framed(b"a\ng:0|g\ng:-1|g\n").into(),
        header: 4,
        keeps_break: true,
        joins: joins_at(&[11]),
        lines: 3,
        ..payload("", Some(20))
    };
    let [_, pair, _] = payload.split(2);
    let pair = pair.expect("it is left");
    assert_eq!(pair.smaller_datagram(), None, "it is one record");
    let [whole, ..] = pair.split(2);
    assert_eq!(whole.map(|whole| whole.lines), Some(2));
}

#[test]
fn the_layout_serves_both_types_unless_one_was_asked_for() {
    let frames = |capacity| Framing::Frames {
        size: 8196,
        capacity,
    };
    let datagrams = Framing::Datagrams {
        size: 8192,
        capacity: 5 * 8192,
        ends_lines: true,
    };
    for (dialect, address, expected) in [
        (Dialect::DogStatsd, "unix:///s", frames(5 * 8196)),
        (Dialect::DogStatsd, "unixstream:///s", frames(8196)),
        (Dialect::DogStatsd, "unixgram:///s", datagrams),
        (Dialect::Statsd, "unix:///s", STREAM_OF_LINES),
        (Dialect::Statsd, "unixstream:///s", STREAM_OF_LINES),
    ] {
        let config = Config::new(address).dialect(dialect);
        assert_eq!(Framing::new(&config), expected, "{dialect:?} {address}");
    }
    let config = Config::dogstatsd("unix:///s").transport(Transport::UnixDatagram);
    assert_eq!(Framing::new(&config), datagrams);
}

const STREAM_OF_LINES: Framing = Framing::Stream { capacity: 16_384 };

fn text_of(bytes: &[u8]) -> &str {
    text(bytes)
}
