//! The level of a gauge.

use super::as_float;
use crate::metric::{Kind, Number};

/// The last level that was set, or what it has been changed by since it was last sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Level {
    Changed(Number),
    Set(Number),
    Unchanged,
}

impl Level {
    /// Sets or changes it. Returns whether the number is one.
    pub(crate) fn add(&mut self, kind: Kind, number: Number) -> bool {
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

    /// The line to be sent: a level, or a change of it. `None` if there is nothing to say.
    pub(crate) fn line(self) -> Option<(Kind, Number)> {
        match self {
            Self::Changed(change) => Some((Kind::GaugeDelta, change)),
            Self::Set(level) => Some((Kind::Gauge, level)),
            Self::Unchanged => None,
        }
    }
}

fn sum(one: Number, other: Number) -> Number {
    if let (Some(one), Some(other)) = (as_integer(one), as_integer(other)) {
        if let Some(sum) = one.checked_add(other) {
            return Number::Int(sum);
        }
    }
    // Two finite numbers of which the sum is not leave the greatest there is.
    let sum = as_float(one) + as_float(other);
    Number::Float(sum.clamp(f64::MIN, f64::MAX))
}

fn as_integer(number: Number) -> Option<i64> {
    match number {
        Number::Float(_) => None,
        Number::Int(int) => Some(int),
        Number::Uint(uint) => i64::try_from(uint).ok(),
    }
}
