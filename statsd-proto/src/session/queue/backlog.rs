//! What of the queue may leave as it is.

use std::collections::VecDeque;

use crate::session::payload::Payload;

/// Payloads that are complete, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    payloads: VecDeque<Payload>,
    pub(super) bytes: usize,
    pub(super) lines: usize,
    /// Bytes of memory that they hold beside their data.
    pub(super) waste: usize,
}

impl Backlog {
    pub(super) fn is_empty(&self) -> bool {
        self.payloads.is_empty()
    }

    pub(super) fn push_back(&mut self, payload: Payload) {
        self.bytes += payload.data.len();
        self.lines += payload.lines;
        self.waste += payload.waste;
        self.payloads.push_back(payload);
    }

    pub(super) fn push_front(&mut self, payload: Payload) {
        self.bytes += payload.data.len();
        self.lines += payload.lines;
        self.waste += payload.waste;
        self.payloads.push_front(payload);
    }

    pub(super) fn pop_front(&mut self) -> Option<Payload> {
        let payload = self.payloads.pop_front()?;
        self.bytes -= payload.data.len();
        self.lines -= payload.lines;
        self.waste -= payload.waste;
        Some(payload)
    }
}
