//! What threads share: the usual locks and atomics, or, with `--cfg shuttle`, those of a scheduler that
//! decides which thread runs at each of them; see `tests/concurrency`.

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
