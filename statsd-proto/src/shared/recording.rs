//! Recording lines: in the session, or in the thread's lane.

use parking_lot::MutexGuard;

use super::{Padded, Shared, wake_driver};
use crate::error::RecordError;
use crate::lane::{Drafted, Lane, place_of_thread};
use crate::line::Encoder;
use crate::metric::{Metric, Rate};
use crate::payload::Record;

impl Shared {
    /// The hot path: nobody but the driver is woken, and only after unlocking.
    #[inline]
    pub(crate) fn record(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
        if self.adds_up {
            if let Some(result) = self.add_up(metric) {
                return result;
            }
        }
        self.record_with(metric.rate, metric.is_level(), |encoder, record| {
            encoder.encode(metric, record)
        })
    }

    /// Records what `write` writes, in the order that all threads record such things in.
    pub(crate) fn record_in_order(
        &self,
        write: impl Fn(&Encoder, &mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        self.record_with(Rate::Always, true, write)
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
}
