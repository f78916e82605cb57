//! The bounded queue of lines that wait to be sent, and what happens when it is full.

mod backlog;
mod bounds;

use crate::config::Config;
use crate::encode::Written;
use crate::error::RecordError;
use crate::session::payload::{Batch, Framing, Grant, Payload, Place, Pool, alone};
use crate::session::telemetry::Lost;
use backlog::Backlog;
use bounds::Bounds;

/// What happens to a metric when the queue is full.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Overflow {
    /// The oldest payload in the queue is dropped to make room.
    DropOldest,
    /// The metric is refused, and what was recorded before it is kept. The default, as in sprockets-statsd.
    #[default]
    RefuseNewest,
}

#[derive(Debug)]
pub(crate) struct Queue {
    framing: Framing,
    /// As configured, whatever a datagram was too large for since.
    usual_framing: Framing,
    /// Payloads that leave as they are, the oldest first.
    complete: Backlog,
    /// The records after them: leftovers of batches at a flush, and lines that the session makes itself.
    tail: Batch,
    pool: Pool,
    /// What is in flight, which counts against the bounds too.
    in_flight: Grant,
    /// What has been granted to the batches of inlets, written or not.
    granted: Grant,
    /// What of that was written when the queue last saw them.
    noted: Grant,
    bounds: Bounds,
    /// What was used when taking back the room of inlets was last in vain.
    exhausted: Option<Grant>,
    /// Most bytes that ever waited, as of when some last left.
    peak: usize,
    /// What was dropped to make room.
    lost: Lost,
    overflow: Overflow,
    /// Maximum size of datagrams, where that is less than they were laid out for.
    max_datagram: usize,
    /// Lines after which a payload is complete, so that dropping the oldest leaves the rest.
    max_payload_lines: usize,
}

/// What became of a record and of the batch that it was for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Admitted {
    /// Lines that came into the queue.
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

    /// A batch of an inlet, without memory.
    pub(crate) fn batch(&self) -> Batch {
        Batch::new(self.framing)
    }

    /// Finds room for a record, and adds it to the batch of the inlet that it comes from, which is completed
    /// before if it is full.
    ///
    /// # Errors
    ///
    /// The queue is full. What was in the batch is in the batch or in the queue, in its order.
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
            Place::Alone => {
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
                let most_lines = self.max_payload_lines - batch.lines();
                let grant = self.grant(more, more_lines, left, most_lines);
                batch.grant(granted + grant);
            }
            Place::NewBatch { bytes } => {
                let most = self.framing.capacity().max(bytes);
                admitted.dropped += self.make_room_for_batch(most, bytes, written.lines)?;
                // Smaller if there is not so much room, so that memory stays within the bound as well.
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

    /// Whether there is room for records of so many bytes, however they come to be parted.
    pub(crate) fn may_take(&self, bytes: usize, lines: usize) -> bool {
        // A record that moves to the next datagram leaves less room behind it than it takes.
        let bytes = self
            .framing
            .segment()
            .map_or(bytes, |size| 2 * bytes + size);
        let need = Grant { bytes, lines };
        self.bounds.fit(need) && self.bounds.fit(self.used() + need - self.spare())
    }

    /// Adds a record of the session's own after all others that are in the queue.
    ///
    /// # Errors
    ///
    /// The queue is full.
    pub(crate) fn push(
        &mut self,
        record: &[u8],
        written: Written,
    ) -> Result<Admitted, RecordError> {
        let place = self.place_in_tail(record.len());
        let more = match place {
            Place::Alone => record.len() + 1,
            Place::Here { bytes } => bytes - self.tail.len(),
            Place::NewBatch { bytes } => bytes,
        };
        let dropped = self.make_room(more, written.lines)?;
        self.push_at(place, record, written);
        Ok(Admitted {
            queued: written.lines,
            dropped,
        })
    }

    /// Takes the records of a batch, and all that was granted to it. Returns how many lines there were.
    ///
    /// The first batch of a flush becomes the tail as it is; the records of others are copied behind it.
    pub(crate) fn collect(&mut self, batch: &mut Batch) -> usize {
        let lines = batch.lines();
        if lines == 0 {
            return self.complete(batch);
        }
        if self.tail.lines() == 0 {
            self.forget(batch);
            std::mem::swap(&mut self.tail, batch);
            batch.take(&mut self.pool);
            *batch = Batch::new(self.framing);
        } else {
            self.forget(batch);
            let batch = std::mem::replace(batch, Batch::new(self.framing));
            batch.for_each(|record, written| {
                let place = self.place_in_tail(record.len());
                self.push_at(place, record, written);
            });
            self.pool.give_back(batch.into_memory());
        }
        lines
    }

    /// Takes the oldest payload; the records that may still be joined by others only `with_tail`.
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

    /// Lays datagrams out anew that are longer than this, when they leave.
    pub(crate) fn shrink_datagrams(&mut self, size: usize) {
        self.close_tail();
        self.framing = self.framing.shrunk(size);
        self.tail = Batch::new(self.framing);
        self.max_datagram = size;
    }

    /// Lets datagrams have their usual size again.
    pub(crate) fn restore_datagrams(&mut self) {
        self.close_tail();
        self.framing = self.usual_framing;
        self.tail = Batch::new(self.framing);
        self.max_datagram = usize::MAX;
    }

    /// Puts back what did not arrive, before everything else.
    pub(crate) fn push_front(&mut self, payload: Payload) {
        self.complete.push_front(payload);
    }

    /// Lets a payload's memory be used again.
    pub(crate) fn recycle(&mut self, payload: Payload) {
        self.pool.recycle(payload);
    }

    /// Whether there is memory that only a flow needs.
    pub(crate) fn has_spare_memory(&self) -> bool {
        self.pool.has_spare()
    }

    /// Gives memory back that only a flow needs.
    pub(crate) fn trim(&mut self) {
        self.pool.trim();
    }

    /// Drops everything that is in it. Returns how many lines it was.
    pub(crate) fn clear(&mut self) -> usize {
        let lines = self.lines();
        self.peak = self.peak.max(self.load().bytes);
        self.tail.take(&mut self.pool);
        self.complete = Backlog::default();
        lines
    }

    /// Whether at most half of the bounds is used up by lines.
    pub(crate) fn has_room(&self) -> bool {
        self.bounds.has_room(self.load())
    }

    /// Part of the bounds that lines take, whichever is nearer.
    pub(crate) fn fill(&self) -> f64 {
        self.bounds.fill(self.load())
    }

    /// Whether inlets have been granted room: without it there are no lines in them.
    pub(crate) fn has_granted(&self) -> bool {
        self.granted != Grant::default()
    }

    /// Whether inlets have been granted room, and taking it back was not in vain since something last left.
    pub(crate) fn may_reclaim(&self) -> bool {
        let used = self.used();
        let has_less = |then: Grant| used.bytes < then.bytes || used.lines < then.lines;
        self.has_granted() && self.exhausted.is_none_or(has_less)
    }

    /// Whether there is room for a good deal more, and something has left since the last record was refused.
    pub(crate) fn is_ready(&self) -> bool {
        let used = self.used();
        let has_less = |then: Grant| used.bytes < then.bytes || used.lines < then.lines;
        self.has_room() && self.exhausted.is_none_or(has_less)
    }

    /// Taking back the room of inlets was in vain.
    pub(crate) fn on_exhausted(&mut self) {
        self.exhausted = Some(self.used());
    }

    /// Sets how much is in flight, which counts against the bounds too.
    pub(crate) fn set_in_flight(&mut self, bytes: usize, lines: usize) {
        self.in_flight = Grant { bytes, lines };
    }

    /// The most bytes that ever waited, with so many in inlets now.
    pub(crate) fn peak(&self, in_inlets: usize) -> usize {
        self.peak.max(self.bytes() + in_inlets)
    }

    /// What was dropped to make room.
    pub(crate) fn lost(&self) -> Lost {
        self.lost
    }

    /// Whether there is a payload that leaves as it is.
    pub(crate) fn has_complete(&self) -> bool {
        !self.complete.is_empty()
    }

    /// Number of lines that may still be joined by others in their payload.
    pub(crate) fn tail_lines(&self) -> usize {
        self.tail.lines()
    }

    /// Bytes that have come into the queue, without those in batches of inlets.
    pub(crate) fn bytes(&self) -> usize {
        self.complete.bytes + self.tail.len()
    }

    /// Lines that have come into the queue, without those in batches of inlets.
    pub(crate) fn lines(&self) -> usize {
        self.complete.lines + self.tail.lines()
    }

    /// What is worth waking up for to report that the queue is half full.
    pub(crate) fn half_full(&self) -> Grant {
        self.bounds.half_full()
    }

    /// What is worth waking the driver for before the flush interval is over.
    pub(crate) fn high_water(&self) -> Grant {
        self.bounds.high_water()
    }

    /// What waits, as far as the queue knows.
    pub(crate) fn waiting(&self) -> Grant {
        self.queued() + self.noted
    }

    fn queued(&self) -> Grant {
        Grant {
            bytes: self.bytes(),
            lines: self.lines(),
        }
    }

    fn load(&self) -> Grant {
        self.waiting() + self.in_flight
    }

    /// What counts against the bounds: also room that inlets have not used.
    fn used(&self) -> Grant {
        self.queued() + self.in_flight + self.granted
    }

    /// Grants room to an inlet: what it needs, of which there is enough, and more up to `most` bytes if there is
    /// more.
    fn grant(&mut self, bytes: usize, lines: usize, most: usize, most_lines: usize) -> Grant {
        let need = Grant { bytes, lines };
        let most = Grant {
            bytes: most,
            lines: most_lines.min(self.framing.capacity() / SHORTEST_LINE),
        };
        let mut grant = self.bounds.grant(self.used(), self.load(), need, most);
        if let Some(size) = self.framing.segment() {
            // Whole datagrams, as far as the record is not longer.
            grant.bytes = (grant.bytes - grant.bytes % size).max(bytes);
        }
        self.granted = self.granted + grant;
        grant
    }

    /// Sees what is in a batch.
    fn note(&mut self, batch: &mut Batch) {
        let (known, noted) = batch.note();
        self.noted = self.noted + noted - known;
    }

    /// Takes back what was granted to a batch.
    fn forget(&mut self, batch: &mut Batch) {
        self.granted = self.granted - batch.granted();
        let (known, _) = batch.note();
        self.noted = self.noted - known;
    }

    /// Makes a payload of a batch, and takes back what was granted to it. Returns how many lines it has.
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

    /// Bytes of memory that one more payload may hold beside its data: all together a 64th of the bound, so that a
    /// flow through a full queue copies nothing.
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

    fn push_at(&mut self, place: Place, record: &[u8], written: Written) {
        let bytes = match place {
            Place::Alone => {
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

    /// What may be dropped to make room.
    fn spare(&self) -> Grant {
        match self.overflow {
            Overflow::DropOldest => Grant {
                bytes: self.complete.bytes,
                lines: self.complete.lines,
            },
            Overflow::RefuseNewest => Grant::default(),
        }
    }

    /// Drops the oldest, if it is to give way and that helps. Returns how many lines it was.
    fn make_room(&mut self, bytes: usize, lines: usize) -> Result<usize, RecordError> {
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
            let oldest = self.complete.pop_front();
            let oldest = oldest.expect("without complete payloads it fits");
            dropped += oldest.lines;
            self.lost.add(oldest.data.len(), oldest.count());
            self.pool.recycle(oldest);
        }
        Ok(dropped)
    }

    /// Makes room for a whole batch if the oldest gives way, or else for its first record. Small batches would become
    /// small payloads, of which one is dropped for each record.
    fn make_room_for_batch(
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

    /// The oldest complete payload, or what fits of it where datagrams had to become smaller.
    fn pop_complete(&mut self) -> Option<Payload> {
        let payload = self.complete.pop_front()?;
        if payload.datagram_size() <= Some(self.max_datagram) {
            return Some(payload);
        }
        let [first, rest @ ..] = payload.split(self.max_datagram);
        for part in rest.into_iter().rev().flatten() {
            self.complete.push_front(part);
        }
        first
    }
}

/// Bytes of the shortest line, `a:1|c`, with its line break.
const SHORTEST_LINE: usize = 6;

#[cfg(test)]
mod tests;
