//! The bounded queue of lines that wait to be sent, and what happens when it is full.

use std::collections::VecDeque;

use crate::config::{Config, Transport};
use crate::error::RecordError;
use crate::payload::{Framing, Open, Payload, Pool, Record};

/// What happens to a metric when the queue is full.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
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
    open: Open,
    complete: VecDeque<Payload>,
    pool: Pool,
    /// The bytes and lines in `complete`.
    complete_bytes: usize,
    complete_lines: usize,
    /// The bytes and lines that are on their way.
    outside_bytes: usize,
    outside_lines: usize,
    /// The most bytes that ever waited, as of when some last left.
    peak: usize,
    overflow: Overflow,
    max_bytes: usize,
    max_lines: usize,
    /// A record's own limit, its last line break included.
    max_record: usize,
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
        let mut pool = Pool::new(framing);
        let overflow = config.overflow;
        let max_lines = config.max_queue_lines;
        Self {
            open: Open::new(framing, &mut pool),
            complete: VecDeque::new(),
            pool,
            complete_bytes: 0,
            complete_lines: 0,
            outside_bytes: 0,
            outside_lines: 0,
            peak: 0,
            overflow,
            max_bytes: config.max_queue_bytes,
            max_lines,
            max_record: config.line_limit() + usize::from(config.transport == Transport::Tcp),
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
        if self.open.lines() >= self.max_open_lines {
            self.complete_open();
        }
        let draft = self.open.draft(write)?;
        let mut pushed = Pushed {
            lines: draft.lines,
            dropped: 0,
        };
        if draft.len > self.max_record {
            self.open.discard(&draft);
            return Err(RecordError::LineTooLong);
        }
        let bytes = self.outside_bytes + self.open.len_with(&draft);
        let lines = self.outside_lines + self.open.lines() + draft.lines;
        let is_full = |bytes, lines| bytes > self.max_bytes || lines > self.max_lines;
        let fits = match self.overflow {
            Overflow::DropOldest => !is_full(bytes, lines),
            Overflow::RefuseNewest => {
                !is_full(bytes + self.complete_bytes, lines + self.complete_lines)
            }
        };
        if !fits {
            self.open.discard(&draft);
            return Err(RecordError::QueueFull);
        }
        while bytes + self.complete_bytes > self.max_bytes
            || lines + self.complete_lines > self.max_lines
        {
            self.peak = self.peak();
            let oldest = self
                .pop_complete()
                .expect("without complete payloads it fits");
            pushed.dropped += oldest.lines;
            self.pool.give(oldest.data);
        }
        let Self {
            open,
            complete,
            pool,
            complete_bytes,
            complete_lines,
            ..
        } = self;
        open.commit(&draft, pool, |payload| {
            *complete_bytes += payload.data.len();
            *complete_lines += payload.lines;
            complete.push_back(payload);
        });
        Ok(pushed)
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

    /// Puts back what did not arrive, before everything else.
    pub(crate) fn push_front(&mut self, payload: Payload) {
        self.complete_bytes += payload.data.len();
        self.complete_lines += payload.lines;
        self.complete.push_front(payload);
    }

    /// Lets a payload's buffer be used again.
    pub(crate) fn recycle(&mut self, payload: Payload) {
        self.pool.give(payload.data);
    }

    /// Drops everything. Returns how many lines it was.
    pub(crate) fn clear(&mut self) -> usize {
        let lines = self.lines();
        self.peak = self.peak();
        self.open.take(&mut self.pool);
        self.complete.clear();
        (self.complete_bytes, self.complete_lines) = (0, 0);
        lines
    }

    /// Whether at most half of the bounds is used up.
    pub(crate) fn has_room(&self) -> bool {
        self.outside_bytes + self.bytes() <= self.max_bytes / 2
            && self.outside_lines + self.lines() <= self.max_lines / 2
    }

    /// Sets how much is on its way, which counts against the bounds too.
    pub(crate) fn set_outside(&mut self, bytes: usize, lines: usize) {
        (self.outside_bytes, self.outside_lines) = (bytes, lines);
    }

    /// The most bytes that ever waited.
    pub(crate) fn peak(&self) -> usize {
        self.peak.max(self.bytes())
    }

    /// How many lines are in the payload that is still being filled.
    pub(crate) fn open_lines(&self) -> usize {
        self.open.lines()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.complete_bytes + self.open.len()
    }

    pub(crate) fn lines(&self) -> usize {
        self.complete_lines + self.open.lines()
    }

    fn complete_open(&mut self) {
        if let Some(payload) = self.open.take(&mut self.pool) {
            self.complete_bytes += payload.data.len();
            self.complete_lines += payload.lines;
            self.complete.push_back(payload);
        }
    }

    fn pop_complete(&mut self) -> Option<Payload> {
        let payload = self.complete.pop_front()?;
        self.complete_bytes -= payload.data.len();
        self.complete_lines -= payload.lines;
        Some(payload)
    }
}
