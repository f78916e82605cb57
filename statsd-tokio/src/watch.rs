//! Watchdog thread, which ends the driver's waits in time.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Instant;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::sleep_until;

use statsd_proto::driver::OVERDUE;

use crate::driver::now;

/// Watchdog: it wakes the driver's task if the runtime does not expire its timer in time.
///
/// In tokio, one worker thread at a time polls timers and sockets. If that worker then runs a task that blocks, and
/// all other workers sleep, no timer of the program expires until the task is done. The watchdog wakes the driver's
/// task, which wakes another worker, which polls timers and sockets again.
#[derive(Debug)]
pub(crate) struct Watch(Option<Arc<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Time at which the driver is overdue, or `None` if it waits without a time.
    due: Option<Instant>,
    task: Option<Waker>,
    /// Time until which the thread sleeps, or `None` if it sleeps until a notification.
    alarm: Option<Instant>,
    is_over: bool,
}

impl Watch {
    /// Starts the thread if the runtime has a second worker, which could run the driver. If no thread can be created,
    /// the driver relies on the runtime.
    ///
    /// # Panics
    ///
    /// If called outside of a tokio runtime.
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

    /// Waits until a time, or forever without one. While the socket has a pending operation, its event may be overdue
    /// at any time.
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
            // The runtime may not have polled the timer itself.
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

/// Ignores poisoning: the state is consistent whenever the lock is released.
fn wait<T>(locked: Result<T, PoisonError<T>>) -> T {
    locked.unwrap_or_else(PoisonError::into_inner)
}
