mod open;

use proptest::prelude::*;

use super::*;
use crate::config::{Config, Transport};
use crate::encode::Written;

/// Payloads of twelve bytes, including line feeds.
const STREAM: Framing = Framing::Stream { capacity: 12 };
/// Payloads of three datagrams.
const DATAGRAMS: Framing = Framing::Datagrams {
    size: 10,
    capacity: 30,
    ends_lines: false,
};

/// Payloads of three datagrams, for a server that needs a line feed at the end of each.
const ENDED: Framing = Framing::Datagrams {
    size: 10,
    capacity: 30,
    ends_lines: true,
};

/// Payloads of two frames, each of at most ten bytes after its length field.
const FRAMES: Framing = Framing::Frames {
    size: 14,
    capacity: 28,
};

#[test]
fn a_stream_is_cut_between_records_at_its_capacity() {
    for (records, payloads) in [
        (&["aaaaa"][..], &[("aaaaa\n", 1)][..]),
        (&["aaaaa", "bbbbb"], &[("aaaaa\nbbbbb\n", 2)]),
        (&["aaaaa", "bbbbbb"], &[("aaaaa\n", 1), ("bbbbbb\n", 1)]),
        (&["aaaaa", "bb\nbb"], &[("aaaaa\nbb\nbb\n", 3)]),
        (&["aaaaa", "bbb\nbb"], &[("aaaaa\n", 1), ("bbb\nbb\n", 2)]),
        (
            &["aa", "longer than it", "bb"],
            &[("aa\n", 1), ("longer than it\n", 1), ("bb\n", 1)],
        ),
    ] {
        assert_payloads(STREAM, records, payloads);
    }
}

#[test]
fn datagrams_hold_whole_records_with_breaks_between() {
    for (records, payloads) in [
        (&["aaaa"][..], &[("aaaa", 1)][..]),
        (&["aaaaaaaaaa"], &[("aaaaaaaaaa", 1)]),
        (&["aaaa", "bbbbb"], &[("aaaa\nbbbbb", 2)]),
        (&["aaaa", "bb\nbb"], &[("aaaa\nbb\nbb", 3)]),
        // One byte too many: the datagram is padded.
        (&["aaaa", "bbbbbb"], &[("aaaa\n\n\n\n\n\nbbbbbb", 2)]),
        (&["aaaa", "bb\nbbb"], &[("aaaa\n\n\n\n\n\nbb\nbbb", 3)]),
        // No padding is needed.
        (&["aaaaaaaaaa", "b"], &[("aaaaaaaaaab", 2)]),
        (
            &["aaaaaaaaa", "bbbbbbbbb", "ccccccccc", "d"],
            &[("aaaaaaaaa\nbbbbbbbbb\nccccccccc", 3), ("d", 1)],
        ),
        (
            &["aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc", "d"],
            &[("aaaaaaaaaabbbbbbbbbbcccccccccc", 3), ("d", 1)],
        ),
    ] {
        assert_payloads(DATAGRAMS, records, payloads);
    }
}

#[test]
fn the_last_line_of_a_datagram_can_have_its_break_too() {
    for (records, payloads) in [
        (&["aaaa"][..], &[("aaaa\n", 1)][..]),
        (&["aaaa", "bbbb"], &[("aaaa\nbbbb\n", 2)]),
        (&["aaaa", "bbbbb"], &[("aaaa\n\n\n\n\n\nbbbbb\n", 2)]),
        (&["aaaaaaaaa", "b"], &[("aaaaaaaaa\nb\n", 2)]),
        (
            &["aaaaaaaaa", "bbbbbbbbb", "ccccccccc", "d"],
            &[("aaaaaaaaa\nbbbbbbbbb\nccccccccc\n", 3), ("d\n", 1)],
        ),
        (
            &["a", "aaaaaaaaaa", "b"],
            &[("a\n", 1), ("aaaaaaaaaa\n", 1), ("b\n", 1)],
        ),
    ] {
        assert_payloads(ENDED, records, payloads);
    }
}

#[test]
fn frames_follow_their_length() {
    for (records, payloads) in [
        (&["aaaa"][..], &[("\x05\0\0\0aaaa\n", 1)][..]),
        (&["aaaa", "bbbb"], &[("\x0a\0\0\0aaaa\nbbbb\n", 2)]),
        // A padded frame has the length of a full one.
        (
            &["aaaa", "bbbbbb"],
            &[("\x0a\0\0\0aaaa\n\n\n\n\n\n\x07\0\0\0bbbbbb\n", 2)],
        ),
        (
            &["aaaaaaaaa", "bbbbbbbbb", "c"],
            &[
                ("\x0a\0\0\0aaaaaaaaa\n\x0a\0\0\0bbbbbbbbb\n", 2),
                ("\x02\0\0\0c\n", 1),
            ],
        ),
    ] {
        assert_payloads(FRAMES, records, payloads);
    }
}

#[test]
fn a_torn_frame_is_resent_from_its_length_on() {
    let mut packer = Packer::new(FRAMES);
    packer.push("aaaaaaaaa");
    packer.push("b\nb");
    let payload = packer.finish().remove(0);
    for written in 0..=payload.data.len() {
        let (left, lines) = match written {
            0..14 => ("\x0a\0\0\0aaaaaaaaa\n\x04\0\0\0b\nb\n", 3),
            14..22 => ("\x04\0\0\0b\nb\n", 2),
            _ => ("", 0),
        };
        let unfinished = payload.unfinished(written);
        let (data, count) = unfinished.map_or((Bytes::new(), 0), |rest| (rest.data, rest.lines));
        assert_eq!((text(&data), count), (left, lines), "{written}");
        assert_eq!(payload.count_lines(0..written), 3 - lines, "{written}");
    }
}

#[test]
fn a_record_longer_than_a_datagram_goes_alone_and_in_its_turn() {
    let long = "longer than it";
    for (records, payloads) in [
        (&[long][..], &[(long, 1)][..]),
        (&["aa", long, "bb"], &[("aa", 1), (long, 1), ("bb", 1)]),
        (&[long, long], &[(long, 1), (long, 1)]),
        (
            &["aaaaaaaa", "bb", long, "cc", "dd"],
            &[("aaaaaaaa\n\nbb", 2), (long, 1), ("cc\ndd", 2)],
        ),
        (&["long as\nlong"], &[("long as\nlong", 2)]),
    ] {
        assert_payloads(DATAGRAMS, records, payloads);
    }
    let mut packer = Packer::new(DATAGRAMS);
    packer.push(long);
    assert_eq!(packer.complete[0].segment, Some(long.len()));
}

#[test]
fn what_a_record_adds_counts_what_comes_before_it() {
    for (framing, record, added) in [
        (STREAM, "bbbbb", 6),
        (STREAM, "bbbbbb", 7),
        (DATAGRAMS, "bbbb", 5),
        (DATAGRAMS, "bbbbb", 10),
        (DATAGRAMS, "longer than it", 14),
        (FRAMES, "bbb", 4),
        (FRAMES, "bbbbb", 14),
    ] {
        let mut packer = Packer::new(framing);
        packer.push("aaaaa");
        let before = packer.len();
        let bytes = match packer.batch.place(record.len()) {
            Place::OwnDatagram => record.len(),
            Place::Here { bytes } => bytes - packer.batch.len(),
            Place::NewBatch { bytes } => bytes,
        };
        // A batch of datagrams counts the last line feed, which is not sent.
        packer.push(record);
        assert_eq!((bytes, packer.len() - before), (added, added), "{record}");
    }
}

#[test]
fn nothing_is_taken_where_nothing_is() {
    for framing in [STREAM, DATAGRAMS] {
        let mut packer = Packer::new(framing);
        assert!(packer.batch.take(&mut packer.pool).is_none());
        packer.push("a");
        assert!(packer.batch.take(&mut packer.pool).is_some());
        assert!(packer.batch.take(&mut packer.pool).is_none());
        assert_eq!((packer.batch.len(), packer.batch.lines()), (0, 0));
    }
}

#[test]
fn what_is_unfinished_starts_at_a_line() {
    let payload = payload("a:1\nb:22\nc:3\n", None);
    for written in 0..=payload.data.len() {
        let expected = match written {
            0..4 => Some(("a:1\nb:22\nc:3\n", 3)),
            4..9 => Some(("b:22\nc:3\n", 2)),
            9..13 => Some(("c:3\n", 1)),
            _ => None,
        };
        let rest = payload.unfinished(written);
        let rest = rest.as_ref().map(|rest| (text(&rest.data), rest.lines));
        assert_eq!(rest, expected, "{written} bytes written");
    }
}

#[test]
fn what_is_unfinished_starts_at_a_datagram() {
    let payload = payload("a:1\nb:2\n\nc:3\n\n\n\n\n\nd:4\ne:5", Some(9));
    for written in 0..=payload.data.len() {
        let expected = match written {
            0..9 => Some((0, 5)),
            9..18 => Some((9, 3)),
            18..25 => Some((18, 2)),
            _ => None,
        };
        let rest = payload.unfinished(written);
        let rest = rest.as_ref().map(|rest| (text(&rest.data), rest.lines));
        let expected = expected.map(|(start, lines)| (&text(&payload.data)[start..], lines));
        assert_eq!(rest, expected, "{written} bytes written");
    }
}

#[test]
fn datagrams_are_given_up_one_by_one() {
    let mut payload = payload("a:1\nb:2\n\nc:3\n\n\n\n\n\nd:4\ne:5", Some(9));
    for (dropped, left) in [(2, 3), (1, 2), (2, 0)] {
        assert_eq!(payload.drop_first_datagram(), dropped);
        assert_eq!(payload.lines, left);
    }
    assert!(payload.data.is_empty());
}

#[test]
fn only_whole_lines_are_counted() {
    for (data, segment, lines) in [
        ("", None, 0),
        ("a", None, 0),
        ("a\n", None, 1),
        ("a\nb", None, 1),
        ("a\nb\n", None, 2),
        ("", Some(4), 0),
        ("a", Some(4), 1),
        ("a\nb", Some(4), 2),
        ("a\n\n\nb", Some(4), 2),
        ("a\nb\nc\nd\ne", Some(4), 5),
        ("\n\n\n\na", Some(4), 1),
    ] {
        assert_eq!(payload(data, segment).lines, lines, "{data:?}");
    }
}

#[test]
fn only_padding_is_trimmed() {
    for (datagram, expected, with_break) in [
        ("", "", ""),
        ("a\nb", "a\nb", "a\nb"),
        ("a\nb\n", "a\nb", "a\nb\n"),
        ("a\n\n\n", "a", "a\n"),
        ("\n\n", "", ""),
    ] {
        assert_eq!(text(trimmed(datagram.as_bytes(), false)), expected);
        assert_eq!(text(trimmed(datagram.as_bytes(), true)), with_break);
    }
}

#[test]
fn datagrams_are_divided_between_records() {
    for (text, joins, size, expected) in [
        ("a\nb\nc", &[][..], 3, ["a\nb", "c", ""]),
        ("a\nb\nc", &[], 4, ["a\nb", "c", ""]),
        ("a\nb\nc", &[], 5, ["a\nb\nc", "", ""]),
        (
            "a\nlonger\n\n\n\n\n\n\n\nnext",
            &[],
            3,
            ["a", "longer", "next"],
        ),
        ("longer\na", &[], 3, ["longer", "a", ""]),
        ("g:0|g\ng:-1|g\na", &[5], 8, ["g:0|g\ng:-1|g", "a", ""]),
        ("a\ng:0|g\ng:-1|g", &[7], 8, ["a", "g:0|g\ng:-1|g", ""]),
    ] {
        for keeps_break in [false, true] {
            let end = &"\n"[..usize::from(keeps_break)];
            let payload = Payload {
                data: format!("{text}{end}").into(),
                keeps_break,
                joins: joins_at(joins),
                ..payload("", Some(16))
            };
            let lines = payload.count_lines(0..payload.data.len());
            let parts = Payload { lines, ..payload }.split(size + end.len());
            for (part, expected) in parts.into_iter().zip(expected) {
                let (data, lines) = part.map_or((Bytes::new(), 0), |part| (part.data, part.lines));
                let end = if expected.is_empty() { "" } else { end };
                assert_eq!(data, format!("{expected}{end}"), "{text:?}");
                assert_eq!(lines, expected.lines().count());
            }
        }
    }
}

#[test]
fn a_join_moves_with_its_record() {
    let mut packer = Packer::new(DATAGRAMS);
    packer.push("aaaaaa");
    packer.push_joined("g\n-g");
    packer.push("b");
    let payload = packer.finish().remove(0);
    assert_eq!(text(&payload.data), "aaaaaa\n\n\n\ng\n-g\nb");
    assert!(payload.joins.contains(11));
    let [head, tail, rest] = payload.split(4);
    let lines = [&head, &tail, &rest].map(|part| part.as_ref().map(|part| part.lines));
    assert_eq!(lines, [Some(1), None, Some(3)]);
    assert!(rest.unwrap().joins.contains(1));
}

#[test]
fn the_payload_leaves_room_for_four_in_the_queue() {
    let config = Config::new("localhost");
    let stream = |config: &Config| Framing::new(config);
    assert_eq!(stream(&config), Framing::Stream { capacity: 16_384 });
    let small = config.clone().max_queue_bytes(16_384);
    assert_eq!(stream(&small), Framing::Stream { capacity: 4096 });
    for (max_datagram, max_queue_bytes, size, capacity) in [
        (1432, 16_777_216, 1432, 32 * 1432),
        (8192, 16_777_216, 8192, 5 * 8192),
        (512, 16_777_216, 512, 64 * 512),
        (16, 16_777_216, 16, 64 * 16),
        (1432, 16_384, 1432, 2 * 1432),
        (65_507, 262_028, 65_507, 65_507),
    ] {
        let udp = config
            .clone()
            .transport(Transport::Udp)
            .max_datagram(max_datagram)
            .max_queue_bytes(max_queue_bytes);
        let expected = Framing::Datagrams {
            size,
            capacity,
            ends_lines: false,
        };
        assert_eq!(Framing::new(&udp), expected);
    }
}

#[test]
fn memory_given_back_is_used_again() {
    for framing in [STREAM, DATAGRAMS] {
        let mut packer = Packer::new(framing);
        let mut seen = Vec::new();
        for _ in 0..6 {
            packer.push("a");
            let payload = packer.batch.take(&mut packer.pool).unwrap();
            seen.push(payload.data.as_ptr());
            packer.pool.recycle(payload);
        }
        assert!(seen.iter().all(|memory| *memory == seen[0]));
    }
}

#[test]
fn memory_that_something_refers_to_or_of_another_size_is_not_used_again() {
    let mut packer = Packer::new(STREAM);
    packer.push("a");
    let held = packer.batch.take(&mut packer.pool).unwrap();
    packer.pool.recycle(held.clone());
    assert_eq!(packer.pool.len(), 0);
    packer.push(&"a".repeat(10_000));
    let longer = packer.batch.take(&mut packer.pool).unwrap();
    packer.pool.recycle(longer);
    assert_eq!(packer.pool.len(), 0);
    packer.pool.recycle(held);
    assert_eq!(packer.pool.len(), 1);
}

#[test]
fn only_so_much_memory_is_kept_and_hardly_any_at_rest() {
    for (capacity, most, at_rest) in [(32_768, 38, 1), (500_000, 2, 0), (1 << 20, 2, 0)] {
        let mut packer = Packer::new(Framing::Stream { capacity });
        packer.pool = Pool::new(Framing::Stream { capacity }, 1_250_000);
        let taken = [(); 40].map(|()| {
            packer.push("a");
            packer.batch.take(&mut packer.pool).unwrap()
        });
        for payload in taken {
            packer.pool.recycle(payload);
        }
        assert_eq!(packer.pool.len(), most);
        packer.pool.trim();
        assert_eq!(packer.pool.len(), at_rest);
    }
}

#[test]
fn a_payload_that_waits_holds_hardly_more_memory_than_its_data_has_bytes() {
    let framing = Framing::Stream {
        capacity: 16 * 1024,
    };
    for (len, is_copied) in [(16 * 1024 - 1, false), (16 * 1024 - 400, true), (5, true)] {
        let mut packer = Packer::new(framing);
        packer.push(&"a".repeat(len));
        let before = packer.batch.memory();
        let payload = packer.batch.take_compact(&mut packer.pool, 256).unwrap();
        assert_eq!(payload.data.as_ptr() != before, is_copied, "{len}");
        assert_eq!(payload.waste, usize::from(!is_copied));
        assert_eq!(packer.pool.len(), usize::from(is_copied));
    }
}

proptest! {
    #[test]
    fn records_leave_whole_and_in_order_in_payloads_within_bounds(
        records in prop::collection::vec("[a-z]{1,14}(\n[a-z]{1,9})?", 0..40),
        is_stream in any::<bool>(),
    ) {
        let framing = if is_stream { STREAM } else { DATAGRAMS };
        let mut packer = Packer::new(framing);
        for record in &records {
            packer.push(record);
        }
        let mut seen = String::new();
        for payload in packer.finish() {
            let segment = payload.segment.unwrap_or(payload.data.len());
            let datagrams: Vec<_> = payload.data.chunks(segment).map(|datagram| text(trimmed(datagram, false))).collect();
            prop_assert_eq!(payload.lines, payload.count_lines(0..payload.data.len()));
            let is_lone = datagrams.len() == 1 && records.contains(&datagrams[0].to_owned());
            let (size, capacity) = if is_stream { (12, 12) } else { (10, 30) };
            prop_assert!(is_lone || payload.data.len() <= capacity, "{:?}", payload);
            prop_assert!(is_lone || segment <= size, "{:?}", payload);
            seen.extend(datagrams.iter().map(|datagram| format!("{datagram}\n")));
        }
        let expected: String = records.iter().map(|record| format!("{record}\n")).collect();
        prop_assert_eq!(seen, expected);
    }
}

/// Batch that is filled, and the payloads completed from it.
struct Packer {
    framing: Framing,
    pool: Pool,
    batch: Batch,
    complete: Vec<Payload>,
}

impl Packer {
    fn new(framing: Framing) -> Self {
        Self {
            framing,
            pool: Pool::new(framing, 1 << 20),
            batch: Batch::new(framing),
            complete: Vec::new(),
        }
    }

    fn push(&mut self, record: &str) {
        self.push_record(record, false);
    }

    fn push_joined(&mut self, record: &str) {
        self.push_record(record, true);
    }

    fn push_record(&mut self, record: &str, is_joined: bool) {
        let written = Written {
            lines: record.split('\n').count(),
            bytes: record.len(),
            name_len: 0,
            is_joined,
        };
        let mut place = self.batch.place(record.len());
        if !matches!(place, Place::Here { .. }) {
            self.complete.extend(self.batch.take(&mut self.pool));
            place = self.batch.place(record.len());
        }
        if let Place::OwnDatagram = place {
            let payload = alone(self.framing, record.as_bytes(), written);
            return self.complete.push(payload);
        }
        if let Place::NewBatch { bytes } = place {
            let bytes = bytes.max(self.framing.capacity());
            self.batch.open(self.pool.take(bytes));
            self.batch.grant(Grant {
                bytes,
                lines: usize::MAX,
            });
        }
        self.batch.put(record.as_bytes(), written);
    }

    /// Number of bytes pushed, with separators and padding.
    fn len(&self) -> usize {
        let complete = self.complete.iter().map(|payload| payload.data.len());
        complete.sum::<usize>() + self.batch.len()
    }

    fn finish(mut self) -> Vec<Payload> {
        self.complete.extend(self.batch.take(&mut self.pool));
        self.complete
    }
}

fn assert_payloads(framing: Framing, records: &[&str], payloads: &[(&str, usize)]) {
    let mut packer = Packer::new(framing);
    for record in records {
        packer.push(record);
    }
    let packed = packer.finish();
    let packed = packed
        .iter()
        .map(|payload| (text(&payload.data), payload.lines));
    let packed: Vec<_> = packed.collect();
    assert_eq!(packed, payloads, "{records:?}");
}

fn payload(data: &'static str, segment: Option<usize>) -> Payload {
    let mut payload = Payload {
        data: Bytes::from_static(data.as_bytes()),
        segment,
        header: 0,
        keeps_break: false,
        is_stream: segment.is_none(),
        lines: 0,
        joins: Joins::default(),
        waste: 0,
    };
    payload.lines = payload.count_lines(0..data.len());
    payload
}

fn joins_at(indices: &[usize]) -> Joins {
    let mut joins = Joins::default();
    indices.iter().for_each(|index| joins.push(*index));
    joins
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("only text was written")
}
