//! Encoding of one line of a known kind, and parts common to all lines.

use super::cursor::Cursor;
use super::number::put_number;
use super::{Encoder, Unwritten, Written};
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Number, Rate, Tags, Value};

impl Encoder {
    #[inline(always)]
    pub(super) fn is_one_line(&self, kind: Kind, value: &Value<'_>) -> bool {
        match *value {
            Value::Packed(values) => !values.is_empty() && self.packs(kind),
            Value::Number(number) => !self.is_two_lines(kind, Value::Number(number)),
            Value::Elapsed(_) | Value::Text(_) => true,
        }
    }

    pub(super) fn encode_line(
        &self,
        kind: Kind,
        metric: &Metric<'_>,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        self.within_limit(cursor, |cursor| self.put_line(kind, metric, cursor))
    }

    fn put_line(
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

    /// Writes a line or another record of at most `max_line` bytes.
    pub(super) fn within_limit<'a>(
        &self,
        cursor: Cursor<'a>,
        write: impl FnOnce(&mut Cursor<'a>) -> Result<usize, Unwritten>,
    ) -> Result<Written, Unwritten> {
        let mut cursor = cursor.limited(self.max_line);
        let name_len = write(&mut cursor);
        self.finish(name_len, &cursor)
    }

    /// Result for one line, in a cursor that is limited to `max_line`.
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
            // Distinguishes a line that is too long from a buffer that is too small.
            Err(Unwritten::Full) if cursor.len() == self.max_line => {
                Err(Unwritten::Refused(RecordError::LineTooLong))
            }
            Err(error) => Err(error),
        }
    }

    /// Writes everything before the value, and returns the length of the name. `name_tags` are the tags in the name of
    /// a line that was written elsewhere.
    pub(super) fn put_head(
        &self,
        metric: &Metric<'_>,
        name_tags: &str,
        cursor: &mut Cursor<'_>,
    ) -> Result<usize, Unwritten> {
        let start = cursor.written();
        self.put_name(metric.section, metric.name, cursor)?;
        let name_len = cursor.written() - start;
        self.put_name_end(name_len, name_tags, metric.tags, cursor)?;
        Ok(name_len)
    }

    /// Checks the length of the name, and writes the tags that are part of it.
    #[cold]
    #[inline(never)]
    pub(super) fn put_name_end(
        &self,
        name_len: usize,
        name_tags: &str,
        tags: Tags<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        self.check_name_len(name_len)?;
        if self.has_tags_in_name && (self.has_tags(tags) || !name_tags.is_empty()) {
            self.put_tags(name_tags, tags, cursor)?;
        }
        Ok(())
    }

    /// Checks the length of a name with its prefix.
    pub(super) fn check_name_len(&self, len: usize) -> Result<(), RecordError> {
        if len > self.rules.max_name {
            Err(RecordError::LineTooLong)
        } else {
            Ok(())
        }
    }

    /// Writes everything after the type, and a line feed that is not counted.
    #[inline(never)]
    pub(super) fn put_tail(
        &self,
        kind: Option<Kind>,
        metric: &Metric<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        self.put_rate(kind, metric.rate, cursor)?;
        if !self.has_tags_in_name && self.has_tags(metric.tags) {
            self.put_tags("", metric.tags, cursor)?;
        }
        if self.has_extras || metric.extras.is_some() {
            self.put_extras(kind, metric.extras, cursor)?;
        }
        cursor.end_line();
        Ok(())
    }

    #[inline]
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

    /// Rate to write, or `None` if the metric is not sampled.
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

/// Rate to write, or `None` for a rate of 1.
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

/// Whether servers scale metrics of this kind up by their sample rate.
pub(super) fn scales(kind: Option<Kind>) -> bool {
    !matches!(kind, Some(Kind::Gauge | Kind::GaugeDelta | Kind::Set))
}
