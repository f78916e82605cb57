//! Values, and what each kind may have for one.

use std::time::Duration;

use super::cursor::Cursor;
use super::limits::{check_limits, check_sign, has_sign};
use super::number::{self, Decimal, is_decimal, put_number};
use super::split::split;
use super::{Encoder, Unwritten};
use crate::encode::dialect::Rules;
use crate::encode::text::UnsafeText;
use crate::error::RecordError;
use crate::metric::{Kind, Number, Value};

/// The bar and the type code of a kind, the bar in the lowest byte and their length in the highest; zero if the
/// dialect lacks the kind.
pub(super) fn type_suffix(rules: &Rules, kind: Kind) -> u32 {
    match rules.code(kind).map(str::as_bytes) {
        Some(&[code]) => u32::from_le_bytes([b'|', code, 0, 2]),
        Some(&[first, second]) => u32::from_le_bytes([b'|', first, second, 3]),
        Some(_) | None => 0,
    }
}

impl Encoder {
    /// Writes the bar and the type code of a kind.
    pub(super) fn put_type(&self, kind: Kind, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
        let [text @ .., len] = self.suffixes[kind as usize].to_le_bytes();
        if len == 0 {
            return Err(Unwritten::Refused(RecordError::Unsupported(kind)));
        }
        cursor.put(&text[..usize::from(len)])
    }

    /// Writes the value between a colon and the type.
    ///
    /// Each cold function gets what it needs of the value. If one got all of it, it would be copied for the hot
    /// ones, too.
    #[inline(always)]
    pub(super) fn put_value(
        &self,
        kind: Kind,
        value: &Value<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        let suffix = self.suffixes[kind as usize];
        if suffix == 0 {
            return Err(Unwritten::Refused(RecordError::Unsupported(kind)));
        }
        let decimal = match *value {
            // Most counts are one, and no server has limits for them.
            Value::Number(Number::Int(digit @ 0..=9)) if kind != Kind::GaugeDelta => {
                return number::put_digit_between(digit as u8, suffix, cursor);
            }
            Value::Number(number) => match self.decimal(kind, number)? {
                Some(decimal) => decimal,
                None => {
                    return cursor.apart(|cursor| {
                        cursor.put_byte(b':')?;
                        self.put_long_number(kind, number, cursor)?;
                        self.put_type(kind, cursor)
                    });
                }
            },
            Value::Elapsed(elapsed) => self.milliseconds(kind, elapsed)?,
            Value::Packed(values) => {
                return cursor.apart(|cursor| {
                    cursor.put_byte(b':')?;
                    self.put_packed(kind, values, cursor)?;
                    self.put_type(kind, cursor)
                });
            }
            Value::Text(text) => {
                return cursor.apart(|cursor| {
                    cursor.put_byte(b':')?;
                    self.put_text_value(kind, text, cursor)?;
                    self.put_type(kind, cursor)
                });
            }
        };
        decimal.put_between(suffix, cursor)
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
            Value::Number(Number::Int(digit @ 0..=9)) if kind != Kind::GaugeDelta => {
                return cursor.put_byte(b'0' + digit as u8);
            }
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

    /// The number as a decimal that the server takes, or `None` if it takes more to write.
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

    /// Writes a member, or numbers as they are written already: several if the dialect packs them.
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
