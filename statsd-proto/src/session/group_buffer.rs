//! Group of metrics that is encoded first, and enters an inlet as a whole.

use memchr::memchr;

use super::Record;
use super::exchange::LONGEST_RECORD;
use super::sampling::SamplingLevel;
use crate::encode::{Cursor, Encoder, FastLine as _, Unwritten, Written};
use crate::error::RecordError;
use crate::random::Random;
use crate::session::calls::Calls;

/// Group of records, each with a line feed after it.
#[derive(Debug)]
pub(crate) struct GroupBuffer {
    memory: Vec<u8>,
    len: usize,
    lines: usize,
    /// Number of lines beyond the first one of each metric.
    further_lines: usize,
    /// Start and end of the names of gauges.
    levels: Vec<(usize, usize)>,
    /// Start of each pair of lines that must not be split.
    joined: Vec<usize>,
    sampler: Random,
    /// Sampling level, or `None` if only the caller's sample rate applies.
    sampling_level: Option<SamplingLevel>,
    sampled_out: u64,
    /// Calls, whatever came of them.
    calls: Calls,
}

impl GroupBuffer {
    pub(crate) fn new(sampler: Random) -> Self {
        Self {
            memory: Vec::new(),
            len: 0,
            lines: 0,
            further_lines: 0,
            levels: Vec::new(),
            joined: Vec::new(),
            sampler,
            sampling_level: None,
            sampled_out: 0,
            calls: Calls::default(),
        }
    }

    /// Adds a record.
    ///
    /// # Errors
    ///
    /// The metric is invalid. The refusal is not counted.
    #[inline]
    pub(crate) fn push(
        &mut self,
        encoder: &Encoder,
        record: &impl Record,
    ) -> Result<(), RecordError> {
        self.calls.count(record.class(), true);
        if self.try_push(encoder, record) {
            return Ok(());
        }
        self.push_slowly(encoder, record)
    }

    /// Adds a line, or returns `false` if it takes more than the fast path.
    #[inline(always)]
    fn try_push(&mut self, encoder: &Encoder, record: &impl Record) -> bool {
        if self.sampling_level.is_some() {
            return false;
        }
        let Some(line) = record.fast_line(encoder) else {
            return false;
        };
        let Some(room) = self.memory.get_mut(self.len..) else {
            return false;
        };
        // The line feed after the line has to fit too.
        let len = line.write(encoder, room);
        let Some(len) = len.filter(|len| *len < room.len()) else {
            return false;
        };
        if let Some(name_len) = line.level_name_len(encoder) {
            self.levels.push((self.len, self.len + name_len));
        }
        self.len += len + 1;
        self.lines += 1;
        true
    }

    #[cold]
    #[inline(never)]
    fn push_slowly(&mut self, encoder: &Encoder, record: &dyn Record) -> Result<(), RecordError> {
        let level = self.sampling_level;
        let (rate, written_rate) =
            match level.and_then(|level| record.sampled_further(encoder, level)) {
                Some((rate, written)) => (rate, Some(written)),
                None => (record.rate(), None),
            };
        if rate.leaves_out(&mut self.sampler) {
            self.sampled_out += 1;
            return Ok(());
        }
        loop {
            let room = &mut self.memory[self.len..];
            match record.encode(encoder, written_rate, Cursor::new(room)) {
                Ok(written) if self.commit(written, record.is_level()) => return Ok(()),
                Ok(_) | Err(Unwritten::Full) => {
                    if self.memory.len() - self.len > LONGEST_RECORD {
                        return Err(RecordError::LineTooLong);
                    }
                    let len = (2 * self.memory.len()).max(USUAL_LEN);
                    self.memory.resize(len, 0);
                }
                Err(Unwritten::Refused(error)) => return Err(error),
            }
        }
    }

    /// Counts a record that was written at the end. Returns `false` if its line feed does not fit.
    fn commit(&mut self, written: Written, is_level: bool) -> bool {
        let end = self.len + written.bytes;
        let Some(line_break) = self.memory.get_mut(end) else {
            return false;
        };
        *line_break = b'\n';
        if is_level {
            self.levels.push((self.len, self.len + written.name_len));
        }
        if written.is_joined {
            self.joined.push(self.len);
        }
        self.len = end + 1;
        self.lines += written.lines;
        self.further_lines += written.lines - 1;
        true
    }

    /// All lines, without the last line feed.
    pub(crate) fn text(&self) -> &[u8] {
        &self.memory[..self.len.saturating_sub(1)]
    }

    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    /// Number of metrics.
    pub(crate) fn count(&self) -> usize {
        self.lines - self.further_lines
    }

    pub(super) fn set_sampling_level(&mut self, sampling_level: SamplingLevel) {
        self.sampling_level = Some(sampling_level).filter(|level| level.leaves_out());
    }

    /// Whether the group has lines that must not be split.
    pub(crate) fn has_joined(&self) -> bool {
        !self.joined.is_empty()
    }

    /// Names of the gauges.
    pub(crate) fn levels(&self) -> impl Iterator<Item = &[u8]> {
        self.levels.iter().map(|&(from, to)| &self.memory[from..to])
    }

    /// Records in order. A pair of lines that must not be split is one record.
    pub(crate) fn records(&self) -> impl Iterator<Item = (&[u8], Written)> {
        let (mut from, text) = (0, self.text());
        let line_end =
            move |from: usize| memchr(b'\n', &text[from..]).map_or(text.len(), |at| from + at);
        std::iter::from_fn(move || {
            text.get(from)?;
            let is_joined = self.joined.binary_search(&from).is_ok();
            let mut end = line_end(from);
            if is_joined {
                end = line_end(end + 1);
            }
            let record = &text[from..end];
            from = end + 1;
            Some((
                record,
                Written {
                    lines: if is_joined { 2 } else { 1 },
                    bytes: record.len(),
                    name_len: 0,
                    is_joined,
                },
            ))
        })
    }

    /// Takes the number of sampled-out metrics and of all calls since the last call.
    pub(super) fn take_counts(&mut self) -> (u64, Calls) {
        (
            std::mem::take(&mut self.sampled_out),
            std::mem::take(&mut self.calls),
        )
    }

    /// Removes all records, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
        self.lines = 0;
        self.further_lines = 0;
        self.joined.clear();
        self.levels.clear();
    }
}

/// Initial size of the buffer in bytes: enough for some ten lines.
const USUAL_LEN: usize = 1024;
