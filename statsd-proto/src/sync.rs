//! Locks and atomics. With `--cfg shuttle` they are those of a scheduler that chooses the running thread at each
//! operation; see `tests/concurrency`.

#[cfg(shuttle)]
mod scheduled;
#[cfg(not(shuttle))]
mod usual;

#[cfg(shuttle)]
pub(crate) use scheduled::{Mutex, MutexGuard, atomic, thread_number};
#[cfg(all(test, not(shuttle)))]
pub(crate) use usual::as_thread;
#[cfg(not(shuttle))]
pub(crate) use usual::{Mutex, MutexGuard, atomic, thread_number};
