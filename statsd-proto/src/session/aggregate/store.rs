//! All series of a client.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::series::Sink;
use super::{Budget, Limits, Series};
use crate::encode::{Encoder, SeriesKey};
use crate::error::RecordError;
use crate::metric::{Kind, Metric};
use crate::random::Random;

/// Owner of all series and of their bounds. There is one per session.
#[derive(Debug)]
pub(crate) struct Store {
    limits: Limits,
    random: Random,
    budget: Arc<Budget>,
    series: HashMap<SeriesKey, Arc<Series>>,
    /// Series with values to send, in the order in which they were marked.
    pending: VecDeque<Arc<Series>>,
    /// Series that the present drain writes. Series that become pending during the drain wait for the next, so that a
    /// drain ends, and writes one line for each series.
    draining: VecDeque<Arc<Series>>,
    /// Number of drains begun.
    drains: u64,
    /// Number of the drain that last removed idle series because the limit was reached.
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
            pending: VecDeque::new(),
            draining: VecDeque::new(),
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
        // The sweep visits every series, so it runs at most once per interval.
        if self.series.len() >= self.limits.series && self.swept < self.drains {
            self.swept = self.drains;
            self.forget_idle(u64::MAX);
        }
        if self.series.len() >= self.limits.series {
            return Ok(None);
        }
        let random = self.random.fork();
        let series = Series::new(kind, template, self.limits, &self.budget, random).map(Arc::new);
        if let Some(series) = &series {
            self.series.insert(key, Arc::clone(series));
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
            self.forget_idle(self.drains.saturating_sub(IDLE_DRAINS));
        }
    }

    /// Starts to write: every series of this drain is in the store.
    pub(crate) fn start_writing(&mut self) {
        self.draining.append(&mut self.pending);
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
        if series.write(encoder, sink) {
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
        let series = std::mem::take(&mut self.series);
        let lost = series.values().filter(|series| !series.is_empty());
        lost.count()
    }

    /// Releases all memory but that of series that have values or are referred to.
    pub(crate) fn trim(&mut self) {
        self.forget_idle(u64::MAX);
        self.series.shrink_to_fit();
        self.pending.shrink_to_fit();
        self.draining.shrink_to_fit();
    }

    /// Removes series that no inlet and no handle refers to, and that had no value since drain number `oldest`.
    fn forget_idle(&mut self, oldest: u64) {
        self.series
            .retain(|_, series| Arc::strong_count(series) > 1 || !series.is_idle(oldest));
    }
}

/// Number of intervals without a value after which a series is removed.
pub(super) const IDLE_DRAINS: u64 = 8;
