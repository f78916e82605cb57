//! The only way into the queue: batches of inlets, and records that have no room in one.

use std::time::Instant;

use super::{Core, Gathered, Inlet};
use crate::encode::{Cursor, Unwritten, Written};
use crate::error::RecordError;
use crate::session::queue::Admitted;
use crate::session::stats::Stats;

impl Core {
    /// A new inlet, without memory.
    pub(crate) fn inlet(&mut self) -> Inlet {
        let parts = self.parts();
        let mut inlet = Inlet::new(self.queue.batch(), self.sampler.fork(), parts);
        inlet.set_sampling_level(self.sampling_level());
        inlet
    }

    /// Finds room for the record that an inlet has written [apart](super::Pending::Room).
    ///
    /// # Errors
    ///
    /// There is none. It is not counted yet, since room that other inlets have been granted may be taken back.
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

    /// Where a group of metrics is written, before it comes to an inlet.
    pub(crate) fn gathered(&mut self) -> Gathered {
        Gathered::new(self.sampler.fork(), self.sampling_level())
    }

    /// Finds room for a group of metrics that does not fit into the batch of an inlet as it is.
    ///
    /// # Errors
    ///
    /// There is none for all of them. It is not counted yet.
    pub(crate) fn exchange_group(
        &mut self,
        inlet: &mut Inlet,
        gathered: &mut Gathered,
    ) -> Result<(), RecordError> {
        gathered.sampling_level = self.sampling_level();
        let (bytes, lines) = (gathered.text().len() + 1, gathered.lines());
        if !self.queue.may_take(bytes, lines) {
            // Room that the inlet was granted and has not used may help.
            self.collect(inlet);
            if !self.queue.may_take(bytes, lines) {
                return Err(RecordError::QueueFull);
            }
        }
        for (record, written) in gathered.records() {
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

    /// Whether it may help to take back the room that other inlets have been granted. Once that was in vain, it is not
    /// tried again before something has left.
    pub(crate) fn may_reclaim(&self) -> bool {
        self.queue.may_reclaim()
    }

    /// Taking back was in vain.
    pub(crate) fn on_exhausted(&mut self) {
        self.queue.on_exhausted();
    }

    /// Takes all that is in an inlet, and the room that it was granted.
    pub(crate) fn collect(&mut self, inlet: &mut Inlet) {
        self.take_counts(inlet);
        let queued = self.queue.collect(&mut inlet.batch);
        self.stats.accepted += queued as u64;
        inlet.set_sampling_level(self.sampling_level());
        self.check_wake();
    }

    /// Whether it is time to bring in what inlets have refused, and not their lines.
    pub(crate) fn wants_losses(&self, now: Instant) -> bool {
        self.journal.wants_counts(now)
    }

    /// Takes what an inlet has counted: its lines stay where they are.
    pub(crate) fn take_counts(&mut self, inlet: &mut Inlet) {
        let (refused, sampled_out) = inlet.take_counts();
        self.stats.refused.add(refused);
        self.stats.sampled_out += sampled_out;
    }

    /// What all inlets have counted was taken.
    pub(crate) fn end_losses(&mut self, now: Instant) {
        self.journal.on_counts(now);
    }

    /// All inlets have been collected.
    pub(crate) fn end_collect(&mut self) {
        self.is_collected = true;
    }

    /// Whether it is time to give memory back that only a flow needs.
    pub(crate) fn wants_rest(&self, now: Instant) -> bool {
        self.rest_at.is_some_and(|at| now >= at) && !self.queue.has_granted()
    }

    /// Gives memory back that only a flow needs. The inlets are trimmed before.
    pub(crate) fn rest(&mut self) {
        self.rest_at = None;
        self.is_trimmed = true;
        self.queue.trim();
        if let Some((store, _)) = &mut self.aggregates {
            store.trim();
        }
        self.record = Vec::new();
    }

    /// Something is recorded that takes memory.
    pub(super) fn note_use(&mut self) {
        self.is_trimmed = false;
        self.rest_at = None;
    }

    /// Whether there is memory to give back: buffers, or what inlets have.
    pub(super) fn has_spare_memory(&self) -> bool {
        self.queue.has_spare_memory() || !self.is_trimmed
    }

    /// Adds a record of the machine's own to the queue.
    ///
    /// # Errors
    ///
    /// The queue is full, or the record was refused. Neither is counted.
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

    /// Whether the lines in inlets are to be collected before the poll at this time.
    ///
    /// Not while complete payloads make room by leaving: memory that two cores write in turn costs them more
    /// than all else that is done with a line. Nor while none could leave, since they are held where they are.
    pub(crate) fn wants_lines(&self, now: Instant) -> bool {
        let is_short = !self.has_room() && !self.queue.has_complete();
        let may_leave = self.flusher.is_due(now) || is_short;
        let is_due = self.queue.has_granted() && may_leave || self.wants_counts(now);
        is_due && self.link.is_up()
    }

    /// All counts, with those of inlets.
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

    /// Asks for a poll if as much waits as is worth waking up for.
    fn check_wake(&mut self) {
        if let Some(wake_threshold) = self.wake_threshold {
            let waiting = self.queue.waiting();
            self.wants_poll |=
                waiting.bytes >= wake_threshold.bytes || waiting.lines >= wake_threshold.lines;
        }
    }
}

/// Writes a record into memory that grows for it.
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

/// Longer than the longest line of most servers, 4095 bytes.
const USUAL_RECORD: usize = 4096;

/// Longer than any record. As many values as half a line has bytes are refused before, each in a line of a MiB.
pub(super) const LONGEST_RECORD: usize = 1 << 30;
