//! One series as the server knows it.

use std::sync::Arc;

use super::accumulator::{Accumulator, Level};
use super::sum::{Put, Sum};
use super::{Budget, Limits};
use crate::encode::{self, Cursor, Encoder, Template, Unwritten};
use crate::error::RecordError;
use crate::metric::{Kind, Number, Value};
use crate::random::Random;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// State of a series shared by the parts of all inlets and by handles.
#[derive(Debug)]
pub(crate) struct Series {
    kind: Kind,
    template: Template,
    /// Maximum number of samples kept in an interval. `None` if the server ignores a sample rate on this kind; then
    /// every value is sent.
    max_samples: Option<usize>,
    state: Mutex<State>,
    /// Whether the store lists the series as pending.
    is_pending: AtomicBool,
    /// Number of the last drain that found a value here.
    used: AtomicU64,
    budget: Arc<Budget>,
    charged: usize,
}

/// Values waiting for the next drain. The level of a gauge is kept here alone.
#[derive(Debug)]
struct State {
    values: Accumulator,
    /// Sum that handles of a counter add to, or `None` before the first handle.
    sum: Option<Arc<Sum>>,
    /// Calls of handles whose values were kept since the last drain. Those that added to the sum are in it until then.
    calls: u64,
    random: Random,
    is_closed: bool,
}

/// Outcome of [`Series::write`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    /// Whether no value is left.
    pub(super) is_whole: bool,
    /// Whether these were the last of the series' values in this interval.
    pub(super) is_context: bool,
    /// Calls of handles whose values were aggregated.
    pub(super) calls: u64,
}

/// Destination of the lines of a drain.
pub(crate) trait Sink {
    /// Passes a cursor to `write` and takes the record that it writes, whole or not at all. Returns `false` if the
    /// sink has no room, so that the record has to be written again later.
    fn take(
        &mut self,
        write: &mut dyn FnMut(Cursor<'_>) -> Result<encode::Written, Unwritten>,
    ) -> bool;
}

impl Series {
    /// New series, or `None` if the kind is not aggregated or the memory budget is exhausted.
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
            state: Mutex::new(State {
                values,
                sum: None,
                calls: 0,
                random,
                is_closed: false,
            }),
            is_pending: AtomicBool::new(false),
            used: AtomicU64::new(0),
            budget: Arc::clone(budget),
            charged,
        })
    }

    /// Kind of the aggregated values. Changes of a gauge count as the gauge.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn template(&self) -> &Template {
        &self.template
    }

    /// Adds a value from a handle of this kind. For a gauge, it sets or changes the level.
    pub(crate) fn add(&self, encoder: &Encoder, kind: Kind, value: Value<'_>) -> Put {
        let state = &mut *self.state.lock();
        if state.is_closed {
            return Put::Refused(RecordError::Closed);
        }
        let State { values, random, .. } = state;
        let added = match (&mut *values, value) {
            (Accumulator::Level(level), Value::Number(number)) => Ok(level.add(kind, number)),
            _ => self.add_to(values, encoder, value, random),
        };
        match added {
            Ok(true) => {
                state.calls += 1;
                self.mark_locked()
            }
            Ok(false) => Put::Not,
            Err(error) => Put::Refused(error),
        }
    }

    /// Adds a value of any kind but a gauge to `values`, which belong to this series or to an inlet. Returns whether
    /// the value was accepted.
    ///
    /// # Errors
    ///
    /// The value is invalid: it could not be sent as a line either.
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
            // A server that refuses negative counts would refuse the whole sum. A negative amount is refused before it
            // is added.
            (Accumulator::Count(_), _) => encoder.has_limits(),
            _ => false,
        };
        if is_checked {
            self.check(encoder, value)?;
        }
        Ok(values.add(value, self.max_samples, random, &self.budget))
    }

    /// Checks a value against the limits that apply to a line.
    fn check(&self, encoder: &Encoder, value: Value<'_>) -> Result<(), RecordError> {
        let mut line = [0; 1024];
        match encoder.encode_value(&self.template, value, None, Cursor::new(&mut line)) {
            Err(Unwritten::Refused(error)) => Err(error),
            Err(Unwritten::Full) | Ok(_) => Ok(()),
        }
    }

    /// Sets or changes the level of a gauge from an inlet. Unlike [`add`](Self::add), it leaves the mark
    /// to the drain of the inlet's part.
    pub(crate) fn set_level(&self, kind: Kind, number: Number) -> bool {
        match &mut self.state.lock().values {
            Accumulator::Level(level) => level.add(kind, number),
            Accumulator::Count(_) | Accumulator::Members(_) | Accumulator::Samples(_) => false,
        }
    }

    /// Passes the pending level of a gauge to `send`, which returns whether the level was sent. The lock is held
    /// meanwhile, so that no level is added.
    pub(crate) fn send_level(&self, send: impl FnOnce(Kind, Number) -> bool) {
        if let Accumulator::Level(level) = &mut self.state.lock().values {
            if level
                .line()
                .is_some_and(|(kind, number)| send(kind, number))
            {
                *level = Level::Unchanged;
            }
        }
    }

    /// Sum that handles of a counter add to.
    pub(crate) fn sum(&self, counts_down: bool, counts_calls: bool) -> Arc<Sum> {
        let sum = &mut self.state.lock().sum;
        Arc::clone(sum.get_or_insert_with(|| Arc::new(Sum::new(counts_down, counts_calls))))
    }

    /// Moves the values of an inlet's part into the series. Returns whether all were moved. Values for which memory is
    /// short stay in the part.
    pub(super) fn merge(&self, part: &mut Accumulator) -> bool {
        let State { values, random, .. } = &mut *self.state.lock();
        values.merge(part, self.max_samples, random, &self.budget)
    }

    /// Refuses further values from handles. Returns whether the series has values to send.
    pub(super) fn close(&self) -> bool {
        let mut state = self.state.lock();
        state.is_closed = true;
        state.take_sum();
        !state.values.is_empty()
    }

    /// Whether the series has no values to send.
    pub(super) fn is_empty(&self) -> bool {
        self.state.lock().values.is_empty()
    }

    /// Marks the series as pending. Returns whether the caller has to add it to the store's list.
    ///
    /// Ordering: `AcqRel` here and in [`unmark`](Self::unmark). A drain clears the mark first and takes the values
    /// afterwards. A value added before this call is therefore either seen by the drain, or this call finds the mark
    /// cleared and the series is listed again.
    pub(crate) fn mark(&self) -> bool {
        !self.is_pending.swap(true, Ordering::AcqRel)
    }

    /// Marks the series while the lock on its values is held.
    ///
    /// Ordering: the `Relaxed` load suffices. The drain takes the same lock after it has cleared the mark. If this
    /// load sees the mark set, the drain that clears it locks later, and so sees the value.
    fn mark_locked(&self) -> Put {
        if self.is_pending.load(Ordering::Relaxed) || !self.mark() {
            Put::Kept
        } else {
            Put::First
        }
    }

    /// Clears the mark. The drain calls it before it takes any value; see [`mark`](Self::mark).
    ///
    /// `used` needs no ordering of its own (`Relaxed`): the mark's swap follows it and publishes it.
    pub(super) fn unmark(&self, drain: u64) {
        self.used.store(drain, Ordering::Relaxed);
        self.is_pending.swap(false, Ordering::AcqRel);
    }

    /// Whether the series had no value since drain number `oldest`, and has none pending.
    pub(super) fn is_idle(&self, oldest: u64) -> bool {
        self.used.load(Ordering::Relaxed) < oldest && !self.is_pending.load(Ordering::Acquire)
    }

    /// Writes the pending values as lines. Values that the sink has no room for stay.
    pub(super) fn write(&self, encoder: &Encoder, sink: &mut dyn Sink) -> Written {
        let mut state = self.state.lock();
        state.take_sum();
        let calls = std::mem::take(&mut state.calls);
        let values = &mut state.values;
        let had_values = !values.is_empty();
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
                // An invalid value is skipped alone.
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
        let is_whole = values.is_empty();
        Written {
            is_whole,
            is_context: is_whole && had_values,
            calls,
        }
    }
}

impl State {
    fn take_sum(&mut self) {
        let Some(sum) = &self.sum else {
            return;
        };
        let (amount, calls) = sum.take(self.is_closed);
        self.calls += calls;
        if let Some(amount) = amount {
            self.values.count(amount);
        }
    }
}

impl Drop for Series {
    fn drop(&mut self) {
        let values = self.state.lock().values.charged();
        self.budget.release(self.charged + values);
    }
}

/// Estimated memory of a series beside its text, in bytes: the template and the entry in the store.
const SERIES_BYTES: usize = 512;
