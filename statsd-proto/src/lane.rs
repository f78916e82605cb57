//! Where a thread records beside the session, so that threads need not wait for each other.
//!
//! A lane is a run of lines that one thread, or a few, have recorded and that has not reached the queue.
//! Opening it sets room aside in the queue, so that what it takes is sure of a place there.

use crate::aggregate::{Added, Table};
use crate::config::Config;
use crate::error::RecordError;
use crate::line::Encoder;
use crate::metric::{Metric, Rate};
use crate::payload::{BREAK, MaxRecord, Record};
use crate::random::Random;
use crate::session::Session;
use crate::stats::Refused;
use crate::sync::thread_number;

#[derive(Debug)]
pub(crate) struct Lane {
    limits: Limits,
    /// Whole lines, each with its line break, and perhaps a draft behind them.
    run: Vec<u8>,
    /// Where the whole lines end.
    end: usize,
    lines: usize,
    /// How many lines the draft has.
    drafted: usize,
    /// Whether room is set aside in the queue: without it there are no lines.
    is_open: bool,
    is_closed: bool,
    sampler: Random,
    refused: Refused,
    sampled_out: u64,
    /// Where metrics are added up; none if each is a line.
    table: Option<Table>,
}

/// What is handed over to the session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Extent {
    /// All, and nothing after it.
    Last,
    /// Lines.
    Lines,
    /// Lines, and what has been added up.
    All,
}

/// How much a lane takes before it hands its lines over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes, line breaks included.
    run: usize,
    /// How many bytes a full run may become in the queue.
    queued: usize,
    record: MaxRecord,
}

/// What became of a metric that was to be recorded.
#[derive(Debug)]
pub(crate) enum Drafted {
    /// Its line is behind the others, and may be kept.
    Fits,
    /// Its line is behind the others, where no room is set aside for it.
    NeedsRoom,
    /// It was left out or refused, and counted.
    Settled(Result<(), RecordError>),
}

impl Lane {
    pub(crate) fn new(limits: Limits, sampler: Random, table: Option<Table>) -> Self {
        Self {
            limits,
            run: Vec::new(),
            end: 0,
            lines: 0,
            drafted: 0,
            is_open: false,
            is_closed: false,
            sampler,
            refused: Refused::default(),
            sampled_out: 0,
            table,
        }
    }

    /// Adds a metric up, unless it goes as a line of its own.
    #[inline]
    pub(crate) fn add_up(
        &mut self,
        encoder: &Encoder,
        metric: &Metric<'_>,
    ) -> Result<Added, RecordError> {
        let Some(table) = self.table.as_mut().filter(|_| !self.is_closed) else {
            return Ok(Added::Not);
        };
        let added = table.add(encoder, metric, &mut self.sampler);
        if let Err(error) = added {
            self.refused.count(error);
        }
        added
    }

    /// Writes a record behind the lines that are there; see [`keep`](Self::keep) and
    /// [`discard`](Self::discard).
    #[inline]
    pub(crate) fn draft(
        &mut self,
        rate: Rate,
        write: impl Fn(&mut Record<'_>) -> Result<(), RecordError>,
    ) -> Drafted {
        if self.is_closed {
            return self.refuse(RecordError::Closed);
        }
        if rate.leaves_out(&mut self.sampler) {
            self.sampled_out += 1;
            return Drafted::Settled(Ok(()));
        }
        if self.run.capacity() == 0 {
            self.reserve();
        }
        let mut record = Record::new(&mut self.run);
        if let Err(error) = write(&mut record) {
            return self.refuse(error);
        }
        self.drafted = record.lines();
        if !self.limits.record.allows(&self.run[self.end..]) {
            return self.refuse(RecordError::LineTooLong);
        }
        self.run.extend_from_slice(BREAK);
        if self.is_open && self.drafted == 1 && self.run.len() <= self.limits.run {
            Drafted::Fits
        } else {
            Drafted::NeedsRoom
        }
    }

    /// Makes the draft's lines some of the lane's.
    #[inline]
    pub(crate) fn keep(&mut self) {
        self.end = self.run.len();
        self.lines += 1;
    }

    /// Forgets the draft.
    pub(crate) fn discard(&mut self) {
        self.run.truncate(self.end);
    }

    /// Takes the lines out, to be handed over with the room that was set aside for them; none if there
    /// is none. A draft stays.
    pub(crate) fn hand_over(&mut self, take: impl FnOnce(&[u8], usize)) {
        if std::mem::take(&mut self.is_open) {
            let end = std::mem::take(&mut self.end);
            take(&self.run[..end], std::mem::take(&mut self.lines));
            let draft = self.run.len() - end;
            self.run.copy_within(end.., 0);
            self.run.truncate(draft);
        }
    }

    /// Whether a lane that was handed over may keep its draft. Lines that must stay together may not be
    /// in a run.
    pub(crate) fn may_hold_draft(&self) -> bool {
        self.run.len() <= self.limits.run && self.drafted == 1
    }

    /// Whether room is set aside for it.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Room has been set aside.
    pub(crate) fn open(&mut self) {
        self.is_open = true;
    }

    /// Takes memory for a full run and a draft behind it.
    #[cold]
    pub(crate) fn reserve(&mut self) {
        self.run.reserve_exact(self.limits.run + DRAFT_ROOM);
    }

    /// Hands over what is no line: counts of what did not become one, and what was added up.
    pub(crate) fn hand_over_rest(&mut self, session: &mut Session, extent: Extent) {
        session.count_outside(
            std::mem::take(&mut self.refused),
            std::mem::take(&mut self.sampled_out),
        );
        if extent == Extent::Lines {
            return;
        }
        self.is_closed |= extent == Extent::Last;
        if let Some(table) = &mut self.table {
            if table.drain(session) {
                session.on_added();
            }
            if self.is_closed {
                table.clear(session);
            }
        }
    }

    #[cold]
    fn refuse(&mut self, error: RecordError) -> Drafted {
        self.discard();
        self.refused.count(error);
        Drafted::Settled(Err(error))
    }
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        // Small enough that the lanes of many threads together take no great part of the queue.
        let run = RUN.min(config.max_queue_bytes / 64);
        Self {
            run,
            // What fills datagrams up may double it, and then a frame of 16 bytes has four before it.
            queued: if config.is_framed() { 3 * run } else { 2 * run },
            record: MaxRecord::new(config),
        }
    }

    /// The bytes and lines to set aside for a full lane: a line has at least six bytes, as `a:1|c` with
    /// its line break does.
    pub(crate) fn reservation(self) -> (usize, usize) {
        (self.queued, self.run / 6)
    }
}

/// Which of `count` places this thread uses.
#[inline]
pub(crate) fn place_of_thread(count: usize) -> usize {
    thread_number() % count
}

/// As much as a payload of a stream: then a hand-over costs a line about a nanosecond.
const RUN: usize = 16 * 1024;

/// The longest line that servers take on a stream is 4095 bytes.
const DRAFT_ROOM: usize = 4096;
