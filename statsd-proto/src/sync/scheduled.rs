//! The same under shuttle's scheduler.

pub(crate) use shuttle::sync::MutexGuard;
pub(crate) use shuttle::sync::atomic;
use shuttle::thread;

/// A lock that is not poisoned, as parking_lot's are not.
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

/// The number of this thread.
///
/// A static would count on from one run to the next, which would not repeat then.
pub(crate) fn thread_number() -> usize {
    thread::current().id().into()
}
