//! Exchange between inlets and queue: full batches, and records for which a batch has no room.

use std::time::Instant;

use super::{Core, GroupBuffer, Inlet};
use crate::encode::{Cursor, Unwritten, Written};
use crate::error::RecordError;
use crate::session::queue::Admitted;
use crate::session::stats::Stats;

impl Core {
    /// New inlet, without memory.
    pub(crate) fn inlet(&mut self) -> Inlet {
        let parts = self.parts();
        let mut inlet = Inlet::new(
            self.queue.batch(),
            self.sampler.fork(),
            parts,
            self.counts_calls(),
        );
        inlet.set_sampling_level(self.sampling_level());
        inlet
    }

    /// Finds room for the record that an inlet has written [into its own buffer](super::Pending::Room).
    ///
    /// # Errors
    ///
    /// The queue is full. The refusal is not counted yet, because the caller may first reclaim room from other inlets.
    pub(crate) fn exchange(&mut self, inlet: &mut Inlet) -> Result<(), RecordError> {
        let mut admitted = Admitted::default();
        let record = &inlet.record[..inlet.written.bytes];
        let result = self
            .queue
            .admit(&mut inlet.batch, record, inlet.written, &mut admitted);
        self.count(admitted);
        self.note_use();
        self.update_sampling_level();
        inlet.set_sampling_level(self.sampling_level());
        self.check_wake();
        result
    }

    /// New buffer for a group of metrics, which is filled before it enters an inlet.
    pub(crate) fn group_buffer(&mut self) -> GroupBuffer {
        let mut group = GroupBuffer::new(self.sampler.fork());
        group.set_sampling_level(self.sampling_level());
        group
    }

    /// Finds room for a group of metrics that does not fit into the rest of an inlet's batch.
    ///
    /// # Errors
    ///
    /// The queue has no room for the whole group. The refusal is not counted yet.
    pub(crate) fn exchange_group(
        &mut self,
        inlet: &mut Inlet,
        group: &mut GroupBuffer,
    ) -> Result<(), RecordError> {
        group.set_sampling_level(self.sampling_level());
        let (bytes, lines) = (group.text().len() + 1, group.lines());
        if !self.queue.may_take(bytes, lines) {
            // Unused room of the inlet may be enough.
            self.collect(inlet);
            if !self.queue.may_take(bytes, lines) {
                return Err(RecordError::QueueFull);
            }
        }
        for (record, written) in group.records() {
            let mut admitted = Admitted::default();
            let result = self
                .queue
                .admit(&mut inlet.batch, record, written, &mut admitted);
            self.count(admitted);
            result?;
        }
        self.is_trimmed = false;
        self.update_sampling_level();
        inlet.set_sampling_level(self.sampling_level());
        self.check_wake();
        Ok(())
    }

    /// Whether a metric for which the queue was full should be tried again after the unused room of all inlets was
    /// reclaimed: at most once for each metric, and only if lines have been sent since that last failed to help.
    pub(crate) fn should_reclaim(&mut self, may_reclaim: &mut bool) -> bool {
        let should_reclaim = std::mem::take(may_reclaim) && self.queue.may_reclaim();
        if !should_reclaim {
            self.queue.on_exhausted();
        }
        should_reclaim
    }

    /// Collects the lines and counts of an inlet, and reclaims its unused room.
    pub(crate) fn collect(&mut self, inlet: &mut Inlet) {
        self.take_counts(inlet);
        let queued = self.queue.collect(&mut inlet.batch);
        self.stats.accepted += queued as u64;
        inlet.set_sampling_level(self.sampling_level());
        self.check_wake();
    }

    /// Whether the counts of refused metrics should be collected from the inlets, without their lines.
    pub(crate) fn wants_losses(&self, now: Instant) -> bool {
        self.journal.wants_counts(now)
    }

    /// Collects the counts of an inlet. Its lines stay.
    pub(crate) fn take_counts(&mut self, inlet: &mut Inlet) {
        let counted = inlet.take_counts();
        self.stats.refused.add(counted.refused);
        self.stats.sampled_out += counted.sampled_out;
        self.calls.add_all(counted.calls);
    }

    /// Notes that the counts of all inlets were collected.
    pub(crate) fn end_losses(&mut self, now: Instant) {
        self.journal.on_counts(now);
    }

    /// Notes that all inlets have been collected for the next poll.
    pub(crate) fn end_collect(&mut self) {
        self.is_collected = true;
    }

    /// Whether spare memory should be released at this time.
    pub(crate) fn wants_rest(&self, now: Instant) -> bool {
        self.rest_at.is_some_and(|at| now >= at) && !self.queue.has_granted()
    }

    /// Releases spare memory. The caller has trimmed the inlets and the series before.
    pub(crate) fn rest(&mut self) {
        self.rest_at = None;
        self.is_trimmed = true;
        self.queue.trim();
        self.record = Vec::new();
    }

    /// Notes that something was recorded that uses memory.
    pub(super) fn note_use(&mut self) {
        self.is_trimmed = false;
        self.rest_at = None;
    }

    /// Whether there is spare memory to release, in buffers or in inlets.
    pub(super) fn has_spare_memory(&self) -> bool {
        self.queue.has_spare_memory() || !self.is_trimmed
    }

    /// Adds a record of the client itself to the queue.
    ///
    /// # Errors
    ///
    /// The queue is full, or the record is invalid. The refusal is not counted.
    pub(super) fn push(
        &mut self,
        write: impl FnMut(Cursor<'_>) -> Result<Written, Unwritten>,
    ) -> Result<(), RecordError> {
        let written = write_into(&mut self.record, write)?;
        let admitted = self.queue.push(&self.record[..written.bytes], written)?;
        self.count(admitted);
        self.check_wake();
        Ok(())
    }

    /// Whether the lines of the inlets should be collected before the poll at this time.
    ///
    /// They stay while complete payloads are left to send: collecting moves cache lines between cores, which costs
    /// more than the rest of a line's way. They stay also while the connection is down, when no line could be sent.
    pub(crate) fn wants_lines(&self, now: Instant) -> bool {
        let is_short = !self.has_room() && !self.queue.has_complete();
        let may_leave = self.flusher.is_due(now) || is_short;
        let is_due = self.queue.has_granted() && may_leave || self.wants_counts(now);
        is_due && self.link.is_up()
    }

    /// Counts of the session, including those of the inlets.
    pub(crate) fn stats_with<'a>(&self, inlets: impl IntoIterator<Item = &'a Inlet>) -> Stats {
        let mut stats = self.stats();
        for inlet in inlets {
            inlet.add_to(&mut stats);
        }
        stats.queued_bytes_peak = stats.queued_bytes_peak.max(stats.queued_bytes);
        stats
    }

    fn count(&mut self, admitted: Admitted) {
        self.stats.accepted += admitted.queued as u64;
        self.stats.dropped.overflow += admitted.dropped as u64;
    }

    /// Requests a poll if enough data is pending.
    fn check_wake(&mut self) {
        if let Some(wake_threshold) = self.wake_threshold {
            let waiting = self.queue.waiting();
            self.wants_poll |=
                waiting.bytes >= wake_threshold.bytes || waiting.lines >= wake_threshold.lines;
        }
    }
}

/// Writes a record into a buffer that grows as needed.
pub(super) fn write_into(
    memory: &mut Vec<u8>,
    mut write: impl FnMut(Cursor<'_>) -> Result<Written, Unwritten>,
) -> Result<Written, RecordError> {
    loop {
        match write(Cursor::new(memory)) {
            Ok(written) => return Ok(written),
            Err(Unwritten::Refused(error)) => return Err(error),
            Err(Unwritten::Full) if memory.len() >= LONGEST_RECORD => {
                return Err(RecordError::LineTooLong);
            }
            Err(Unwritten::Full) => {
                let len = (2 * memory.len()).max(USUAL_RECORD);
                memory.resize(len, 0);
            }
        }
    }
}

/// Initial size of the buffer, in bytes: the longest line of most servers (4095) and one.
const USUAL_RECORD: usize = 4096;

/// Maximum size of the buffer, in bytes. No valid record is longer: the number of packed values is checked before they
/// are encoded, and each has a line of at most 1 MiB.
pub(super) const LONGEST_RECORD: usize = 1 << 30;
