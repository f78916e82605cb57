//! Recording half of the session: metrics become lines here.

use super::drain::MAX_SERIES_PER_LOCK;
use super::exchange::write_into;
use super::group_buffer::GroupBuffer;
use super::record::Record;
use crate::encode::{Cursor, Encoder, FastLine, Unwritten, Written};
use crate::error::RecordError;
use crate::metric::{Class, Rate};
use crate::random::Random;
use crate::session::aggregate::{FastLookup, Parts};
use crate::session::calls::Calls;
use crate::session::payload::{Batch, Grant};
use crate::session::sampling::SamplingLevel;
use crate::session::stats::{Refused, Stats};

/// Inlet: it samples, encodes, refuses and counts metrics for the threads that record.
///
/// A session has one. A client has several, so that threads do not contend for a lock.
#[derive(Debug)]
pub(crate) struct Inlet {
    pub(super) batch: Batch,
    /// Record for which the batch has no room. It is encoded here before the queue is asked for room.
    pub(super) record: Vec<u8>,
    pub(super) written: Written,
    sampler: Random,
    /// Sampling level, or `None` if only the caller's sample rate applies.
    sampling_level: Option<SamplingLevel>,
    is_closed: bool,
    counted: Counted,
    /// Whether telemetry asks for calls. Finding out the type of a line that was written elsewhere takes time.
    counts_calls: bool,
    /// Aggregated values, or `None` if metrics are not aggregated.
    pub(crate) parts: Option<Box<Parts>>,
}

/// Counts of an inlet since the core last took them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counted {
    pub(super) refused: Refused,
    pub(super) sampled_out: u64,
    /// Calls, whatever came of them, but for values that are aggregated by a handle.
    pub(super) calls: Calls,
}

/// Reason why a metric is not in the batch yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pending {
    /// The queue has to find room for the record.
    Room,
    /// The inlet with this index has lines of the same gauge. They have to be collected first.
    Owner(usize),
}

/// Outcome of a recording: final, or pending.
pub(crate) type Recorded = Result<Result<(), RecordError>, Pending>;

/// Order of the levels of each gauge over all inlets.
pub(crate) trait Levels {
    /// Claims a gauge, by its name, for the inlet that is about to write a line of it.
    ///
    /// # Errors
    ///
    /// Index of another inlet that has lines of the same gauge.
    fn claim(&self, name: &[u8]) -> Result<(), usize>;
}

impl Inlet {
    pub(crate) fn new(
        batch: Batch,
        sampler: Random,
        parts: Option<Parts>,
        counts_calls: bool,
    ) -> Self {
        Self {
            batch,
            record: Vec::new(),
            written: Written::default(),
            sampler,
            sampling_level: None,
            is_closed: false,
            counted: Counted::default(),
            counts_calls,
            parts: parts.map(Box::new),
        }
    }

    /// Records a line, if adaptive sampling and lack of room do not interfere. Otherwise it changes nothing, and the
    /// caller goes on to [`record`](Self::record).
    ///
    /// Inlined, so that the encoder writes straight into the batch.
    #[inline(always)]
    pub(crate) fn try_record(
        &mut self,
        encoder: &Encoder,
        line: &impl FastLine,
        levels: &impl Levels,
    ) -> bool {
        if self.sampling_level.is_some() {
            return false;
        }
        let Some(len) = self.batch.room().and_then(|room| line.write(encoder, room)) else {
            return false;
        };
        if let Some(name_len) = line.level_name_len(encoder) {
            match self.batch.name(name_len) {
                Some(name) if levels.claim(name).is_ok() => {}
                Some(_) | None => return false,
            }
        }
        let is_done = self.batch.commit_line(len);
        let class = Class::Metric(line.kind());
        self.counted.calls.count(class, is_done);
        is_done
    }

    /// Counts a call that [`try_record`](Self::try_record) does not handle, whatever comes of it.
    #[inline]
    pub(crate) fn count_call(&mut self, class: impl FnOnce() -> Class) {
        if self.counts_calls {
            self.counted.calls.count(class(), true);
        }
    }

    /// Records a metric.
    pub(crate) fn record(
        &mut self,
        encoder: &Encoder,
        record: &dyn Record,
        levels: &dyn Levels,
    ) -> Recorded {
        let level = self.sampling_level;
        let sampled_further = level.and_then(|level| record.sampled_further(encoder, level));
        let (rate, written_rate) = match sampled_further {
            Some((rate, written)) => (rate, Some(written)),
            None => (record.rate(), None),
        };
        if self.is_left_out(rate) {
            return Ok(Ok(()));
        }
        let encode = |cursor: Cursor<'_>| record.encode(encoder, written_rate, cursor);
        self.write(record.is_level(), &encode, levels)
    }

    /// Records the lines that `encode` writes.
    pub(crate) fn write(
        &mut self,
        is_level: bool,
        encode: &dyn Fn(Cursor<'_>) -> Result<Written, Unwritten>,
        levels: &dyn Levels,
    ) -> Recorded {
        let claim = |name: &[u8]| {
            if is_level { levels.claim(name) } else { Ok(()) }
        };
        let mut owner = None;
        let result = self.batch.write(encode, |name| {
            claim(name).map_err(|other| {
                owner = Some(other);
                Unwritten::Full
            })
        });
        match (result, owner) {
            (Ok(()), _) => Ok(Ok(())),
            (Err(_), Some(owner)) => Err(Pending::Owner(owner)),
            (Err(Unwritten::Refused(error)), None) => Ok(Err(self.refuse(error))),
            (Err(Unwritten::Full), None) => {
                if let Err(error) = self.write_apart(encode) {
                    return Ok(Err(self.refuse(error)));
                }
                claim(&self.record[..self.written.name_len]).map_err(Pending::Owner)?;
                Err(Pending::Room)
            }
        }
    }

    /// Writes a record for which the batch has no room into `self.record`, from where the queue copies it.
    fn write_apart(
        &mut self,
        encode: &dyn Fn(Cursor<'_>) -> Result<Written, Unwritten>,
    ) -> Result<(), RecordError> {
        if self.is_closed {
            return Err(RecordError::Closed);
        }
        self.written = write_into(&mut self.record, encode)?;
        Ok(())
    }

    /// Takes a group of metrics, if the rest of the batch has room for it.
    pub(crate) fn take_group(&mut self, group: &mut GroupBuffer) -> bool {
        let (sampled_out, calls) = group.take_counts();
        self.counted.sampled_out += sampled_out;
        self.counted.calls.add_all(calls);
        if group.count() == 0 {
            return true;
        }
        let may_be_parted = group.has_joined() && !self.batch.keeps_joined();
        !may_be_parted && self.batch.put_all(group.text(), group.lines())
    }

    /// Counts a refused group of metrics.
    #[cold]
    pub(crate) fn refuse_group(&mut self, error: RecordError, group: &GroupBuffer) -> RecordError {
        for _ in 0..group.count() {
            self.counted.refused.count(error);
        }
        error
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Whether sampling leaves this metric out.
    fn is_left_out(&mut self, rate: Rate) -> bool {
        let is_left_out = rate.leaves_out(&mut self.sampler) && !self.is_closed;
        self.counted.sampled_out += u64::from(is_left_out);
        is_left_out
    }

    /// Counts a refused metric.
    #[cold]
    pub(crate) fn refuse(&mut self, error: RecordError) -> RecordError {
        self.counted.refused.count(error);
        error
    }

    /// Whether the inlet has lines, unused room or counts for the queue to collect.
    pub(crate) fn has_something(&self) -> bool {
        self.counted != Counted::default() || self.batch.granted() != Grant::default()
    }

    pub(super) fn set_sampling_level(&mut self, sampling_level: SamplingLevel) {
        self.sampling_level = Some(sampling_level).filter(|level| level.leaves_out());
    }

    /// Releases spare memory, but for that of aggregated values, which [`trim_parts`](Self::trim_parts) releases.
    pub(crate) fn start_trim(&mut self) {
        self.record = Vec::new();
        if let Some(parts) = &mut self.parts {
            parts.start_trim();
        }
    }

    /// Releases spare memory of a few aggregated values. Returns whether there are more.
    pub(crate) fn trim_parts(&mut self) -> bool {
        let parts = self.parts.as_mut();
        parts.is_some_and(|parts| parts.trim(MAX_SERIES_PER_LOCK))
    }

    /// Refuses further metrics.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
    }

    /// Adds this inlet's counts and the lines in its batch to `stats`.
    pub(super) fn add_to(&self, stats: &mut Stats) {
        stats.accepted += self.batch.lines() as u64;
        stats.queued += self.batch.lines() as u64;
        stats.queued_bytes += self.batch.len() as u64;
        stats.refused.add(self.counted.refused);
        stats.sampled_out += self.counted.sampled_out;
    }

    /// Takes the counts since the last call.
    pub(super) fn take_counts(&mut self) -> Counted {
        std::mem::take(&mut self.counted)
    }

    /// Aggregates a metric of a series that is pending already. Otherwise it changes nothing.
    #[inline(always)]
    pub(crate) fn try_aggregate(
        &mut self,
        encoder: &Encoder,
        lookup: &FastLookup<'_>,
        class: Class,
    ) -> bool {
        let is_done = match &mut self.parts {
            Some(parts) if !self.is_closed => parts.try_add(encoder, lookup, &mut self.sampler),
            Some(_) | None => false,
        };
        self.counted.calls.count(class, is_done);
        is_done
    }

    /// Aggregated values, and the random numbers that choose the samples to keep.
    pub(crate) fn aggregator(&mut self) -> Option<(&mut Parts, &mut Random)> {
        let is_closed = self.is_closed;
        let parts = self.parts.as_deref_mut().filter(|_| !is_closed)?;
        Some((parts, &mut self.sampler))
    }
}
