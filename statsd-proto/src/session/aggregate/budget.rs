//! How much memory all that is aggregated may take.

use crate::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that are left. Shared by the parts of all inlets, which charge it when they grow.
#[derive(Debug)]
pub(crate) struct Budget(AtomicUsize);

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(AtomicUsize::new(bytes))
    }

    /// Charges so many bytes, if they are left.
    ///
    /// Relaxed: the number guards no other memory.
    pub(crate) fn charge(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }

    /// Gives back what was charged.
    pub(crate) fn release(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}
