//! State that clients and the driver share: the core under one lock, and several inlets, each under its own lock.
//!
//! Threads record into inlets, so that they contend neither with each other nor with the driver.
//!
//! # Lock order
//!
//! A thread takes locks from the top of this table to the bottom, never upwards.
//!
//! | order | lock | may be taken while the thread holds | protects it for |
//! |---|---|---|---|
//! | 1 | an [`Inlet`] | no lock; [`Shared::stats`] alone takes several, in ascending index | one metric, or one exchange with the queue |
//! | 2 | the core, with wakers and events (`State`) | at most one inlet; in [`Shared::stats`] all inlets | one exchange, one poll, or a few series of a drain |
//! | 3 | one [`Series`](crate::session::aggregate::Series) | an inlet, the core, or both | one value, or one line |
//!
//! A thread that needs another inlet first releases its own, collects the other, and starts again.
//!
//! Wakers are cloned, woken and dropped, and the driver's clock is read, while no lock is held, because they run code of
//! the caller that may record.

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

use crate::client::log::log;
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
    /// Inlets that threads record into, chosen by the number of the thread. Their count is a power of two.
    inlets: Box<[Padded<Mutex<Inlet>>]>,
    owners: Owners,
    encoder: Arc<Encoder>,
    /// Number of the scope that was created last.
    scopes: AtomicU32,
    /// Whether metrics are aggregated, if their kind allows it.
    aggregates: bool,
    clock: Clock,
}

/// Entry point for the metrics of one scope, which share a prefix and tags.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) shared: Arc<Shared>,
    encoder: Arc<Encoder>,
}

impl Entry {
    /// Entry point of the outermost scope, with the prefix and tags of the configuration.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            encoder: Arc::clone(&shared.encoder),
            shared,
        }
    }

    /// Entry point of a scope within this one. `encoder` makes its encoder from this scope's encoder and a number.
    pub(crate) fn within(&self, encoder: impl FnOnce(&Encoder, u32) -> Encoder) -> Self {
        // Relaxed: the number only has to be unique, and it publishes no other memory. After 2^32 scopes a number
        // repeats; then two scopes may evict each other's cached lookups.
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
    /// Waker of the driver, or `None` if the driver is running.
    driver: Option<Waker>,
    waiters: Waiters,
    /// Last events, oldest first, at most [`MAX_EVENTS`]. They have been logged already.
    events: VecDeque<Event>,
}

impl Shared {
    /// New shared state with this number of inlets, which must be a power of two, at most [`MAX_INLETS`].
    pub(crate) fn new(mut core: Core, clock: Clock, inlets: usize) -> Self {
        let inlets = (0..inlets)
            .map(|_| Padded(Mutex::new(core.inlet())))
            .collect();
        Self {
            inlets,
            owners: Owners::new(),
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

    /// Runs `work` on the core. After unlocking, it wakes the driver and the waiters that the work concerns, and logs
    /// new events.
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
        let new_events: Vec<Event> = std::iter::from_fn(|| core.poll_event()).collect();
        events.extend(new_events.iter().cloned());
        while events.len() > MAX_EVENTS {
            events.pop_front();
        }
        let reached = waiters.take_reached(core);
        drop(state);
        wake_all(reached.into_iter().chain(driver));
        new_events.iter().for_each(log);
        result
    }

    /// Next instruction for the driver.
    pub(crate) fn poll(&self) -> Output {
        let now = self.now();
        let mut state = self.lock();
        let now = state.core.latest(now);
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
                core.end_collect();
                core.end_drain();
                core.poll(now)
            });
        }
        if state.core.wants_lines(now) {
            drop(state);
            self.collect();
            state = self.lock();
            state.core.end_collect();
        }
        if state.core.wants_rest(now) {
            drop(state);
            self.trim();
            return self.with(|core| {
                core.rest();
                core.poll(now)
            });
        }
        let output = self.with_state(state, |core| core.poll(now));
        if matches!(output, Output::Finished(_)) {
            // The final report includes refusals that the inlets have counted since the last collection.
            return Output::Finished(self.stats().into());
        }
        output
    }

    /// Collects all metrics recorded before this call, then runs `flush`. Returns the number of lines accepted since
    /// the session began, which is the sequence number of the last one.
    pub(crate) fn flush(&self, flush: impl FnOnce(&mut Core)) -> u64 {
        self.collect();
        self.drain();
        self.with(|core| {
            flush(core);
            core.stats().accepted
        })
    }

    /// Closes all inlets and series, collects their content, and ends the session by `work`.
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

    /// Consistent snapshot of the counters of the session and of all inlets.
    pub(crate) fn stats(&self) -> Stats {
        // No other function locks two inlets, and this one does so in ascending index, so it cannot deadlock.
        let inlets: [_; MAX_INLETS] =
            array::from_fn(|index| (index < self.inlets.len()).then(|| self.inlet(index)));
        let state = self.lock();
        state
            .core
            .stats_with(inlets.iter().flatten().map(|inlet| &**inlet))
    }

    /// Next event for a reader that has read this number of events, or `None` if there is no such event. Events that
    /// are no longer kept count as read.
    pub(crate) fn next_event(&self, read: &mut u64) -> Option<Event> {
        let state = self.lock();
        let left = usize::try_from(state.core.events() - *read).unwrap_or(usize::MAX);
        let from = state.events.len().saturating_sub(left);
        let event = state.events.get(from)?.clone();
        *read = state.core.events() - (state.events.len() - from) as u64 + 1;
        Some(event)
    }

    /// Registers the waker of the driver, or returns `Ready` if there is work for the driver already.
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

    /// Index of the inlet that the current thread records into.
    #[inline]
    fn index(&self) -> usize {
        thread_number() & (self.inlets.len() - 1)
    }
}

/// Value on cache lines of its own. 128 bytes, because x86-64 prefetches lines in pairs and some ARM cores have lines
/// of 128 bytes.
#[repr(align(128))]
struct Padded<T>(T);

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Unlocks the state, then wakes the driver if there is new work for it.
#[inline]
fn wake_driver(mut state: MutexGuard<'_, State>) {
    if state.core.wants_poll() {
        let driver = state.driver.take();
        drop(state);
        wake_all(driver);
    }
}

/// Maximum number of inlets. Machines with more than 16 cores are rare, and each unused inlet costs one or two KiB.
pub(crate) const MAX_INLETS: usize = 16;

#[cfg(test)]
mod tests;
