//! Those who wait for the queue: for room, or for what they recorded to be gone.

use std::task::Waker;

use crate::session::Session;

/// What somebody waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// The session is over.
    Finished,
    /// There is room in the queue.
    Room,
    /// All lines before this one, counted from the first ever accepted, are sent or dropped.
    Settled(u64),
    /// All lines before this one, counted likewise, are with the kernel or dropped.
    Taken(u64),
}

impl Until {
    pub(crate) fn is_reached(self, session: &Session) -> bool {
        match self {
            _ if session.is_finished() => true,
            Self::Finished => false,
            Self::Room => session.is_closed() || session.has_room(),
            Self::Settled(through) => session.settled() >= through,
            Self::Taken(through) => session.taken() >= through,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Waiters {
    waiting: Vec<Waiter>,
    next_key: u64,
}

#[derive(Debug)]
struct Waiter {
    key: u64,
    until: Until,
    waker: Waker,
}

impl Waiters {
    /// Adds a waiter, or gives the one of this key another waker.
    pub(crate) fn add(&mut self, key: &mut Option<u64>, until: Until, waker: &Waker) {
        if let Some(known) = self
            .waiting
            .iter_mut()
            .find(|waiter| Some(waiter.key) == *key)
        {
            known.waker.clone_from(waker);
            return;
        }
        *key = Some(self.next_key);
        self.waiting.push(Waiter {
            key: self.next_key,
            until,
            waker: waker.clone(),
        });
        self.next_key += 1;
    }

    pub(crate) fn remove(&mut self, key: u64) {
        self.waiting.retain(|waiter| waiter.key != key);
    }

    /// Takes the wakers of those who need not wait any longer.
    pub(crate) fn take_reached(&mut self, session: &Session) -> Vec<Waker> {
        let mut reached = Vec::new();
        self.waiting.retain(|waiter| {
            let waits_on = !waiter.until.is_reached(session);
            if !waits_on {
                reached.push(waiter.waker.clone());
            }
            waits_on
        });
        reached
    }
}
