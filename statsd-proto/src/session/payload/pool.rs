//! The memory that batches and payloads are made of.

use std::sync::Arc;

use bytes::BytesMut;

use super::batch::SPARE;
use super::{Framing, Payload};

/// What a batch is written into.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(super) bytes: BytesMut,
    /// For the list of line breaks that must not part datagrams, if there was one before.
    pub(super) joins: Option<Arc<Vec<usize>>>,
}

/// Buffers that are used again, so that a flow allocates nothing, however full the queue is.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Bytes of each buffer, without the spare one.
    capacity: usize,
    /// Maximum number of buffers that are kept.
    most: usize,
    free: Vec<Memory>,
}

impl Pool {
    /// Buffers for a queue of so many bytes: all that it filled may come back.
    pub(crate) fn new(framing: Framing, max_bytes: usize) -> Self {
        let capacity = framing.capacity();
        Self {
            capacity,
            most: (max_bytes / capacity).max(LEAST_KEPT),
            free: Vec::with_capacity(LEAST_KEPT),
        }
    }

    /// A buffer of which so many bytes are to be used: all of a usual one, or one of its own size.
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

    /// Keeps the memory of a payload, if nothing else refers to a part of it.
    pub(crate) fn recycle(&mut self, payload: Payload) {
        if let Ok(bytes) = payload.data.try_into_mut() {
            let joins = payload.joins.into_memory();
            self.give_back(Memory { bytes, joins });
        }
    }

    /// Keeps memory, if it is of the usual size.
    pub(crate) fn give_back(&mut self, memory: Memory) {
        if self.free.len() < self.most && memory.bytes.capacity() == self.capacity + SPARE {
            self.free.push(memory);
        }
    }

    /// Whether there is more than one buffer that is not used.
    pub(crate) fn has_spare(&self) -> bool {
        self.free.len() > 1
    }

    /// Gives back to the allocator what only a flow needed: all buffers but one.
    pub(crate) fn trim(&mut self) {
        self.free.truncate(1);
        self.free.shrink_to(LEAST_KEPT);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.free.len()
    }

    fn make(&self) -> Memory {
        let mut bytes = BytesMut::zeroed(self.capacity + SPARE);
        // Splitting makes the memory shared, which it stays: without this each payload would allocate the count of its
        // references.
        drop(bytes.split_to(0));
        Memory { bytes, joins: None }
    }
}

/// One is filled while another leaves.
const LEAST_KEPT: usize = 2;
