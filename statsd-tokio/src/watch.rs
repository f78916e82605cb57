//! A thread that sees to it that the driver's waits end in time.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Instant;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::sleep_until;

use statsd_proto::OVERDUE;

use crate::driver::now;

/// Wakes the driver's task where the runtime lets a time pass.
///
/// Tokio's timers and sockets are polled by one worker thread at a time. When that one takes a task from them which
/// blocks, and all others sleep, no timer of the program goes off until it is done. The driver's own then wakes one
/// of the others, which goes on polling.
#[derive(Debug)]
pub(crate) struct Watch(Option<Arc<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// When the driver is overdue.
    due: Option<Instant>,
    task: Option<Waker>,
    /// Until when the thread sleeps, or `None` if until it is notified.
    alarm: Option<Instant>,
    is_over: bool,
}

impl Watch {
    /// Starts the thread where the runtime has a second worker, which could run the driver. Without a thread to be
    /// had the driver relies on the runtime.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub(crate) fn start() -> Self {
        let runtime = Handle::current();
        let has_others = runtime.runtime_flavor() != RuntimeFlavor::CurrentThread
            && runtime.metrics().num_workers() > 1;
        let shared = Arc::new(Shared::default());
        let watching = Arc::clone(&shared);
        let builder = thread::Builder::new().name("statsd-watch".into());
        let is_watched = has_others && builder.spawn(move || watching.watch()).is_ok();
        Self(is_watched.then_some(shared))
    }

    /// Waits for a time, or without one for ever. While the socket has something under way, an event of it may be
    /// overdue at any time.
    pub(crate) async fn reached(&self, until: Option<Instant>, socket_is_busy: bool) {
        let Some(until) = until else {
            self.expect(None, None);
            return pending().await;
        };
        let mut sleep = pin!(sleep_until(until.into()));
        poll_fn(|context| {
            let next = if socket_is_busy {
                until.min(now())
            } else {
                until
            };
            self.expect(next.checked_add(OVERDUE), Some(context));
            // The timer itself may not have been looked at.
            if now() >= until {
                return Poll::Ready(());
            }
            sleep.as_mut().poll(context)
        })
        .await;
    }

    fn expect(&self, due: Option<Instant>, context: Option<&mut Context<'_>>) {
        let Some(shared) = &self.0 else {
            return;
        };
        let task = context.map(|context| context.waker().clone());
        let mut state = shared.lock();
        state.due = due;
        let old = std::mem::replace(&mut state.task, task);
        let is_early = due.is_some_and(|due| state.alarm.is_none_or(|alarm| due < alarm));
        drop(state);
        drop(old);
        if is_early {
            shared.changed.notify_one();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            shared.lock().is_over = true;
            shared.changed.notify_one();
        }
    }
}

impl Shared {
    fn watch(&self) {
        let mut state = self.lock();
        while !state.is_over {
            let left = state.due.map(|due| due.saturating_duration_since(now()));
            state.alarm = state.due;
            state = match left {
                None => wait(self.changed.wait(state)),
                Some(left) if !left.is_zero() => wait(self.changed.wait_timeout(state, left)).0,
                Some(_) => {
                    state.due = None;
                    let task = state.task.take();
                    drop(state);
                    if let Some(task) = task {
                        task.wake();
                    }
                    self.lock()
                }
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        wait(self.state.lock())
    }
}

/// The state is whole whenever its lock is given up.
fn wait<T>(locked: Result<T, PoisonError<T>>) -> T {
    locked.unwrap_or_else(PoisonError::into_inner)
}
