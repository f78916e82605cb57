//! The recording half of the machine: where metrics become lines.

use super::exchange::write_into;
use crate::aggregate::Parts;
use crate::encode::{Cursor, Encoder, Unwritten, Written};
use crate::error::RecordError;
use crate::metric::{Metric, Rate};
use crate::payload::{Batch, Grant};
use crate::pressure::Thinning;
use crate::random::Random;
use crate::stats::{Refused, Stats};

/// Where a thread records: samples, encodes, refuses and counts.
///
/// A session has one. A client has several, so that threads do not wait for each other.
#[derive(Debug)]
pub(crate) struct Inlet {
    pub(super) batch: Batch,
    /// A record that had no room in the batch, before it is known whether the queue has.
    pub(super) record: Vec<u8>,
    pub(super) written: Written,
    sampler: Random,
    thinning: Thinning,
    is_closed: bool,
    refused: Refused,
    sampled_out: u64,
    /// What has been aggregated here. `None` if each metric is a line.
    pub(crate) parts: Option<Box<Parts>>,
}

/// Why a metric is not in the batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pending {
    /// The queue has to find room for the record.
    Room,
    /// Another inlet has lines of the same gauge, which have to come first.
    Owner(usize),
}

/// What became of a metric.
pub(crate) type Recorded = Result<Result<(), RecordError>, Pending>;

impl Inlet {
    pub(crate) fn new(batch: Batch, sampler: Random, parts: Option<Parts>) -> Self {
        Self {
            batch,
            record: Vec::new(),
            written: Written::default(),
            sampler,
            thinning: Thinning::NONE,
            is_closed: false,
            refused: Refused::default(),
            sampled_out: 0,
            parts: parts.map(Box::new),
        }
    }

    /// Records a metric as a line.
    #[inline]
    pub(crate) fn record(
        &mut self,
        encoder: &Encoder,
        metric: &Metric<'_>,
        admit: impl FnMut(&[u8]) -> Result<(), usize>,
    ) -> Recorded {
        if self.thinning != Thinning::NONE {
            return self.record_thinned(encoder, metric, admit);
        }
        self.write(
            metric.rate,
            metric.is_level(),
            |cursor| encoder.encode(metric, cursor),
            admit,
        )
    }

    #[cold]
    fn record_thinned(
        &mut self,
        encoder: &Encoder,
        metric: &Metric<'_>,
        admit: impl FnMut(&[u8]) -> Result<(), usize>,
    ) -> Recorded {
        let thinned = self.thinning.apply(encoder, metric);
        let (rate, metric) = thinned.unwrap_or((metric.rate, *metric));
        let is_level = metric.is_level();
        self.write(
            rate,
            is_level,
            |cursor| encoder.encode(&metric, cursor),
            admit,
        )
    }

    /// Records what `encode` writes, as often as `rate` says. Of a gauge, `admit` tells whether another inlet has
    /// lines of the same.
    #[inline]
    pub(crate) fn write(
        &mut self,
        rate: Rate,
        is_level: bool,
        encode: impl Fn(Cursor<'_>) -> Result<Written, Unwritten>,
        mut admit: impl FnMut(&[u8]) -> Result<(), usize>,
    ) -> Recorded {
        if rate != Rate::Always && self.is_left_out(rate) {
            return Ok(Ok(()));
        }
        let mut owner = None;
        let result = self.batch.write(&encode, |name| {
            if is_level {
                if let Err(other) = admit(name) {
                    owner = Some(other);
                    return Err(Unwritten::Full);
                }
            }
            Ok(())
        });
        match (result, owner) {
            (Ok(()), _) => Ok(Ok(())),
            (Err(_), Some(owner)) => Err(Pending::Owner(owner)),
            (Err(Unwritten::Refused(error)), None) => Ok(Err(self.refuse(error))),
            (Err(Unwritten::Full), None) => self.write_apart(is_level, encode, admit),
        }
    }

    /// Writes a record that the batch has no room for into memory of its own.
    #[cold]
    fn write_apart(
        &mut self,
        is_level: bool,
        encode: impl Fn(Cursor<'_>) -> Result<Written, Unwritten>,
        mut admit: impl FnMut(&[u8]) -> Result<(), usize>,
    ) -> Recorded {
        if self.is_closed {
            return Ok(Err(self.refuse(RecordError::Closed)));
        }
        match write_into(&mut self.record, encode) {
            Ok(written) => self.written = written,
            Err(error) => return Ok(Err(self.refuse(error))),
        }
        if is_level {
            admit(&self.record[..self.written.name_len]).map_err(Pending::Owner)?;
        }
        Err(Pending::Room)
    }

    /// Whether this call is one of those that sampling leaves out.
    #[inline]
    fn is_left_out(&mut self, rate: Rate) -> bool {
        let is_left_out = rate.leaves_out(&mut self.sampler) && !self.is_closed;
        self.sampled_out += u64::from(is_left_out);
        is_left_out
    }

    /// Counts a metric that is refused.
    #[cold]
    pub(crate) fn refuse(&mut self, error: RecordError) -> RecordError {
        self.refused.count(error);
        error
    }

    /// Whether the queue has to come by: for lines, for room that was granted, or for counts.
    pub(crate) fn has_something(&self) -> bool {
        let has_counts = self.refused != Refused::default() || self.sampled_out > 0;
        has_counts || self.batch.granted() != Grant::default()
    }

    pub(crate) fn thinning(&self) -> Thinning {
        self.thinning
    }

    pub(super) fn set_thinning(&mut self, thinning: Thinning) {
        self.thinning = thinning;
    }

    /// Gives memory back that only a flow needs.
    pub(crate) fn trim(&mut self) {
        self.record = Vec::new();
        if let Some(parts) = &mut self.parts {
            parts.trim();
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Takes no more metrics.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
    }

    /// Adds what has been counted here, and the lines that are in the batch.
    pub(super) fn add_to(&self, stats: &mut Stats) {
        stats.accepted += self.batch.lines() as u64;
        stats.queued += self.batch.lines() as u64;
        stats.queued_bytes += self.batch.len() as u64;
        stats.refused.add(self.refused);
        stats.sampled_out += self.sampled_out;
    }

    /// What was refused and what sampling left out, since this was last called.
    pub(crate) fn take_counts(&mut self) -> (Refused, u64) {
        (
            std::mem::take(&mut self.refused),
            std::mem::take(&mut self.sampled_out),
        )
    }

    /// Randomness for the choice of values to keep, and what is aggregated here.
    pub(crate) fn aggregator(&mut self) -> Option<(&mut Parts, &mut Random)> {
        let is_closed = self.is_closed;
        let parts = self.parts.as_deref_mut().filter(|_| !is_closed)?;
        Some((parts, &mut self.sampler))
    }
}
