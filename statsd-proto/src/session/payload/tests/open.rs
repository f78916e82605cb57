//! Layouts that serve both types of a Unix socket.

use super::*;
use crate::encode::dialect::Dialect;

const PADDED: &str = "a:1\nb:2\n\nc:3\n\n\n\n\n\nd:4\ne:5\n";

#[test]
fn datagrams_on_a_stream_are_resent_from_the_first_torn_line() {
    let payload = on_stream(payload(PADDED, Some(9)));
    for written in 0..=PADDED.len() {
        let (torn, rest) = match written {
            0..4 => (&[][..], &["a:1", "b:2", "c:3", "d:4", "e:5"][..]),
            4..8 => (&["b:2"][..], &["c:3", "d:4", "e:5"][..]),
            8..13 => (&[][..], &["c:3", "d:4", "e:5"][..]),
            13..22 => (&[][..], &["d:4", "e:5"][..]),
            22..26 => (&["e:5"][..], &[][..]),
            _ => (&[][..], &[][..]),
        };
        let parts = payload.unfinished(written);
        for (part, expected) in parts.iter().zip([torn, rest]) {
            let lines = part.as_ref().map_or(Vec::new(), lines_of);
            assert_eq!(lines, expected, "{written} bytes written");
            assert_eq!(part.as_ref().map_or(0, |part| part.lines), expected.len());
        }
        let done = payload.count_lines(0..written);
        assert_eq!(done, 5 - torn.len() - rest.len(), "{written} bytes written");
        // What is left can be sent as datagrams too.
        for part in parts.into_iter().flatten() {
            let part = Payload {
                is_stream: false,
                ..part
            };
            assert_eq!(part.count_lines(0..part.data.len()), part.lines);
        }
    }
}

#[test]
fn lines_on_a_stream_are_counted_once_however_they_are_written() {
    let payload = on_stream(payload(PADDED, Some(9)));
    for (from, to) in (0..=PADDED.len()).flat_map(|to| (0..=to).map(move |from| (from, to))) {
        let [before, between, after] =
            [0..from, from..to, to..PADDED.len()].map(|range| payload.count_lines(range));
        assert_eq!(before + between + after, 5, "{from} {to}");
    }
}

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
        (Dialect::Statsd, "unix:///s", datagrams),
        (Dialect::Statsd, "unixstream:///s", STREAM_OF_LINES),
        (Dialect::Graphite, "unix:///s", STREAM_OF_LINES),
    ] {
        let config = Config::new(address).dialect(dialect);
        assert_eq!(Framing::new(&config), expected, "{dialect:?} {address}");
    }
    let config = Config::dogstatsd("unix:///s").transport(Transport::UnixDatagram);
    assert_eq!(Framing::new(&config), datagrams);
}

const STREAM_OF_LINES: Framing = Framing::Stream { capacity: 16_384 };

fn on_stream(payload: Payload) -> Payload {
    Payload {
        is_stream: true,
        keeps_break: true,
        ..payload
    }
}

fn lines_of(payload: &Payload) -> Vec<&str> {
    let lines = text(&payload.data).lines();
    lines.filter(|line| !line.is_empty()).collect()
}

fn text_of(bytes: &[u8]) -> &str {
    text(bytes)
}
