//! Those who wait: for room in the queue, for what they recorded to be gone, or for the end.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

use crate::session::Core;

/// What somebody waits for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Until {
    /// The session is over.
    Finished,
    /// There is room in the queue.
    Room,
    /// All lines before this one, counted from the first ever accepted, are sent or dropped.
    Completed(u64),
    /// All lines before this one, counted likewise, are with the kernel or dropped.
    Taken(u64),
}

impl Until {
    pub(crate) fn is_reached(self, core: &Core) -> bool {
        match self {
            _ if core.is_finished() => true,
            Self::Finished => false,
            Self::Room => core.is_closed() || core.is_ready(),
            Self::Completed(through) => core.completed() >= through,
            Self::Taken(through) => core.taken() >= through,
        }
    }
}

/// In the order in which they are reached, so that many who wait for the same cost each other nothing.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    waiting: BTreeMap<(Until, u64), Waker>,
    next_key: u64,
}

impl Waiters {
    /// Adds a waiter, or gives the one of this key another waker. Returns the one before, to be dropped outside of
    /// the lock.
    pub(crate) fn add(
        &mut self,
        key: &mut Option<u64>,
        until: Until,
        waker: Waker,
    ) -> Option<Waker> {
        let key = *key.get_or_insert_with(|| {
            self.next_key += 1;
            self.next_key
        });
        self.waiting.insert((until, key), waker)
    }

    /// Removes a waiter. Returns its waker, to be dropped outside of the lock.
    pub(crate) fn remove(&mut self, key: u64, until: Until) -> Option<Waker> {
        self.waiting.remove(&(until, key))
    }

    /// Takes the wakers of those who need not wait any longer.
    pub(crate) fn take_reached(&mut self, core: &Core) -> Vec<Waker> {
        let mut reached = Vec::new();
        let firsts = [
            (Until::Finished, 0),
            (Until::Room, 0),
            (Until::Completed(0), 0),
            (Until::Taken(0), 0),
        ];
        for (first, key) in firsts {
            while let Some(next) = self.next_reached((first, key), core) {
                reached.extend(self.waiting.remove(&next));
            }
        }
        reached
    }

    /// The first waiter from `first` on, if it is of the same kind and need not wait any longer.
    fn next_reached(&self, first: (Until, u64), core: &Core) -> Option<(Until, u64)> {
        let (next, _) = self.waiting.range(first..).next()?;
        let is_same = std::mem::discriminant(&next.0) == std::mem::discriminant(&first.0);
        (is_same && next.0.is_reached(core)).then_some(*next)
    }
}

/// Wakes all, also those after one that panics, whose panic goes on then.
pub(crate) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    let mut panic = None;
    for waker in wakers {
        let woken = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        panic = panic.or_else(|| woken.err());
    }
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
}
