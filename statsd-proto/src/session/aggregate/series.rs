//! One series, as the server knows it.

use std::sync::Arc;

use super::accumulator::{Accumulator, Level};
use super::sum::{Put, Sum};
use super::{Budget, Limits};
use crate::encode::{Cursor, Encoder, Template, Unwritten, Written};
use crate::error::RecordError;
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
    /// The last drain in which there was something to send.
    used: AtomicU64,
    budget: Arc<Budget>,
    charged: usize,
}

/// What waits to be written as lines. Of a gauge its level, wherever it is set.
#[derive(Debug)]
struct Gathered {
    values: Accumulator,
    /// What handles of a counter add to. Made for the first of them.
    sum: Option<Arc<Sum>>,
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
        let charged = SERIES_BYTES + 2 * template.len();
        budget.charge(charged).then(|| Self {
            kind,
            max_samples: template.has_rate().then_some(limits.samples),
            template,
            gathered: Mutex::new(Gathered {
                values,
                sum: None,
                random,
                is_closed: false,
            }),
            is_pending: AtomicBool::new(false),
            used: AtomicU64::new(0),
            budget: Arc::clone(budget),
            charged,
        })
    }

    /// What values are gathered as: changes of a gauge as a gauge.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn template(&self) -> &Template {
        &self.template
    }

    /// Adds a value, or sets or changes the level of a gauge, for a handle of this kind.
    pub(crate) fn add(&self, encoder: &Encoder, kind: Kind, value: Value<'_>) -> Put {
        let gathered = &mut *self.gathered.lock();
        if gathered.is_closed {
            return Put::Refused(RecordError::Closed);
        }
        let Gathered { values, random, .. } = gathered;
        let added = match (&mut *values, value) {
            (Accumulator::Level(level), Value::Number(number)) => Ok(level.add(kind, number)),
            _ => self.add_to(values, encoder, value, random),
        };
        match added {
            Ok(true) => self.mark_locked(),
            Ok(false) => Put::Not,
            Err(error) => Put::Refused(error),
        }
    }

    /// Adds a value of any kind but a gauge's to what is gathered here or in an inlet. Returns whether it was taken.
    ///
    /// # Errors
    ///
    /// The value could not be sent as a line either.
    #[inline]
    pub(super) fn add_to(
        &self,
        values: &mut Accumulator,
        encoder: &Encoder,
        value: Value<'_>,
        random: &mut Random,
    ) -> Result<bool, RecordError> {
        let is_checked = match (&*values, value) {
            (Accumulator::Members(members), Value::Text(member)) => !members.contains(member),
            // The server may not count down, which must not cost it what was counted up.
            (Accumulator::Count(_), _) => encoder.has_limits(),
            _ => false,
        };
        if is_checked {
            self.check(encoder, value)?;
        }
        Ok(values.add(value, self.max_samples, random, &self.budget))
    }

    /// Refuses a value that could not be sent as a line.
    fn check(&self, encoder: &Encoder, value: Value<'_>) -> Result<(), RecordError> {
        let mut line = [0; 1024];
        match encoder.encode_value(&self.template, value, None, Cursor::new(&mut line)) {
            Err(Unwritten::Refused(error)) => Err(error),
            Err(Unwritten::Full) | Ok(_) => Ok(()),
        }
    }

    /// The same for an inlet, which tells the store of it at the next drain.
    pub(crate) fn set_level(&self, kind: Kind, number: Number) -> bool {
        match &mut self.gathered.lock().values {
            Accumulator::Level(level) => level.add(kind, number),
            Accumulator::Count(_) | Accumulator::Members(_) | Accumulator::Samples(_) => false,
        }
    }

    /// Sends the level of a gauge that waits by `send`, which tells whether it is done with it. Nothing is added
    /// meanwhile.
    pub(crate) fn send_level(&self, send: impl FnOnce(Kind, Number) -> bool) {
        if let Accumulator::Level(level) = &mut self.gathered.lock().values {
            if level
                .line()
                .is_some_and(|(kind, number)| send(kind, number))
            {
                *level = Level::Unchanged;
            }
        }
    }

    /// The sum that handles add to.
    pub(crate) fn sum(&self, counts_down: bool) -> Arc<Sum> {
        let sum = &mut self.gathered.lock().sum;
        Arc::clone(sum.get_or_insert_with(|| Arc::new(Sum::new(counts_down))))
    }

    /// Takes what an inlet has gathered. Returns whether that is all; what memory is short for stays.
    pub(super) fn merge(&self, part: &mut Accumulator) -> bool {
        let Gathered { values, random, .. } = &mut *self.gathered.lock();
        values.merge(part, self.max_samples, random, &self.budget)
    }

    /// Takes nothing more from handles. Returns whether there is something to send.
    pub(super) fn close(&self) -> bool {
        let mut gathered = self.gathered.lock();
        gathered.is_closed = true;
        gathered.take_sum();
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
        gathered.take_sum();
        let values = &mut gathered.values;
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
                // One that is refused is refused alone.
                let mut taken = 1;
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

impl Gathered {
    fn take_sum(&mut self) {
        let sum = self.sum.as_ref();
        if let Some(amount) = sum.and_then(|sum| sum.take(self.is_closed)) {
            self.values.count(amount);
        }
    }
}

impl Drop for Series {
    fn drop(&mut self) {
        let values = self.gathered.lock().values.charged();
        self.budget.release(self.charged + values);
    }
}

/// About what a series takes beside its text: its template and its entry in the store.
const SERIES_BYTES: usize = 512;
