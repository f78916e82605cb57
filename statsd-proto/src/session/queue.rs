//! Bounded queue of pending lines, and its overflow policy.

mod backlog;
mod bounds;
mod fill;
mod grants;
mod overflow;

use crate::config::Config;
use crate::encode::Written;
use crate::error::RecordError;
use crate::session::payload::{Batch, Framing, Grant, Payload, Place, Pool, alone};
use crate::session::telemetry::Lost;
use backlog::Backlog;
use bounds::Bounds;
pub use overflow::Overflow;

#[derive(Debug)]
pub(crate) struct Queue {
    framing: Framing,
    /// Layout as configured. `framing` differs from it after the kernel refused a datagram as too large.
    usual_framing: Framing,
    /// Complete payloads, the oldest first.
    complete: Backlog,
    /// Records after the complete payloads: the contents of batches after a flush, and lines of the client itself.
    tail: Batch,
    pool: Pool,
    /// Data in flight, which counts against the bounds too.
    in_flight: Grant,
    /// Room granted to the batches of inlets, used or not.
    granted: Grant,
    /// Used part of `granted`, as of the last look at each batch.
    noted: Grant,
    bounds: Bounds,
    /// Used room when reclaiming from the inlets last failed. `None` if it has not failed since lines have left.
    exhausted: Option<Grant>,
    /// Maximum of pending bytes, up to the last time that a payload left.
    peak: usize,
    /// Payloads dropped to make room.
    lost: Lost,
    overflow: Overflow,
    /// Maximum size of datagrams that the kernel accepts, if that is smaller than the configured one.
    max_datagram: usize,
    /// Number of lines after which a payload is complete. With [`Overflow::DropOldest`] it is a quarter of the bound,
    /// so that dropping the oldest payload never drops the whole queue.
    max_payload_lines: usize,
}

/// Outcome of adding a record.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Admitted {
    /// Lines that entered the queue.
    pub(crate) queued: usize,
    /// Lines that were dropped to make room.
    pub(crate) dropped: usize,
}

impl Queue {
    pub(crate) fn new(config: &Config) -> Self {
        let framing = Framing::new(config);
        Self {
            framing,
            usual_framing: framing,
            complete: Backlog::default(),
            tail: Batch::new(framing),
            pool: Pool::new(framing, config.max_queue_bytes),
            in_flight: Grant::default(),
            granted: Grant::default(),
            noted: Grant::default(),
            bounds: Bounds::new(config),
            exhausted: None,
            peak: 0,
            lost: Lost::default(),
            overflow: config.overflow,
            max_datagram: usize::MAX,
            max_payload_lines: match config.overflow {
                Overflow::DropOldest => (config.max_queue_lines / 4).max(1),
                Overflow::RefuseNewest => usize::MAX,
            },
        }
    }

    /// Empty batch for an inlet, without memory.
    pub(crate) fn batch(&self) -> Batch {
        Batch::new(self.framing)
    }

    /// Finds room for a record and adds it to the inlet's batch. A full batch is completed first.
    ///
    /// # Errors
    ///
    /// The queue is full. Earlier records of the batch stay in the batch or are in the queue, in order.
    pub(crate) fn admit(
        &mut self,
        batch: &mut Batch,
        record: &[u8],
        written: Written,
        admitted: &mut Admitted,
    ) -> Result<(), RecordError> {
        self.note(batch);
        let mut place = batch.place(record.len());
        let is_full = batch.lines() >= self.max_payload_lines;
        if is_full || !matches!(place, Place::Here { .. }) {
            admitted.queued += self.complete(batch);
            place = batch.place(record.len());
        }
        match place {
            Place::OwnDatagram => {
                let payload = alone(self.framing, record, written);
                admitted.dropped += self.make_room(payload.data.len(), written.lines)?;
                self.close_tail();
                self.complete.push_back(payload);
                admitted.queued += written.lines;
                return Ok(());
            }
            Place::Here { bytes } => {
                let granted = batch.granted();
                let more = bytes.saturating_sub(granted.bytes);
                let more_lines = (batch.lines() + written.lines).saturating_sub(granted.lines);
                admitted.dropped += self.make_room(more, more_lines)?;
                let left = batch.capacity().saturating_sub(granted.bytes).max(more);
                let max_lines = self.max_payload_lines - batch.lines();
                let grant = self.grant(more, more_lines, left, max_lines);
                batch.grant(granted + grant);
            }
            Place::NewBatch { bytes } => {
                let most = self.framing.capacity().max(bytes);
                admitted.dropped += self.make_room_for_batch(most, bytes, written.lines)?;
                // Smaller if little room is left, so that memory stays within the bound as well.
                let memory = most.min(self.bounds.left(self.used())).max(bytes);
                let grant = self.grant(bytes, written.lines, memory, self.max_payload_lines);
                batch.open(self.pool.take(memory));
                batch.grant(grant);
            }
        }
        batch.put(record, written);
        self.note(batch);
        Ok(())
    }

    /// Whether the queue has room for records of this total size, however they are divided into datagrams.
    pub(crate) fn may_take(&self, bytes: usize, lines: usize) -> bool {
        let need = self.divided(bytes, lines);
        self.bounds.fit(need) && self.bounds.fit(self.used() + need - self.spare())
    }

    /// Adds a record of the client itself after everything in the queue.
    ///
    /// # Errors
    ///
    /// The queue is full.
    pub(crate) fn push(
        &mut self,
        record: &[u8],
        written: Written,
    ) -> Result<Admitted, RecordError> {
        let mut place = self.place_in_tail(record.len());
        let mut need = self.need_in_tail(place, record.len(), written.lines);
        if self.overflow == Overflow::DropOldest && !self.bounds.fit(self.used() + need) {
            // The payload that makes room may be the tail.
            self.close_tail();
            place = self.place_in_tail(record.len());
            need = self.need_in_tail(place, record.len(), written.lines);
        }
        let dropped = self.make_room(need.bytes, need.lines)?;
        self.push_at(place, record, written);
        Ok(Admitted {
            queued: written.lines,
            dropped,
        })
    }

    /// Collects the records of a batch and the room granted to it. Returns the number of lines.
    ///
    /// The first batch of a flush becomes the tail without copying. The records of further batches are copied after
    /// it, unless the queue is so full that their new division into datagrams may exceed its bounds.
    pub(crate) fn collect(&mut self, batch: &mut Batch) -> usize {
        let lines = batch.lines();
        let is_first = self.tail.lines() == 0;
        if lines == 0 || !is_first && !self.may_copy(batch) {
            return self.complete(batch);
        }
        self.forget(batch);
        if is_first {
            std::mem::swap(&mut self.tail, batch);
            batch.take(&mut self.pool);
            *batch = Batch::new(self.framing);
        } else {
            let batch = std::mem::replace(batch, Batch::new(self.framing));
            batch.for_each(|record, written| {
                let place = self.place_in_tail(record.len());
                self.push_at(place, record, written);
            });
            self.pool.give_back(batch.into_memory());
        }
        lines
    }

    /// Takes the oldest payload. Records of the tail, which may still grow, are taken only `with_tail`.
    pub(crate) fn pop(&mut self, with_tail: bool) -> Option<Payload> {
        self.peak = self.peak.max(self.load().bytes);
        self.pop_complete().or_else(|| {
            if with_tail {
                self.tail.take(&mut self.pool)
            } else {
                None
            }
        })
    }

    /// Splits queued datagrams longer than `size` when they are sent.
    pub(crate) fn shrink_datagrams(&mut self, size: usize) {
        self.close_tail();
        self.framing = self.framing.shrunk(size);
        self.tail = Batch::new(self.framing);
        self.max_datagram = size;
    }

    /// Returns to datagrams of the configured size.
    pub(crate) fn restore_datagrams(&mut self) {
        self.close_tail();
        self.framing = self.usual_framing;
        self.tail = Batch::new(self.framing);
        self.max_datagram = usize::MAX;
    }

    /// Returns unsent data to the front of the queue.
    pub(crate) fn push_front(&mut self, payload: Payload) {
        self.complete.push_front(payload);
    }

    /// Recycles the buffer of a payload.
    pub(crate) fn recycle(&mut self, payload: Payload) {
        self.pool.recycle(payload);
    }

    /// Whether buffers are kept for reuse. A client at rest releases them.
    pub(crate) fn has_spare_memory(&self) -> bool {
        self.pool.has_spare()
    }

    /// Releases buffers that only a steady flow needs.
    pub(crate) fn trim(&mut self) {
        self.pool.trim();
    }

    /// Drops all queued lines. Returns their number.
    pub(crate) fn clear(&mut self) -> usize {
        let lines = self.lines();
        self.peak = self.peak.max(self.load().bytes);
        self.tail.take(&mut self.pool);
        self.complete = Backlog::default();
        lines
    }

    /// Turns a batch into a payload, and reclaims its unused room. Returns the number of lines.
    fn complete(&mut self, batch: &mut Batch) -> usize {
        self.forget(batch);
        let waste = self.tolerated_waste();
        let payload = batch.take_compact(&mut self.pool, waste);
        *batch = Batch::new(self.framing);
        let Some(payload) = payload else {
            return 0;
        };
        self.close_tail();
        let lines = payload.lines;
        self.complete.push_back(payload);
        lines
    }

    fn close_tail(&mut self) {
        let waste = self.tolerated_waste();
        if let Some(payload) = self.tail.take_compact(&mut self.pool, waste) {
            self.complete.push_back(payload);
        }
        self.tail = Batch::new(self.framing);
    }

    /// Memory that one more payload may waste, in bytes. All payloads together may waste a 64th of the bound. Within
    /// that, buffers are queued without copying.
    fn tolerated_waste(&self) -> usize {
        self.bounds.waste().saturating_sub(self.complete.waste)
    }

    fn place_in_tail(&mut self, len: usize) -> Place {
        let place = self.tail.place(len);
        if self.tail.lines() < self.max_payload_lines && matches!(place, Place::Here { .. }) {
            return place;
        }
        self.close_tail();
        self.tail.place(len)
    }

    /// Amount that a record uses at this place in the tail.
    fn need_in_tail(&self, place: Place, len: usize, lines: usize) -> Grant {
        let bytes = match place {
            Place::OwnDatagram => self.framing.header() + len + 1,
            Place::Here { bytes } => bytes - self.tail.len(),
            Place::NewBatch { bytes } => bytes,
        };
        Grant { bytes, lines }
    }

    fn push_at(&mut self, place: Place, record: &[u8], written: Written) {
        let bytes = match place {
            Place::OwnDatagram => {
                let payload = alone(self.framing, record, written);
                return self.complete.push_back(payload);
            }
            Place::Here { bytes } => bytes,
            Place::NewBatch { bytes } => {
                let most = self.framing.capacity().max(bytes);
                self.tail.open(self.pool.take(most));
                bytes
            }
        };
        self.tail.grant(Grant {
            bytes,
            lines: usize::MAX,
        });
        self.tail.put(record, written);
    }

    /// Takes the oldest complete payload, or the part of it that fits if datagrams had to become smaller.
    fn pop_complete(&mut self) -> Option<Payload> {
        let payload = self.complete.pop_front()?;
        if payload.max_datagram() <= Some(self.max_datagram) {
            return Some(payload);
        }
        let [first, rest @ ..] = payload.split(self.max_datagram);
        for part in rest.into_iter().rev().flatten() {
            self.complete.push_front(part);
        }
        first
    }
}

#[cfg(test)]
mod tests;
