//! Where a thread records beside the session, so that threads need not wait for each other.
//!
//! A lane is a run of lines that one thread, or a few, have recorded and that has not reached the queue.
//! Opening it sets room aside in the queue, so that what it takes is sure of a place there.

use crate::aggregate::{Added, Sought, Table};
use crate::config::Config;
use crate::error::RecordError;
use crate::line::Encoder;
use crate::metric::{Metric, Rate};
use crate::payload::{BREAK, MaxRecord, Record};
use crate::random::Random;
use crate::room::Room;
use crate::session::Session;
use crate::stats::Refused;

#[derive(Debug)]
pub(crate) struct Lane {
    limits: Limits,
    /// Whole lines, each with its line break, and room for more. Empty until there is something to record.
    run: Box<[u8]>,
    /// Where the lines end.
    end: usize,
    lines: usize,
    /// A record that takes the long way, before it is known where it has room.
    draft: Vec<u8>,
    /// How many lines it has.
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
    /// It is a draft, which has no room behind the lines.
    NeedsRoom,
    /// It is one of the lines, or it was left out or refused, and counted.
    Settled(Result<(), RecordError>),
}

impl Lane {
    pub(crate) fn new(limits: Limits, sampler: Random, table: Option<Table>) -> Self {
        Self {
            limits,
            run: Box::default(),
            end: 0,
            lines: 0,
            draft: Vec::new(),
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
        sought: Sought,
        metric: &Metric<'_>,
    ) -> Result<Added, RecordError> {
        let Some(table) = self.table.as_mut().filter(|_| !self.is_closed) else {
            return Ok(Added::Not);
        };
        let added = table.add(encoder, sought, metric, &mut self.sampler);
        if let Err(error) = added {
            self.refused.count(error);
        }
        added
    }

    /// Records what `short` writes, or else what `long` does.
    #[inline]
    pub(crate) fn record(
        &mut self,
        rate: Rate,
        short: impl FnOnce(Room<'_>) -> Option<Room<'_>>,
        long: impl FnOnce(&mut Record<'_>) -> Result<(), RecordError>,
    ) -> Drafted {
        if !self.is_closed && rate.leaves_out(&mut self.sampler) {
            self.sampled_out += 1;
            return Drafted::Settled(Ok(()));
        }
        // One that is closed is not open either.
        if self.is_open && self.add_line(short).is_some() {
            return Drafted::Settled(Ok(()));
        }
        if self.is_closed {
            return self.refuse(RecordError::Closed);
        }
        self.draft(long)
    }

    /// Adds a line where it is to stand.
    #[inline]
    fn add_line(&mut self, write: impl FnOnce(Room<'_>) -> Option<Room<'_>>) -> Option<()> {
        let room = Room::new(self.run.get_mut(self.end..)?);
        let before = room.len();
        let room = write(room)?;
        if before - room.len() > self.limits.record.bytes() {
            return None;
        }
        let left = room.put_byte(BREAK[0])?.len();
        self.end += before - left;
        self.lines += 1;
        Some(())
    }

    /// Writes a record apart, and adds it if there is room.
    fn draft(&mut self, write: impl FnOnce(&mut Record<'_>) -> Result<(), RecordError>) -> Drafted {
        self.draft.clear();
        let mut record = Record::new(&mut self.draft);
        if let Err(error) = write(&mut record) {
            return self.refuse(error);
        }
        self.drafted = record.lines();
        if !self.limits.record.allows(&self.draft) {
            return self.refuse(RecordError::LineTooLong);
        }
        if self.is_open && self.keep() {
            Drafted::Settled(Ok(()))
        } else {
            Drafted::NeedsRoom
        }
    }

    /// Makes the draft one of the lines, if there is room. Lines that must stay together may not be in a
    /// run.
    pub(crate) fn keep(&mut self) -> bool {
        let Self { draft, drafted, .. } = self;
        let draft = std::mem::take(draft);
        let is_kept = *drafted == 1 && self.add_line(|room| room.put(&draft)).is_some();
        self.draft = draft;
        is_kept
    }

    /// The draft, and how many lines it has.
    pub(crate) fn drafted(&self) -> (&[u8], usize) {
        (&self.draft, self.drafted)
    }

    /// Takes the lines out, to be handed over with the room that was set aside for them; none if there
    /// is none.
    pub(crate) fn hand_over(&mut self, take: impl FnOnce(&[u8], usize)) {
        if std::mem::take(&mut self.is_open) {
            let end = std::mem::take(&mut self.end);
            take(&self.run[..end], std::mem::take(&mut self.lines));
        }
    }

    /// Whether its draft has room in an empty run.
    pub(crate) fn may_hold_draft(&self) -> bool {
        self.draft.len() < self.limits.run && self.drafted == 1
    }

    /// Whether room is set aside for it.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Room has been set aside.
    pub(crate) fn open(&mut self) {
        if self.run.is_empty() {
            self.reserve();
        }
        self.is_open = true;
    }

    /// Takes memory for a full run.
    #[cold]
    pub(crate) fn reserve(&mut self) {
        self.run = vec![0; self.limits.run].into();
        self.draft.reserve_exact(DRAFT);
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

/// As much as a payload of a stream: then a hand-over costs a line about a nanosecond.
const RUN: usize = 16 * 1024;

/// The longest line that servers take on a stream is 4095 bytes.
const DRAFT: usize = 4096;
