//! The level of a gauge.

use super::as_float;
use crate::metric::{Kind, Number};

/// Level of a gauge since the last drain: set, changed by an amount, or untouched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Level {
    Changed(Number),
    Set(Number),
    Unchanged,
}

impl Level {
    /// Sets the level or changes it. Returns whether the number is finite; others are ignored.
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

    /// Kind and number of the line to send, or `None` if the level is unchanged.
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
    // The sum of two finite floats may be infinite. It is clamped to the largest finite float.
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
