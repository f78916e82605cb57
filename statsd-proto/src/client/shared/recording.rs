//! Recording of metrics into the inlet of the current thread.

mod aggregating;
mod group;

use super::{Entry, wake_driver};
use crate::encode::{Single, Source};
use crate::error::RecordError;
use crate::metric::{Metric, Number, Value};
use crate::session::aggregate::Put;
use crate::session::prepared::Prepared;
use crate::session::{Pending, Record};

impl Entry {
    /// Records a metric. This is the hot path: it wakes at most the driver, after unlocking.
    #[inline]
    pub(crate) fn record(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
        if self.shared.aggregates {
            self.record_aggregating(metric)
        } else {
            self.record_metric(metric)
        }
    }

    /// Records a metric that consists of a name and a number. This is faster than [`record`](Self::record), because a
    /// [`Single`] is smaller than a [`Metric`].
    #[inline]
    pub(crate) fn record_number(&self, single: &Single<'_>) -> Result<(), RecordError> {
        if self.shared.aggregates {
            self.record_aggregating(single)
        } else {
            self.record_single(single)
        }
    }

    // The following functions are not inlined, so that the program contains each once and not once a call. Their slow
    // paths begin anew, with the lock and with the same arguments, so that the fast paths keep nothing for them.

    /// Records a metric as a line, without aggregation.
    #[inline(never)]
    pub(crate) fn record_metric(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
        if self.try_record(metric) {
            return Ok(());
        }
        self.record_slowly(metric)
    }

    /// Records a name and a number as a line, without aggregation.
    #[inline(never)]
    fn record_single(&self, single: &Single<'_>) -> Result<(), RecordError> {
        if self.try_record(single) {
            return Ok(());
        }
        self.record_slowly(single)
    }

    #[inline(never)]
    fn record_aggregating(&self, source: &impl Source) -> Result<(), RecordError> {
        if self.try_aggregate(source) {
            return Ok(());
        }
        self.aggregate_slowly(&source.metric())
    }

    #[cold]
    #[inline(never)]
    fn aggregate_slowly(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
        match self.aggregate(metric) {
            Some(result) => result,
            None => self.record_metric(metric),
        }
    }

    /// Records a value of a prepared metric.
    #[inline(never)]
    pub(crate) fn record_prepared(
        &self,
        prepared: &Prepared,
        value: &Value<'_>,
    ) -> Result<(), RecordError> {
        if self.try_record(&prepared.with(*value)) {
            return Ok(());
        }
        self.record_prepared_slowly(prepared, value)
    }

    #[cold]
    #[inline(never)]
    fn record_prepared_slowly(
        &self,
        prepared: &Prepared,
        value: &Value<'_>,
    ) -> Result<(), RecordError> {
        if prepared.is_line() {
            return self.record_slowly(&prepared.with(*value));
        }
        match prepared.aggregate(&self.encoder, *value) {
            Ok(Put::Kept) => Ok(()),
            put => self.follow_up(prepared, put),
        }
    }

    /// Records a number for a prepared metric. The number is passed in registers.
    #[inline(never)]
    pub(crate) fn record_prepared_number(
        &self,
        prepared: &Prepared,
        number: Number,
    ) -> Result<(), RecordError> {
        if self.try_record(&prepared.with(Value::Number(number))) {
            return Ok(());
        }
        self.record_prepared_number_slowly(prepared, number)
    }

    #[cold]
    #[inline(never)]
    fn record_prepared_number_slowly(
        &self,
        prepared: &Prepared,
        number: Number,
    ) -> Result<(), RecordError> {
        self.record_prepared_slowly(prepared, &Value::Number(number))
    }

    /// Records a line, without aggregation. Returns `false` if the line has to be sampled, refused, or exchanged with
    /// the queue; nothing is changed then.
    #[inline(always)]
    fn try_record(&self, record: &impl Record) -> bool {
        let Some(line) = record.fast_line(&self.encoder) else {
            return false;
        };
        let index = self.shared.index();
        let mut inlet = self.shared.inlet(index);
        let levels = &self.shared.owners.of(index);
        let is_recorded = inlet.try_record(&self.encoder, &line, levels);
        drop(inlet);
        is_recorded
    }

    /// Handles the rare outcomes of adding to an aggregated counter: the first amount since a drain, an amount too
    /// large to add, and a closed session.
    pub(crate) fn finish_count(
        &self,
        prepared: &Prepared,
        amount: Number,
        put: Put,
    ) -> Result<(), RecordError> {
        self.follow_up(prepared, prepared.finish_count(amount, put))
    }

    /// Encodes the name, tags and rate of a metric once, for repeated recording.
    ///
    /// # Errors
    ///
    /// Reason why the metric can never be recorded.
    pub(crate) fn prepare(&self, metric: &Metric<'_>) -> Result<Prepared, RecordError> {
        Prepared::new(&mut self.shared.lock().core, &self.encoder, metric)
    }

    /// Counts a refused metric, and returns the reason.
    pub(crate) fn refuse(&self, error: RecordError) -> RecordError {
        self.shared.inlet(self.shared.index()).refuse(error)
    }

    /// Records into the inlet of this thread. If another inlet has to be collected or the queue has to find room, it
    /// does so and tries again.
    #[cold]
    #[inline(never)]
    pub(crate) fn record_slowly(&self, record: &dyn Record) -> Result<(), RecordError> {
        let index = self.shared.index();
        let levels = self.shared.owners.of(index);
        let mut is_new = true;
        let mut may_reclaim = true;
        loop {
            let mut inlet = self.shared.inlet(index);
            if std::mem::take(&mut is_new) {
                inlet.count_call(|| record.class());
            }
            let pending = match inlet.record(&self.encoder, record, &levels) {
                Ok(result) => return result,
                Err(pending) => pending,
            };
            match pending {
                Pending::Owner(other) => {
                    drop(inlet);
                    self.shared.collect_at(other);
                }
                Pending::Room => {
                    let mut state = self.shared.lock();
                    let result = state.core.exchange(&mut inlet);
                    let is_full = result == Err(RecordError::QueueFull);
                    if !is_full || !state.core.should_reclaim(&mut may_reclaim) {
                        let result = result.map_err(|error| inlet.refuse(error));
                        drop(inlet);
                        wake_driver(state);
                        return result;
                    }
                    drop(state);
                    drop(inlet);
                    // Reclaims the room that the queue has granted to other inlets and that they have not used.
                    self.shared.collect();
                }
            }
        }
    }
}
