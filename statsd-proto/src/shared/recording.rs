//! Recording lines, in the thread's lane.

use super::{Padded, Shared, State, wake_driver};
use crate::error::RecordError;
use crate::lane::{Drafted, Lane, place_of_thread};
use crate::line::Encoder;
use crate::metric::{Metric, Rate};
use crate::payload::Record;
use crate::pressure::Thinning;
use crate::room::Room;
use crate::session::Session;
use crate::sync::{Mutex, MutexGuard};

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
        self.record_metric(metric)
    }

    /// Not inlined, so that it is there once and not wherever there are metrics.
    #[inline(never)]
    fn record_metric(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
        self.record_with(
            metric.rate,
            metric.is_level(),
            |encoder, room| encoder.encode_short(metric, room),
            |encoder, record| encoder.encode(metric, record),
        )
    }

    #[cold]
    fn record_thinned(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
        let thinned = self.thinning().apply(&self.encoder, metric);
        let (rate, metric) = thinned.unwrap_or((metric.rate, *metric));
        self.record_with(
            rate,
            metric.is_level(),
            |encoder, room| encoder.encode_short(&metric, room),
            |encoder, record| encoder.encode(&metric, record),
        )
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
        let mut beside = self.lane_of_thread().map(Mutex::lock);
        let mut central = None;
        let lane = match &mut beside {
            Some(lane) if !is_level => lane,
            beside => {
                let state = central.insert(self.lock());
                if let Some(lane) = beside {
                    // Behind what the thread recorded before. The lane stays locked, or else its other
                    // threads could come between.
                    state.take_lines(lane);
                }
                &mut state.first
            }
        };
        let drafted = lane.record(
            rate,
            |room| short(encoder, room),
            |record| long(encoder, record),
        );
        match drafted {
            Drafted::NeedsRoom => self.make_room(beside, central),
            Drafted::Settled(result) => result,
        }
    }

    /// Where this thread records beside the session; none for the first thread.
    #[inline]
    pub(super) fn lane_of_thread(&self) -> Option<&Mutex<Lane>> {
        let place = place_of_thread(self.lanes.len());
        let lane = self.lanes.get(place.wrapping_sub(1));
        lane.map(|Padded(lane)| lane)
    }

    /// Finds room for the draft: of the first lane, if that is locked.
    #[cold]
    fn make_room(
        &self,
        mut beside: Option<MutexGuard<'_, Lane>>,
        central: Option<MutexGuard<'_, State>>,
    ) -> Result<(), RecordError> {
        let is_first = central.is_some();
        let mut state = central.unwrap_or_else(|| self.lock());
        let result = match &mut beside {
            Some(lane) if !is_first => {
                state.take_lines(lane);
                keep(lane, &mut state.session)
            }
            _ => {
                state.take_first();
                let State { session, first, .. } = &mut *state;
                keep(first, session)
            }
        };
        self.show_pressure(&state.session);
        drop(beside);
        wake_driver(state);
        result
    }
}

impl State {
    /// Takes over what a thread has recorded beside the session.
    pub(super) fn take_lines(&mut self, lane: &mut Lane) {
        if lane.is_open() {
            // The thread's own levels are there, and come first.
            hand_over(&mut self.first, &mut self.session);
            hand_over(lane, &mut self.session);
        }
    }

    /// Takes over what has been recorded in the first lane.
    pub(super) fn take_first(&mut self) {
        hand_over(&mut self.first, &mut self.session);
    }
}

fn hand_over(lane: &mut Lane, session: &mut Session) {
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
