//! Contexts by name: one look-up for each metric.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::accumulator::Accumulator;
use super::key::{Key, SLOTS, Sought};
use super::{Limits, Sink};
use crate::error::RecordError;
use crate::line::Encoder;
use crate::metric::{Kind, Metric};
use crate::random::Random;
use crate::rendered::Rendered;

#[derive(Debug)]
pub(crate) struct Table {
    /// Places in `contexts`.
    index: HashTable<usize>,
    /// Where contexts were found lately, by a hash that costs next to nothing and decides nothing.
    recent: [usize; SLOTS],
    hasher: DefaultHashBuilder,
    contexts: Vec<Context>,
    /// Those that have something to send, in the order in which they got it.
    pending: Vec<usize>,
    limits: Limits,
    /// How many more contexts may be kept, here and in the tables beside this one.
    room: Arc<AtomicUsize>,
    round: u64,
}

#[derive(Debug)]
struct Context {
    hash: u64,
    key: Key,
    rendered: Rendered,
    values: Accumulator,
    is_pending: bool,
    /// The last round in which there was something to send.
    used: u64,
}

/// What became of a metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Added {
    /// It is the first since the last round.
    First,
    /// There was something already.
    More,
    /// It is to be sent as a line of its own.
    Not,
}

impl Table {
    pub(crate) fn new(limits: Limits, room: Arc<AtomicUsize>) -> Self {
        Self {
            index: HashTable::new(),
            recent: [usize::MAX; SLOTS],
            hasher: DefaultHashBuilder::default(),
            contexts: Vec::new(),
            pending: Vec::new(),
            limits,
            room,
            round: 0,
        }
    }

    /// Adds a metric's value to those of its context, which is the one that is sought.
    #[inline]
    pub(crate) fn add(
        &mut self,
        encoder: &Encoder,
        sought: Sought,
        metric: &Metric<'_>,
        random: &mut Random,
    ) -> Result<Added, RecordError> {
        let Sought {
            kind,
            gathered_as,
            slot,
        } = sought;
        let recent = self.recent[slot];
        let is_it = |context: &Context| context.key.is_of(gathered_as, metric);
        let place = if self.contexts.get(recent).is_some_and(is_it) {
            recent
        } else if let Some(place) = self.find_or_insert(encoder, gathered_as, metric)? {
            self.recent[slot] = place;
            place
        } else {
            return Ok(Added::Not);
        };
        let context = &mut self.contexts[place];
        let max = (context.rendered.has_place_for_rate()).then_some(self.limits.samples);
        if !context.values.add(kind, metric.value, max, random) {
            return Ok(Added::Not);
        }
        if context.is_pending {
            return Ok(Added::More);
        }
        context.is_pending = true;
        self.pending.push(place);
        Ok(if self.pending.len() == 1 {
            Added::First
        } else {
            Added::More
        })
    }

    /// Gives everything to the sink, and forgets contexts that have long had nothing to send. Whether
    /// something stayed that the sink had no room for.
    pub(crate) fn drain(&mut self, sink: &mut impl Sink) -> bool {
        self.round += 1;
        let contexts = &mut self.contexts;
        self.pending.retain(|&place| {
            let context = &mut contexts[place];
            context.values.drain(&context.rendered, sink);
            context.used = self.round;
            context.is_pending = !context.values.is_empty();
            context.is_pending
        });
        if self.round % IDLE_ROUNDS == 0 {
            self.forget_idle();
        }
        !self.pending.is_empty()
    }

    /// Forgets everything. What had something left is counted as lost.
    pub(crate) fn clear(&mut self, sink: &mut impl Sink) {
        self.pending.drain(..).for_each(|_| sink.lose());
        self.room.fetch_add(self.contexts.len(), Ordering::Relaxed);
        self.contexts.clear();
        self.index.clear();
        self.recent = [usize::MAX; SLOTS];
    }

    #[inline(never)]
    fn find_or_insert(
        &mut self,
        encoder: &Encoder,
        kind: Kind,
        metric: &Metric<'_>,
    ) -> Result<Option<usize>, RecordError> {
        let hash = self.hash(kind, metric);
        let is_it = |&place: &usize| self.contexts[place].key.is_of(kind, metric);
        match self.index.find(hash, is_it) {
            Some(&place) => Ok(Some(place)),
            None => self.insert(encoder, kind, hash, metric),
        }
    }

    fn hash(&self, kind: Kind, metric: &Metric<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(metric.name.as_bytes());
        hasher.write_u16((kind as u16) << 8 | metric.section as u16);
        for (key, value) in metric.tags.pairs() {
            key.hash(&mut hasher);
            value.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Makes a new context; none if there are too many.
    #[cold]
    fn insert(
        &mut self,
        encoder: &Encoder,
        kind: Kind,
        hash: u64,
        metric: &Metric<'_>,
    ) -> Result<Option<usize>, RecordError> {
        let Some(values) = Accumulator::new(kind) else {
            return Ok(None);
        };
        let blank = Metric {
            section: metric.section,
            tags: metric.tags,
            ..Metric::blank(metric.name, kind)
        };
        let rendered = Rendered::with_place_for_rate(encoder, &blank)?;
        if !take_one(&self.room) {
            return Ok(None);
        }
        let place = self.contexts.len();
        self.contexts.push(Context {
            hash,
            key: Key::new(kind, metric),
            rendered,
            values,
            is_pending: false,
            used: self.round,
        });
        let contexts = &self.contexts;
        self.index
            .insert_unique(hash, place, |&place| contexts[place].hash);
        Ok(Some(place))
    }

    fn forget_idle(&mut self) {
        let before = self.contexts.len();
        let oldest = self.round.saturating_sub(IDLE_ROUNDS);
        self.contexts
            .retain(|context| context.is_pending || context.used > oldest);
        let forgotten = before - self.contexts.len();
        if forgotten == 0 {
            return;
        }
        self.room.fetch_add(forgotten, Ordering::Relaxed);
        // All places have changed; what is pending was so in the order of its places or is about to be.
        self.index.clear();
        self.recent = [usize::MAX; SLOTS];
        self.pending.clear();
        let contexts = &self.contexts;
        for (place, context) in contexts.iter().enumerate() {
            self.index
                .insert_unique(context.hash, place, |&place| contexts[place].hash);
            if context.is_pending {
                self.pending.push(place);
            }
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.room.fetch_add(self.contexts.len(), Ordering::Relaxed);
    }
}

/// Takes one of what is left, if there is any.
fn take_one(room: &AtomicUsize) -> bool {
    let take = |left: usize| left.checked_sub(1);
    room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
        .is_ok()
}

/// After so many rounds without a value a context is forgotten, at the latest after twice as many.
const IDLE_ROUNDS: u64 = 16;
