//! What clients and the driver share: the machine behind a lock, and inlets behind locks of their own.
//!
//! | lock | taken while holding | held for |
//! |---|---|---|
//! | of an inlet | nothing, or for statistics those of the inlets before it | one metric, one hand-over |
//! | of the core | at most an inlet's | one exchange, one poll, a few series of a drain |
//! | of a series | any of the above | one value, one line |
//!
//! No code of a caller runs under any of them: wakers are cloned, woken and dropped outside.

mod draining;
mod owners;
mod recording;
mod wait;

use std::array;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::client::waiters::{Waiters, wake_all};
use crate::encode::Encoder;
use crate::session::event::{Event, MAX_EVENTS};
use crate::session::instruction::Output;
use crate::session::stats::Stats;
use crate::session::{Core, Inlet};
use crate::sync::{Mutex, MutexGuard, thread_number};
use owners::Owners;
pub(crate) use wait::Wait;

pub(crate) struct Shared {
    state: Mutex<State>,
    /// Where threads record, so that they wait neither for each other nor for the driver.
    inlets: Box<[Padded<Mutex<Inlet>>]>,
    owners: Owners,
    encoder: Arc<Encoder>,
    /// Number of the last scope.
    scopes: AtomicU32,
    /// Whether metrics are aggregated, as far as they can be.
    aggregates: bool,
    clock: Clock,
}

/// Where metrics of one scope come in: with the same before their names, and the same tags.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) shared: Arc<Shared>,
    encoder: Arc<Encoder>,
}

impl Entry {
    /// The scope of the configuration.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            encoder: Arc::clone(&shared.encoder),
            shared,
        }
    }

    /// A scope within this one, of which `encode` makes the encoder with a number of its own.
    pub(crate) fn within(&self, encoder: impl FnOnce(&Encoder, u32) -> Encoder) -> Self {
        // After as many scopes as there are numbers, two may share the memory of a look-up for a while.
        let id = self
            .shared
            .scopes
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(1);
        Self {
            encoder: Arc::new(encoder(&self.encoder, id)),
            shared: Arc::clone(&self.shared),
        }
    }
}

type Clock = Box<dyn Fn() -> Instant + Send + Sync>;

#[derive(Debug)]
struct State {
    core: Core,
    /// The driver, if it waits.
    driver: Option<Waker>,
    waiters: Waiters,
    /// Events that have been logged, for the driver.
    events: VecDeque<Event>,
}

impl Shared {
    /// The number of inlets is a power of two, and at most [`MAX_INLETS`].
    pub(crate) fn new(mut core: Core, clock: Clock, inlets: usize) -> Self {
        let owners = Owners::new(inlets);
        let inlets = (0..inlets)
            .map(|_| Padded(Mutex::new(core.inlet())))
            .collect();
        Self {
            inlets,
            owners,
            encoder: Arc::clone(core.encoder()),
            scopes: AtomicU32::new(0),
            aggregates: core.aggregates(),
            state: Mutex::new(State {
                core,
                driver: None,
                waiters: Waiters::default(),
                events: VecDeque::new(),
            }),
            clock,
        }
    }

    /// Works on the machine, then wakes, after unlocking, everyone whom the work concerns.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Core) -> T) -> T {
        self.with_state(self.lock(), work)
    }

    fn with_state<T>(
        &self,
        mut state: MutexGuard<'_, State>,
        work: impl FnOnce(&mut Core) -> T,
    ) -> T {
        let State {
            core,
            driver,
            waiters,
            events,
        } = &mut *state;
        let result = work(core);
        let driver = if core.wants_poll() {
            driver.take()
        } else {
            None
        };
        let reached = waiters.take_reached(core);
        let news: Vec<Event> = std::iter::from_fn(|| core.poll_event()).collect();
        events.extend(news.iter().cloned());
        while events.len() > MAX_EVENTS {
            events.pop_front();
        }
        drop(state);
        wake_all(reached.into_iter().chain(driver));
        news.iter().for_each(log);
        result
    }

    /// What the driver has to do now.
    pub(crate) fn poll(&self) -> Output {
        let mut state = self.lock();
        let now = state.core.latest(self.now());
        if state.core.wants_losses(now) {
            drop(state);
            self.collect_counts();
            state = self.lock();
            state.core.end_losses(now);
        }
        if state.core.wants_aggregates(now) {
            state.core.start_interval(now);
            drop(state);
            self.collect();
            self.drain();
            return self.with(|core| {
                core.end_drain();
                core.poll(now)
            });
        }
        if state.core.wants_lines(now) {
            drop(state);
            self.collect();
            state = self.lock();
        }
        if state.core.wants_rest(now) {
            drop(state);
            (0..self.inlets.len()).for_each(|index| self.inlet(index).trim());
            return self.with(|core| {
                core.rest();
                core.poll(now)
            });
        }
        let output = self.with_state(state, |core| core.poll(now));
        if matches!(output, Output::Finished(_)) {
            // With what was refused meanwhile.
            return Output::Finished(self.stats().into());
        }
        output
    }

    /// Brings all in that was recorded before, and lets it leave by `flush`. Returns the number of the last line, counted
    /// from the first ever accepted.
    pub(crate) fn flush(&self, flush: impl FnOnce(&mut Core)) -> u64 {
        self.collect();
        self.drain();
        self.with(|core| {
            flush(core);
            core.stats().accepted
        })
    }

    /// Takes nothing more, and lets the machine come to its end by `work`.
    pub(crate) fn end(&self, work: impl FnOnce(&mut Core)) {
        for index in 0..self.inlets.len() {
            let mut inlet = self.inlet(index);
            inlet.close();
            self.collect_inlet(index, &mut inlet);
        }
        self.lock().core.close_series();
        self.drain();
        self.with(work);
    }

    /// What was recorded, sent and lost so far, at one moment.
    pub(crate) fn stats(&self) -> Stats {
        // In the order of their indices, as nobody else holds two of them.
        let inlets: [_; MAX_INLETS] =
            array::from_fn(|index| (index < self.inlets.len()).then(|| self.inlet(index)));
        let state = self.lock();
        state
            .core
            .stats_with(inlets.iter().flatten().map(|inlet| &**inlet))
    }

    /// The oldest event that has not been taken.
    pub(crate) fn poll_event(&self) -> Option<Event> {
        self.lock().events.pop_front()
    }

    /// Registers the driver, unless there is something to do for it already.
    pub(crate) fn poll_woken(&self, context: &Context<'_>) -> Poll<()> {
        let waker = context.waker().clone();
        let mut state = self.lock();
        if state.core.wants_poll() {
            drop(state);
            return Poll::Ready(());
        }
        let before = state.driver.replace(waker);
        drop(state);
        drop(before);
        Poll::Pending
    }

    pub(crate) fn now(&self) -> Instant {
        (self.clock)()
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    #[inline]
    fn inlet(&self, index: usize) -> MutexGuard<'_, Inlet> {
        self.inlets[index].0.lock()
    }

    /// Index of the inlet of this thread.
    #[inline]
    fn index(&self) -> usize {
        thread_number() & (self.inlets.len() - 1)
    }
}

/// Something that shares no cache line with its neighbours.
#[repr(align(128))]
struct Padded<T>(T);

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Unlocks, then wakes the driver if there is something new for it.
#[inline]
fn wake_driver(mut state: MutexGuard<'_, State>) {
    if state.core.wants_poll() {
        let driver = state.driver.take();
        drop(state);
        wake_all(driver);
    }
}

/// More cores than that begin to be rare. An inlet that nobody uses takes a kilobyte or two.
pub(crate) const MAX_INLETS: usize = 16;

#[cfg(feature = "tracing")]
fn log(event: &Event) {
    if event.is_warning() {
        tracing::warn!("{event}");
    } else {
        tracing::info!("{event}");
    }
}

#[cfg(not(feature = "tracing"))]
fn log(_: &Event) {}

#[cfg(test)]
mod tests;
