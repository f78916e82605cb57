//! All series of a client.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::series::Sink;
use super::{Budget, Limits, Series};
use crate::encode::{Encoder, SeriesKey};
use crate::error::RecordError;
use crate::metric::{Class, Kind, Metric};
use crate::random::Random;
use crate::session::calls::Calls;

/// Owner of all series and of their bounds. There is one per session.
#[derive(Debug)]
pub(crate) struct Store {
    limits: Limits,
    random: Random,
    budget: Arc<Budget>,
    series: HashMap<SeriesKey, Arc<Series>>,
    /// All series, in the order in which sweeps visit them.
    visits: VecDeque<Arc<Series>>,
    /// Number of series that the present sweep has not visited.
    unswept: usize,
    /// Drain since which a series must have had a value, or else the present sweep removes it.
    oldest: u64,
    /// Series with values to send, in the order in which they were marked.
    pending: VecDeque<Arc<Series>>,
    /// Series that the present drain writes. Series that become pending during the drain wait for the next, so that a
    /// drain ends, and writes one line for each series.
    draining: VecDeque<Arc<Series>>,
    /// Calls of handles whose values were aggregated and drained.
    calls: Calls,
    /// Series that were drained, once for each interval.
    contexts: Calls,
    /// Number of drains begun.
    drains: u64,
    /// Number of the drain since which series are removed because the limit was reached.
    swept: u64,
}

/// Progress of a drain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Drained {
    /// No pending series is left.
    All,
    /// One series was written. Others may be left.
    Series,
    /// The sink has no room at present.
    Stopped,
    /// The inlet with this index has lines of the same gauge. They have to be collected first.
    Owner(usize),
}

impl Store {
    pub(crate) fn new(limits: Limits, random: Random) -> Self {
        Self {
            limits,
            random,
            budget: Arc::new(Budget::new(limits.bytes)),
            series: HashMap::new(),
            visits: VecDeque::new(),
            unswept: 0,
            oldest: 0,
            pending: VecDeque::new(),
            draining: VecDeque::new(),
            calls: Calls::default(),
            contexts: Calls::default(),
            drains: 1,
            swept: 0,
        }
    }

    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Returns the series of a metric, and creates it if needed. `None` if the limits forbid a new one.
    ///
    /// # Errors
    ///
    /// The metric is invalid.
    pub(crate) fn find_or_insert(
        &mut self,
        encoder: &Encoder,
        kind: Kind,
        metric: &Metric<'_>,
    ) -> Result<Option<Arc<Series>>, RecordError> {
        let blank = Metric {
            section: metric.section,
            tags: metric.tags,
            ..Metric::blank(metric.name, kind)
        };
        let template = encoder.template(&blank)?;
        let key = template.series();
        if let Some(series) = self.series.get(&key) {
            return Ok(Some(Arc::clone(series)));
        }
        if self.series.len() >= self.limits.series {
            self.make_room();
        }
        if self.series.len() >= self.limits.series {
            return Ok(None);
        }
        let random = self.random.fork();
        let series = Series::new(kind, template, self.limits, &self.budget, random).map(Arc::new);
        if let Some(series) = &series {
            self.series.insert(key, Arc::clone(series));
            self.visits.push_back(Arc::clone(series));
        }
        Ok(series)
    }

    /// Series with this key, if it exists.
    pub(crate) fn get(&self, key: &SeriesKey) -> Option<&Arc<Series>> {
        self.series.get(key)
    }

    /// Adds a series to the list of pending series.
    pub(crate) fn add_pending(&mut self, series: &Arc<Series>) {
        self.pending.push_back(Arc::clone(series));
    }

    /// Begins a drain.
    pub(crate) fn start_drain(&mut self) {
        self.drains += 1;
        if self.drains % IDLE_DRAINS == 0 {
            self.start_sweep(self.drains.saturating_sub(IDLE_DRAINS));
        }
    }

    /// Starts to write: every series of this drain is in the store.
    pub(crate) fn start_writing(&mut self) {
        self.draining.append(&mut self.pending);
    }

    /// Calls of handles whose values were aggregated and drained.
    pub(crate) fn calls(&self) -> Calls {
        self.calls
    }

    /// Number of drained series by kind, once for each interval.
    pub(crate) fn contexts(&self) -> Calls {
        self.contexts
    }

    /// Number of drains begun.
    pub(crate) fn drains(&self) -> u64 {
        self.drains
    }

    /// Writes the next pending series. `owner` returns the inlet that has unsent lines of a gauge, by the gauge's
    /// name.
    pub(crate) fn write_next(
        &mut self,
        encoder: &Encoder,
        sink: &mut dyn Sink,
        owner: &dyn Fn(&[u8]) -> Option<usize>,
    ) -> Drained {
        let Some(series) = self.draining.pop_front() else {
            return Drained::All;
        };
        if series.kind() == Kind::Gauge {
            if let Some(owner) = owner(series.template().name()) {
                self.draining.push_front(series);
                return Drained::Owner(owner);
            }
        }
        series.unmark(self.drains);
        let class = Class::Metric(series.kind());
        let written = series.write(encoder, sink);
        self.calls.add(class, written.calls);
        self.contexts.count(class, written.is_context);
        if written.is_whole {
            return Drained::Series;
        }
        if series.mark() {
            self.draining.push_front(series);
        }
        Drained::Stopped
    }

    /// Refuses new series, and further values from handles. Values accepted so far become pending, including those
    /// whose handle has not yet reached the store.
    pub(crate) fn close(&mut self) {
        self.limits.series = 0;
        let rest = self.series.values().filter(|series| series.close());
        let mut rest: Vec<_> = rest.cloned().collect();
        rest.sort_by(|one, other| one.template().name().cmp(other.template().name()));
        self.pending.extend(rest);
    }

    /// Drops all series. Returns how many of them had values.
    pub(crate) fn clear(&mut self) -> usize {
        self.pending.clear();
        self.draining.clear();
        self.visits.clear();
        self.unswept = 0;
        let series = std::mem::take(&mut self.series);
        let lost = series.values().filter(|series| !series.is_empty());
        lost.count()
    }

    /// Begins to release all memory but that of series that have values or are referred to.
    pub(crate) fn start_trim(&mut self) {
        self.start_sweep(u64::MAX);
    }

    /// Visits at most `most` series. Returns whether there are more to visit.
    pub(crate) fn trim(&mut self, most: usize) -> bool {
        if self.sweep(most) {
            return true;
        }
        // Shrinking visits the series that are left. There are few compared with those that were removed.
        if self.series.len() <= self.series.capacity() / 4 {
            self.series.shrink_to_fit();
        }
        self.visits.shrink_to_fit();
        self.pending.shrink_to_fit();
        self.draining.shrink_to_fit();
        false
    }

    /// Visits at most `most` series, and removes those that no inlet and no handle refers to and that had no value
    /// lately. Returns whether the sweep has more to visit.
    pub(crate) fn sweep(&mut self, most: usize) -> bool {
        for _ in 0..most.min(self.unswept) {
            self.unswept -= 1;
            let series = self.visits.pop_front();
            let series = series.expect("a sweep visits no more series than there are");
            // The map refers to it, and this list.
            if Arc::strong_count(&series) > 2 || !series.is_idle(self.oldest) {
                self.visits.push_back(series);
            } else {
                self.series.remove(&series.template().series());
            }
        }
        self.unswept > 0
    }

    /// Removes idle series among a few, because the limit is reached. In an interval, each is visited once.
    fn make_room(&mut self) {
        if self.swept < self.drains {
            self.swept = self.drains;
            self.start_sweep(u64::MAX);
        }
        self.sweep(MAX_VISITS);
    }

    fn start_sweep(&mut self, oldest: u64) {
        self.unswept = self.visits.len();
        self.oldest = oldest;
    }

    /// Number of series.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.series.len()
    }
}

/// Number of series that are visited for each new one beyond the limit.
const MAX_VISITS: usize = 32;

/// Number of intervals without a value after which a series is removed.
pub(super) const IDLE_DRAINS: u64 = 8;
