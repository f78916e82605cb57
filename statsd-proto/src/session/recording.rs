//! How metrics come in.

use super::Session;
use crate::dogstatsd;
use crate::error::RecordError;
use crate::line::Encoder;
use crate::metric::{Metric, Rate};
use crate::payload::Record;
use crate::pressure::Thinning;

impl Session {
    /// Takes a metric into the queue. Never waits and never reads a clock.
    ///
    /// # Errors
    ///
    /// The metric was not taken, and counted as refused.
    #[inline]
    pub fn record(&mut self, metric: &Metric<'_>) -> Result<(), RecordError> {
        if self.aggregates.is_some() {
            if let Some(result) = self.aggregate(metric) {
                return result;
            }
        }
        let thinning = self.thinning.unwrap_or_default();
        if thinning != Thinning::NONE {
            if let Some((rate, metric)) = thinning.apply(&self.encoder, metric) {
                return self.record_with(rate, |encoder, record| encoder.encode(&metric, record));
            }
        }
        self.record_with(metric.rate, |encoder, record| {
            encoder.encode(metric, record)
        })
    }

    /// Takes an event for the Datadog agent into the queue, as [`record`](Self::record) does a metric.
    ///
    /// # Errors
    ///
    /// The event was not taken, and counted as refused.
    pub fn record_event(&mut self, event: &dogstatsd::Event<'_>) -> Result<(), RecordError> {
        self.record_with(Rate::Always, |encoder, record| {
            encoder.encode_event(event, record)
        })
    }

    /// Takes a service check for the Datadog agent into the queue, as [`record`](Self::record) does a
    /// metric.
    ///
    /// # Errors
    ///
    /// The check was not taken, and counted as refused.
    pub fn record_service_check(
        &mut self,
        check: &dogstatsd::ServiceCheck<'_>,
    ) -> Result<(), RecordError> {
        self.record_with(Rate::Always, |encoder, record| {
            encoder.encode_service_check(check, record)
        })
    }

    /// Takes what `write` writes.
    #[inline]
    pub(crate) fn record_with(
        &mut self,
        rate: Rate,
        write: impl FnOnce(&Encoder, &mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        let result = self.try_record(rate, write);
        if let Err(error) = result {
            self.stats.refused.count(error);
        }
        result
    }

    #[inline]
    pub(super) fn try_record(
        &mut self,
        rate: Rate,
        write: impl FnOnce(&Encoder, &mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        if !self.phase.is_open() {
            return Err(RecordError::Closed);
        }
        if rate.leaves_out(&mut self.sampler) {
            self.stats.sampled_out += 1;
            return Ok(());
        }
        let Self { encoder, queue, .. } = self;
        let pushed = queue.push(|record| write(encoder, record))?;
        self.stats.accepted += pushed.lines as u64;
        self.stats.dropped.overflow += pushed.dropped as u64;
        self.check_wake();
        Ok(())
    }

    #[inline]
    pub(super) fn check_wake(&mut self) {
        let (bytes, lines) = self.wake_at;
        if self.queue.bytes() >= bytes || self.queue.lines() >= lines {
            self.wants_poll = true;
        }
    }
}
