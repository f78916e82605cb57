//! Locks and atomics of normal builds.

use std::cell::Cell;
pub(crate) use std::sync::atomic;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) use parking_lot::{Mutex, MutexGuard};

/// Number of this thread.
///
/// Threads are numbered in the order of their first call, so that consecutive threads use different shards.
#[inline]
pub(crate) fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let mut number = NUMBER.get();
    if number == usize::MAX {
        number = NEXT.fetch_add(1, Ordering::Relaxed);
        NUMBER.set(number);
    }
    number
}

/// Does something as the thread of this number would, so that a test can repeat itself.
#[cfg(test)]
pub(crate) fn as_thread<T>(number: usize, work: impl FnOnce() -> T) -> T {
    let before = NUMBER.replace(number);
    let result = work();
    NUMBER.set(before);
    result
}

thread_local! {
    static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) };
}
