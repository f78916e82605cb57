//! Recording lines, in the thread's lane.

use super::{Shared, State, wake_driver};
use crate::error::RecordError;
use crate::lane::{Drafted, Lane};
use crate::line::Encoder;
use crate::metric::{Metric, Rate};
use crate::payload::Record;
use crate::pressure::Thinning;
use crate::room::Room;
use crate::session::Session;
use crate::sync::{MutexGuard, thread_number};

impl Shared {
    /// The hot path: nobody but the driver is woken, and only after unlocking.
    #[inline]
    pub(crate) fn record(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
        if self.adds_up {
            if let Some(result) = self.add_up(metric) {
                return result;
            }
        }
        if self.thinning() != Thinning::NONE {
            return self.record_thinned(metric);
        }
        self.record_metric(metric.rate, metric)
    }

    /// Not inlined, so that it is there once and not wherever there are metrics.
    #[inline(never)]
    fn record_metric(&self, rate: Rate, metric: &Metric<'_>) -> Result<(), RecordError> {
        self.record_with(
            rate,
            metric.is_level(),
            |encoder, room| encoder.encode_short(metric, room),
            |encoder, record| encoder.encode(metric, record),
        )
    }

    #[cold]
    fn record_thinned(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
        let thinned = self.thinning().apply(&self.encoder, metric);
        let (rate, metric) = thinned.unwrap_or((metric.rate, *metric));
        self.record_metric(rate, &metric)
    }

    /// Records what `write` writes, in the order that all threads record such things in.
    pub(crate) fn record_in_order(
        &self,
        write: impl FnOnce(&Encoder, &mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        self.record_with(Rate::Always, true, |_, _| None, write)
    }

    /// Records what `short` writes, or else what `long` does. Levels go into the first lane whichever
    /// thread they come from, so that they leave in the order recorded.
    #[inline]
    pub(crate) fn record_with(
        &self,
        rate: Rate,
        is_level: bool,
        short: impl for<'a> FnOnce(&Encoder, Room<'a>) -> Option<Room<'a>>,
        long: impl FnOnce(&Encoder, &mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        let encoder = &*self.encoder;
        let place = self.place_of_thread();
        let mut lane = self.lanes[place].0.lock();
        let mut first = None;
        let record_in = if is_level && place > 0 {
            // The thread's lane stays locked, or else its other threads could come between.
            let first = first.insert(self.split_lanes().0.lock());
            if lane.is_open() {
                // Behind what the thread recorded before.
                self.lock().take_lines(&mut lane, first);
            }
            first
        } else {
            &mut lane
        };
        let drafted = record_in.record(
            rate,
            |room| short(encoder, room),
            |record| long(encoder, record),
        );
        match drafted {
            Drafted::NeedsRoom => self.make_room(place, lane, first),
            Drafted::Settled(result) => result,
        }
    }

    /// Where this thread records.
    #[inline]
    pub(super) fn place_of_thread(&self) -> usize {
        thread_number() & (self.lanes.len() - 1)
    }

    /// Finds room for the draft: of the first lane, if that is locked besides or this is it.
    #[cold]
    fn make_room(
        &self,
        place: usize,
        mut lane: MutexGuard<'_, Lane>,
        mut first: Option<MutexGuard<'_, Lane>>,
    ) -> Result<(), RecordError> {
        let is_first = first.is_some() || place == 0;
        let drafted = first.as_deref_mut().unwrap_or(&mut lane);
        let mut before = (!is_first).then(|| self.split_lanes().0.lock());
        let mut state = self.lock();
        match &mut before {
            Some(before) => state.take_lines(drafted, before),
            None => hand_over(drafted, &mut state.session),
        }
        let result = keep(drafted, &mut state.session);
        self.show_pressure(&state.session);
        drop((lane, first, before));
        wake_driver(state);
        result
    }
}

impl State {
    /// Takes over what a thread has recorded in a further lane.
    pub(super) fn take_lines(&mut self, lane: &mut Lane, first: &mut Lane) {
        if lane.is_open() {
            // The thread's own levels are there, and come first.
            hand_over(first, &mut self.session);
            hand_over(lane, &mut self.session);
        }
    }
}

pub(super) fn hand_over(lane: &mut Lane, session: &mut Session) {
    lane.hand_over(|run, lines| session.close_lane(run, lines));
}

/// Keeps the draft of a lane that was handed over: in the lane, or else in the session.
fn keep(lane: &mut Lane, session: &mut Session) -> Result<(), RecordError> {
    if lane.may_hold_draft() && session.open_lane() {
        lane.open();
        if lane.keep() {
            return Ok(());
        }
    }
    let (draft, lines) = lane.drafted();
    session.record_with(Rate::Always, |_, record| {
        record.copy(draft, lines);
        Ok(())
    })
}
