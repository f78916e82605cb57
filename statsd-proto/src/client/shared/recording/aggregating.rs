//! Recording of metrics that are aggregated.

use std::sync::Arc;

use crate::client::shared::{Entry, wake_driver};
use crate::encode::{SeriesKey, Source};
use crate::error::RecordError;
use crate::metric::{Class, Metric, Value};
use crate::session::aggregate::{Added, FastLookup, Lookup, Put, Series};
use crate::session::prepared::Prepared;

impl Entry {
    /// Aggregates a metric of a series that is pending already. Returns `false` if that is another one; nothing is changed
    /// then.
    #[inline(always)]
    pub(super) fn try_aggregate(&self, source: &impl Source) -> bool {
        let Some(lookup) = FastLookup::new(&self.encoder, source) else {
            return false;
        };
        let mut inlet = self.shared.inlet(self.shared.index());
        let is_aggregated =
            inlet.try_aggregate(&self.encoder, &lookup, Class::Metric(source.kind()));
        drop(inlet);
        is_aggregated
    }

    /// Aggregates a metric, or returns `None` if the caller has to send the metric as a line of its own.
    pub(super) fn aggregate(&self, metric: &Metric<'_>) -> Option<Result<(), RecordError>> {
        let Some(lookup) = Lookup::new(&self.encoder, metric) else {
            return self.aggregate_not(metric);
        };
        let mut inlet = self.shared.inlet(self.shared.index());
        let (parts, random) = inlet.aggregator()?;
        let mut added = parts.add(&self.encoder, lookup, metric, random);
        if added == Ok(Added::Unknown) {
            added =
                self.shared
                    .lock()
                    .core
                    .aggregate_new(&self.encoder, &mut inlet, lookup, metric);
        }
        if matches!(added, Ok(Added::Not | Added::Unknown)) {
            drop(inlet);
            return self.aggregate_not(metric);
        }
        inlet.count_call(|| metric.class());
        match added {
            Ok(Added::First) => {
                let mut state = self.shared.lock();
                state.core.on_aggregated();
                drop(inlet);
                wake_driver(state);
            }
            Ok(_) => {}
            Err(error) => return Some(Err(inlet.refuse(error))),
        }
        Some(Ok(()))
    }

    /// Prepares for sending a metric as a line of its own. Returns `Some` if the metric is refused, because the queue
    /// has no room for the pending level that has to be sent first.
    #[cold]
    fn aggregate_not(&self, metric: &Metric<'_>) -> Option<Result<(), RecordError>> {
        let is_level = metric.is_level();
        let key = is_level.then(|| self.encoder.gauge_series(metric));
        let error = self.send_level_before(key?).err()?;
        let mut inlet = self.shared.inlet(self.shared.index());
        inlet.count_call(|| metric.class());
        Some(Err(error))
    }

    /// Sends the pending level of a gauge, because a level that cannot be aggregated is about to be sent. This keeps
    /// the levels in order.
    ///
    /// # Errors
    ///
    /// Reason why the pending level was not sent. The new level is refused for the same reason.
    #[cold]
    fn send_level_before(&self, key: Option<SeriesKey>) -> Result<(), RecordError> {
        let Some(key) = key else {
            return Ok(());
        };
        let index = self.shared.index();
        let levels = self.shared.owners.of(index);
        let mut may_reclaim = true;
        loop {
            let mut inlet = self.shared.inlet(index);
            let mut state = self.shared.lock();
            let sent = state
                .core
                .send_level_before(&self.encoder, &mut inlet, &key, &levels);
            let is_full = sent == Ok(Err(RecordError::QueueFull));
            let reclaims = is_full && state.core.should_reclaim(&mut may_reclaim);
            drop(inlet);
            wake_driver(state);
            match sent {
                Err(other) => self.shared.collect_at(other),
                Ok(_) if reclaims => self.shared.collect(),
                Ok(sent) => return sent.map_err(|error| self.refuse(error)),
            }
        }
    }

    /// Completes the recording of a prepared value: counts a refusal, lists the series as pending, or sends the value
    /// as a line.
    pub(super) fn follow_up(
        &self,
        prepared: &Prepared,
        put: Result<Put, Value<'_>>,
    ) -> Result<(), RecordError> {
        match (put, prepared.series()) {
            (Ok(Put::Refused(error)), _) => {
                let mut inlet = self.shared.inlet(self.shared.index());
                inlet.count_call(|| prepared.class());
                Err(inlet.refuse(error))
            }
            (Ok(Put::First), Some(series)) => {
                self.on_first(series);
                Ok(())
            }
            (Ok(_), _) => Ok(()),
            (Err(value), _) => {
                if prepared.is_level() {
                    self.send_level_before(Some(prepared.key()))?;
                }
                self.record_slowly(&prepared.with(value))
            }
        }
    }

    /// Lists a series as pending, after a handle added the first value since the last drain.
    fn on_first(&self, series: &Arc<Series>) {
        let mut state = self.shared.lock();
        state.core.add_pending(series);
        wake_driver(state);
    }
}
