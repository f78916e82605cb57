//! Metrics of which all but the value is written once.

use std::ops::Range;

use super::cursor::Cursor;
use super::inline::Inline;
use super::number::put_number;
use super::series::SeriesKey;
use super::{Encoder, OneLine, Unwritten, Written, checked_rate};
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Number, Value};

/// Everything of a series' line but the value.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(super) kind: Kind,
    /// What precedes the value: the name, the tags that are a part of it, and a colon.
    prefix: Inline<64>,
    /// What follows the value: the type, the rate, other tags and extras.
    suffix: Inline<64>,
    /// The length of the name at the start of the prefix.
    name_len: usize,
    /// Where the rate is in the suffix.
    rate: Range<usize>,
    /// Whether the server makes up for what sampling leaves out.
    has_rate: bool,
    /// Where the tags are in prefix and suffix together, without the marks around them.
    tags: Range<usize>,
    separator: u8,
}

impl Template {
    /// Whether [`Encoder::encode_value`] can be given a rate.
    pub(crate) fn has_rate(&self) -> bool {
        self.has_rate
    }

    /// The name as the server sees it: with its prefix and without tags.
    pub(crate) fn name(&self) -> &[u8] {
        &self.prefix.as_bytes()[..self.name_len]
    }

    /// The series that the metric belongs to.
    pub(crate) fn series(&self) -> SeriesKey {
        let (prefix, suffix) = (self.prefix.as_bytes(), self.suffix.as_bytes());
        let tags = match self.tags.start.checked_sub(prefix.len()) {
            Some(start) => &suffix[start..self.tags.end - prefix.len()],
            None => &prefix[self.tags.clone()],
        };
        SeriesKey::new(self.kind, self.name(), tags, self.separator)
    }
}

impl Encoder {
    /// Writes all of a metric but its value, which does not matter. Its rate is written, whether the caller or
    /// this client samples.
    ///
    /// # Errors
    ///
    /// Why such a metric can never be recorded. Whole lines, and types that are not known here, have no
    /// template. A gauge has levels, however its type was given.
    pub(crate) fn template(&self, metric: &Metric<'_>) -> Result<Template, RecordError> {
        // Nearly always enough, and far less than the longest line.
        let mut room = vec![0; self.max_line.min(512)];
        loop {
            match self.put_template(metric, &mut room) {
                Ok(template) => return Ok(template),
                Err(Unwritten::Refused(error)) => return Err(error),
                Err(Unwritten::Full) if room.len() < self.max_line => room.resize(self.max_line, 0),
                Err(Unwritten::Full) => return Err(RecordError::LineTooLong),
            }
        }
    }

    fn put_template(&self, metric: &Metric<'_>, room: &mut [u8]) -> Result<Template, Unwritten> {
        let kind = self.kind_or_code(metric.code)?;
        let kind = kind.map_err(|_| RecordError::InvalidLine)?;
        let (name, name_tags) = self.split_name(metric)?;
        let metric = &Metric { name, ..*metric };
        let mut cursor = Cursor::new(&mut *room);
        let name_len = self.put_whole_name(metric, &mut cursor)?;
        let mut tags = 0..0;
        if self.has_tags_in_name {
            tags = self.put_tag_range(name_tags, metric, &mut cursor)?;
        }
        cursor.put_byte(b':')?;
        let value_at = cursor.written();
        self.put_type(kind, &mut cursor)?;
        let mut rate = 0..cursor.written() - value_at;
        rate.start = rate.end;
        self.put_rate(Some(kind), metric.rate, &mut cursor)?;
        rate.end = cursor.written() - value_at;
        if !self.has_tags_in_name {
            tags = self.put_tag_range("", metric, &mut cursor)?;
        }
        if self.has_extras || metric.extras.is_some() {
            self.put_extras(Some(kind), metric.extras, &mut cursor)?;
        }
        // A value has a digit at least.
        let len = cursor.written();
        cursor.put_byte(b'0')?;
        Ok(Template {
            kind,
            prefix: Inline::new(&room[..value_at]),
            suffix: Inline::new(&room[value_at..len]),
            name_len,
            rate,
            has_rate: self.takes_rate(kind),
            tags,
            separator: self.rules.tags.map_or(0, |syntax| syntax.separator),
        })
    }

    /// Writes tags, and returns where they are without the marks around them.
    fn put_tag_range(
        &self,
        name_tags: &str,
        metric: &Metric<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<Range<usize>, Unwritten> {
        let start = cursor.written();
        if !name_tags.is_empty() || self.has_tags(metric.tags) {
            self.put_tags(name_tags, metric.tags, cursor)?;
        }
        let end = cursor.written();
        Ok(match &self.rules.tags {
            Some(syntax) if end > start => start + syntax.open.len()..end - syntax.close.len(),
            Some(_) | None => end..end,
        })
    }

    /// Writes a series' line with a value, or several lines that stay together. A rate is written in place of
    /// the template's own.
    #[inline]
    pub(crate) fn encode_value(
        &self,
        template: &Template,
        value: Value<'_>,
        rate: Option<f64>,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        self.encode_value_as(template, template.kind, value, rate, cursor)
    }

    /// Writes a series' line with a value, if that is one line. `None` if it is several, or has no room, or is refused;
    /// [`encode_value`](Self::encode_value) knows why.
    #[inline(always)]
    pub(crate) fn encode_one_value(
        &self,
        template: &Template,
        value: &Value<'_>,
        cursor: Cursor<'_>,
    ) -> Option<OneLine> {
        if !self.is_one_line(template.kind, value) {
            return None;
        }
        let mut cursor = cursor.limited(self.max_line);
        cursor.put_inline(&template.prefix).ok()?;
        self.put_bare_value(template.kind, value, &mut cursor)
            .ok()?;
        cursor.put_inline(&template.suffix).ok()?;
        Some(OneLine {
            bytes: cursor.written(),
            name_len: template.name_len,
        })
    }

    /// The same as another kind that has the same type: a change of a gauge, or its level.
    #[inline]
    pub(crate) fn encode_value_as(
        &self,
        template: &Template,
        kind: Kind,
        value: Value<'_>,
        rate: Option<f64>,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        if !self.is_one_line(kind, &value) {
            return self.encode_values(template, kind, value, rate, cursor);
        }
        let mut cursor = cursor.limited(self.max_line);
        let name_len = self.put_templated(template, kind, &value, rate, &mut cursor);
        self.finish(name_len, &cursor)
    }

    #[inline(always)]
    fn put_templated(
        &self,
        template: &Template,
        kind: Kind,
        value: &Value<'_>,
        rate: Option<f64>,
        cursor: &mut Cursor<'_>,
    ) -> Result<usize, Unwritten> {
        cursor.put_inline(&template.prefix)?;
        self.put_bare_value(kind, value, cursor)?;
        match rate {
            None => cursor.put_inline(&template.suffix)?,
            Some(rate) => cursor.apart(|cursor| template.put_suffix_at(rate, cursor))?,
        }
        Ok(template.name_len)
    }

    #[cold]
    #[inline(never)]
    fn encode_values(
        &self,
        template: &Template,
        kind: Kind,
        value: Value<'_>,
        rate: Option<f64>,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        let put = |(value, rate), cursor: &mut Cursor<'_>| {
            self.put_templated(template, kind, &value, rate, cursor)
        };
        if let Value::Packed(values) = value {
            let number = |&value| (Value::Number(Number::Float(value)), rate);
            return self.encode_each(values.iter().map(number), cursor, put);
        }
        // Nothing is made up for in setting a gauge to zero.
        let zero = (Value::Number(Number::Int(0)), Some(1.0));
        self.encode_joined([zero, (value, rate)], cursor, put)
    }

    /// Writes as many values as one line takes, and returns how many: one where the dialect does not pack.
    ///
    /// # Errors
    ///
    /// [`Unwritten::Full`] if not even the first fits the room. A value that the server does not take is
    /// refused once it is the first.
    pub(crate) fn encode_samples(
        &self,
        template: &Template,
        values: &[f64],
        rate: Option<f64>,
        cursor: Cursor<'_>,
    ) -> Result<(usize, Written), Unwritten> {
        let number = |value: &f64| Value::Number(Number::Float(*value));
        let (first, others) = values.split_first().ok_or(RecordError::InvalidValue)?;
        if !self.packs(template.kind) || others.is_empty() {
            let written = self.encode_value(template, number(first), rate, cursor)?;
            return Ok((1, written));
        }
        // What follows the values, of which the length has to be known before it is written.
        let mut room = Vec::new();
        let mut suffix = template.suffix.as_bytes();
        if let Some(rate) = rate {
            room.resize(suffix.len() + LONGEST_RATE, 0);
            let mut cursor = Cursor::new(&mut room);
            template.put_suffix_at(rate, &mut cursor)?;
            let len = cursor.written();
            suffix = &room[..len];
        }
        let mut count = 1;
        let mut cursor = cursor;
        let packed = self.within_limit(cursor.limited_again(self.max_packed), |cursor| {
            cursor.put(template.prefix.as_bytes())?;
            cursor.put_before(suffix, |cursor| {
                self.put_bare_value(template.kind, &number(first), cursor)?;
                for value in others {
                    let put = |cursor: &mut Cursor<'_>| {
                        cursor.put_byte(b':').ok()?;
                        self.put_bare_value(template.kind, &number(value), cursor)
                            .ok()
                    };
                    if !cursor.attempt(put, |(), _, _| true) {
                        break;
                    }
                    count += 1;
                }
                Ok(())
            })?;
            Ok(template.name_len)
        });
        match packed {
            // A line of one value may be longer than one of several.
            Err(Unwritten::Full) => {
                let written = self.encode_value(template, number(first), rate, cursor)?;
                Ok((1, written))
            }
            packed => Ok((count, packed?)),
        }
    }
}

impl Template {
    /// Writes what follows the value, with another rate.
    #[inline(never)]
    fn put_suffix_at(&self, rate: f64, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
        let suffix = self.suffix.as_bytes();
        cursor.put(&suffix[..self.rate.start])?;
        if let Some(rate) = checked_rate(rate)? {
            if !self.has_rate {
                return Err(Unwritten::Refused(RecordError::InvalidRate));
            }
            cursor.put_mark(b"|@")?;
            put_number(cursor, Number::Float(rate))?;
        }
        cursor.put(&suffix[self.rate.end..])
    }
}

/// The mark, and the longest number between 0 and 1: a subnormal one has 324 places, and 17 digits at most.
const LONGEST_RATE: usize = 2 + 2 + 350;
