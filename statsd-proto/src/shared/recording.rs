//! Recording, in the inlet of the thread.

use std::sync::Arc;

use super::{Shared, wake_driver};
use crate::aggregate::{Added, Lookup, Put, Series};
use crate::encode::{Cursor, Encoder, SeriesKey, Unwritten, Written};
use crate::error::RecordError;
use crate::metric::{Metric, Rate, Value};
use crate::prepared::Prepared;
use crate::session::{Inlet, Pending, Recorded};
use crate::sync::MutexGuard;

impl Shared {
    /// The hot path: nobody but the driver is woken, and only after unlocking.
    #[inline]
    pub(crate) fn record(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
        if self.aggregates {
            if let Some(result) = self.aggregate(metric) {
                return result;
            }
        }
        self.record_in_inlet(|inlet, admit| inlet.record(&self.encoder, metric, admit))
    }

    /// Records what `encode` writes.
    pub(crate) fn record_with(
        &self,
        encode: impl Fn(&Encoder, Cursor<'_>) -> Result<Written, Unwritten>,
    ) -> Result<(), RecordError> {
        let encode = |cursor: Cursor<'_>| encode(&self.encoder, cursor);
        self.record_in_inlet(|inlet, admit| inlet.write(Rate::Always, false, encode, admit))
    }

    /// Records a value of a prepared metric.
    #[inline]
    pub(crate) fn record_prepared(
        &self,
        prepared: &Prepared,
        value: Value<'_>,
    ) -> Result<(), RecordError> {
        let value = match prepared.aggregate(&self.encoder, value) {
            Ok(Put::Kept) => return Ok(()),
            Ok(put) => return self.follow_up(prepared, put),
            Err(value) => value,
        };
        if self.aggregates && prepared.is_level() {
            self.send_level_before(Some(prepared.key()))?;
        }
        self.record_in_inlet(|inlet, admit| prepared.write(&self.encoder, inlet, value, admit))
    }

    /// Prepares a metric that is recorded again and again.
    pub(crate) fn prepare(&self, metric: &Metric<'_>) -> Result<Prepared, RecordError> {
        Prepared::new(&mut self.lock().core, metric)
    }

    /// Counts what was not taken.
    pub(crate) fn refuse(&self, error: RecordError) -> RecordError {
        self.inlet(self.index()).refuse(error)
    }

    /// Records by `work` in the inlet of this thread, for as long as something else has to be done first.
    #[inline]
    fn record_in_inlet(
        &self,
        work: impl Fn(&mut Inlet, &dyn Fn(&[u8]) -> Result<(), usize>) -> Recorded,
    ) -> Result<(), RecordError> {
        let index = self.index();
        let admit = |name: &[u8]| self.owners.claim(index, name);
        let mut inlet = self.inlet(index);
        match work(&mut inlet, &admit) {
            Ok(result) => result,
            Err(pending) => self.record_pending(index, inlet, pending, |inlet| work(inlet, &admit)),
        }
    }

    #[cold]
    fn record_pending<'a>(
        &'a self,
        index: usize,
        mut inlet: MutexGuard<'a, Inlet>,
        mut pending: Pending,
        work: impl Fn(&mut Inlet) -> Recorded,
    ) -> Result<(), RecordError> {
        let mut may_reclaim = true;
        loop {
            match pending {
                Pending::Owner(other) => {
                    drop(inlet);
                    self.collect_at(other);
                }
                Pending::Room => {
                    let mut state = self.lock();
                    let result = state.core.exchange(&mut inlet);
                    let helps = may_reclaim && state.core.may_reclaim();
                    if result != Err(RecordError::QueueFull) || !helps {
                        if result.is_err() {
                            state.core.on_exhausted();
                        }
                        let result = result.map_err(|error| inlet.refuse(error));
                        drop(inlet);
                        wake_driver(state);
                        return result;
                    }
                    drop(state);
                    drop(inlet);
                    // Room that other inlets were granted and have not used.
                    self.collect();
                    may_reclaim = false;
                }
            }
            inlet = self.inlet(index);
            pending = match work(&mut inlet) {
                Ok(result) => return result,
                Err(pending) => pending,
            };
        }
    }

    /// Aggregates a metric. `None` if it is sent as lines of its own.
    #[inline(never)]
    fn aggregate(&self, metric: &Metric<'_>) -> Option<Result<(), RecordError>> {
        let Some(lookup) = Lookup::new(&self.encoder, metric) else {
            return self.aggregate_not(metric);
        };
        let mut inlet = self.inlet(self.index());
        let (parts, random) = inlet.aggregator()?;
        let mut added = parts.add(&self.encoder, lookup, metric, random);
        if added == Ok(Added::Unknown) {
            added = self.lock().core.aggregate_new(&mut inlet, lookup, metric);
        }
        match added {
            Ok(Added::First) => {
                let mut state = self.lock();
                state.core.on_aggregated();
                drop(inlet);
                wake_driver(state);
            }
            Ok(Added::More) => {}
            Ok(Added::Not | Added::Unknown) => {
                drop(inlet);
                return self.aggregate_not(metric);
            }
            Err(error) => return Some(Err(inlet.refuse(error))),
        }
        Some(Ok(()))
    }

    /// Prepares for a line of its own. `Some` if it is refused, since what has to come before it has no room.
    #[cold]
    fn aggregate_not(&self, metric: &Metric<'_>) -> Option<Result<(), RecordError>> {
        let is_level = metric.is_level();
        let key = is_level.then(|| self.encoder.gauge_series(metric));
        self.send_level_before(key?).err().map(Err)
    }

    /// Before a level that cannot be aggregated: sends the one that waits of the same gauge.
    ///
    /// # Errors
    ///
    /// That has no room, and so the other level has none.
    #[cold]
    fn send_level_before(&self, key: Option<SeriesKey>) -> Result<(), RecordError> {
        let Some(key) = key else {
            return Ok(());
        };
        let index = self.index();
        let admit = |name: &[u8]| self.owners.claim(index, name);
        let mut may_reclaim = true;
        loop {
            let mut inlet = self.inlet(index);
            let mut state = self.lock();
            let sent = state.core.send_level_before(&mut inlet, &key, &admit);
            let is_full = sent == Ok(Err(RecordError::QueueFull));
            let helps = is_full && may_reclaim && state.core.may_reclaim();
            if is_full && !helps {
                state.core.on_exhausted();
            }
            drop(inlet);
            wake_driver(state);
            match sent {
                Err(other) => self.collect_at(other),
                Ok(_) if helps => {
                    self.collect();
                    may_reclaim = false;
                }
                Ok(sent) => return sent.map_err(|error| self.refuse(error)),
            }
        }
    }

    #[cold]
    fn follow_up(&self, prepared: &Prepared, put: Put) -> Result<(), RecordError> {
        if let Put::Refused(error) = put {
            return Err(self.refuse(error));
        }
        if let Some(series) = prepared.series() {
            self.on_first(series);
        }
        Ok(())
    }

    /// A handle has put something into a part of a sum, or into a series, that the store may not know of.
    fn on_first(&self, series: &Arc<Series>) {
        let mut state = self.lock();
        state.core.add_pending(series);
        wake_driver(state);
    }
}
