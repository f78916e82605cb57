//! One line of a known kind, and what all lines have in common.

use super::cursor::Cursor;
use super::number::put_number;
use super::{Encoder, Unwritten, Written};
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Number, Rate, Value};

impl Encoder {
    #[inline(always)]
    pub(super) fn is_one_line(&self, kind: Kind, value: &Value<'_>) -> bool {
        match *value {
            Value::Packed(values) => !values.is_empty() && self.packs(kind),
            Value::Number(number) => !self.is_two_lines(kind, Value::Number(number)),
            Value::Elapsed(_) | Value::Text(_) => true,
        }
    }

    #[inline(always)]
    pub(super) fn encode_line(
        &self,
        kind: Kind,
        metric: &Metric<'_>,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        let mut cursor = cursor.limited(self.max_line);
        let name_len = self.put_line(kind, metric, &mut cursor);
        self.finish(name_len, &cursor)
    }

    #[inline(always)]
    pub(super) fn put_line(
        &self,
        kind: Kind,
        metric: &Metric<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<usize, Unwritten> {
        let name_len = self.put_head(metric, "", cursor)?;
        self.put_value(kind, &metric.value, cursor)?;
        self.put_tail(Some(kind), metric, cursor)?;
        Ok(name_len)
    }

    /// Writes one line, or another record, that the longest line bounds.
    pub(super) fn within_limit<'a>(
        &self,
        cursor: Cursor<'a>,
        write: impl FnOnce(&mut Cursor<'a>) -> Result<usize, Unwritten>,
    ) -> Result<Written, Unwritten> {
        let mut cursor = cursor.limited(self.max_line);
        let name_len = write(&mut cursor);
        self.finish(name_len, &cursor)
    }

    /// The result for one line, in a cursor limited to the longest line.
    #[inline(always)]
    pub(super) fn finish(
        &self,
        name_len: Result<usize, Unwritten>,
        cursor: &Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        match name_len {
            Ok(name_len) => Ok(Written {
                lines: 1,
                bytes: cursor.written(),
                name_len,
                is_joined: false,
            }),
            // Tells a line that is too long from a room that is too small.
            Err(Unwritten::Full) if cursor.len() == self.max_line => {
                Err(Unwritten::Refused(RecordError::LineTooLong))
            }
            Err(error) => Err(error),
        }
    }

    /// Writes what precedes the value, and returns the length of the name. In a line that was written
    /// elsewhere, the name may have tags, which are `name_tags`.
    #[inline(always)]
    pub(super) fn put_head(
        &self,
        metric: &Metric<'_>,
        name_tags: &str,
        cursor: &mut Cursor<'_>,
    ) -> Result<usize, Unwritten> {
        let name_len = self.put_whole_name(metric, cursor)?;
        if self.has_constant_name_tags
            || (self.has_tags_in_name && !(metric.tags.is_empty() && name_tags.is_empty()))
        {
            cursor.apart(|cursor| self.put_tags(name_tags, metric.tags, cursor))?;
        }
        Ok(name_len)
    }

    /// Writes the name with its prefix, and returns their length.
    #[inline(always)]
    pub(super) fn put_whole_name(
        &self,
        metric: &Metric<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<usize, Unwritten> {
        let start = cursor.written();
        self.put_name(metric.section, metric.name, cursor)?;
        let len = cursor.written() - start;
        if len > self.max_name {
            return Err(Unwritten::Refused(RecordError::LineTooLong));
        }
        Ok(len)
    }

    /// Writes what follows the type, which most metrics have nothing of.
    #[inline(always)]
    pub(super) fn put_tail(
        &self,
        kind: Option<Kind>,
        metric: &Metric<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        let &Metric {
            rate, tags, extras, ..
        } = metric;
        let is_always = matches!(rate, Rate::Always);
        if self.has_constant_tail || !is_always || !tags.is_empty() || extras.is_some() {
            cursor.apart(|cursor| {
                if !is_always {
                    self.put_rate(kind, rate, cursor)?;
                }
                if !self.has_tags_in_name && self.has_tags(tags) {
                    self.put_tags("", tags, cursor)?;
                }
                if self.has_extras || extras.is_some() {
                    self.put_extras(kind, extras, cursor)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    #[inline(never)]
    pub(super) fn put_rate(
        &self,
        kind: Option<Kind>,
        rate: Rate,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        let Some(rate) = self.rate(kind, rate)? else {
            return Ok(());
        };
        cursor.put_mark(b"|@")?;
        put_number(cursor, Number::Float(rate))
    }

    /// The rate to write, or `None` where every call counts.
    pub(super) fn rate(&self, kind: Option<Kind>, rate: Rate) -> Result<Option<f64>, RecordError> {
        let rate = match rate {
            Rate::Always => return Ok(None),
            Rate::Sample(_) if !scales(kind) => return Err(RecordError::InvalidRate),
            Rate::Sample(rate) | Rate::Sampled(rate) => checked_rate(rate)?,
        };
        if rate.is_some() && self.rules.rates_on_counters_only && kind != Some(Kind::Counter) {
            return Err(RecordError::InvalidRate);
        }
        Ok(rate)
    }
}

/// The rate to write, or `None` where every call counts.
#[inline]
pub(super) fn checked_rate(rate: f64) -> Result<Option<f64>, RecordError> {
    if rate > 0.0 && rate < 1.0 {
        Ok(Some(rate))
    } else if rate == 1.0 {
        Ok(None)
    } else {
        Err(RecordError::InvalidRate)
    }
}

/// Whether servers make up for what sampling leaves out.
pub(super) fn scales(kind: Option<Kind>) -> bool {
    !matches!(kind, Some(Kind::Gauge | Kind::GaugeDelta | Kind::Set))
}
