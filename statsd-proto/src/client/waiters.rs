//! Futures that wait for an event, for room in the queue, for a flush, or for the end of the session.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

use crate::session::Core;

/// Condition that a future waits for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Until {
    /// More than this number of events have been logged since the session began.
    Event(u64),
    /// The session has ended.
    Finished,
    /// The queue is at most half full, or the session is closed.
    Room,
    /// This number of lines, counted since the session began, are delivered or dropped: no server can refuse them
    /// later.
    Completed(u64),
    /// This number of lines, counted since the session began, are written to the kernel or dropped.
    Taken(u64),
}

impl Until {
    /// Whether the condition holds. The end of the session fulfils every condition.
    pub(crate) fn is_reached(self, core: &Core) -> bool {
        match self {
            _ if core.is_finished() => true,
            Self::Event(count) => core.events() > count,
            Self::Finished => false,
            Self::Room => core.is_closed() || core.is_ready(),
            Self::Completed(count) => core.completed() >= count,
            Self::Taken(count) => core.taken() >= count,
        }
    }
}

/// Registered wakers, sorted by condition, so that a check looks only at the first of each kind.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    waiting: BTreeMap<(Until, u64), Waker>,
    next_key: u64,
}

impl Waiters {
    /// Registers a waker, or replaces the waker with this key. Returns the former waker, to be dropped after unlocking.
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

    /// Removes the waker with this key and returns it, to be dropped after unlocking.
    pub(crate) fn remove(&mut self, key: u64, until: Until) -> Option<Waker> {
        self.waiting.remove(&(until, key))
    }

    /// Removes and returns the wakers whose condition holds.
    pub(crate) fn take_reached(&mut self, core: &Core) -> Vec<Waker> {
        let mut reached = Vec::new();
        let firsts = [
            (Until::Event(0), 0),
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

    /// First waiter from `first` on, or `None` if it waits for another kind of condition or its condition does not
    /// hold.
    fn next_reached(&self, first: (Until, u64), core: &Core) -> Option<(Until, u64)> {
        let (next, _) = self.waiting.range(first..).next()?;
        let is_same = std::mem::discriminant(&next.0) == std::mem::discriminant(&first.0);
        (is_same && next.0.is_reached(core)).then_some(*next)
    }
}

/// Wakes all wakers. If one panics, the others are still woken, and the first panic resumes afterwards.
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
