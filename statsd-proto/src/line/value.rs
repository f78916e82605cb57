//! Values, and what each kind may have for one.

use super::{Encoder, push_parts};
use crate::dialect::{Counts, Rules};
use crate::error::RecordError;
use crate::metric::{Code, Kind, Number, Value};
use crate::number::{Decimal, is_decimal, push_number};
use crate::text::UnsafeText;

impl Encoder {
    pub(crate) fn push_value(
        &self,
        line: &mut Vec<u8>,
        code: Code<'_>,
        value: Value<'_>,
    ) -> Result<(), RecordError> {
        match value {
            Value::Elapsed(elapsed) => {
                self.check_limits(code, value)?;
                line.extend_from_slice(Decimal::milliseconds(elapsed).as_bytes());
            }
            Value::Number(number) => self.push_number(line, code, number)?,
            Value::Packed(values) => self.push_packed(line, code, values)?,
            Value::Text(text) => self.push_text(line, code, text)?,
        }
        Ok(())
    }

    /// Whether several values may stand in one line.
    pub(super) fn packs(&self, code: Code<'_>) -> bool {
        let kind = code.kind();
        self.rules.packs
            && matches!(
                kind,
                Some(Kind::Distribution | Kind::Histogram | Kind::Timing)
            )
    }

    fn push_number(
        &self,
        line: &mut Vec<u8>,
        code: Code<'_>,
        number: Number,
    ) -> Result<(), RecordError> {
        if matches!(number, Number::Float(float) if !float.is_finite()) {
            return Err(RecordError::InvalidValue);
        }
        let value = Value::Number(number);
        if is_negative(value) {
            check_sign(code)?;
        } else if code == Code::Known(Kind::GaugeDelta) {
            push_parts(line, &["+"]);
        }
        self.check_limits(code, value)?;
        push_number(line, number);
        Ok(())
    }

    fn push_packed(
        &self,
        line: &mut Vec<u8>,
        code: Code<'_>,
        values: &[f64],
    ) -> Result<(), RecordError> {
        for (place, &value) in values.iter().enumerate() {
            if place > 0 {
                push_parts(line, &[":"]);
            }
            self.push_number(line, code, Number::Float(value))?;
        }
        Ok(())
    }

    fn push_text(&self, line: &mut Vec<u8>, code: Code<'_>, text: &str) -> Result<(), RecordError> {
        if code.kind() == Some(Kind::Set) {
            return self.push_member(line, text);
        }
        if !is_decimal(text) {
            return Err(RecordError::InvalidValue);
        }
        let value = Value::Text(text);
        if is_negative(value) {
            check_sign(code)?;
        }
        self.check_limits(code, value)?;
        line.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn push_member(&self, line: &mut Vec<u8>, text: &str) -> Result<(), RecordError> {
        if text.is_empty() {
            return Err(RecordError::InvalidValue);
        }
        if self.rules.signed_samples || !has_sign(Value::Text(text)) {
            return self.rules.member.push(line, text, self.policy);
        }
        match self.policy {
            UnsafeText::Refuse => Err(RecordError::UnsafeText),
            UnsafeText::Replace => {
                push_parts(line, &["_"]);
                self.rules.member.push(line, &text[1..], self.policy)
            }
        }
    }

    /// Refuses a number that this server would not take as it stands, though others do.
    #[inline]
    pub(super) fn check_limits(&self, code: Code<'_>, value: Value<'_>) -> Result<(), RecordError> {
        if self.has_limits {
            check_limits(self.rules, code, value)
        } else {
            Ok(())
        }
    }
}

#[cold]
fn check_limits(rules: &Rules, code: Code<'_>, value: Value<'_>) -> Result<(), RecordError> {
    let Some(kind) = code.kind() else {
        return Ok(());
    };
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
pub(super) fn check_sign(code: Code<'_>) -> Result<(), RecordError> {
    if code.kind() == Some(Kind::Timing) {
        Err(RecordError::NegativeTiming)
    } else {
        Ok(())
    }
}

#[inline]
pub(super) fn is_negative(value: Value<'_>) -> bool {
    match value {
        Value::Number(Number::Float(float)) => float < 0.0,
        Value::Number(Number::Int(int)) => int < 0,
        Value::Text(text) => text.starts_with('-'),
        Value::Elapsed(_) | Value::Number(Number::Uint(_)) | Value::Packed(_) => false,
    }
}

fn has_sign(value: Value<'_>) -> bool {
    is_negative(value) || matches!(value, Value::Text(text) if text.starts_with('+'))
}

/// Whether the number has no fraction, and room in 64 bits with a sign.
fn is_whole(value: Value<'_>) -> bool {
    /// The first number that has not.
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
