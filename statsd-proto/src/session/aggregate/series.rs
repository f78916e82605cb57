//! One series, as the server knows it.

use std::sync::{Arc, OnceLock};

use super::accumulator::{Accumulator, Level};
use super::sum::{Put, Sum};
use super::{Budget, Limits};
use crate::encode::{Cursor, Encoder, Template, Unwritten, Written};
use crate::metric::{Kind, Number, Value};
use crate::random::Random;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What is shared of a series: by the parts of all inlets, and by handles.
#[derive(Debug)]
pub(crate) struct Series {
    kind: Kind,
    template: Template,
    /// Maximum number of values that are kept. `None` if the server takes no rate on them, so that all are sent.
    max_samples: Option<usize>,
    gathered: Mutex<Gathered>,
    /// Whether the store has it in its list.
    is_pending: AtomicBool,
    /// What handles of a counter have added. Made by the first of them.
    sum: OnceLock<Arc<Sum>>,
    /// The last drain in which there was something to send.
    used: AtomicU64,
    budget: Arc<Budget>,
    charged: usize,
}

/// What waits to be written as lines. Of a gauge its level, wherever it is set.
#[derive(Debug)]
struct Gathered {
    values: Accumulator,
    random: Random,
    is_closed: bool,
}

/// Where the lines of a drain go.
pub(crate) trait Sink {
    /// Takes what `write` writes, whole or not at all. Returns whether it is done with that: `false` if it has no room
    /// for more at present.
    fn take(&mut self, write: &mut dyn FnMut(Cursor<'_>) -> Result<Written, Unwritten>) -> bool;
}

impl Series {
    /// `None` if values of this kind are sent by themselves, or memory is short.
    pub(super) fn new(
        kind: Kind,
        template: Template,
        limits: Limits,
        budget: &Arc<Budget>,
        random: Random,
    ) -> Option<Self> {
        let values = Accumulator::new(kind)?;
        let charged = SERIES_BYTES + 2 * template.name().len();
        budget.charge(charged).then(|| Self {
            kind,
            max_samples: template.has_rate().then_some(limits.samples),
            template,
            gathered: Mutex::new(Gathered {
                values,
                random,
                is_closed: false,
            }),
            is_pending: AtomicBool::new(false),
            sum: OnceLock::new(),
            used: AtomicU64::new(0),
            budget: Arc::clone(budget),
            charged,
        })
    }

    /// What values are gathered as: changes of a gauge as a gauge.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn max_samples(&self) -> Option<usize> {
        self.max_samples
    }

    pub(crate) fn template(&self) -> &Template {
        &self.template
    }

    /// Adds a value of any kind but a gauge's, for a handle.
    pub(crate) fn add(&self, value: Value<'_>) -> Put {
        let Gathered {
            values,
            random,
            is_closed,
        } = &mut *self.gathered.lock();
        if *is_closed {
            Put::Closed
        } else if values.add(value, self.max_samples, random, &self.budget) {
            self.mark_locked()
        } else {
            Put::Not
        }
    }

    /// Sets or changes the level of a gauge, for a handle.
    pub(crate) fn put_level(&self, kind: Kind, number: Number) -> Put {
        let gathered = &mut *self.gathered.lock();
        if gathered.is_closed {
            Put::Closed
        } else if add_level(&mut gathered.values, kind, number) {
            self.mark_locked()
        } else {
            Put::Not
        }
    }

    /// The same for an inlet, which tells the store of it at the next drain.
    pub(crate) fn set_level(&self, kind: Kind, number: Number) -> bool {
        add_level(&mut self.gathered.lock().values, kind, number)
    }

    /// Takes the level of a gauge that waits.
    pub(crate) fn take_level(&self) -> Level {
        match &mut self.gathered.lock().values {
            Accumulator::Level(level) => std::mem::replace(level, Level::Unchanged),
            Accumulator::Count(_) | Accumulator::Members(_) | Accumulator::Samples(_) => {
                Level::Unchanged
            }
        }
    }

    /// Puts a level back that could not be sent, unless it was set or changed since.
    pub(crate) fn put_level_back(&self, back: Level) {
        if let Accumulator::Level(level) = &mut self.gathered.lock().values {
            if *level == Level::Unchanged {
                *level = back;
            }
        }
    }

    /// The sum that handles add to.
    pub(crate) fn sum(&self) -> &Arc<Sum> {
        self.sum.get_or_init(Arc::default)
    }

    /// Takes what an inlet has gathered.
    pub(super) fn merge(&self, part: &mut Accumulator) {
        let Gathered { values, random, .. } = &mut *self.gathered.lock();
        values.merge(part, self.max_samples, random);
    }

    /// Takes nothing more from handles. Returns whether there is something to send.
    pub(super) fn close(&self) -> bool {
        let mut gathered = self.gathered.lock();
        gathered.is_closed = true;
        if let Some(amount) = self.sum.get().and_then(|sum| sum.take(true)) {
            gathered.values.count(amount);
        }
        !gathered.values.is_empty()
    }

    /// Whether there is nothing to send.
    pub(super) fn is_empty(&self) -> bool {
        self.gathered.lock().values.is_empty()
    }

    /// Marks that there is something to send. Returns whether the store has to be told.
    ///
    /// Acquire and release on both sides: a drain clears the mark before it takes, so either it takes what was added
    /// before this, or this finds the mark cleared.
    pub(crate) fn mark(&self) -> bool {
        !self.is_pending.swap(true, Ordering::AcqRel)
    }

    /// The same under the lock of what is gathered, which the drain takes after it has cleared the mark: a mark that is
    /// seen here is cleared later, if at all.
    fn mark_locked(&self) -> Put {
        if self.is_pending.load(Ordering::Relaxed) || !self.mark() {
            Put::Kept
        } else {
            Put::First
        }
    }

    /// Clears the mark, before anything is taken.
    pub(super) fn unmark(&self, drain: u64) {
        self.used.store(drain, Ordering::Relaxed);
        self.is_pending.swap(false, Ordering::AcqRel);
    }

    /// Whether nothing came in since the `oldest` drain and nothing waits.
    pub(super) fn is_idle(&self, oldest: u64) -> bool {
        self.used.load(Ordering::Relaxed) < oldest && !self.is_pending.load(Ordering::Acquire)
    }

    /// Writes what waits as lines. Returns whether that is all; what the sink has no room for stays.
    pub(super) fn write(&self, encoder: &Encoder, sink: &mut dyn Sink) -> bool {
        let mut gathered = self.gathered.lock();
        let values = &mut gathered.values;
        if let Some(amount) = self.sum.get().and_then(|sum| sum.take(false)) {
            values.count(amount);
        }
        let mut one = |kind: Kind, value: Value<'_>| {
            sink.take(&mut |cursor| {
                encoder.encode_value_as(&self.template, kind, value, None, cursor)
            })
        };
        match &mut *values {
            Accumulator::Count(sum) => {
                while let Some(rest) = *sum {
                    let line = rest.clamp(i64::MIN.into(), i64::MAX.into());
                    if !one(Kind::Counter, Value::Number(Number::Int(line as i64))) {
                        break;
                    }
                    *sum = (rest != line).then_some(rest - line);
                }
            }
            Accumulator::Level(level) => {
                let line = level.line();
                if line.is_some_and(|(kind, number)| one(kind, Value::Number(number))) {
                    *level = Level::Unchanged;
                }
            }
            Accumulator::Members(members) => {
                members.drain(&self.budget, |member| one(Kind::Set, Value::Text(member)));
            }
            Accumulator::Samples(samples) => samples.drain(|values, rate| {
                let mut taken = values.len();
                let is_done = sink.take(&mut |cursor| {
                    let (count, written) =
                        encoder.encode_samples(&self.template, values, rate, cursor)?;
                    taken = count;
                    Ok(written)
                });
                if is_done { taken } else { 0 }
            }),
        }
        values.is_empty()
    }
}

impl Drop for Series {
    fn drop(&mut self) {
        let values = self.gathered.lock().values.charged();
        self.budget.release(self.charged + values);
    }
}

fn add_level(values: &mut Accumulator, kind: Kind, number: Number) -> bool {
    match values {
        Accumulator::Level(level) => level.add(kind, number),
        Accumulator::Count(_) | Accumulator::Members(_) | Accumulator::Samples(_) => false,
    }
}

/// About what a series takes beside its text: its template and its entry in the store.
const SERIES_BYTES: usize = 512;
