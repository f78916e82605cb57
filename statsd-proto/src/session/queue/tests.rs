use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::config::Transport;
use crate::encode::dialect::Dialect;

#[test]
fn the_bound_in_bytes_holds_to_the_byte() {
    for (outside, fit) in [(0, 4), (6, 3), (7, 2), (24, 0)] {
        let mut queue = queue(|config| config.max_queue_bytes(24));
        queue.set_in_flight(outside, 1);
        for _ in 0..fit {
            push(&mut queue, "aaaaa").unwrap();
        }
        let full = push(&mut queue, "aaaaa");
        assert_eq!(full.unwrap_err(), RecordError::QueueFull, "{outside}");
        assert_eq!((queue.bytes(), queue.lines()), (6 * fit, fit));
    }
}

#[test]
fn the_bound_in_lines_holds_to_the_line() {
    for (outside, fit) in [(0, 4), (1, 3), (4, 0), (9, 0)] {
        let mut queue = queue(|config| config.max_queue_lines(4));
        queue.set_in_flight(1, outside);
        for _ in 0..fit {
            push(&mut queue, "a").unwrap();
        }
        let full = push(&mut queue, "a");
        assert_eq!(full.unwrap_err(), RecordError::QueueFull, "{outside}");
        assert_eq!(queue.lines(), fit);
    }
}

#[test]
fn a_record_of_two_lines_is_taken_whole_or_not_at_all() {
    let mut queue = queue(|config| config.max_queue_lines(3));
    assert_eq!(push(&mut queue, "a\nb").unwrap().queued, 2);
    let full = push(&mut queue, "c\nd");
    assert_eq!(full.unwrap_err(), RecordError::QueueFull);
    push(&mut queue, "e").unwrap();
    assert_eq!(contents(&mut queue), "a\nb\ne\n");
}

#[test]
fn a_full_queue_refuses_the_newest_and_takes_shorter_ones_on() {
    let mut queue = queue(|config| config.max_queue_bytes(24));
    for text in ["one", "two", "three", "four"] {
        push(&mut queue, text).unwrap();
    }
    assert!(push(&mut queue, "longer").is_err());
    push(&mut queue, "6").unwrap();
    assert_eq!(contents(&mut queue), "one\ntwo\nthree\nfour\n6\n");
}

#[test]
fn a_full_queue_can_drop_the_oldest_payload() {
    let mut queue = queue(|config| {
        let config = config.overflow(Overflow::DropOldest);
        config.max_queue_bytes(96)
    });
    let mut dropped = 0;
    for number in 100..117 {
        let pushed = push(&mut queue, &format!("{number}:1"));
        dropped += pushed.unwrap().dropped;
        assert!(queue.bytes() <= 96);
    }
    assert_eq!((dropped, queue.lines()), (4, 13));
    assert!(contents(&mut queue).starts_with("104:1\n105:1\n"));
}

#[test]
fn too_many_lines_can_drop_the_oldest_quarter() {
    let mut queue = queue(|config| {
        let config = config.overflow(Overflow::DropOldest);
        config.max_queue_lines(8)
    });
    let mut dropped = 0;
    for number in 0..9 {
        let pushed = push(&mut queue, &number.to_string());
        dropped += pushed.unwrap().dropped;
    }
    assert_eq!(dropped, 2);
    assert_eq!(contents(&mut queue), "2\n3\n4\n5\n6\n7\n8\n");
}

#[test]
fn what_is_on_its_way_cannot_be_dropped_for_the_newest() {
    let mut queue = queue(|config| {
        let config = config.overflow(Overflow::DropOldest);
        config.max_queue_bytes(96)
    });
    push(&mut queue, "a").unwrap();
    for outside in [95, 96, 1000] {
        queue.set_in_flight(outside, 1);
        let full = push(&mut queue, "b");
        assert_eq!(full.unwrap_err(), RecordError::QueueFull);
    }
    assert_eq!(contents(&mut queue), "a\n");
}

#[test]
fn what_did_not_arrive_goes_first() {
    let mut queue = queue(|config| config.max_queue_bytes(24));
    for text in ["aaaaa", "bbbbb", "c"] {
        push(&mut queue, text).unwrap();
    }
    let first = queue.pop(false).unwrap();
    assert_eq!((queue.bytes(), queue.lines()), (8, 2));
    queue.push_front(first);
    assert_eq!((queue.bytes(), queue.lines()), (14, 3));
    assert_eq!(contents(&mut queue), "aaaaa\nbbbbb\nc\n");
}

proptest! {
    #[test]
    fn what_inlets_bring_leaves_whole_in_their_order_within_the_bounds(
        records in vec((0..3_usize, prop_oneof![1..40_usize, 1..400_usize], 0..20_usize), 1..120),
        transport in 0..4_usize,
        max_bytes in prop_oneof![Just(16 * 1024), 200..3000_usize],
        max_datagram in prop_oneof![Just(50_usize), Just(1432)],
        max_lines in prop_oneof![Just(usize::MAX), 1..40_usize],
        overflow in prop_oneof![Just(Overflow::RefuseNewest), Just(Overflow::DropOldest)],
    ) {
        let mut queue = queue(|config| {
            let config = config.max_queue_bytes(max_bytes).max_queue_lines(max_lines);
            let config = config.overflow(overflow).max_datagram(max_datagram);
            framed(config, transport)
        });
        let mut inlets = [queue.batch(), queue.batch(), queue.batch()];
        let (mut expected, mut dropped, mut left) = (vec![Vec::new(); 3], 0, Vec::new());
        for (number, (inlet, len, step)) in records.into_iter().enumerate() {
            let text = format!("{inlet}{number}{}", "x".repeat(len));
            if transport == 1 && text.len() >= max_datagram {
                continue;
            }
            let mut admitted = Admitted::default();
            let written = written(&text);
            let result = queue.admit(&mut inlets[inlet], text.as_bytes(), written, &mut admitted);
            dropped += admitted.dropped;
            if result.is_ok() {
                expected[inlet].push(text);
            }
            prop_assert!(is_within(&queue, max_bytes, max_lines), "{queue:?}");
            match step {
                0 => left.extend(queue.pop(true)),
                1 => left.extend(queue.pop(false)),
                2 => _ = queue.collect(&mut inlets[inlet]),
                _ => {}
            }
            prop_assert!(is_within(&queue, max_bytes, max_lines), "{queue:?}");
        }
        for inlet in &mut inlets {
            queue.collect(inlet);
            prop_assert!(is_within(&queue, max_bytes, max_lines), "{queue:?}");
        }
        prop_assert!(!queue.has_granted());
        prop_assert_eq!(queue.noted, Grant::default());
        left.extend(std::iter::from_fn(|| queue.pop(true)));
        let lines = left.iter().flat_map(lines_of).collect::<Vec<_>>();
        let counted = left.iter().map(|payload| payload.lines).sum::<usize>();
        prop_assert_eq!(counted, lines.len());
        prop_assert_eq!(lines.len() + dropped, expected.iter().map(Vec::len).sum::<usize>());
        for (inlet, expected) in expected.into_iter().enumerate() {
            let prefix = inlet.to_string();
            let mut seen = lines.iter().filter(|line| line.starts_with(&prefix));
            // Only whole payloads are dropped, the oldest first.
            let mut expected = expected.iter();
            prop_assert!(seen.all(|line| expected.any(|other| other == line)));
        }
    }

    #[test]
    fn records_that_may_be_taken_together_are_all_taken(
        before in vec((any::<bool>(), 1..40_usize), 0..8),
        records in vec(1..60_usize, 1..100),
        // The worst is a record of about half a datagram, again and again.
        beyond_half in proptest::option::of(0..3_usize),
        framing in 0..4_usize,
        max_bytes in 100..3000_usize,
        max_datagram in prop_oneof![8..40_usize, Just(1432)],
        max_lines in prop_oneof![Just(usize::MAX), 1..40_usize],
        overflow in prop_oneof![Just(Overflow::RefuseNewest), Just(Overflow::DropOldest)],
    ) {
        let mut queue = queue(|config| {
            let config = config.max_queue_bytes(max_bytes).max_queue_lines(max_lines);
            let config = config.overflow(overflow).max_datagram(max_datagram);
            framed(config, framing)
        });
        let longest = |len: usize| {
            let len = beyond_half.map_or(len, |beyond| max_datagram / 2 + beyond);
            "x".repeat(len.min(max_datagram - 1))
        };
        let mut batch = queue.batch();
        for (is_own, len) in before {
            // Refusals are fine: they leave the queue full.
            let _ = if is_own {
                push(&mut queue, &longest(len)).map(|_| ())
            } else {
                admit(&mut queue, &mut batch, &longest(len))
            };
        }
        let records = records.into_iter().map(longest).collect::<Vec<_>>();
        prop_assert_eq!(take_all(&mut queue, &mut batch, &records), Ok(()));
    }

    #[test]
    fn many_inlets_use_the_bound_in_lines_to_the_line(
        max_lines in 1..200_usize,
        inlets in vec(0..8_usize, 400),
    ) {
        let mut queue = queue(|config| config.max_queue_lines(max_lines));
        let mut batches: Vec<_> = (0..8).map(|_| queue.batch()).collect();
        let mut taken = 0;
        for inlet in inlets {
            let mut admitted = Admitted::default();
            let mut admit = |queue: &mut Queue, batch: &mut Batch| {
                queue.admit(batch, b"a:1|c", written("a:1|c"), &mut admitted)
            };
            let mut result = admit(&mut queue, &mut batches[inlet]);
            if result.is_err() && queue.may_reclaim() {
                batches.iter_mut().for_each(|batch| _ = queue.collect(batch));
                result = admit(&mut queue, &mut batches[inlet]);
            }
            if result.is_err() {
                queue.on_exhausted();
            }
            taken += usize::from(result.is_ok());
        }
        prop_assert_eq!(taken, max_lines.min(400));
    }
}

/// Two such records do not fit in a frame, which leaves the most room unused.
#[test]
fn records_of_half_a_frame_are_all_taken_with_the_lengths_of_their_frames() {
    for size in 8..100 {
        let records = vec!["x".repeat(size / 2); 200];
        for max_bytes in (200..4000).step_by(97) {
            let mut queue = queue(|config| {
                let config = config.max_queue_bytes(max_bytes).max_datagram(size);
                framed(config, 1)
            });
            let mut batch = queue.batch();
            let taken = take_all(&mut queue, &mut batch, &records);
            assert_eq!(taken, Ok(()), "{size} {max_bytes}");
        }
    }
}

#[test]
fn room_granted_to_an_inlet_is_reserved_until_it_is_collected() {
    let mut queue = queue(|config| config.max_queue_bytes(24).max_queue_lines(9));
    let mut batch = queue.batch();
    let mut admitted = Admitted::default();
    let record = b"aaaaa";
    queue
        .admit(&mut batch, record, written("aaaaa"), &mut admitted)
        .unwrap();
    assert_eq!((queue.bytes(), queue.waiting().bytes), (0, 6));
    for _ in 0..3 {
        push(&mut queue, "bbbbb").unwrap();
    }
    assert_eq!(push(&mut queue, "c").unwrap_err(), RecordError::QueueFull);
    assert_eq!(queue.collect(&mut batch), 1);
    assert_eq!((queue.bytes(), queue.lines()), (24, 4));
    assert_eq!(contents(&mut queue), "bbbbb\nbbbbb\nbbbbb\naaaaa\n");
}

#[test]
fn a_record_that_never_fits_is_too_long() {
    let mut queue = queue(|config| config.max_queue_lines(1));
    assert_eq!(
        push(&mut queue, "a\nb").unwrap_err(),
        RecordError::LineTooLong
    );
}

#[test]
fn the_tail_leaves_only_when_asked_for() {
    let mut queue = queue(|config| config);
    push(&mut queue, "a").unwrap();
    assert_eq!(queue.tail_lines(), 1);
    assert!(queue.pop(false).is_none());
    assert_eq!(queue.pop(true).unwrap().data, "a\n");
    assert!(queue.pop(true).is_none());
    assert_eq!((queue.tail_lines(), queue.bytes()), (0, 0));
}

#[test]
fn clearing_drops_everything_and_returns_its_amount() {
    let mut queue = queue(|config| config.max_queue_bytes(24));
    for text in ["aaaaa", "bbbbb\nccccc", "d"] {
        push(&mut queue, text).unwrap();
    }
    assert_eq!(queue.clear(), 4);
    assert_eq!((queue.bytes(), queue.lines()), (0, 0));
    assert_eq!(queue.clear(), 0);
    assert_eq!(contents(&mut queue), "");
}

#[test]
fn there_is_room_while_half_of_both_bounds_is_free() {
    let mut queue = queue(|config| config.max_queue_bytes(40).max_queue_lines(10));
    push(&mut queue, "a").unwrap();
    for (bytes, lines, has_room) in [
        (0, 0, true),
        (18, 0, true),
        (19, 0, false),
        (0, 4, true),
        (0, 5, false),
    ] {
        queue.set_in_flight(bytes, lines);
        assert_eq!(queue.has_room(), has_room, "{bytes} {lines}");
    }
}

#[test]
fn the_peak_is_remembered_however_the_bytes_leave() {
    let mut queue = queue(|config| config);
    push(&mut queue, "aaaaa").unwrap();
    assert_eq!(queue.peak(0), 6);
    queue.pop(true).unwrap();
    push(&mut queue, "a").unwrap();
    assert_eq!(queue.peak(0), 6);
    push(&mut queue, "aaaaa").unwrap();
    assert_eq!(queue.peak(0), 8);
    queue.clear();
    assert_eq!((queue.peak(0), queue.bytes()), (8, 0));
}

#[test]
fn a_steady_flow_uses_the_same_memory() {
    let mut queue = queue(|config| config);
    let mut seen = Vec::new();
    for _ in 0..6 {
        push(&mut queue, "a").unwrap();
        let payload = queue.pop(true).unwrap();
        seen.push(payload.data.as_ptr());
        queue.recycle(payload);
    }
    assert!(seen.iter().all(|memory| *memory == seen[0]));
}

fn is_within(queue: &Queue, bytes: usize, lines: usize) -> bool {
    let used = queue.used();
    used.bytes <= bytes && used.lines <= lines
}

fn queue(set: impl FnOnce(Config) -> Config) -> Queue {
    Queue::new(&set(Config::new("localhost")))
}

/// Configuration with one of the four ways to lay lines out.
fn framed(config: Config, framing: usize) -> Config {
    match framing {
        0 => config.transport(Transport::Tcp),
        1 => config.dialect(Dialect::DogStatsd).unix_stream("/s"),
        2 => config.dialect(Dialect::DogStatsd).transport(Transport::Udp),
        _ => config.transport(Transport::Udp),
    }
}

fn push(queue: &mut Queue, text: &str) -> Result<Admitted, RecordError> {
    queue.push(text.as_bytes(), written(text))
}

fn admit(queue: &mut Queue, batch: &mut Batch, text: &str) -> Result<(), RecordError> {
    let mut admitted = Admitted::default();
    queue.admit(batch, text.as_bytes(), written(text), &mut admitted)
}

/// Adds as many of these records to a batch as the queue says that it may take together.
fn take_all(queue: &mut Queue, batch: &mut Batch, records: &[String]) -> Result<(), RecordError> {
    let (mut bytes, mut lines) = (0, 0);
    let may_take = |record: &&String| {
        (bytes, lines) = (bytes + record.len() + 1, lines + 1);
        queue.may_take(bytes, lines)
    };
    let count = records.iter().take_while(may_take).count();
    let mut taken = records[..count].iter();
    taken.try_for_each(|record| admit(queue, batch, record))
}

fn written(text: &str) -> Written {
    Written {
        lines: text.split('\n').count(),
        bytes: text.len(),
        name_len: 0,
        is_joined: false,
    }
}

fn lines_of(payload: &Payload) -> Vec<String> {
    let segment = payload.segment.unwrap_or(payload.data.len());
    let segments = payload.data.chunks(segment);
    let texts = segments.map(|segment| &segment[payload.header..]);
    let lines = texts.flat_map(|text| text.split(|byte| *byte == b'\n'));
    let lines = lines.filter(|line| !line.is_empty());
    lines
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect()
}

/// Takes the whole queue as text.
fn contents(queue: &mut Queue) -> String {
    let payloads = std::iter::from_fn(|| queue.pop(true));
    let texts = payloads.map(|payload| String::from_utf8(payload.data.to_vec()).unwrap());
    texts.collect()
}
