//! What gives way when the queue is full.

use super::Queue;
use crate::error::RecordError;
use crate::session::payload::Grant;

/// Policy for a metric that meets a full queue.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Overflow {
    /// Drops the oldest payload in the queue to make room.
    DropOldest,
    /// Refuses the metric and keeps the queue. The default, as in sprockets-statsd: what was recorded first is sent.
    #[default]
    RefuseNewest,
}

impl Queue {
    /// Makes room by dropping the oldest payloads, if the policy allows it and it helps. Returns the number of dropped
    /// lines.
    pub(super) fn make_room(&mut self, bytes: usize, lines: usize) -> Result<usize, RecordError> {
        let need = Grant { bytes, lines };
        if self.bounds.fit(self.used() + need) {
            return Ok(0);
        }
        if !self.bounds.fit(need) {
            return Err(RecordError::LineTooLong);
        }
        if !self.bounds.fit(self.used() + need - self.spare()) {
            return Err(RecordError::QueueFull);
        }
        self.peak = self.peak.max(self.load().bytes);
        let mut dropped = 0;
        while !self.bounds.fit(self.used() + need) {
            if !self.has_complete() {
                self.close_tail();
            }
            let oldest = self.complete.pop_front();
            let oldest = oldest.expect("without payloads it fits");
            dropped += oldest.lines;
            self.lost.add(oldest.data.len(), oldest.count());
            self.pool.recycle(oldest);
        }
        Ok(dropped)
    }

    /// Makes room for a whole batch under [`Overflow::DropOldest`], or else for its first record. Small batches would
    /// become small payloads, and each record would drop one.
    pub(super) fn make_room_for_batch(
        &mut self,
        most: usize,
        bytes: usize,
        lines: usize,
    ) -> Result<usize, RecordError> {
        if self.overflow == Overflow::DropOldest {
            if let Ok(dropped) = self.make_room(most, self.max_payload_lines.max(lines)) {
                return Ok(dropped);
            }
        }
        self.make_room(bytes, lines)
    }

    /// Amount that the overflow policy may drop to make room.
    pub(super) fn spare(&self) -> Grant {
        match self.overflow {
            Overflow::DropOldest => self.queued(),
            Overflow::RefuseNewest => Grant::default(),
        }
    }
}
