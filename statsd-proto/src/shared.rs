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
use crate::instruction::Output;
use crate::lane::{Drafted, Lane, place_of_thread};
use crate::line::Encoder;
use crate::metric::{Metric, Rate};
use crate::payload::Record;
use crate::session::Session;
use crate::waiters::{Until, Waiters};

pub(crate) struct Shared {
    state: Mutex<State>,
    /// Where further threads record, so that they need not wait for each other. The first thread works
    /// on the session itself.
    lanes: Box<[Padded<Mutex<Lane>>]>,
    encoder: Arc<Encoder>,
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
    pub(crate) fn new(mut session: Session, clock: Clock, lanes: usize) -> Self {
        let limits = session.lane_limits();
        let lanes = (0..lanes)
            .map(|_| Padded(Mutex::new(Lane::new(limits, session.fork_sampler()))))
            .collect();
        let encoder = Arc::clone(session.encoder());
        let state = State {
            session,
            driver: None,
            waiters: Waiters::default(),
            events: VecDeque::new(),
        };
        Self {
            state: Mutex::new(state),
            lanes,
            encoder,
            clock,
        }
    }

    /// The hot path: nobody but the driver is woken, and only after unlocking.
    #[inline]
    pub(crate) fn record(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
        self.record_with(metric.rate, metric.is_level(), |encoder, record| {
            encoder.encode(metric, record)
        })
    }

    /// Records what `write` writes. Levels go through the session whichever thread they come from, so
    /// that they leave in the order recorded.
    #[inline]
    pub(crate) fn record_with(
        &self,
        rate: Rate,
        is_level: bool,
        write: impl Fn(&Encoder, &mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        // The first place is the session itself.
        let place = place_of_thread(self.lanes.len() + 1);
        let Some(Padded(lane)) = self.lanes.get(place.wrapping_sub(1)) else {
            let mut state = self.lock();
            let result = state.session.record_with(rate, write);
            wake_driver(state);
            return result;
        };
        let mut lane = lane.lock();
        if is_level {
            return self.record_behind(lane, rate, write);
        }
        match lane.draft(rate, |record| write(&self.encoder, record)) {
            Drafted::Fits => lane.keep(),
            Drafted::NeedsRoom => return self.make_room(lane, write),
            Drafted::Settled(result) => return result,
        }
        Ok(())
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

    /// The same, with all that was recorded before in the session.
    pub(crate) fn with_all<T>(&self, work: impl FnOnce(&mut Session) -> T) -> T {
        self.bring_in(|_| {});
        self.with(work)
    }

    /// The same, and nothing is recorded after.
    pub(crate) fn with_end<T>(&self, work: impl FnOnce(&mut Session) -> T) -> T {
        self.bring_in(Lane::close);
        self.with(work)
    }

    /// What the driver has to do now.
    pub(crate) fn poll(&self) -> Output {
        let now = self.now();
        if self.lock().session.wants_lanes(now) {
            self.bring_in(|_| {});
        }
        self.with(|session| session.poll(now))
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

    /// Records a level behind what the thread recorded before.
    fn record_behind(
        &self,
        mut lane: MutexGuard<'_, Lane>,
        rate: Rate,
        write: impl Fn(&Encoder, &mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        let mut state = self.lock();
        lane.hand_over(|run, lines| state.session.close_lane(run, lines));
        let result = state.session.record_with(rate, write);
        drop(lane);
        wake_driver(state);
        result
    }

    /// Keeps the lane's draft: in the lane, once what was there is with the session, or else there too.
    #[cold]
    fn make_room(
        &self,
        mut lane: MutexGuard<'_, Lane>,
        write: impl Fn(&Encoder, &mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        let mut state = self.lock();
        lane.hand_over(|run, lines| state.session.close_lane(run, lines));
        let result = if lane.may_hold_draft() && state.session.open_lane() {
            lane.open();
            lane.keep();
            Ok(())
        } else {
            lane.discard();
            state.session.record_with(Rate::Always, write)
        };
        drop(lane);
        wake_driver(state);
        result
    }

    /// Hands what is in lanes over to the session, lane by lane.
    fn bring_in(&self, also: impl Fn(&mut Lane)) {
        for Padded(lane) in &self.lanes {
            // The session is locked within, or else the thread could record behind its own back.
            let mut lane = lane.lock();
            let mut state = self.lock();
            also(&mut lane);
            lane.hand_over(|run, lines| state.session.close_lane(run, lines));
            let (refused, sampled_out) = lane.take_counts();
            state.session.count_outside(refused, sampled_out);
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

#[cfg(test)]
mod tests;
