//! Metrics that are several lines, and those that were written elsewhere.

use super::cursor::Cursor;
use super::{Encoder, Unwritten, Written};
use crate::error::RecordError;
use crate::metric::{Code, Kind, Metric, Number, Rate, Value};

impl Encoder {
    /// Writes what [`encode`](Self::encode) does not write as one line of a known kind.
    #[cold]
    #[inline(never)]
    pub(super) fn encode_lines(
        &self,
        metric: &Metric<'_>,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        if metric.code == Code::Line {
            return self.encode_verbatim(metric.name, cursor);
        }
        let kind = self.kind_or_code(metric.code)?;
        let (name, name_tags) = self.split_name(metric)?;
        let metric = &Metric { name, ..*metric };
        let line = |value| Metric { value, ..*metric };
        let put = |metric: Metric<'_>, cursor: &mut Cursor<'_>| {
            self.put_any_line(kind, &metric, name_tags, cursor)
        };
        let is_packed = kind.is_ok_and(|kind| self.packs(kind));
        let is_parsed = matches!(metric.code, Code::Parsed(_));
        match (metric.code, metric.value) {
            (_, Value::Packed(values)) if !is_packed => {
                // Each value has a digit, and a mark before the next.
                if metric.name.len() + 2 * values.len() > self.max_line + 1 {
                    return Err(Unwritten::Refused(RecordError::LineTooLong));
                }
                let number = |&value| line(Value::Number(Number::Float(value)));
                self.encode_each(values.iter().map(number), cursor, put)
            }
            (_, Value::Text(text)) if is_parsed && !is_packed && kind != Ok(Kind::Set) => {
                let values = text.split(':').map(|value| line(Value::Text(value)));
                self.encode_each(values, cursor, put)
            }
            (Code::Known(kind), value) if self.is_two_lines(kind, value) => {
                let zero = Metric {
                    rate: Rate::Always,
                    ..line(Value::Number(Number::Int(0)))
                };
                self.encode_joined([zero, *metric], cursor, put)
            }
            _ => self.encode_each([*metric].into_iter(), cursor, put),
        }
    }

    /// Writes the two lines of a negative gauge.
    pub(super) fn encode_joined<V>(
        &self,
        lines: [V; 2],
        cursor: Cursor<'_>,
        put: impl FnMut(V, &mut Cursor<'_>) -> Result<usize, Unwritten>,
    ) -> Result<Written, Unwritten> {
        let written = self.encode_each(lines.into_iter(), cursor, put)?;
        Ok(Written {
            is_joined: true,
            ..written
        })
    }

    /// Writes a line for each value. On a stream each has to be short enough, elsewhere all together.
    pub(super) fn encode_each<V>(
        &self,
        values: impl Iterator<Item = V>,
        mut cursor: Cursor<'_>,
        mut put: impl FnMut(V, &mut Cursor<'_>) -> Result<usize, Unwritten>,
    ) -> Result<Written, Unwritten> {
        let mut lines = 0;
        let written = if self.is_line_stream {
            let name_len = put_each(values, &mut lines, &mut cursor, |value, cursor| {
                cursor.nested(|cursor| self.within_limit(cursor, |cursor| put(value, cursor)))
            })?;
            Written {
                lines,
                bytes: cursor.written(),
                name_len,
                is_joined: false,
            }
        } else {
            self.within_limit(cursor, |cursor| put_each(values, &mut lines, cursor, put))?
        };
        Ok(Written { lines, ..written })
    }

    fn put_any_line(
        &self,
        kind: Result<Kind, &str>,
        metric: &Metric<'_>,
        name_tags: &str,
        cursor: &mut Cursor<'_>,
    ) -> Result<usize, Unwritten> {
        let name_len = self.put_head(metric, name_tags, cursor)?;
        match kind {
            Ok(kind) => self.put_value(kind, &metric.value, cursor)?,
            Err(code) => self.put_unknown(code, metric.value, cursor)?,
        }
        self.put_tail(kind.ok(), metric, cursor)?;
        Ok(name_len)
    }

    /// Looks up a type code. One that is not known is given back if the caller gave it.
    pub(super) fn kind_or_code<'a>(
        &self,
        code: Code<'a>,
    ) -> Result<Result<Kind, &'a str>, RecordError> {
        match (code, code.kind()) {
            (_, Some(kind)) if self.supports(kind) => Ok(Ok(kind)),
            (_, Some(kind)) => Err(RecordError::Unsupported(kind)),
            (Code::Raw(code), None) if is_code(code) => Ok(Err(code)),
            (Code::Raw(_), None) => Err(RecordError::UnsafeText),
            (Code::Known(_) | Code::Line | Code::Parsed(_), None) => Err(RecordError::InvalidLine),
        }
    }

    /// Splits the name of a line that was written elsewhere from the tags in it.
    pub(super) fn split_name<'a>(
        &self,
        metric: &Metric<'a>,
    ) -> Result<(&'a str, &'a str), RecordError> {
        match metric.code {
            Code::Parsed(_) => self.split_tags(metric.name),
            Code::Known(_) | Code::Line | Code::Raw(_) => Ok((metric.name, "")),
        }
    }

    /// Splits a name as it is written from the tags in it, without the marks around them.
    pub(super) fn split_tags<'a>(&self, name: &'a str) -> Result<(&'a str, &'a str), RecordError> {
        let syntax = self.rules.tags.filter(|syntax| syntax.in_name);
        let tagged = syntax.and_then(|syntax| Some((name.split_once(syntax.open)?, syntax.close)));
        let Some(((name, tags), close)) = tagged else {
            return Ok((name, ""));
        };
        let tags = tags.strip_suffix(close).filter(|tags| !tags.is_empty());
        Ok((name, tags.ok_or(RecordError::InvalidTag)?))
    }
}

/// Whether a text can be a type code.
pub(super) fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Writes a line for each value, with line breaks between them, and returns the length of the name.
fn put_each<V>(
    values: impl Iterator<Item = V>,
    lines: &mut usize,
    cursor: &mut Cursor<'_>,
    mut put: impl FnMut(V, &mut Cursor<'_>) -> Result<usize, Unwritten>,
) -> Result<usize, Unwritten> {
    let mut name_len = None;
    for value in values {
        if name_len.is_some() {
            cursor.put_byte(b'\n')?;
        }
        name_len = Some(put(value, cursor)?);
        *lines += 1;
    }
    name_len.ok_or(Unwritten::Refused(RecordError::InvalidValue))
}
