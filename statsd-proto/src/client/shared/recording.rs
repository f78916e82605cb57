//! Recording of metrics into the inlet of the current thread.

use std::sync::Arc;

use super::{Entry, wake_driver};
use crate::encode::SeriesKey;
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Number, Section, Value};
use crate::session::aggregate::{Added, Lookup, Put, Series};
use crate::session::prepared::Prepared;
use crate::session::{GroupBuffer, Inlet, Pending, Plain, Record};
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

    /// New buffer for a group of metrics, or `None` if metrics are aggregated.
    pub(crate) fn group_buffer(&self) -> Option<GroupBuffer> {
        let is_line = !self.shared.aggregates;
        is_line.then(|| self.shared.lock().core.group_buffer())
    }

    /// Encodes a metric into the buffer of a group, without taking a lock. Counts the metric if it is refused.
    #[inline]
    pub(crate) fn push(
        &self,
        group: &mut GroupBuffer,
        record: &impl Record,
    ) -> Result<(), RecordError> {
        let result = group.push(&self.encoder, record);
        result.map_err(|error| self.refuse(error))
    }

    /// Encodes a name and a number into the buffer of a group.
    #[inline(never)]
    pub(crate) fn push_number(
        &self,
        group: &mut GroupBuffer,
        plain: Plain<'_>,
    ) -> Result<(), RecordError> {
        self.push(group, &plain)
    }

    /// Records the metrics of a group next to each other, or refuses all of them.
    pub(crate) fn record_group(&self, group: &mut GroupBuffer) -> Result<(), RecordError> {
        let index = self.shared.index();
        let mut may_reclaim = true;
        loop {
            let mut inlet = self.shared.inlet(index);
            let claim = |name: &[u8]| self.shared.owners.claim(index, name).err();
            if let Some(other) = group.levels().find_map(claim) {
                drop(inlet);
                self.shared.collect_at(other);
                continue;
            }
            if inlet.take_group(group) {
                return Ok(());
            }
            if inlet.is_closed() {
                return Err(inlet.refuse_group(RecordError::Closed, group));
            }
            let mut state = self.shared.lock();
            let result = state.core.exchange_group(&mut inlet, group);
            self.shared.owners.on_collected(index);
            if result == Err(RecordError::QueueFull) && may_reclaim && state.core.may_reclaim() {
                drop(state);
                drop(inlet);
                self.shared.collect();
                may_reclaim = false;
                continue;
            }
            if result.is_err() {
                state.core.on_exhausted();
            }
            let result = result.map_err(|error| inlet.refuse_group(error, group));
            drop(inlet);
            wake_driver(state);
            return result;
        }
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
                    // Reclaims the room that the queue has granted to other inlets and that they have not used.
                    self.shared.collect();
                    may_reclaim = false;
                }
            }
            inlet = self.shared.inlet(index);
        }
    }

    /// Aggregates a metric, or returns `None` if the caller has to send the metric as a line of its own.
    #[inline(always)]
    fn aggregate(&self, metric: &Metric<'_>) -> Option<Result<(), RecordError>> {
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
        match added {
            Ok(Added::First) => {
                let mut state = self.shared.lock();
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

    /// Prepares for sending a metric as a line of its own. Returns `Some` if the metric is refused, because the queue
    /// has no room for the pending level that has to be sent first.
    #[cold]
    fn aggregate_not(&self, metric: &Metric<'_>) -> Option<Result<(), RecordError>> {
        let is_level = metric.is_level();
        let key = is_level.then(|| self.encoder.gauge_series(metric));
        self.send_level_before(key?).err().map(Err)
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
        let admit = |name: &[u8]| self.shared.owners.claim(index, name);
        let mut may_reclaim = true;
        loop {
            let mut inlet = self.shared.inlet(index);
            let mut state = self.shared.lock();
            let sent = state
                .core
                .send_level_before(&self.encoder, &mut inlet, &key, &admit);
            let is_full = sent == Ok(Err(RecordError::QueueFull));
            let helps = is_full && may_reclaim && state.core.may_reclaim();
            if is_full && !helps {
                state.core.on_exhausted();
            }
            drop(inlet);
            wake_driver(state);
            match sent {
                Err(other) => self.shared.collect_at(other),
                Ok(_) if helps => {
                    self.shared.collect();
                    may_reclaim = false;
                }
                Ok(sent) => return sent.map_err(|error| self.refuse(error)),
            }
        }
    }

    /// Completes the recording of a prepared value: counts a refusal, lists the series as pending, or sends the value
    /// as a line.
    fn follow_up(
        &self,
        prepared: &Prepared,
        put: Result<Put, Value<'_>>,
    ) -> Result<(), RecordError> {
        match (put, prepared.series()) {
            (Ok(Put::Refused(error)), _) => Err(self.refuse(error)),
            (Ok(Put::First), Some(series)) => {
                self.on_first(series);
                Ok(())
            }
            (Ok(_), _) => Ok(()),
            (Err(value), _) => {
                if prepared.is_level() {
                    self.send_level_before(Some(prepared.key()))?;
                }
                let index = self.shared.index();
                self.record_slowly(index, self.shared.inlet(index), &prepared.with(value))
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
