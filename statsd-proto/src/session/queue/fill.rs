//! How full the queue is.

use super::Queue;
use crate::session::payload::Grant;
use crate::session::telemetry::Lost;

impl Queue {
    /// Whether lines use at most half of the bounds.
    pub(crate) fn has_room(&self) -> bool {
        self.bounds.has_room(self.load())
    }

    /// Used part of the bounds, from 0 to 1: of bytes or of lines, whichever is larger.
    pub(crate) fn fill(&self) -> f64 {
        self.bounds.fill(self.load())
    }

    /// Whether room is granted to any inlet. Without it, no inlet has lines.
    pub(crate) fn has_granted(&self) -> bool {
        self.granted != Grant::default()
    }

    /// Whether reclaiming room from the inlets may help. After a failed attempt the answer is `false` until some lines
    /// have left.
    pub(crate) fn may_reclaim(&self) -> bool {
        self.has_granted() && self.exhausted.is_none_or(|then| self.has_less(then))
    }

    /// Whether at most half of the queue is used, and lines have left since the last refusal.
    pub(crate) fn is_ready(&self) -> bool {
        self.has_room() && self.exhausted.is_none_or(|then| self.has_less(then))
    }

    /// Maximum of pending bytes so far. `in_inlets` is the number of bytes in inlets now.
    pub(crate) fn peak(&self, in_inlets: usize) -> usize {
        self.peak.max(self.bytes() + in_inlets)
    }

    /// Payloads dropped to make room.
    pub(crate) fn lost(&self) -> Lost {
        self.lost
    }

    /// Whether a complete payload is queued.
    pub(crate) fn has_complete(&self) -> bool {
        !self.complete.is_empty()
    }

    /// Number of lines in the tail, which may still grow.
    pub(crate) fn tail_lines(&self) -> usize {
        self.tail.lines()
    }

    /// Number of bytes in the queue, without those in batches of inlets.
    pub(crate) fn bytes(&self) -> usize {
        self.complete.bytes + self.tail.len()
    }

    /// Number of lines in the queue, without those in batches of inlets.
    pub(crate) fn lines(&self) -> usize {
        self.complete.lines + self.tail.lines()
    }

    /// Amount of pending data at which the driver is woken to report a half-full queue.
    pub(crate) fn half_full(&self) -> Grant {
        self.bounds.half_full()
    }

    /// Amount of pending data at which the driver is woken before the flush interval is over.
    pub(crate) fn high_water(&self) -> Grant {
        self.bounds.high_water()
    }

    /// Amount of pending data, as of the last look at each batch.
    pub(crate) fn waiting(&self) -> Grant {
        self.queued() + self.noted
    }

    pub(super) fn queued(&self) -> Grant {
        Grant {
            bytes: self.bytes(),
            lines: self.lines(),
        }
    }

    /// Amount of pending data and of data in flight.
    pub(crate) fn load(&self) -> Grant {
        self.waiting() + self.in_flight
    }

    /// Amount that counts against the bounds, including room that inlets have not used.
    pub(super) fn used(&self) -> Grant {
        self.queued() + self.in_flight + self.granted
    }
}
