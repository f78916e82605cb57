//! Future that waits for a condition of the session.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Shared;
use crate::client::waiters::Until;

/// Future that completes when the session meets a condition.
#[derive(Debug)]
pub(crate) struct Wait {
    shared: Arc<Shared>,
    until: Until,
    /// Key of the registered waker, or `None` before the first pending poll.
    key: Option<u64>,
}

impl Wait {
    pub(crate) fn new(shared: Arc<Shared>, until: Until) -> Self {
        Self {
            shared,
            until,
            key: None,
        }
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { shared, until, key } = self.get_mut();
        // Cloning or dropping a waker runs code of the caller, so both happen while the lock is not held.
        let waker = context.waker().clone();
        let mut state = shared.lock();
        if until.is_reached(&state.core) {
            drop(state);
            return Poll::Ready(());
        }
        let before = state.waiters.add(key, *until, waker);
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let waker = self.shared.lock().waiters.remove(key, self.until);
            drop(waker);
        }
    }
}
