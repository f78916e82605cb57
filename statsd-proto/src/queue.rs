//! The bounded queue of lines that wait to be sent, and what happens when it is full.

mod backlog;

use crate::config::Config;
use crate::error::RecordError;
use crate::payload::{BREAK, Framing, MaxRecord, Open, Payload, Pool, Record, count_breaks};
use crate::telemetry::Lost;
use backlog::Backlog;

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
        !self.complete.is_empty()
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

/// The longest line that servers take on a stream is 4095 bytes.
const DRAFT: usize = 4096;

#[cfg(test)]
mod tests;
