//! What clients and the driver share: a session behind a lock that nobody holds for long.

mod adding;
mod recording;
mod wait;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::aggregate::Cell;
use crate::event::{Event, MAX_EVENTS};
use crate::instruction::Output;
use crate::lane::{Extent, Lane};
use crate::line::Encoder;
use crate::pressure::Thinning;
use crate::session::Session;
use crate::sync::{Mutex, MutexGuard};
use crate::waiters::Waiters;
use recording::hand_over;
pub(crate) use wait::Wait;

pub(crate) struct Shared {
    state: Mutex<State>,
    /// Where threads record, so that they need not wait for each other nor for the driver. In the first go
    /// also the metrics of all threads that must keep their order over all of them.
    ///
    /// Who locks several locks a further lane before the first, and the state last.
    lanes: Box<[Padded<Mutex<Lane>>]>,
    encoder: Arc<Encoder>,
    /// Whether metrics are added up, as far as they can be.
    adds_up: bool,
    /// How many metrics are left out, for all threads to see; written when that changes.
    thinning: AtomicU8,
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
    /// What is added up by handles, and those of them that have something.
    cells: Vec<Weak<Cell>>,
    pending: Vec<Arc<Cell>>,
    /// No cell is to be made any more, since nobody would come by.
    is_over: bool,
}

impl Shared {
    /// The number of lanes is a power of two.
    pub(crate) fn new(mut session: Session, clock: Clock, lanes: usize) -> Self {
        let limits = session.lane_limits();
        let lanes = (0..lanes)
            .map(|place| {
                let table = session.outer_table();
                let mut lane = Lane::new(limits, session.fork_sampler(), table);
                if place == 0 {
                    lane.reserve();
                }
                Padded(Mutex::new(lane))
            })
            .collect();
        let encoder = Arc::clone(session.encoder());
        let adds_up = session.share_rounds();
        let state = State {
            session,
            driver: None,
            waiters: Waiters::default(),
            events: VecDeque::new(),
            cells: Vec::new(),
            pending: Vec::new(),
            is_over: false,
        };
        Self {
            state: Mutex::new(state),
            lanes,
            encoder,
            adds_up,
            thinning: AtomicU8::new(Thinning::NONE.as_u8()),
            clock,
        }
    }

    /// Works on the session, then wakes, after unlocking, everyone whom the work concerns.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Session) -> T) -> T {
        self.with_state(self.lock(), work)
    }

    fn with_state<T>(
        &self,
        mut state: MutexGuard<'_, State>,
        work: impl FnOnce(&mut Session) -> T,
    ) -> T {
        let State {
            session,
            driver,
            waiters,
            events,
            ..
        } = &mut *state;
        let result = work(session);
        self.show_pressure(session);
        let driver = if session.wants_poll() {
            driver.take()
        } else {
            None
        };
        let reached = waiters.take_reached(session);
        let news: Vec<Event> = std::iter::from_fn(|| session.poll_event()).collect();
        events.extend(news.iter().cloned());
        while events.len() > MAX_EVENTS {
            events.pop_front();
        }
        drop(state);
        reached.into_iter().chain(driver).for_each(Waker::wake);
        news.iter().for_each(log);
        result
    }

    /// The same, with all lines that were recorded before.
    pub(crate) fn with_lines<T>(&self, work: impl FnOnce(&mut Session) -> T) -> T {
        self.bring_in(Extent::Lines);
        self.with(work)
    }

    /// The same, with all that was recorded before.
    pub(crate) fn with_all<T>(&self, work: impl FnOnce(&mut Session) -> T) -> T {
        self.bring_in(Extent::All);
        self.with(work)
    }

    /// The same, and nothing is recorded after.
    pub(crate) fn with_end<T>(&self, work: impl FnOnce(&mut Session) -> T) -> T {
        self.bring_in(Extent::Last);
        self.with(work)
    }

    /// What the driver has to do now.
    pub(crate) fn poll(&self) -> Output {
        let now = self.now();
        let mut state = self.lock();
        let is_round = state.session.start_round(now);
        let extent = if is_round {
            Extent::All
        } else if state.session.wants_lanes(now) {
            Extent::Lines
        } else {
            // As nearly always, since a payload after the other leaves.
            return self.with_state(state, |session| session.poll(now));
        };
        drop(state);
        self.bring_in(extent);
        self.with(|session| {
            if is_round {
                session.end_round();
            }
            session.poll(now)
        })
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

    #[inline]
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// How many metrics are left out at present.
    #[inline]
    pub(crate) fn thinning(&self) -> Thinning {
        Thinning::from_u8(self.thinning.load(Ordering::Relaxed))
    }

    /// Lets all threads see how many metrics the session leaves out.
    fn show_pressure(&self, session: &Session) {
        let thinning = session.thinning().unwrap_or_default();
        if thinning != self.thinning() {
            self.thinning.store(thinning.as_u8(), Ordering::Relaxed);
        }
    }

    /// Hands what is beside the session over to it.
    fn bring_in(&self, extent: Extent) {
        let (first, further) = self.split_lanes();
        for Padded(lane) in further {
            // The session is locked within, or else the thread could record behind its own back.
            let mut lane = lane.lock();
            let mut first = first.lock();
            let mut state = self.lock();
            state.take_lines(&mut lane, &mut first);
            lane.hand_over_rest(&mut state.session, extent);
        }
        let mut first = first.lock();
        let mut state = self.lock();
        hand_over(&mut first, &mut state.session);
        first.hand_over_rest(&mut state.session, extent);
        drop(first);
        if extent != Extent::Lines {
            state.drain_cells(extent == Extent::Last);
        }
    }

    /// The first lane, and the others.
    #[inline]
    fn split_lanes(&self) -> (&Mutex<Lane>, &[Padded<Mutex<Lane>>]) {
        match &*self.lanes {
            [Padded(first), further @ ..] => (first, further),
            [] => unreachable!("there is at least one lane"),
        }
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
    if state.session.wants_poll() {
        let driver = state.driver.take();
        drop(state);
        wake(driver);
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
