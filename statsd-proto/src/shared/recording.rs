//! Recording lines, in the thread's lane.

use super::{Padded, Shared, State, wake_driver};
use crate::error::RecordError;
use crate::lane::{Drafted, Lane, place_of_thread};
use crate::line::Encoder;
use crate::metric::{Metric, Rate};
use crate::payload::Record;
use crate::pressure::Thinning;
use crate::session::Session;
use crate::sync::MutexGuard;

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
        self.record_with(metric.rate, metric.is_level(), |encoder, record| {
            encoder.encode(metric, record)
        })
    }

    #[cold]
    fn record_thinned(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
        let thinned = self.thinning().apply(&self.encoder, metric);
        let (rate, metric) = thinned.unwrap_or((metric.rate, *metric));
        self.record_with(rate, metric.is_level(), |encoder, record| {
            encoder.encode(&metric, record)
        })
    }

    /// Records what `write` writes, in the order that all threads record such things in.
    pub(crate) fn record_in_order(
        &self,
        write: impl Fn(&Encoder, &mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        self.record_with(Rate::Always, true, write)
    }

    /// Records what `write` writes. Levels go into the first lane whichever thread they come from, so
    /// that they leave in the order recorded.
    #[inline]
    pub(crate) fn record_with(
        &self,
        rate: Rate,
        is_level: bool,
        write: impl Fn(&Encoder, &mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        let write = |record: &mut Record<'_>| write(&self.encoder, record);
        let place = place_of_thread(self.lanes.len() + 1);
        let Some(Padded(lane)) = self.lanes.get(place.wrapping_sub(1)) else {
            return self.record_first(rate, write);
        };
        let mut lane = lane.lock();
        if is_level {
            // Behind what the thread recorded before.
            self.lock().take_lines(&mut lane);
            // The lane stays locked, or else its other threads could come between.
            return self.record_first(rate, write);
        }
        match lane.draft(rate, write) {
            Drafted::Fits => lane.keep(),
            Drafted::NeedsRoom => return self.make_room(lane, write),
            Drafted::Settled(result) => return result,
        }
        Ok(())
    }

    #[inline]
    fn record_first(
        &self,
        rate: Rate,
        write: impl Fn(&mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        let mut state = self.lock();
        match state.first.draft(rate, &write) {
            Drafted::Fits => state.first.keep(),
            Drafted::NeedsRoom => {
                let result = state.make_room_first(write);
                self.show_pressure(&state.session);
                wake_driver(state);
                return result;
            }
            Drafted::Settled(result) => return result,
        }
        Ok(())
    }

    /// Keeps the draft of a lane that has no room for it.
    #[cold]
    fn make_room(
        &self,
        mut lane: MutexGuard<'_, Lane>,
        write: impl Fn(&mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        let mut state = self.lock();
        state.take_lines(&mut lane);
        let result = keep(&mut lane, &mut state.session, write);
        self.show_pressure(&state.session);
        drop(lane);
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

    #[cold]
    fn make_room_first(
        &mut self,
        write: impl Fn(&mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        self.take_first();
        keep(&mut self.first, &mut self.session, write)
    }
}

fn hand_over(lane: &mut Lane, session: &mut Session) {
    lane.hand_over(|run, lines| session.close_lane(run, lines));
}

/// Keeps the draft of a lane that was handed over: in the lane, or else in the session.
fn keep(
    lane: &mut Lane,
    session: &mut Session,
    write: impl Fn(&mut Record<'_>) -> Result<(), RecordError>,
) -> Result<(), RecordError> {
    if lane.may_hold_draft() && session.open_lane() {
        lane.open();
        lane.keep();
        Ok(())
    } else {
        lane.discard();
        session.record_with(Rate::Always, |_, record| write(record))
    }
}
