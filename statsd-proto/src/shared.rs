//! What clients and the driver share: a session behind a lock that nobody holds for long.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use parking_lot::{Mutex, MutexGuard};

use crate::error::RecordError;
use crate::event::{Event, MAX_EVENTS};
use crate::metric::Metric;
use crate::session::Session;
use crate::waiters::{Until, Waiters};

pub(crate) struct Shared {
    state: Mutex<State>,
    clock: Clock,
}

type Clock = Box<dyn Fn() -> Instant + Send + Sync>;

#[derive(Debug)]
struct State {
    session: Session,
    /// The driver, if it waits.
    driver: Option<Waker>,
    waiters: Waiters,
    /// News that has been logged, for the driver.
    events: VecDeque<Event>,
}

impl Shared {
    pub(crate) fn new(session: Session, clock: Clock) -> Self {
        let state = State {
            session,
            driver: None,
            waiters: Waiters::default(),
            events: VecDeque::new(),
        };
        Self {
            state: Mutex::new(state),
            clock,
        }
    }

    /// The hot path: nobody but the driver is woken, and only after unlocking.
    #[inline]
    pub(crate) fn record(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
        let mut state = self.lock();
        let result = state.session.record(metric);
        if state.session.wants_poll() {
            let driver = state.driver.take();
            drop(state);
            wake(driver);
        }
        result
    }

    /// Works on the session, then wakes, after unlocking, everyone whom the work concerns.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Session) -> T) -> T {
        let mut state = self.lock();
        let State {
            session,
            driver,
            waiters,
            events,
        } = &mut *state;
        let result = work(session);
        let driver = if session.wants_poll() {
            driver.take()
        } else {
            None
        };
        let reached = waiters.take_reached(session);
        let news: Vec<Event> = std::iter::from_fn(|| session.poll_event()).collect();
        events.extend(&news);
        while events.len() > MAX_EVENTS {
            events.pop_front();
        }
        drop(state);
        reached.into_iter().chain(driver).for_each(Waker::wake);
        news.iter().for_each(log);
        result
    }

    /// The oldest news that has not been taken.
    pub(crate) fn poll_event(&self) -> Option<Event> {
        self.lock().events.pop_front()
    }

    /// Registers the driver, unless there is something to do for it already.
    pub(crate) fn poll_woken(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.session.wants_poll() {
            return Poll::Ready(());
        }
        match &mut state.driver {
            Some(driver) => driver.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    pub(crate) fn now(&self) -> Instant {
        (self.clock)()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// A future that ends when the session has come to some point.
#[derive(Debug)]
pub(crate) struct Wait {
    shared: Arc<Shared>,
    until: Until,
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
        let mut state = shared.lock();
        if until.is_reached(&state.session) {
            return Poll::Ready(());
        }
        state.waiters.add(key, *until, context.waker());
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.shared.lock().waiters.remove(key);
        }
    }
}

#[cold]
fn wake(driver: Option<Waker>) {
    if let Some(driver) = driver {
        driver.wake();
    }
}

#[cfg(feature = "tracing")]
fn log(event: &Event) {
    match event {
        Event::Connected { .. } => tracing::info!("{event}"),
        Event::ConnectFailed { .. }
        | Event::Disconnected { .. }
        | Event::LookupFailed { .. }
        | Event::Lost { .. } => {
            tracing::warn!("{event}");
        }
    }
}

#[cfg(not(feature = "tracing"))]
fn log(_: &Event) {}
