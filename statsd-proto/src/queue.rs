//! The bounded queue of lines that wait to be sent, and what happens when it is full.

use std::collections::VecDeque;

use crate::config::Config;
use crate::error::RecordError;
use crate::payload::{BREAK, Framing, MaxRecord, Open, Payload, Pool, Record, count_breaks};
use crate::telemetry::Lost;

/// What happens to a metric when the queue is full.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Overflow {
    /// The oldest payload in the queue is dropped to make room.
    DropOldest,
    /// The metric is refused, and what was recorded before it is kept. The default, as in the seed.
    #[default]
    RefuseNewest,
}

#[derive(Debug)]
pub(crate) struct Queue {
    /// The record that is being written, before it is known where it fits.
    draft: Vec<u8>,
    open: Open,
    complete: Backlog,
    pool: Pool,
    /// The bytes and lines that are on their way.
    outside_bytes: usize,
    outside_lines: usize,
    /// The bytes and lines that room is set aside for.
    reserved_bytes: usize,
    reserved_lines: usize,
    /// The most bytes that ever waited, as of when some last left.
    peak: usize,
    /// What was dropped to make room.
    lost: Lost,
    overflow: Overflow,
    max_bytes: usize,
    max_lines: usize,
    max_record: MaxRecord,
    /// How long datagrams may be, where that is less than they were laid out for.
    max_datagram: usize,
    /// How many lines the open payload takes, so that dropping the oldest leaves the rest.
    max_open_lines: usize,
}

/// A record that was taken, and what had to go for it.
#[derive(Debug, Default)]
pub(crate) struct Pushed {
    pub(crate) lines: usize,
    pub(crate) dropped: usize,
}

impl Queue {
    pub(crate) fn new(config: &Config) -> Self {
        let framing = Framing::new(config);
        let mut pool = Pool::new(framing, config.max_queue_bytes);
        let overflow = config.overflow;
        let max_lines = config.max_queue_lines;
        Self {
            draft: Vec::with_capacity(DRAFT),
            open: Open::new(framing, &mut pool),
            complete: Backlog::default(),
            pool,
            outside_bytes: 0,
            outside_lines: 0,
            reserved_bytes: 0,
            reserved_lines: 0,
            peak: 0,
            lost: Lost::default(),
            overflow,
            max_bytes: config.max_queue_bytes,
            max_lines,
            max_record: MaxRecord::new(config),
            max_datagram: usize::MAX,
            max_open_lines: match overflow {
                Overflow::DropOldest => (max_lines / 4).max(1),
                Overflow::RefuseNewest => usize::MAX,
            },
        }
    }

    /// Adds a record behind all others.
    #[inline]
    pub(crate) fn push(
        &mut self,
        write: impl FnOnce(&mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<Pushed, RecordError> {
        self.draft.clear();
        let mut record = Record::new(&mut self.draft);
        write(&mut record)?;
        let lines = record.lines();
        if !self.max_record.allows(&self.draft) {
            return Err(RecordError::LineTooLong);
        }
        if self.open.lines() >= self.max_open_lines {
            self.complete_open();
        }
        let (place, bytes) = self.open.place(self.draft.len());
        let dropped = if self.fits(bytes, lines) {
            0
        } else {
            self.make_room(bytes, lines)?
        };
        self.open
            .put(place, &self.draft, lines, &mut self.pool, |payload| {
                self.complete.push_back(payload);
            });
        Ok(Pushed { lines, dropped })
    }

    /// Adds a run of lines, each with its line break, for which room was [set aside](Self::reserve).
    pub(crate) fn append(&mut self, run: &[u8]) {
        let mut rest = run;
        while !rest.is_empty() {
            if self.open.lines() >= self.max_open_lines {
                self.complete_open();
            }
            let piece = self.open.next_piece(rest);
            let (place, _) = self.open.place(piece.len());
            let lines = count_breaks(piece) + 1;
            self.open
                .put(place, piece, lines, &mut self.pool, |payload| {
                    self.complete.push_back(payload);
                });
            rest = &rest[piece.len() + BREAK.len()..];
        }
    }

    /// Sets room aside for what will be [added](Self::append), if there is so much.
    pub(crate) fn reserve(&mut self, bytes: usize, lines: usize) -> bool {
        let fits = self.used_bytes() + bytes <= self.max_bytes
            && self.used_lines() + lines <= self.max_lines;
        if fits {
            self.reserved_bytes += bytes;
            self.reserved_lines += lines;
        }
        fits
    }

    /// Gives back what was set aside.
    pub(crate) fn release(&mut self, bytes: usize, lines: usize) {
        self.reserved_bytes -= bytes;
        self.reserved_lines -= lines;
    }

    /// Takes the oldest payload. The open one only `with_open`, since more may still fit.
    pub(crate) fn pop(&mut self, with_open: bool) -> Option<Payload> {
        self.peak = self.peak();
        self.pop_complete().or_else(|| {
            if with_open {
                self.open.take(&mut self.pool)
            } else {
                None
            }
        })
    }

    /// Lays datagrams out anew that are longer than this, when they leave.
    pub(crate) fn shrink_datagrams(&mut self, size: usize) {
        self.complete_open();
        self.open.shrink(size);
        self.max_datagram = size;
    }

    /// Puts back what did not arrive, before everything else.
    pub(crate) fn push_front(&mut self, payload: Payload) {
        self.complete.push_front(payload);
    }

    /// Lets a payload's buffer be used again.
    pub(crate) fn recycle(&mut self, payload: Payload) {
        self.pool.give(payload.data);
    }

    /// Gives memory back that only a flow needs.
    pub(crate) fn trim(&mut self) {
        self.pool.trim();
    }

    /// Drops everything. Returns how many lines it was.
    pub(crate) fn clear(&mut self) -> usize {
        let lines = self.lines();
        self.peak = self.peak();
        self.open.take(&mut self.pool);
        self.complete = Backlog::default();
        lines
    }

    /// Whether at most half of the bounds is used up.
    pub(crate) fn has_room(&self) -> bool {
        self.used_bytes() <= self.max_bytes / 2 && self.used_lines() <= self.max_lines / 2
    }

    /// How full it is: the part that is taken of the bounds, whichever is nearer.
    pub(crate) fn fill(&self) -> f64 {
        let bytes = self.used_bytes() as f64 / self.max_bytes as f64;
        bytes.max(self.used_lines() as f64 / self.max_lines as f64)
    }

    /// Sets how much is on its way, which counts against the bounds too.
    pub(crate) fn set_outside(&mut self, bytes: usize, lines: usize) {
        (self.outside_bytes, self.outside_lines) = (bytes, lines);
    }

    /// The most bytes that ever waited.
    pub(crate) fn peak(&self) -> usize {
        self.peak.max(self.bytes())
    }

    /// What was dropped to make room.
    pub(crate) fn lost(&self) -> Lost {
        self.lost
    }

    /// Whether there is a payload that can leave as it is.
    pub(crate) fn has_complete(&self) -> bool {
        !self.complete.payloads.is_empty()
    }

    /// How many lines are in the payload that is still being filled.
    pub(crate) fn open_lines(&self) -> usize {
        self.open.lines()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.complete.bytes + self.open.len()
    }

    pub(crate) fn lines(&self) -> usize {
        self.complete.lines + self.open.lines()
    }

    fn used_bytes(&self) -> usize {
        self.outside_bytes + self.reserved_bytes + self.bytes()
    }

    fn used_lines(&self) -> usize {
        self.outside_lines + self.reserved_lines + self.lines()
    }

    #[inline]
    fn fits(&self, bytes: usize, lines: usize) -> bool {
        self.used_bytes() + bytes <= self.max_bytes && self.used_lines() + lines <= self.max_lines
    }

    /// Drops the oldest, if it is to give way and that helps. Returns how many lines it was.
    #[cold]
    fn make_room(&mut self, bytes: usize, lines: usize) -> Result<usize, RecordError> {
        let (spare_bytes, spare_lines) = match self.overflow {
            Overflow::DropOldest => (self.complete.bytes, self.complete.lines),
            Overflow::RefuseNewest => (0, 0),
        };
        if self.used_bytes() + bytes > self.max_bytes + spare_bytes
            || self.used_lines() + lines > self.max_lines.saturating_add(spare_lines)
        {
            return Err(RecordError::QueueFull);
        }
        self.peak = self.peak();
        let mut dropped = 0;
        while !self.fits(bytes, lines) {
            let oldest = self.complete.pop_front();
            let oldest = oldest.expect("without complete payloads it fits");
            dropped += oldest.lines;
            self.lost.add(oldest.data.len(), oldest.count());
            self.pool.give(oldest.data);
        }
        Ok(dropped)
    }

    /// The oldest complete payload, or what fits of it where datagrams had to become smaller.
    fn pop_complete(&mut self) -> Option<Payload> {
        let payload = self.complete.pop_front()?;
        if payload.datagram_size() <= Some(self.max_datagram) {
            return Some(payload);
        }
        let [first, rest @ ..] = payload.split(self.max_datagram);
        for part in rest.into_iter().rev().flatten() {
            self.complete.push_front(part);
        }
        first
    }

    fn complete_open(&mut self) {
        if let Some(payload) = self.open.take(&mut self.pool) {
            self.complete.push_back(payload);
        }
    }
}

/// Payloads that are complete, the oldest first.
#[derive(Debug, Default)]
struct Backlog {
    payloads: VecDeque<Payload>,
    bytes: usize,
    lines: usize,
}

impl Backlog {
    fn push_back(&mut self, payload: Payload) {
        self.bytes += payload.data.len();
        self.lines += payload.lines;
        self.payloads.push_back(payload);
    }

    fn push_front(&mut self, payload: Payload) {
        self.bytes += payload.data.len();
        self.lines += payload.lines;
        self.payloads.push_front(payload);
    }

    fn pop_front(&mut self) -> Option<Payload> {
        let payload = self.payloads.pop_front()?;
        self.bytes -= payload.data.len();
        self.lines -= payload.lines;
        Some(payload)
    }
}

/// The longest line that servers take on a stream is 4095 bytes.
const DRAFT: usize = 4096;

#[cfg(test)]
mod tests {
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
}
