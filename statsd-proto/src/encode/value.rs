//! Values, and the values that each kind accepts.

use std::time::Duration;

use super::cursor::Cursor;
use super::limits::{check_limits, check_sign, has_sign};
use super::number::{self, Decimal, is_decimal, put_number};
use super::split::split;
use super::{Encoder, Unwritten};
use crate::encode::dialect::Rules;
use crate::encode::text::SanitizePolicy;
use crate::error::RecordError;
use crate::metric::{Kind, Number, Value};

/// Bar, type code and a line feed as one integer, the bar in the lowest byte. The sixth byte is the length without the
/// line feed. [`IS_SIGNED`] is set if numbers always have a sign. Zero if the dialect lacks the kind.
pub(super) fn type_suffix(rules: &Rules, kind: Kind) -> u64 {
    let is_signed = if kind == Kind::GaugeDelta {
        IS_SIGNED
    } else {
        0
    };
    match rules.code(kind).map(str::as_bytes) {
        Some(&[code]) => u64::from_le_bytes([b'|', code, b'\n', 0, 0, 2, 0, 0]) | is_signed,
        Some(&[first, second]) => u64::from_le_bytes([b'|', first, second, b'\n', 0, 3, 0, 0]),
        Some(_) | None => 0,
    }
}

/// The highest bit of a [type suffix](type_suffix). One test of its sign tells the kinds whose small numbers are written
/// as they are.
const IS_SIGNED: u64 = 1 << 63;

impl Encoder {
    /// Writes the value between a colon and the type on the fast path, and a line feed that is not counted. `None` if
    /// that takes the slow path. The member of a set must be plain.
    #[inline(always)]
    pub(super) fn put_fast_value(
        &self,
        kind: Kind,
        value: &Value<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Option<()> {
        let suffix = self.suffixes[kind as usize];
        let is_simple = suffix as i64 > 0;
        let decimal = match *value {
            // Most counts are 1. No server limits a number of three digits.
            Value::Number(Number::Int(digit @ 0..=9)) if is_simple => {
                return number::put_digit_between(digit as u8, suffix, cursor);
            }
            Value::Number(Number::Int(small @ 10..=999)) if is_simple => {
                return number::put_small_between(small as u16, suffix, cursor);
            }
            _ if suffix == 0 => return None,
            Value::Number(number) => match self.decimal(kind, number).ok()? {
                Some(decimal) if decimal.sign != b'-' => decimal,
                _ if self.is_two_lines(kind, Value::Number(number)) => return None,
                Some(decimal) => decimal,
                None => {
                    let put = |cursor: &mut Cursor<'_>| self.put_long_number(kind, number, cursor);
                    cursor.put_byte(b':').ok()?;
                    cursor.apart(put).ok()?;
                    return number::put_suffix(suffix, cursor);
                }
            },
            Value::Elapsed(elapsed) => self.milliseconds(kind, elapsed).ok()?,
            Value::Text(member) => {
                cursor.put_byte(b':').ok()?;
                cursor.put(member.as_bytes()).ok()?;
                return number::put_suffix(suffix, cursor);
            }
            Value::Packed(_) => return None,
        };
        decimal.put_between(suffix & !IS_SIGNED, cursor)
    }

    /// Writes the bar and the type code of a kind.
    pub(super) fn put_type(&self, kind: Kind, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
        let code = self.rules.code(kind);
        let code = code.ok_or(RecordError::Unsupported(kind))?;
        cursor.put_byte(b'|')?;
        cursor.put(code.as_bytes())
    }

    /// Writes the value between a colon and the type.
    pub(super) fn put_value(
        &self,
        kind: Kind,
        value: &Value<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        if !self.supports(kind) {
            return Err(Unwritten::Refused(RecordError::Unsupported(kind)));
        }
        cursor.put_byte(b':')?;
        self.put_bare_value(kind, value, cursor)?;
        self.put_type(kind, cursor)
    }

    /// Writes the value alone.
    #[inline(always)]
    pub(super) fn put_bare_value(
        &self,
        kind: Kind,
        value: &Value<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        let decimal = match *value {
            Value::Number(number) => match self.decimal(kind, number)? {
                Some(decimal) => decimal,
                None => return cursor.apart(|cursor| self.put_long_number(kind, number, cursor)),
            },
            Value::Elapsed(elapsed) => self.milliseconds(kind, elapsed)?,
            Value::Packed(values) => {
                return cursor.apart(|cursor| self.put_packed(kind, values, cursor));
            }
            Value::Text(text) => {
                return cursor.apart(|cursor| self.put_text_value(kind, text, cursor));
            }
        };
        decimal.put(cursor)
    }

    /// The number as a decimal, or `None` if it is too long for one.
    #[inline(always)]
    fn decimal(&self, kind: Kind, number: Number) -> Result<Option<Decimal>, RecordError> {
        let Some(mut decimal) = Decimal::exact(number) else {
            return Ok(None);
        };
        if decimal.sign != 0 {
            check_sign(kind)?;
        } else if kind == Kind::GaugeDelta {
            decimal.sign = b'+';
        }
        if self.has_limits {
            check_limits(self.rules, kind, Value::Number(number))?;
        }
        Ok(Some(decimal))
    }

    #[inline(always)]
    fn milliseconds(&self, kind: Kind, elapsed: Duration) -> Result<Decimal, RecordError> {
        if self.has_limits {
            check_limits(self.rules, kind, Value::Elapsed(elapsed))?;
        }
        Ok(Decimal::milliseconds(elapsed))
    }

    #[cold]
    #[inline(never)]
    fn put_long_number(
        &self,
        kind: Kind,
        number: Number,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        if let Number::Float(float) = number {
            self.check_float(kind, float)?;
            if kind == Kind::GaugeDelta && float >= 0.0 {
                cursor.put_byte(b'+')?;
            }
        }
        put_number(cursor, number)
    }

    #[inline(never)]
    fn put_packed(
        &self,
        kind: Kind,
        values: &[f64],
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        if values.is_empty() {
            return Err(Unwritten::Refused(RecordError::InvalidValue));
        }
        for (index, &value) in values.iter().enumerate() {
            if index > 0 {
                cursor.put_byte(b':')?;
            }
            self.put_bare_value(kind, &Value::Number(Number::Float(value)), cursor)?;
        }
        Ok(())
    }

    /// Writes a member of a set, or encoded numbers: several if the dialect packs them.
    #[inline(never)]
    fn put_text_value(
        &self,
        kind: Kind,
        text: &str,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        if kind == Kind::Set {
            return self.put_member(text, cursor);
        }
        self.check_decimals(kind, text, self.packs(kind))?;
        cursor.put(text.as_bytes())
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

    pub(super) fn check_decimals(
        &self,
        kind: Kind,
        text: &str,
        may_be_packed: bool,
    ) -> Result<(), RecordError> {
        if !may_be_packed {
            return self.check_decimal(kind, text);
        }
        let mut values = split(text, b':');
        values.try_for_each(|value| self.check_decimal(kind, value))
    }

    fn check_decimal(&self, kind: Kind, text: &str) -> Result<(), RecordError> {
        if !is_decimal(text) {
            return Err(RecordError::InvalidValue);
        }
        if text.starts_with('-') {
            check_sign(kind)?;
        }
        // If gauges have no changes, a plus sign would be read as part of a level.
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
        if self.policy == SanitizePolicy::Refuse {
            return Err(Unwritten::Refused(RecordError::UnsafeText));
        }
        cursor.put_byte(b'_')?;
        match &text[1..] {
            "" => Ok(()),
            rest => self.put_text(&self.rules.member, rest, cursor),
        }
    }

    /// Writes `:`, the value, `|` and an unknown type code.
    pub(super) fn put_unknown(
        &self,
        code: &str,
        value: Value<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        cursor.put_byte(b':')?;
        match value {
            Value::Elapsed(elapsed) => {
                Decimal::milliseconds(elapsed).put(cursor)?;
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
