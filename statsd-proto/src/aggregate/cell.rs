//! One context that a handle holds: counted without a lock and without a look-up.

use super::Sink;
use super::accumulator::Accumulator;
use crate::metric::{Kind, Number, Value};
use crate::random::Random;
use crate::rendered::Rendered;
use crate::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use crate::sync::{Mutex, thread_number};

#[derive(Debug)]
pub(crate) struct Cell {
    rendered: Rendered,
    values: Values,
    /// Whether the next round will come by.
    is_pending: AtomicBool,
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a sum that is one step further away costs its callers"
)]
enum Values {
    /// A counter's sum, in parts, so that threads do not wait for each other.
    Sum([Part; PARTS]),
    Other(Mutex<Others>),
}

/// A part of a sum, in a cache line of its own: two marks, and the amount above them.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Part(AtomicI64);

#[derive(Debug)]
struct Others {
    accumulator: Accumulator,
    /// None if servers take no rate on such values.
    max_samples: Option<usize>,
    random: Random,
    is_closed: bool,
}

/// What became of a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Put {
    /// It is kept until the next round.
    Kept,
    /// It is kept, and the cell has to be told of for a round to come by.
    First,
    /// It is to be sent as a line of its own.
    Not,
    /// The session is over.
    Closed,
}

impl Cell {
    pub(crate) fn new(
        kind: Kind,
        rendered: Rendered,
        max_samples: usize,
        random: Random,
    ) -> Option<Self> {
        let accumulator = Accumulator::new(kind)?;
        let values = if kind == Kind::Counter {
            Values::Sum(Default::default())
        } else {
            Values::Other(Mutex::new(Others {
                accumulator,
                max_samples: rendered.has_place_for_rate().then_some(max_samples),
                random,
                is_closed: false,
            }))
        };
        Some(Self {
            rendered,
            values,
            is_pending: AtomicBool::new(false),
        })
    }

    /// Adds to a counter.
    #[inline]
    pub(crate) fn count(&self, amount: Number) -> Put {
        let amount = match amount {
            Number::Int(amount) if (-MAX_AMOUNT..=MAX_AMOUNT).contains(&amount) => amount,
            Number::Uint(amount) if amount <= MAX_AMOUNT as u64 => amount as i64,
            Number::Float(_) | Number::Int(_) | Number::Uint(_) => return Put::Not,
        };
        let Values::Sum(parts) = &self.values else {
            return Put::Not;
        };
        let part = &parts[thread_number() % PARTS].0;
        let before = part.fetch_add(amount << SHIFT, Ordering::Relaxed);
        if before & (PENDING | CLOSED) == PENDING {
            Put::Kept
        } else {
            self.mark(part, before)
        }
    }

    /// Adds a value of any other kind.
    pub(crate) fn put(&self, kind: Kind, value: Value<'_>) -> Put {
        let Values::Other(others) = &self.values else {
            return Put::Not;
        };
        let mut others = others.lock();
        let Others {
            accumulator,
            max_samples,
            random,
            is_closed,
        } = &mut *others;
        if *is_closed {
            Put::Closed
        } else if !accumulator.add(kind, value, *max_samples, random) {
            Put::Not
        } else if self.is_pending.load(Ordering::Relaxed)
            || self.is_pending.swap(true, Ordering::Relaxed)
        {
            // A round that has not been here yet, since it has to lock what is locked, takes the value.
            Put::Kept
        } else {
            Put::First
        }
    }

    /// Gives everything to the sink, for the last time if the cell is to be closed. Whether something
    /// stayed that the sink had no room for.
    pub(crate) fn drain(&self, is_last: bool, sink: &mut impl Sink) -> bool {
        // Before anything is taken: what comes then is told anew.
        self.is_pending.store(false, Ordering::Release);
        let has_rest = match &self.values {
            Values::Sum(parts) => self.drain_sum(parts, is_last, sink),
            Values::Other(others) => {
                let mut others = others.lock();
                let was_closed = others.is_closed;
                others.is_closed |= is_last;
                others.accumulator.drain(&self.rendered, sink);
                // What was left at the end has been counted then.
                !was_closed && !others.accumulator.is_empty()
            }
        };
        if has_rest && is_last {
            sink.lose();
            return false;
        }
        has_rest && !self.is_pending.swap(true, Ordering::AcqRel)
    }

    fn drain_sum(&self, parts: &[Part; PARTS], is_last: bool, sink: &mut impl Sink) -> bool {
        let take = |Part(part): &Part| {
            // Whoever finds its part empty finds that the cell is no longer pending.
            let before = if is_last {
                part.swap(CLOSED, Ordering::Release)
            } else {
                part.fetch_and(CLOSED, Ordering::Release)
            };
            // What came after the end was refused.
            let is_taken = before & CLOSED == 0;
            if is_taken { before >> SHIFT } else { 0 }
        };
        let sum = parts.iter().map(take).sum::<i64>();
        let mut count = Accumulator::Count(sum);
        count.drain(&self.rendered, sink);
        let has_rest = !count.is_empty();
        if has_rest && !is_last {
            parts[0].0.fetch_add(sum << SHIFT, Ordering::Relaxed);
            parts[0].0.fetch_or(PENDING, Ordering::Relaxed);
        }
        has_rest
    }

    /// Marks a part as having something, unless it was closed already before that was added.
    #[cold]
    fn mark(&self, part: &AtomicI64, before: i64) -> Put {
        if before & CLOSED != 0 {
            return Put::Closed;
        }
        let before = part.fetch_or(PENDING, Ordering::Acquire);
        if before & (PENDING | CLOSED) != 0 || self.is_pending.swap(true, Ordering::AcqRel) {
            Put::Kept
        } else {
            Put::First
        }
    }
}

/// As many threads as this many cores run at a time.
const PARTS: usize = 8;

/// The next round will come by for this part.
const PENDING: i64 = 1;
/// There are no more rounds.
const CLOSED: i64 = 2;
/// How many bits the marks have.
const SHIFT: u32 = 2;

/// Far from where the sum of a long outage overflows; larger amounts go as lines of their own.
const MAX_AMOUNT: i64 = 1 << 40;
