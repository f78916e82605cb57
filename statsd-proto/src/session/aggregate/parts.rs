//! What one inlet has gathered of each series: one look-up for each metric.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::accumulator::Accumulator;
use super::key::{Key, Lookup, SLOTS};
use super::store::IDLE_DRAINS;
use super::{Budget, Series, Store};
use crate::encode::{Cursor, Encoder, Unwritten};
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
    pending: Vec<usize>,
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
            pending: Vec::new(),
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
        if !is_counted && !part.add_other(encoder, kind, value, random, &self.budget)? {
            return Ok(Added::Not);
        }
        if part.is_pending {
            return Ok(Added::More);
        }
        part.is_pending = true;
        self.pending.push(at);
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

    /// Moves what some series have gathered here to the store, of so many at most. Returns whether any are left.
    pub(crate) fn drain(&mut self, store: &mut Store, most: usize) -> bool {
        if self.drains != store.drains() {
            self.drains = store.drains();
            if self.drains % IDLE_DRAINS == 0 {
                self.forget_idle();
            }
        }
        let count = most.min(self.pending.len());
        for at in self.pending.drain(..count) {
            let part = &mut self.parts[at];
            part.is_pending = false;
            part.used = self.drains;
            part.series.merge(&mut part.values);
            if part.series.mark() {
                store.add_pending(&part.series);
            }
        }
        !self.pending.is_empty()
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

    fn forget_idle(&mut self) {
        let before = self.parts.len();
        let oldest = self.drains.saturating_sub(IDLE_DRAINS);
        let budget = &self.budget;
        self.parts.retain(|part| {
            let is_used = part.is_pending || part.used > oldest;
            if !is_used {
                budget.release(part.key.bytes() + part.values.charged());
            }
            is_used
        });
        if self.parts.len() == before {
            return;
        }
        // All indices have changed; what is pending was so in the order of its indices or is about to be.
        self.index.clear();
        self.recent = [usize::MAX; SLOTS];
        self.pending.clear();
        let parts = &self.parts;
        for (at, part) in parts.iter().enumerate() {
            self.index
                .insert_unique(part.hash, at, |&at| parts[at].hash);
            if part.is_pending {
                self.pending.push(at);
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
        budget: &Budget,
    ) -> Result<bool, RecordError> {
        match (&mut self.values, value) {
            (Accumulator::Level(_), Value::Number(number)) => {
                return Ok(self.series.set_level(kind, number));
            }
            (Accumulator::Members(members), Value::Text(member)) if !members.contains(member) => {
                check_value(encoder, &self.series, value)?;
            }
            // The server may not count down, which must not cost it what was counted up.
            (Accumulator::Count(_), _) if encoder.has_limits() => {
                check_value(encoder, &self.series, value)?;
            }
            _ => {}
        }
        Ok(self
            .values
            .add(value, self.series.max_samples(), random, budget))
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

/// Refuses a value that could not be sent as a line.
fn check_value(encoder: &Encoder, series: &Series, value: Value<'_>) -> Result<(), RecordError> {
    let mut line = [0; 1024];
    match encoder.encode_value(series.template(), value, None, Cursor::new(&mut line)) {
        Err(Unwritten::Refused(error)) => Err(error),
        Err(Unwritten::Full) | Ok(_) => Ok(()),
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
