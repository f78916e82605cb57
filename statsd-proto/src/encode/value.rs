//! Values, and what each kind may have for one.

use std::fmt::Write as _;

use super::cursor::Cursor;
use super::number::{Decimal, is_decimal, put_four, put_number};
use super::{Encoder, Unwritten};
use crate::dialect::{Counts, Rules};
use crate::error::RecordError;
use crate::metric::{Kind, Number, Value};
use crate::text::UnsafeText;

/// The bar and the type code of a kind, with their length in the last byte; all zero if the dialect lacks
/// the kind.
pub(super) fn type_suffix(rules: &Rules, kind: Kind) -> [u8; 4] {
    match rules.code(kind).map(str::as_bytes) {
        Some(&[code]) => [b'|', code, 0, 2],
        Some(&[first, second]) => [b'|', first, second, 3],
        Some(_) | None => [0; 4],
    }
}

impl Encoder {
    /// The bar and the type code of a kind.
    pub(super) fn suffix(&self, kind: Kind) -> Result<&[u8], RecordError> {
        let suffix = &self.suffixes[kind as usize];
        match suffix[3] {
            0 => Err(RecordError::Unsupported(kind)),
            len => Ok(&suffix[..usize::from(len)]),
        }
    }

    /// Writes `:`, the value, `|` and the type.
    #[inline(always)]
    pub(super) fn put_value(
        &self,
        kind: Kind,
        value: Value<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        let suffix = self.suffixes[kind as usize];
        if suffix[3] == 0 {
            return Err(Unwritten::Refused(RecordError::Unsupported(kind)));
        }
        match self.decimal(kind, value)? {
            Some(decimal) => cursor.put_block(|block| {
                block[0] = b':';
                let at = decimal.write(block, 1);
                put_four(block, at, suffix);
                at + usize::from(suffix[3])
            }),
            None => cursor.apart(|cursor| {
                cursor.put_byte(b':')?;
                self.put_longer_value(kind, value, cursor)?;
                cursor.put(&suffix[..usize::from(suffix[3])])
            }),
        }
    }

    /// Writes the value alone.
    #[inline(always)]
    pub(super) fn put_bare_value(
        &self,
        kind: Kind,
        value: Value<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        match self.decimal(kind, value)? {
            Some(decimal) => cursor.put_block(|block| decimal.write(block, 0)),
            None => cursor.apart(|cursor| self.put_longer_value(kind, value, cursor)),
        }
    }

    /// Returns the value as a decimal that the server takes, or `None` if it takes more to write.
    #[inline(always)]
    fn decimal(&self, kind: Kind, value: Value<'_>) -> Result<Option<Decimal>, RecordError> {
        let decimal = match value {
            Value::Number(number) => Decimal::exact(number),
            Value::Elapsed(elapsed) => Some(Decimal::milliseconds(elapsed)),
            Value::Packed(_) | Value::Text(_) => None,
        };
        let Some(mut decimal) = decimal else {
            return Ok(None);
        };
        if decimal.sign.is_some() {
            check_sign(kind)?;
        } else if kind == Kind::GaugeDelta {
            decimal.sign = Some(b'+');
        }
        if self.has_limits {
            check_limits(self.rules, kind, value)?;
        }
        Ok(Some(decimal))
    }

    #[inline(never)]
    fn put_longer_value(
        &self,
        kind: Kind,
        value: Value<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        match value {
            Value::Packed([]) => Err(Unwritten::Refused(RecordError::InvalidValue)),
            Value::Packed(values) => {
                for (index, &value) in values.iter().enumerate() {
                    if index > 0 {
                        cursor.put_byte(b':')?;
                    }
                    self.put_bare_value(kind, Value::Number(Number::Float(value)), cursor)?;
                }
                Ok(())
            }
            Value::Text(text) if kind == Kind::Set => self.put_member(text, cursor),
            Value::Text(text) => self.put_decimals(kind, text, cursor),
            Value::Number(Number::Float(float)) => {
                self.check_float(kind, float)?;
                if kind == Kind::GaugeDelta && float >= 0.0 {
                    cursor.put_byte(b'+')?;
                }
                // The standard library prints floats shortest and never with an exponent.
                write!(cursor, "{float}").map_err(|_| Unwritten::Full)
            }
            Value::Elapsed(_) | Value::Number(Number::Int(_) | Number::Uint(_)) => {
                unreachable!("they are decimals")
            }
        }
    }

    fn check_float(&self, kind: Kind, float: f64) -> Result<(), RecordError> {
        if !float.is_finite() {
            return Err(RecordError::InvalidValue);
        }
        if float < 0.0 {
            check_sign(kind)?;
        }
        if self.has_limits {
            check_limits(self.rules, kind, Value::Number(Number::Float(float)))?;
        }
        Ok(())
    }

    /// Writes numbers as they are written already, several if the dialect packs them.
    fn put_decimals(
        &self,
        kind: Kind,
        text: &str,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        self.check_decimals(kind, text, self.packs(kind))?;
        cursor.put(text.as_bytes())
    }

    pub(super) fn check_decimals(
        &self,
        kind: Kind,
        text: &str,
        may_be_packed: bool,
    ) -> Result<(), RecordError> {
        if !may_be_packed {
            return self.check_decimal(kind, text);
        }
        let mut values = text.split(':');
        values.try_for_each(|value| self.check_decimal(kind, value))
    }

    fn check_decimal(&self, kind: Kind, text: &str) -> Result<(), RecordError> {
        if !is_decimal(text) {
            return Err(RecordError::InvalidValue);
        }
        if text.starts_with('-') {
            check_sign(kind)?;
        }
        // Where gauges have no changes, one with a plus would be read as a level.
        if kind == Kind::Gauge && text.starts_with('+') && !self.rules.gauge_delta {
            return Err(RecordError::Unsupported(Kind::GaugeDelta));
        }
        check_limits(self.rules, kind, Value::Text(text))
    }

    fn put_member(&self, text: &str, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
        if text.is_empty() {
            return Err(Unwritten::Refused(RecordError::InvalidValue));
        }
        if self.rules.signed_samples || !has_sign(Value::Text(text)) {
            return self.put_text(&self.rules.member, text, cursor);
        }
        if self.policy == UnsafeText::Refuse {
            return Err(Unwritten::Refused(RecordError::UnsafeText));
        }
        cursor.put_byte(b'_')?;
        match &text[1..] {
            "" => Ok(()),
            rest => self.put_text(&self.rules.member, rest, cursor),
        }
    }

    /// Writes `:`, the value, `|` and a type code that is not known here.
    pub(super) fn put_unknown(
        &self,
        code: &str,
        value: Value<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        cursor.put_byte(b':')?;
        match value {
            Value::Elapsed(elapsed) => {
                let decimal = Decimal::milliseconds(elapsed);
                cursor.put_block(|block| decimal.write(block, 0))?;
            }
            Value::Number(Number::Float(float)) if !float.is_finite() => {
                return Err(Unwritten::Refused(RecordError::InvalidValue));
            }
            Value::Number(number) => put_number(cursor, number)?,
            Value::Text(text) if is_decimal(text) => cursor.put(text.as_bytes())?,
            Value::Packed(_) | Value::Text(_) => {
                return Err(Unwritten::Refused(RecordError::InvalidValue));
            }
        }
        cursor.put_byte(b'|')?;
        cursor.put(code.as_bytes())
    }
}

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
fn check_sign(kind: Kind) -> Result<(), RecordError> {
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

fn has_sign(value: Value<'_>) -> bool {
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
