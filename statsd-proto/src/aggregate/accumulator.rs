//! What was measured of one context since the last round.

use std::collections::HashSet;
use std::time::Duration;

use super::Sink;
use crate::error::RecordError;
use crate::metric::{Code, Kind, Number, Value};
use crate::random::Random;
use crate::rendered::Rendered;

#[derive(Debug)]
pub(crate) enum Accumulator {
    /// The sum.
    Count(i64),
    Level(Level),
    /// The distinct ones.
    Members(HashSet<Box<str>>),
    Samples(Samples),
}

/// The last level of a gauge, and what it was changed by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    Changed(Number),
    Set(Number),
    Unchanged,
}

/// Values, or a fair choice of them: each that was seen is as likely as any other to be among them.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    values: Vec<f64>,
    seen: u64,
}

impl Accumulator {
    /// What the values of this kind are gathered in; none if each is sent by itself.
    pub(crate) fn new(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::Counter => Self::Count(0),
            Kind::Distribution | Kind::Histogram | Kind::Timing => {
                Self::Samples(Samples::default())
            }
            Kind::Gauge | Kind::GaugeDelta => Self::Level(Level::Unchanged),
            Kind::Meter => return None,
            Kind::Set => Self::Members(HashSet::new()),
        })
    }

    /// Whether the value was taken. What is not, be it that it is none, goes as a line of its own.
    #[inline]
    pub(crate) fn add(
        &mut self,
        kind: Kind,
        value: Value<'_>,
        max_samples: Option<usize>,
        random: &mut Random,
    ) -> bool {
        match (self, value) {
            (Self::Count(sum), Value::Number(Number::Int(amount))) => add_to(sum, amount),
            (other, value) => other.add_other(kind, value, max_samples, random),
        }
    }

    /// Not inlined, as most values are counts, which are not to pay for it.
    #[inline(never)]
    fn add_other(
        &mut self,
        kind: Kind,
        value: Value<'_>,
        max_samples: Option<usize>,
        random: &mut Random,
    ) -> bool {
        match (self, value) {
            (Self::Count(sum), Value::Number(Number::Uint(amount))) => {
                i64::try_from(amount).is_ok_and(|amount| add_to(sum, amount))
            }
            (Self::Level(level), Value::Number(number)) => level.add(kind, number),
            (Self::Samples(samples), Value::Elapsed(elapsed)) => {
                samples.add(milliseconds(elapsed), max_samples, random)
            }
            (Self::Samples(samples), Value::Number(number)) => {
                samples.add(as_float(number), max_samples, random)
            }
            (Self::Members(members), Value::Text(member)) => add_member(members, member),
            _ => false,
        }
    }

    /// Whether nothing is there to be sent.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Count(sum) => *sum == 0,
            Self::Level(level) => matches!(level, Level::Unchanged),
            Self::Members(members) => members.is_empty(),
            Self::Samples(samples) => samples.values.is_empty(),
        }
    }

    /// Gives everything to the sink. What the sink has no room for stays.
    pub(crate) fn drain(&mut self, rendered: &Rendered, sink: &mut impl Sink) {
        match self {
            Self::Count(sum) => {
                if *sum != 0 && send(rendered, sink, Kind::Counter, (*sum).into()) {
                    *sum = 0;
                }
            }
            Self::Level(level) => {
                let is_sent = match *level {
                    Level::Changed(change) => {
                        send(rendered, sink, Kind::GaugeDelta, Value::Number(change))
                    }
                    Level::Set(number) => send(rendered, sink, Kind::Gauge, Value::Number(number)),
                    Level::Unchanged => true,
                };
                if is_sent {
                    *level = Level::Unchanged;
                }
            }
            Self::Members(members) => {
                members.retain(|member| !send(rendered, sink, Kind::Set, Value::Text(member)));
            }
            Self::Samples(samples) => samples.drain(rendered, sink),
        }
    }
}

impl Level {
    fn add(&mut self, kind: Kind, number: Number) -> bool {
        if !as_float(number).is_finite() {
            return false;
        }
        *self = match (kind, *self) {
            (Kind::GaugeDelta, Self::Unchanged) => Self::Changed(number),
            (Kind::GaugeDelta, Self::Changed(change)) => Self::Changed(sum(change, number)),
            (Kind::GaugeDelta, Self::Set(level)) => Self::Set(sum(level, number)),
            _ => Self::Set(number),
        };
        true
    }
}

impl Samples {
    /// Without a bound, as a server asks for that would not make up for what is left out, values are taken
    /// only up to [`UNSAMPLED`].
    fn add(&mut self, value: f64, max: Option<usize>, random: &mut Random) -> bool {
        // Servers refuse negative ones, or have a meaning of their own for them.
        if !value.is_finite() || value < 0.0 {
            return false;
        }
        if self.values.len() < max.unwrap_or(UNSAMPLED) {
            self.values.push(value);
        } else if max.is_some() {
            // Each of the first `seen` is now among `max` with the same chance.
            let place = random.below(self.seen + 1);
            if let Some(kept) = usize::try_from(place)
                .ok()
                .and_then(|place| self.values.get_mut(place))
            {
                *kept = value;
            }
        } else {
            return false;
        }
        self.seen += 1;
        true
    }

    fn drain(&mut self, rendered: &Rendered, sink: &mut impl Sink) {
        let kept = self.values.len() as u64;
        let rate = (self.seen > kept).then(|| kept as f64 / self.seen as f64);
        let at_once = rendered.samples_at_once();
        while !self.values.is_empty() {
            let rest = self.values.len().saturating_sub(at_once);
            let last = &self.values[rest..];
            let result = sink.take(|_, record| {
                rendered.write_samples(record, last, rate);
                Ok(())
            });
            if is_full(result) {
                break;
            }
            self.values.truncate(rest);
        }
        // What stays stands for as much as it did.
        let left = self.values.len() as f64;
        self.seen = rate.map_or(left, |rate| left / rate).round() as u64;
    }
}

/// Whether the sink is done with it, be it that the value was refused.
fn send(rendered: &Rendered, sink: &mut impl Sink, kind: Kind, value: Value<'_>) -> bool {
    !is_full(sink.take(|encoder, record| rendered.write(encoder, record, Code::Known(kind), value)))
}

fn is_full(result: Result<(), RecordError>) -> bool {
    result == Err(RecordError::QueueFull)
}

#[inline]
fn add_to(sum: &mut i64, amount: i64) -> bool {
    match sum.checked_add(amount) {
        Some(total) => {
            *sum = total;
            true
        }
        None => false,
    }
}

fn add_member(members: &mut HashSet<Box<str>>, member: &str) -> bool {
    if members.contains(member) {
        return true;
    }
    let fits = !member.is_empty() && member.len() <= MAX_MEMBER && members.len() < MAX_MEMBERS;
    fits && members.insert(member.into())
}

fn sum(one: Number, other: Number) -> Number {
    if let (Some(one), Some(other)) = (as_integer(one), as_integer(other)) {
        if let Some(sum) = one.checked_add(other) {
            return Number::Int(sum);
        }
    }
    Number::Float(as_float(one) + as_float(other))
}

/// Divided once, and so as close as a float can be.
#[inline]
fn milliseconds(elapsed: Duration) -> f64 {
    // 584 years of nanoseconds fit into 64 bits, which become a float in a few instructions.
    let seconds = elapsed.as_secs().checked_mul(1_000_000_000);
    let nanoseconds = seconds.and_then(|sum| sum.checked_add(elapsed.subsec_nanos().into()));
    let nanoseconds = nanoseconds.map_or_else(|| elapsed.as_nanos() as f64, |sum| sum as f64);
    nanoseconds / 1e6
}

fn as_integer(number: Number) -> Option<i64> {
    match number {
        Number::Float(_) => None,
        Number::Int(int) => Some(int),
        Number::Uint(uint) => i64::try_from(uint).ok(),
    }
}

fn as_float(number: Number) -> f64 {
    match number {
        Number::Float(float) => float,
        Number::Int(int) => int as f64,
        Number::Uint(uint) => uint as f64,
    }
}

/// Beyond these a member goes as a line of its own: a set takes at most 256 KiB here.
const MAX_MEMBERS: usize = 1024;
const MAX_MEMBER: usize = 256;

/// How many values wait for a server that takes no rate on them; more go as lines of their own.
const UNSAMPLED: usize = 64;
