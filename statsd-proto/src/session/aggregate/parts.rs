//! What one inlet has gathered of each series: one look-up for each metric.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::accumulator::Accumulator;
use super::key::{Key, Lookup, SLOTS};
use super::store::IDLE_DRAINS;
use super::{Budget, Series, Store};
use crate::encode::Encoder;
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Number, Rate, Value};
use crate::random::Random;

#[derive(Debug)]
pub(crate) struct Parts {
    /// Indices in `parts`.
    index: HashTable<usize>,
    /// Where parts were found lately, by a hash that costs next to nothing and decides nothing.
    recent: [usize; SLOTS],
    hasher: DefaultHashBuilder,
    parts: Vec<Part>,
    /// Indices of those that have something for the store, in the order in which they got it.
    pending: VecDeque<usize>,
    budget: Arc<Budget>,
    max_parts: usize,
    /// Number of drains so far.
    drains: u64,
}

/// What was recorded under one name, with the same tags in the same order.
#[derive(Debug)]
struct Part {
    hash: u64,
    key: Key,
    series: Arc<Series>,
    values: Accumulator,
    is_pending: bool,
    /// The last drain in which there was something.
    used: u64,
}

/// What became of a metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Added {
    /// It is the first since the last drain, of which the session has to be told.
    First,
    /// There was something already.
    More,
    /// It is to be sent as a line of its own.
    Not,
    /// Its series is not known here, and the store has to be [asked](Parts::insert).
    Unknown,
}

impl Parts {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            index: HashTable::new(),
            recent: [usize::MAX; SLOTS],
            hasher: DefaultHashBuilder::default(),
            parts: Vec::new(),
            pending: VecDeque::new(),
            budget: Arc::clone(store.budget()),
            max_parts: store.limits().series,
            drains: 0,
        }
    }

    /// Adds a metric's value to those of its series.
    ///
    /// # Errors
    ///
    /// The metric could not be sent as a line either.
    #[inline]
    pub(crate) fn add(
        &mut self,
        encoder: &Encoder,
        lookup: Lookup,
        metric: &Metric<'_>,
        random: &mut Random,
    ) -> Result<Added, RecordError> {
        let recent = self.recent[lookup.slot];
        let is_it = |part: &Part| part.key.is_of(lookup, metric);
        let at = if self.parts.get(recent).is_some_and(is_it) {
            recent
        } else if let Some(at) = self.find(lookup, metric) {
            self.recent[lookup.slot] = at;
            at
        } else {
            return Ok(Added::Unknown);
        };
        if metric.rate != Rate::Always {
            check_rate(encoder, metric.rate, lookup.series_kind)?;
        }
        self.add_at(encoder, at, lookup.kind, metric.value, random)
    }

    #[inline]
    fn add_at(
        &mut self,
        encoder: &Encoder,
        at: usize,
        kind: Kind,
        value: Value<'_>,
        random: &mut Random,
    ) -> Result<Added, RecordError> {
        let part = &mut self.parts[at];
        let is_counted = match value {
            Value::Number(Number::Int(amount)) if amount >= 0 => part.values.count(amount),
            Value::Elapsed(_) | Value::Number(_) | Value::Packed(_) | Value::Text(_) => false,
        };
        if !is_counted && !part.add_other(encoder, kind, value, random)? {
            return Ok(Added::Not);
        }
        if part.is_pending {
            return Ok(Added::More);
        }
        part.is_pending = true;
        self.pending.push_back(at);
        Ok(if self.pending.len() == 1 {
            Added::First
        } else {
            Added::More
        })
    }

    /// Makes a part for a series that is not known here, and adds the value to it.
    ///
    /// # Errors
    ///
    /// No such metric can be sent.
    #[cold]
    pub(crate) fn insert(
        &mut self,
        encoder: &Encoder,
        store: &mut Store,
        lookup: Lookup,
        metric: &Metric<'_>,
        random: &mut Random,
    ) -> Result<Added, RecordError> {
        check_rate(encoder, metric.rate, lookup.series_kind)?;
        let kind = lookup.series_kind;
        let Some(values) = Accumulator::new(kind).filter(|_| self.parts.len() < self.max_parts)
        else {
            return Ok(Added::Not);
        };
        let Some(series) = store.find_or_insert(encoder, kind, metric)? else {
            return Ok(Added::Not);
        };
        let key = Key::new(lookup, metric);
        if !self.budget.charge(key.bytes()) {
            return Ok(Added::Not);
        }
        let (at, hash) = (self.parts.len(), self.hash(lookup, metric));
        self.parts.push(Part {
            hash,
            key,
            series,
            values,
            is_pending: false,
            used: self.drains,
        });
        let parts = &self.parts;
        self.index.insert_unique(hash, at, |&at| parts[at].hash);
        self.recent[lookup.slot] = at;
        self.add_at(encoder, at, lookup.kind, metric.value, random)
    }

    /// Moves what some series have gathered here to the store: of so many series at most, and about so many values.
    /// Returns whether there are more for this drain, which takes of each what there is at that moment.
    pub(crate) fn drain(&mut self, store: &mut Store, most: usize, most_values: usize) -> bool {
        if self.drains != store.drains() {
            self.drains = store.drains();
            if self.drains % IDLE_DRAINS == 0 {
                self.forget_idle(self.drains.saturating_sub(IDLE_DRAINS));
            }
        }
        let mut values = 0;
        for _ in 0..most {
            if values >= most_values || !self.has_more() {
                break;
            }
            let Some(at) = self.pending.pop_front() else {
                break;
            };
            let part = &mut self.parts[at];
            values += part.values.len();
            part.used = self.drains;
            part.is_pending = !part.series.merge(&mut part.values);
            if part.is_pending {
                self.pending.push_back(at);
            }
            if part.series.mark() {
                store.add_pending(&part.series);
            }
        }
        self.has_more()
    }

    /// Whether something is left that came before this drain, or during it.
    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Number of series that something has been gathered of.
    #[cfg(test)]
    pub(crate) fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// Whether the first that has something has not been visited in this drain.
    fn has_more(&self) -> bool {
        let first = self.pending.front();
        first.is_some_and(|&at| self.parts[at].used != self.drains)
    }

    fn find(&self, lookup: Lookup, metric: &Metric<'_>) -> Option<usize> {
        let is_it = |&at: &usize| self.parts[at].key.is_of(lookup, metric);
        self.index.find(self.hash(lookup, metric), is_it).copied()
    }

    fn hash(&self, lookup: Lookup, metric: &Metric<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(metric.name.as_bytes());
        hasher.write_u32(lookup.scope);
        hasher.write_u16((lookup.series_kind as u16) << 8 | metric.section as u16);
        for (key, value) in metric.tags.pairs() {
            key.hash(&mut hasher);
            value.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Gives back all memory but that of parts that have something.
    pub(crate) fn trim(&mut self) {
        self.forget_idle(u64::MAX);
        self.parts.shrink_to_fit();
        self.pending.shrink_to_fit();
        let parts = &self.parts;
        self.index.shrink_to_fit(|&at| parts[at].hash);
    }

    /// Forgets parts that have had nothing since the `oldest` drain.
    fn forget_idle(&mut self, oldest: u64) {
        let is_used = |part: &Part| part.is_pending || part.used > oldest;
        if self.parts.iter().all(is_used) {
            return;
        }
        let budget = &self.budget;
        let (mut moved, mut kept) = (Vec::with_capacity(self.parts.len()), 0);
        self.parts.retain(|part| {
            let is_kept = is_used(part);
            moved.push(kept);
            kept += usize::from(is_kept);
            if !is_kept {
                budget.release(part.key.bytes() + part.values.charged());
            }
            is_kept
        });
        // All indices have changed.
        let pending = std::mem::take(&mut self.pending);
        self.index.clear();
        self.recent = [usize::MAX; SLOTS];
        let parts = &self.parts;
        for (at, part) in parts.iter().enumerate() {
            self.index
                .insert_unique(part.hash, at, |&at| parts[at].hash);
        }
        self.pending = pending.into_iter().map(|at| moved[at]).collect();
    }
}

impl Part {
    #[inline(never)]
    fn add_other(
        &mut self,
        encoder: &Encoder,
        kind: Kind,
        value: Value<'_>,
        random: &mut Random,
    ) -> Result<bool, RecordError> {
        match (&mut self.values, value) {
            (Accumulator::Level(_), Value::Number(number)) => {
                Ok(self.series.set_level(kind, number))
            }
            (values, value) => self.series.add_to(values, encoder, value, random),
        }
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        for part in &self.parts {
            self.budget
                .release(part.key.bytes() + part.values.charged());
        }
    }
}

/// Refuses a rate that makes no sense, or not for this kind.
fn check_rate(encoder: &Encoder, rate: Rate, kind: Kind) -> Result<(), RecordError> {
    let (Rate::Sample(rate) | Rate::Sampled(rate)) = rate else {
        return Ok(());
    };
    let is_rate = rate > 0.0 && rate <= 1.0;
    if is_rate && (encoder.takes_rate(kind) || rate == 1.0 && encoder.may_sample(kind)) {
        Ok(())
    } else {
        Err(RecordError::InvalidRate)
    }
}
