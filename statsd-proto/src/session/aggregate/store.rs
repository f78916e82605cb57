//! All series of a client.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::series::Sink;
use super::{Budget, Limits, Series};
use crate::encode::{Encoder, SeriesKey};
use crate::error::RecordError;
use crate::metric::{Kind, Metric};
use crate::random::Random;

/// Owns the series and their bounds. The machine has one.
#[derive(Debug)]
pub(crate) struct Store {
    limits: Limits,
    random: Random,
    budget: Arc<Budget>,
    series: HashMap<SeriesKey, Arc<Series>>,
    /// Those that have something to send, in the order in which they got it.
    pending: VecDeque<Arc<Series>>,
    /// Number of drains so far.
    drains: u64,
    /// The drain at which idle series were last forgotten.
    swept: u64,
}

/// How far a drain came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Drained {
    /// Nothing is left.
    All,
    /// One series was written, and others may be left.
    Series,
    /// The sink has no room for more at present.
    Stopped,
    /// An inlet has lines of the same gauge, which have to come first.
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

    /// The series of a metric, a new one if there is none. `None` if there may be no more.
    ///
    /// # Errors
    ///
    /// No such metric can ever be sent.
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

    /// The series of this key, if there is one.
    pub(crate) fn get(&self, key: &SeriesKey) -> Option<&Arc<Series>> {
        self.series.get(key)
    }

    /// A series has something to send.
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

    /// Number of drains so far.
    pub(crate) fn drains(&self) -> u64 {
        self.drains
    }

    /// Writes one series. `owner` tells of a gauge's name which inlet has lines of it.
    pub(crate) fn write_next(
        &mut self,
        encoder: &Encoder,
        sink: &mut dyn Sink,
        owner: &dyn Fn(&[u8]) -> Option<usize>,
    ) -> Drained {
        let Some(series) = self.pending.pop_front() else {
            return Drained::All;
        };
        if series.kind() == Kind::Gauge {
            if let Some(owner) = owner(series.template().name()) {
                self.pending.push_front(series);
                return Drained::Owner(owner);
            }
        }
        series.unmark(self.drains);
        if series.write(encoder, sink) {
            return Drained::Series;
        }
        if series.mark() {
            self.pending.push_front(series);
        }
        Drained::Stopped
    }

    /// Takes no more series, and nothing more from handles. What they have added waits to be written, also if they
    /// have not told the store yet.
    pub(crate) fn close(&mut self) {
        self.limits.series = 0;
        let rest = self.series.values().filter(|series| series.close());
        let mut rest: Vec<_> = rest.cloned().collect();
        rest.sort_by(|one, other| one.template().name().cmp(other.template().name()));
        self.pending.extend(rest);
    }

    /// Forgets all that waits. Returns how many series had something.
    pub(crate) fn clear(&mut self) -> usize {
        self.pending.clear();
        let series = std::mem::take(&mut self.series);
        let lost = series.values().filter(|series| !series.is_empty());
        lost.count()
    }

    /// Forgets series that no inlet and no handle refers to, and that had nothing to send since the `oldest` drain.
    fn forget_idle(&mut self, oldest: u64) {
        // At most once in an interval, since it visits all.
        if self.swept < self.drains {
            self.swept = self.drains;
            self.series
                .retain(|_, series| Arc::strong_count(series) > 1 || !series.is_idle(oldest));
        }
    }
}

/// Intervals without a value after which a series is forgotten.
pub(super) const IDLE_DRAINS: u64 = 8;
