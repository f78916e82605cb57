//! Buffers of batches and payloads.

use std::sync::Arc;

use bytes::BytesMut;

use super::batch::SPARE;
use super::{Framing, Payload};

/// Buffer of a batch.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(super) bytes: BytesMut,
    /// Memory for the list of [`Joins`](super::Joins), or `None` if the buffer had no such list.
    pub(super) joins: Option<Arc<Vec<usize>>>,
}

/// Pool of buffers. A steady flow of lines allocates nothing, however full the queue is.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Size of each buffer in bytes, without the spare byte.
    capacity: usize,
    /// Maximum number of buffers that are kept.
    most: usize,
    free: Vec<Memory>,
}

impl Pool {
    /// Pool for a queue of at most `max_bytes` bytes. It keeps at most as many buffers for reuse as a full queue has.
    pub(crate) fn new(framing: Framing, max_bytes: usize) -> Self {
        let capacity = framing.capacity();
        Self {
            capacity,
            most: (max_bytes / capacity).max(LEAST_KEPT),
            free: Vec::with_capacity(LEAST_KEPT),
        }
    }

    /// Returns a buffer for `bytes` bytes. It has the usual size if at least half of that is used, or else exactly the
    /// size asked for.
    pub(crate) fn take(&mut self, bytes: usize) -> Memory {
        if bytes > self.capacity || bytes < self.capacity / 2 {
            return Memory {
                bytes: BytesMut::zeroed(bytes + SPARE),
                joins: None,
            };
        }
        let mut memory = self.free.pop().unwrap_or_else(|| self.make());
        memory.bytes.resize(self.capacity + SPARE, 0);
        memory
    }

    /// Keeps the buffer of a payload, unless it is shared.
    pub(crate) fn recycle(&mut self, payload: Payload) {
        if let Ok(bytes) = payload.data.try_into_mut() {
            let joins = payload.joins.into_memory();
            self.give_back(Memory { bytes, joins });
        }
    }

    /// Keeps a buffer if it has the usual size.
    pub(crate) fn give_back(&mut self, memory: Memory) {
        if self.free.len() < self.most && memory.bytes.capacity() == self.capacity + SPARE {
            self.free.push(memory);
        }
    }

    /// Whether more buffers are unused than an idle client keeps.
    pub(crate) fn has_spare(&self) -> bool {
        self.free.len() > self.kept_at_rest()
    }

    /// Releases unused buffers to the allocator, except those that an idle client keeps.
    pub(crate) fn trim(&mut self) {
        self.free.truncate(self.kept_at_rest());
        self.free.shrink_to(LEAST_KEPT);
    }

    /// Number of buffers that an idle client keeps: one, or none if buffers are large.
    fn kept_at_rest(&self) -> usize {
        usize::from(self.capacity <= MAX_IDLE_BUFFER)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.free.len()
    }

    fn make(&self) -> Memory {
        let mut bytes = BytesMut::zeroed(self.capacity + SPARE);
        // Splitting marks the buffer as shared, which allocates its reference count now. Otherwise each payload would
        // allocate one.
        drop(bytes.split_to(0));
        Memory { bytes, joins: None }
    }
}

/// Maximum size of a buffer that an idle client keeps, in bytes. All its memory stays within 64 KiB.
const MAX_IDLE_BUFFER: usize = 32 * 1024;

/// Minimum number of buffers kept: one is filled while the other is sent.
const LEAST_KEPT: usize = 2;
