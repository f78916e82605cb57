//! Locks and atomics of the shuttle scheduler.

pub(crate) use shuttle::sync::MutexGuard;
pub(crate) use shuttle::sync::atomic;
use shuttle::thread;

/// Mutex that ignores poisoning, as parking_lot's does.
#[derive(Debug)]
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Number of this thread.
///
/// Taken from shuttle: a static counter would go on from run to run, and a run could not be repeated.
pub(crate) fn thread_number() -> usize {
    thread::current().id().into()
}
