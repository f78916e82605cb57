//! Room that the queue grants to inlets, and reclaims.

use super::Queue;
use crate::session::payload::{Batch, Grant};

impl Queue {
    /// Notes that reclaiming room from the inlets did not help.
    pub(crate) fn on_exhausted(&mut self) {
        self.exhausted = Some(self.used());
    }

    /// Sets the amount of data in flight, which counts against the bounds too.
    pub(crate) fn set_in_flight(&mut self, bytes: usize, lines: usize) {
        self.in_flight = Grant { bytes, lines };
        // Later refusals may take room back again, although inlets are granted as much as before by then.
        self.exhausted = self.exhausted.filter(|then| !self.has_less(*then));
    }

    /// Whether less is used than at that time.
    pub(super) fn has_less(&self, then: Grant) -> bool {
        let used = self.used();
        used.bytes < then.bytes || used.lines < then.lines
    }

    /// Grants room to an inlet: `bytes` and `lines`, which must fit, and up to `most` bytes and `max_lines` lines if
    /// there is more.
    pub(super) fn grant(
        &mut self,
        bytes: usize,
        lines: usize,
        most: usize,
        max_lines: usize,
    ) -> Grant {
        let need = Grant { bytes, lines };
        let most = Grant {
            bytes: most,
            lines: max_lines.min(self.framing.capacity() / SHORTEST_LINE),
        };
        let mut grant = self.bounds.grant(self.used(), self.load(), need, most);
        if let Some(size) = self.framing.segment() {
            // Rounded down to whole datagrams, but not below what the record needs.
            grant.bytes = (grant.bytes - grant.bytes % size).max(bytes);
        }
        self.granted = self.granted + grant;
        grant
    }

    /// Updates `noted` by the content of a batch.
    pub(super) fn note(&mut self, batch: &mut Batch) {
        let (known, noted) = batch.note();
        self.noted = self.noted + noted - known;
    }

    /// Reclaims the room granted to a batch.
    pub(super) fn forget(&mut self, batch: &mut Batch) {
        self.granted = self.granted - batch.granted();
        let (known, _) = batch.note();
        self.noted = self.noted - known;
    }

    /// Maximum amount that records of this total size use, however they are divided into datagrams.
    pub(super) fn divided(&self, bytes: usize, lines: usize) -> Grant {
        // A record that moves to the next datagram wastes less than its own size in the one before. Each frame has a line
        // at least.
        let headers = lines * self.framing.header();
        let bytes = self
            .framing
            .segment()
            .map_or(bytes, |size| 2 * bytes + headers + size);
        Grant { bytes, lines }
    }

    /// Whether the records of a batch may be copied to the tail.
    pub(super) fn may_copy(&self, batch: &Batch) -> bool {
        let need = self.divided(batch.len(), batch.lines());
        self.bounds.fit(self.used() - batch.granted() + need)
    }
}

/// Size of the shortest line, `a:1|c` and its line feed, in bytes.
const SHORTEST_LINE: usize = 6;
