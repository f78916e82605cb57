//! Which line breaks must not part two datagrams.

use std::sync::Arc;

/// Indices of line breaks within a record whose lines make no sense apart. Rare: the two lines of a negative gauge.
#[derive(Clone, Debug, Default)]
pub(crate) struct Joins {
    /// In ascending order, counted from the start of the batch. `None` as long as there are none.
    at: Option<Arc<Vec<usize>>>,
    /// Index of the payload's first byte in the batch.
    start: usize,
}

impl Joins {
    /// An empty list, in memory that was [used](Self::into_memory) before.
    pub(super) fn new(memory: Option<Arc<Vec<usize>>>) -> Self {
        Self {
            at: memory,
            start: 0,
        }
    }

    /// Adds an index. To be called before the list is shared.
    pub(super) fn push(&mut self, index: usize) {
        let at = self.at.get_or_insert_default();
        Arc::make_mut(at).push(index);
    }

    pub(super) fn contains(&self, index: usize) -> bool {
        let is_in = |at: &Arc<Vec<usize>>| at.binary_search(&(self.start + index)).is_ok();
        self.at.as_ref().is_some_and(is_in)
    }

    /// The list for a part that begins at this index.
    pub(super) fn from(&self, index: usize) -> Self {
        Self {
            at: self.at.clone(),
            start: self.start + index,
        }
    }

    /// The memory of the list, emptied, if nothing else refers to it.
    pub(super) fn into_memory(self) -> Option<Arc<Vec<usize>>> {
        let mut at = self.at?;
        Arc::get_mut(&mut at)?.clear();
        Some(at)
    }
}
