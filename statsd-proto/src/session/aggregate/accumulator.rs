//! Values of one series since the last drain.

use std::time::Duration;

use super::Budget;
use crate::metric::{Kind, Number, Value};
use crate::random::Random;

mod level;
mod members;
mod samples;

pub(crate) use level::Level;
pub(super) use members::Members;
pub(super) use samples::Samples;

#[derive(Debug)]
pub(crate) enum Accumulator {
    /// Sum of a counter, or `None` if no amount was added. A sum of zero is sent; `None` is not.
    Count(Option<i128>),
    Level(Level),
    Members(Members),
    Samples(Samples),
}

impl Accumulator {
    /// Empty accumulator for values of this kind, or `None` if the kind is not aggregated.
    pub(crate) fn new(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::Counter => Self::Count(None),
            Kind::Distribution | Kind::Histogram | Kind::Timing => {
                Self::Samples(Samples::default())
            }
            Kind::Gauge | Kind::GaugeDelta => Self::Level(Level::Unchanged),
            Kind::Meter => return None,
            Kind::Set => Self::Members(Members::default()),
        })
    }

    /// Adds an amount to a counter. Returns whether the accumulator is a counter. The sum cannot overflow: it would
    /// take 2^64 amounts of 64 bits to fill 128.
    #[inline]
    pub(crate) fn count(&mut self, amount: impl Into<i128>) -> bool {
        let Self::Count(sum) = self else {
            return false;
        };
        *sum = Some(sum.unwrap_or(0) + amount.into());
        true
    }

    /// Adds a value of any kind but a gauge. Returns whether the value was accepted.
    #[inline(never)]
    pub(crate) fn add(
        &mut self,
        value: Value<'_>,
        max_samples: Option<usize>,
        random: &mut Random,
        budget: &Budget,
    ) -> bool {
        match (self, value) {
            (counter @ Self::Count(_), Value::Number(Number::Uint(amount))) => {
                counter.count(amount)
            }
            (counter @ Self::Count(_), Value::Number(Number::Int(amount))) => counter.count(amount),
            (Self::Samples(samples), Value::Elapsed(elapsed)) => {
                samples.add(milliseconds(elapsed), max_samples, random, budget)
            }
            (Self::Samples(samples), Value::Number(number)) => {
                samples.add(as_float(number), max_samples, random, budget)
            }
            (Self::Members(members), Value::Text(member)) => members.add(member, budget),
            _ => false,
        }
    }

    /// Whether there is no value to send.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Count(sum) => sum.is_none(),
            Self::Level(level) => matches!(level, Level::Unchanged),
            Self::Members(members) => members.is_empty(),
            Self::Samples(samples) => samples.is_empty(),
        }
    }

    /// Size of the values, in samples of a timing. To merge them takes as long as that many samples, at most.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Count(_) | Self::Level(_) => 1,
            Self::Members(members) => members.charged() / size_of::<f64>(),
            Self::Samples(samples) => samples.len(),
        }
    }

    /// Moves the values of another accumulator of the same kind into this one. Returns whether all were moved. Values
    /// for which memory is short stay.
    pub(crate) fn merge(
        &mut self,
        other: &mut Self,
        max_samples: Option<usize>,
        random: &mut Random,
        budget: &Budget,
    ) -> bool {
        match (self, other) {
            (counter @ Self::Count(_), Self::Count(more)) => {
                if let Some(amount) = more.take() {
                    counter.count(amount);
                }
            }
            (Self::Members(members), Self::Members(more)) => members.merge(more, budget),
            (Self::Samples(samples), Self::Samples(more)) => {
                return samples.merge(more, max_samples, random, budget);
            }
            _ => {}
        }
        true
    }

    /// Memory charged to the [`Budget`] for this accumulator, in bytes.
    pub(crate) fn charged(&self) -> usize {
        match self {
            Self::Count(_) | Self::Level(_) => 0,
            Self::Members(members) => members.charged(),
            Self::Samples(samples) => samples.charged(),
        }
    }
}

/// Milliseconds of a duration, with a single division, which leaves a single rounding error.
#[inline]
fn milliseconds(elapsed: Duration) -> f64 {
    // 584 years of nanoseconds fit into a `u64`, whose conversion to a float takes a few instructions.
    let seconds = elapsed.as_secs().checked_mul(1_000_000_000);
    let nanoseconds = seconds.and_then(|sum| sum.checked_add(elapsed.subsec_nanos().into()));
    let nanoseconds = nanoseconds.map_or_else(|| elapsed.as_nanos() as f64, |sum| sum as f64);
    nanoseconds / 1e6
}

fn as_float(number: Number) -> f64 {
    match number {
        Number::Float(float) => float,
        Number::Int(int) => int as f64,
        Number::Uint(uint) => uint as f64,
    }
}
