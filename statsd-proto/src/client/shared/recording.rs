//! Recording of metrics into the inlet of the current thread.

mod aggregating;
mod group;

use super::{Entry, wake_driver};
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Number, Section, Value};
use crate::session::aggregate::Put;
use crate::session::prepared::Prepared;
use crate::session::{Inlet, Pending, Plain, Record};
use crate::sync::MutexGuard;

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

    /// Records a metric that consists of a name and a number. All arguments are passed in registers, which is faster
    /// than [`record`](Self::record).
    #[inline]
    pub(crate) fn record_number(
        &self,
        kind: Kind,
        section: Section,
        name: &str,
        number: Number,
    ) -> Result<(), RecordError> {
        let plain = Plain {
            kind,
            section,
            name,
            number,
        };
        if self.shared.aggregates {
            self.record_aggregating(&plain.metric())
        } else {
            self.record_plain(kind, section, name, number)
        }
    }

    // The following functions are not inlined, so that the program contains each once and not once a call.

    /// Records a metric as a line, without aggregation.
    #[inline(never)]
    pub(crate) fn record_metric(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
        self.record_line(metric, |index, inlet| {
            self.record_slowly(index, inlet, metric)
        })
    }

    /// Records a name and a number as a line, without aggregation.
    #[inline(never)]
    fn record_plain(
        &self,
        kind: Kind,
        section: Section,
        name: &str,
        number: Number,
    ) -> Result<(), RecordError> {
        let plain = Plain {
            kind,
            section,
            name,
            number,
        };
        self.record_line(&plain, |index, inlet| {
            self.record_slowly(index, inlet, &plain)
        })
    }

    // The slow paths store the arguments in memory themselves, so that the hot path keeps them in registers.

    #[cold]
    #[inline(never)]
    fn record_number_slowly<'a>(
        &'a self,
        index: usize,
        inlet: MutexGuard<'a, Inlet>,
        prepared: &Prepared,
        number: Number,
    ) -> Result<(), RecordError> {
        self.record_slowly(index, inlet, &prepared.with(Value::Number(number)))
    }

    #[cold]
    #[inline(never)]
    fn record_value_slowly<'a>(
        &'a self,
        index: usize,
        inlet: MutexGuard<'a, Inlet>,
        prepared: &Prepared,
        value: &Value<'_>,
    ) -> Result<(), RecordError> {
        self.record_slowly(index, inlet, &prepared.with(*value))
    }

    #[cold]
    #[inline(never)]
    fn aggregate_prepared(&self, prepared: &Prepared, value: Value<'_>) -> Result<(), RecordError> {
        self.follow_up(prepared, prepared.aggregate(&self.encoder, value))
    }

    #[inline(never)]
    fn record_aggregating(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
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
        if !prepared.is_line() {
            return self.aggregate_prepared(prepared, *value);
        }
        self.record_line(&prepared.with(*value), |index, inlet| {
            self.record_value_slowly(index, inlet, prepared, value)
        })
    }

    /// Records a number for a prepared metric. The number is passed in registers.
    #[inline(never)]
    pub(crate) fn record_prepared_number(
        &self,
        prepared: &Prepared,
        number: Number,
    ) -> Result<(), RecordError> {
        if !prepared.is_line() {
            return self.aggregate_prepared(prepared, Value::Number(number));
        }
        self.record_line(&prepared.with(Value::Number(number)), |index, inlet| {
            self.record_number_slowly(index, inlet, prepared, number)
        })
    }

    /// Records an event or a service check.
    pub(crate) fn record_apart(&self, record: &dyn Record) -> Result<(), RecordError> {
        let index = self.shared.index();
        self.record_slowly(index, self.shared.inlet(index), record)
    }

    /// Records a line, without aggregation. Calls `slowly` if the line has to be sampled, refused, or exchanged with
    /// the queue.
    #[inline(always)]
    fn record_line<'a>(
        &'a self,
        record: &impl Record,
        slowly: impl FnOnce(usize, MutexGuard<'a, Inlet>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        let index = self.shared.index();
        let mut inlet = self.shared.inlet(index);
        let admit = |name: &[u8]| self.shared.owners.claim(index, name).is_ok();
        if inlet.try_record(&self.encoder, record, admit) {
            return Ok(());
        }
        slowly(index, inlet)
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
    fn record_slowly<'a>(
        &'a self,
        index: usize,
        mut inlet: MutexGuard<'a, Inlet>,
        record: &dyn Record,
    ) -> Result<(), RecordError> {
        let admit = |name: &[u8]| self.shared.owners.claim(index, name);
        let mut may_reclaim = true;
        loop {
            let pending = match inlet.record(&self.encoder, record, &admit) {
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
            inlet = self.shared.inlet(index);
        }
    }
}
