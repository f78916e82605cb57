//! Memory budget of aggregation.

use crate::sync::atomic::{AtomicUsize, Ordering};

/// Bytes left. The parts of all inlets share it and charge it when they grow.
#[derive(Debug)]
pub(crate) struct Budget(AtomicUsize);

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(AtomicUsize::new(bytes))
    }

    /// Charges `bytes` to the budget. Returns whether enough were left.
    ///
    /// Ordering: `Relaxed`. The number is a mere count and publishes no other memory; the read-modify-write alone
    /// keeps it exact.
    pub(crate) fn charge(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }

    /// Returns charged bytes to the budget.
    pub(crate) fn release(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}
