//! Numbers that a server would misread, though they are some.

use crate::encode::dialect::{Counts, Rules};
use crate::error::RecordError;
use crate::metric::{Kind, Number, Value};

/// Refuses a number that this server would not take as it stands, though others do.
#[cold]
#[inline(never)]
pub(super) fn check_limits(rules: &Rules, kind: Kind, value: Value<'_>) -> Result<(), RecordError> {
    let is_taken = match kind {
        Kind::Counter | Kind::Meter => match rules.counts {
            Counts::Any => true,
            Counts::NotNegative => !is_negative(value),
            Counts::Whole => is_whole(value),
        },
        Kind::Distribution | Kind::Histogram | Kind::Set | Kind::Timing => {
            rules.signed_samples || !has_sign(value)
        }
        Kind::Gauge | Kind::GaugeDelta => true,
    };
    if is_taken {
        Ok(())
    } else {
        Err(RecordError::Unsupported(kind))
    }
}

/// Servers refuse a negative duration.
#[inline(always)]
pub(super) fn check_sign(kind: Kind) -> Result<(), RecordError> {
    if kind == Kind::Timing {
        Err(RecordError::NegativeTiming)
    } else {
        Ok(())
    }
}

#[inline(always)]
pub(super) fn is_negative(value: Value<'_>) -> bool {
    match value {
        Value::Number(Number::Float(float)) => float < 0.0,
        Value::Number(Number::Int(int)) => int < 0,
        Value::Text(text) => text.starts_with('-'),
        Value::Elapsed(_) | Value::Number(Number::Uint(_)) | Value::Packed(_) => false,
    }
}

pub(super) fn has_sign(value: Value<'_>) -> bool {
    is_negative(value) || matches!(value, Value::Text(text) if text.starts_with('+'))
}

/// Whether the number has no fraction, and fits 64 bits with a sign.
fn is_whole(value: Value<'_>) -> bool {
    /// The first number that does not fit.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;

    match value {
        Value::Elapsed(elapsed) => {
            elapsed.subsec_nanos() % 1_000_000 == 0 && i64::try_from(elapsed.as_millis()).is_ok()
        }
        Value::Number(Number::Float(float)) => float.fract() == 0.0 && float.abs() < BEYOND,
        Value::Number(Number::Int(_)) => true,
        Value::Number(Number::Uint(uint)) => i64::try_from(uint).is_ok(),
        Value::Packed(_) => false,
        Value::Text(text) => text.parse::<i64>().is_ok(),
    }
}
