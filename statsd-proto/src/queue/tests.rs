use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::config::Transport;
use crate::dialect::Dialect;

#[test]
fn the_bound_in_bytes_holds_to_the_byte() {
    for (outside, fit) in [(0, 4), (6, 3), (7, 2), (24, 0)] {
        let mut queue = queue(|config| config.max_queue_bytes(24));
        queue.set_outside(outside, 1);
        for _ in 0..fit {
            queue.push(line("aaaaa")).unwrap();
        }
        let full = queue.push(line("aaaaa"));
        assert_eq!(full.unwrap_err(), RecordError::QueueFull, "{outside}");
        assert_eq!((queue.bytes(), queue.lines()), (6 * fit, fit));
    }
}

#[test]
fn the_bound_in_lines_holds_to_the_line() {
    for (outside, fit) in [(0, 4), (1, 3), (4, 0), (9, 0)] {
        let mut queue = queue(|config| config.max_queue_lines(4));
        queue.set_outside(1, outside);
        for _ in 0..fit {
            queue.push(line("a")).unwrap();
        }
        let full = queue.push(line("a"));
        assert_eq!(full.unwrap_err(), RecordError::QueueFull, "{outside}");
        assert_eq!(queue.lines(), fit);
    }
}

#[test]
fn a_record_of_two_lines_is_taken_whole_or_not_at_all() {
    let mut queue = queue(|config| config.max_queue_lines(3));
    assert_eq!(queue.push(line("a\nb")).unwrap().lines, 2);
    let full = queue.push(line("c\nd"));
    assert_eq!(full.unwrap_err(), RecordError::QueueFull);
    queue.push(line("e")).unwrap();
    assert_eq!(contents(&mut queue), "a\nb\ne\n");
}

#[test]
fn a_full_queue_refuses_the_newest_and_takes_shorter_ones_on() {
    let mut queue = queue(|config| config.max_queue_bytes(24));
    for text in ["one", "two", "three", "four"] {
        queue.push(line(text)).unwrap();
    }
    assert!(queue.push(line("longer")).is_err());
    queue.push(line("6")).unwrap();
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
        let pushed = queue.push(line(&format!("{number}:1")));
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
        let pushed = queue.push(line(&number.to_string()));
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
    queue.push(line("a")).unwrap();
    for outside in [95, 96, 1000] {
        queue.set_outside(outside, 1);
        let full = queue.push(line("b"));
        assert_eq!(full.unwrap_err(), RecordError::QueueFull);
    }
    assert_eq!(contents(&mut queue), "a\n");
}

#[test]
fn a_record_that_is_too_long_or_fails_leaves_nothing() {
    let mut queue = queue(|config| config.max_line(16));
    let too_long = queue.push(line(&"a".repeat(17)));
    assert_eq!(too_long.unwrap_err(), RecordError::LineTooLong);
    let failed = queue.push(|record| {
        record.line().extend_from_slice(b"half a");
        Err(RecordError::InvalidValue)
    });
    assert_eq!(failed.unwrap_err(), RecordError::InvalidValue);
    assert_eq!((queue.bytes(), queue.lines()), (0, 0));
    let longest = "a".repeat(16);
    queue.push(line(&longest)).unwrap();
    assert_eq!(contents(&mut queue), format!("{longest}\n"));
}

#[test]
fn each_line_of_a_record_may_be_as_long_as_one_where_they_are_read_one_by_one() {
    let (longest, longer) = ("a".repeat(16), "a".repeat(17));
    let pair = format!("{longest}\n{longest}");
    let mut stream = queue(|config| config.max_line(16));
    assert_eq!(stream.push(line(&pair)).unwrap().lines, 2);
    let mut frames = queue(|config| {
        let config = config.dialect(Dialect::DogStatsd).unix_stream("/s");
        config.max_datagram(16)
    });
    frames.push(line(&longest)).unwrap();
    for too_long in [
        stream.push(line(&format!("{longest}\n{longer}"))),
        stream.push(line(&format!("{longer}\na"))),
        frames.push(line(&pair)),
    ] {
        assert_eq!(too_long.unwrap_err(), RecordError::LineTooLong);
    }
}

#[test]
fn what_did_not_arrive_goes_first() {
    let mut queue = queue(|config| config.max_queue_bytes(24));
    for text in ["aaaaa", "bbbbb", "c"] {
        queue.push(line(text)).unwrap();
    }
    let first = queue.pop(false).unwrap();
    assert_eq!((queue.bytes(), queue.lines()), (8, 2));
    queue.push_front(first);
    assert_eq!((queue.bytes(), queue.lines()), (14, 3));
    assert_eq!(contents(&mut queue), "aaaaa\nbbbbb\nc\n");
}

proptest! {
    #[test]
    fn a_run_is_packed_as_its_lines_would_be(
        lens in vec(prop_oneof![1..40_usize, 1..400_usize], 1..60),
        transport in 0..4_usize,
        max_datagram in prop_oneof![Just(16_usize), Just(128)],
    ) {
        let pack = |config: Config| {
            let config = config.max_queue_bytes(16 * 1024).max_datagram(max_datagram);
            let config = if transport == 1 { config.dialect(Dialect::DogStatsd) } else { config };
            match transport {
                0 => config.transport(Transport::Tcp),
                1 => config.unix_stream("/s"),
                _ => config.transport(Transport::Udp),
            }
        };
        let lines = lens.iter().map(|len| "x".repeat(*len)).collect::<Vec<_>>();
        let (mut one, mut other) = (queue(pack), queue(pack));
        // Frames take no line that is longer than they are.
        let lines = lines.iter().filter(|line| transport != 1 || line.len() <= max_datagram);
        let lines = lines.map(String::as_str).collect::<Vec<_>>();
        for text in &lines {
            one.push(line(text)).unwrap();
        }
        let run = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        other.append(run.as_bytes());
        // As lanes reckon with.
        let most = if transport == 1 { 3 * run.len() } else { 2 * run.len() };
        prop_assert!(other.bytes() <= most);
        prop_assert_eq!((one.bytes(), one.lines()), (other.bytes(), other.lines()));
        loop {
            let (one, other) = (one.pop(true), other.pop(true));
            let as_text = |payload: &Payload| (payload.data.clone(), payload.segment, payload.lines);
            prop_assert_eq!(one.as_ref().map(as_text), other.as_ref().map(as_text));
            if one.is_none() {
                break;
            }
        }
    }
}

#[test]
fn room_that_is_set_aside_is_nobody_elses() {
    let mut queue = queue(|config| config.max_queue_bytes(24).max_queue_lines(4));
    assert!(!queue.reserve(25, 1) && !queue.reserve(1, 5));
    assert!(queue.reserve(14, 3));
    queue.push(line("aaaaa")).unwrap();
    let full = queue.push(line("b"));
    assert_eq!(full.unwrap_err(), RecordError::QueueFull);
    queue.release(14, 3);
    queue.append(b"bbb\nccc\n");
    assert_eq!((queue.bytes(), queue.lines()), (14, 3));
    queue.push(line("d")).unwrap();
    assert_eq!(contents(&mut queue), "aaaaa\nbbb\nccc\nd\n");
}

#[test]
fn the_open_payload_leaves_only_when_asked_for() {
    let mut queue = queue(|config| config);
    queue.push(line("a")).unwrap();
    assert_eq!(queue.open_lines(), 1);
    assert!(queue.pop(false).is_none());
    assert_eq!(queue.pop(true).unwrap().data, "a\n");
    assert!(queue.pop(true).is_none());
    assert_eq!((queue.open_lines(), queue.bytes()), (0, 0));
}

#[test]
fn clearing_drops_everything_and_tells_how_much() {
    let mut queue = queue(|config| config.max_queue_bytes(24));
    for text in ["aaaaa", "bbbbb\nccccc", "d"] {
        queue.push(line(text)).unwrap();
    }
    assert_eq!(queue.clear(), 4);
    assert_eq!((queue.bytes(), queue.lines()), (0, 0));
    assert_eq!(queue.clear(), 0);
    assert_eq!(contents(&mut queue), "");
}

#[test]
fn there_is_room_while_half_of_both_bounds_is_free() {
    let mut queue = queue(|config| config.max_queue_bytes(40).max_queue_lines(10));
    queue.push(line("a")).unwrap();
    for (bytes, lines, has_room) in [
        (0, 0, true),
        (18, 0, true),
        (19, 0, false),
        (0, 4, true),
        (0, 5, false),
    ] {
        queue.set_outside(bytes, lines);
        assert_eq!(queue.has_room(), has_room, "{bytes} {lines}");
    }
}

#[test]
fn the_peak_is_remembered_however_the_bytes_leave() {
    let mut queue = queue(|config| config);
    queue.push(line("aaaaa")).unwrap();
    assert_eq!(queue.peak(), 6);
    queue.pop(true).unwrap();
    queue.push(line("a")).unwrap();
    assert_eq!(queue.peak(), 6);
    queue.push(line("aaaaa")).unwrap();
    assert_eq!(queue.peak(), 8);
    queue.clear();
    assert_eq!((queue.peak(), queue.bytes()), (8, 0));
}

#[test]
fn a_steady_flow_uses_the_same_buffers() {
    let mut queue = queue(|config| config);
    let mut seen = Vec::new();
    for _ in 0..6 {
        queue.push(line("a")).unwrap();
        let payload = queue.pop(true).unwrap();
        seen.push(payload.data.as_ptr());
        queue.recycle(payload);
    }
    assert_eq!(seen[..2], seen[2..4]);
    assert_eq!(seen[..2], seen[4..]);
}

fn queue(set: impl FnOnce(Config) -> Config) -> Queue {
    Queue::new(&set(Config::new("localhost")))
}

fn line(text: &str) -> impl FnOnce(&mut Record<'_>) -> Result<(), RecordError> {
    move |record| {
        for (place, line) in text.split('\n').enumerate() {
            if place > 0 {
                record.end_line();
            }
            record.line().extend_from_slice(line.as_bytes());
        }
        Ok(())
    }
}

/// All that waits, which is taken.
fn contents(queue: &mut Queue) -> String {
    let payloads = std::iter::from_fn(|| queue.pop(true));
    let texts = payloads.map(|payload| String::from_utf8(payload.data.to_vec()).unwrap());
    texts.collect()
}
