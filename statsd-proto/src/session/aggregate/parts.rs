//! Values that one inlet has aggregated. A metric of a known series costs one lookup and no lock.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasherDefault;
use std::iter::successors;
use std::sync::Arc;

use super::accumulator::Accumulator;
use super::hash::{Hashed, Keys};
use super::key::{FastLookup, Key, Lookup, SLOTS};
use super::store::IDLE_DRAINS;
use super::{Budget, Series, Store};
use crate::encode::Encoder;
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Number, Rate, Value};
use crate::random::Random;

#[derive(Debug)]
pub(crate) struct Parts {
    /// Index in `parts` of the newest part with this hash of name and tags.
    index: HashMap<u64, usize, BuildHasherDefault<Hashed>>,
    /// Cache of recently used indices in `parts`. Its hash is cheap; a wrong hit is detected by comparing the key.
    recent: [usize; SLOTS],
    keys: Keys,
    parts: Vec<Part>,
    /// Indices of parts with values for the store, in the order of their first value.
    pending: VecDeque<usize>,
    budget: Arc<Budget>,
    max_parts: usize,
    /// Number of drains seen by these parts.
    drains: u64,
    /// Number of parts, counted from the first, that the present sweep has not visited.
    unswept: usize,
    /// Drain since which a part must have had a value, or else the present sweep removes it.
    oldest: u64,
}

/// Values recorded under one name, with the same tags in the same order.
#[derive(Debug)]
struct Part {
    hash: u64,
    /// Index of the next older part with the same hash.
    same_hash: Option<usize>,
    key: Key,
    series: Arc<Series>,
    values: Accumulator,
    is_pending: bool,
    /// Number of the last drain that found a value here.
    used: u64,
}

/// Outcome of adding a metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Added {
    /// First value of this part since the last drain. The caller informs the session, which sets the timer of the
    /// interval.
    First,
    /// Value added to a part that already has values for the next drain. The caller has nothing to do.
    More,
    /// Metric that the caller has to send as a line of its own.
    Not,
    /// Metric of a series without a part here. The caller [asks the store](Parts::insert).
    Unknown,
}

impl Parts {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            index: HashMap::default(),
            recent: [usize::MAX; SLOTS],
            keys: Keys::new(),
            parts: Vec::new(),
            pending: VecDeque::new(),
            budget: Arc::clone(store.budget()),
            max_parts: store.limits().series,
            drains: 0,
            unswept: 0,
            oldest: 0,
        }
    }

    /// Adds a value to a part that is pending already and was used recently. Otherwise it changes nothing, and the caller
    /// goes on to [`add`](Self::add).
    #[inline(always)]
    pub(crate) fn try_add(
        &mut self,
        encoder: &Encoder,
        lookup: &FastLookup<'_>,
        random: &mut Random,
    ) -> bool {
        let recent = self.parts.get_mut(self.recent[lookup.slot % SLOTS]);
        let Some(part) = recent.filter(|part| part.is_pending && part.key.is_of_fast(lookup))
        else {
            return false;
        };
        if let Value::Number(Number::Int(amount)) = lookup.value {
            if amount >= 0 && part.values.count(amount) {
                return true;
            }
        }
        part.add_other(encoder, lookup.kind, lookup.value, random) == Ok(true)
    }

    /// Adds a metric's value to its part.
    ///
    /// # Errors
    ///
    /// The metric is invalid: it could not be sent as a line either.
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

    /// Creates a part for a series, and adds the value to it.
    ///
    /// # Errors
    ///
    /// The metric is invalid: it could not be sent as a line either.
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
            same_hash: self.index.insert(hash, at),
            key,
            series,
            values,
            is_pending: false,
            used: self.drains,
        });
        self.recent[lookup.slot] = at;
        self.add_at(encoder, at, lookup.kind, metric.value, random)
    }

    /// Moves the values of at most `most` parts, and about `most_values` values, to the store, or removes idle ones
    /// among as many. Returns whether this drain has more to do. A drain takes the values that a part has at that
    /// moment.
    pub(crate) fn drain(&mut self, store: &mut Store, most: usize, most_values: usize) -> bool {
        if self.drains != store.drains() {
            self.drains = store.drains();
            if self.drains % IDLE_DRAINS == 0 {
                self.start_sweep(self.drains.saturating_sub(IDLE_DRAINS));
            }
        }
        if !self.has_more() {
            // Few values are pending now, so a part that takes the place of another one is cheap to find among them.
            return self.sweep(most);
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
            values += part.values.weight();
            part.used = self.drains;
            part.is_pending = !part.series.merge(&mut part.values);
            if part.is_pending {
                self.pending.push_back(at);
            }
            if part.series.mark() {
                store.add_pending(&part.series);
            }
        }
        self.has_more() || self.unswept > 0
    }

    /// Whether any part has values, from before this drain or recorded during it.
    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Number of parts.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Number of parts with values.
    #[cfg(test)]
    pub(crate) fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// Whether the first pending part has not been visited in this drain.
    fn has_more(&self) -> bool {
        let first = self.pending.front();
        first.is_some_and(|&at| self.parts[at].used != self.drains)
    }

    fn find(&self, lookup: Lookup, metric: &Metric<'_>) -> Option<usize> {
        let newest = self.index.get(&self.hash(lookup, metric)).copied();
        let mut found = successors(newest, |&at| self.parts[at].same_hash);
        found.find(|&at| self.parts[at].key.is_of(lookup, metric))
    }

    fn hash(&self, lookup: Lookup, metric: &Metric<'_>) -> u64 {
        let mut mixed = self.keys.start();
        mixed.mix_text(metric.name);
        let kinds = u64::from(lookup.series_kind as u16) << 8 | metric.section as u64;
        mixed.mix(u64::from(lookup.scope) << 32 | kinds);
        for (key, value) in metric.tags.pairs() {
            mixed.mix_text(key);
            mixed.mix_text(value);
        }
        mixed.hash()
    }

    /// Begins to release all memory but that of parts with values.
    pub(crate) fn start_trim(&mut self) {
        self.start_sweep(u64::MAX);
    }

    /// Visits at most `most` parts. Returns whether there are more to visit.
    pub(crate) fn trim(&mut self, most: usize) -> bool {
        if self.sweep(most) {
            return true;
        }
        self.parts.shrink_to_fit();
        self.pending.shrink_to_fit();
        self.index.shrink_to_fit();
        false
    }

    /// Begins to remove parts that had no value since drain number `oldest`.
    fn start_sweep(&mut self, oldest: u64) {
        self.unswept = self.parts.len();
        self.oldest = oldest;
    }

    /// Visits at most `most` parts. Returns whether the sweep has more to visit.
    fn sweep(&mut self, most: usize) -> bool {
        for _ in 0..most.min(self.unswept) {
            self.unswept -= 1;
            let part = &self.parts[self.unswept];
            if !part.is_pending && part.used <= self.oldest {
                self.remove(self.unswept);
            }
        }
        self.unswept > 0
    }

    /// Removes a part. The last one takes its place.
    fn remove(&mut self, at: usize) {
        let (hash, older) = (self.parts[at].hash, self.parts[at].same_hash);
        self.relink(hash, at, older);
        let last = self.parts.len() - 1;
        if at < last {
            self.relink(self.parts[last].hash, last, Some(at));
        }
        let part = self.parts.swap_remove(at);
        self.budget
            .release(part.key.bytes() + part.values.charged());
        if self.parts.get(at).is_some_and(|moved| moved.is_pending) {
            let index = self.pending.iter_mut().find(|index| **index == last);
            index.into_iter().for_each(|index| *index = at);
        }
    }

    /// Makes what leads to the part at this index lead to another one: the index, or the newer part with this hash.
    fn relink(&mut self, hash: u64, from: usize, to: Option<usize>) {
        let newest = self.index.get(&hash).copied();
        let mut newer = successors(newest, |&at| self.parts[at].same_hash);
        match (newer.find(|&at| self.parts[at].same_hash == Some(from)), to) {
            (Some(at), _) => self.parts[at].same_hash = to,
            (None, Some(to)) => {
                self.index.insert(hash, to);
            }
            (None, None) => {
                self.index.remove(&hash);
            }
        }
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

/// Checks that a rate is valid, and valid for this kind.
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
