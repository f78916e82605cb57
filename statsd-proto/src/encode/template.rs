//! Templates: everything of a line but its value, encoded once.

use std::ops::Range;

use super::cursor::Cursor;
use super::inline::Inline;
use super::number::put_number;
use super::series::SeriesKey;
use super::{Encoder, Unwritten, Written, checked_rate};
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Number, Value};

/// Template of a series' line.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(super) kind: Kind,
    /// Bytes before the value: name, tags in the name, and the colon.
    pub(super) prefix: Inline<64>,
    /// Bytes after the value: type, rate, tags and further fields.
    pub(super) suffix: Inline<64>,
    /// Length of the name at the start of `prefix`.
    name_len: usize,
    /// Range of the rate in `suffix`.
    rate: Range<usize>,
    /// Whether servers scale the metric up by its sample rate.
    has_rate: bool,
    /// Numbers from zero up to this one are written as one digit. Changes of gauges have a sign, and so none of them is.
    pub(super) digits: u64,
    /// Range of the tags in `prefix` followed by `suffix`, without the characters around them.
    tags: Range<usize>,
    separator: u8,
}

impl Template {
    /// Whether [`Encoder::encode_value`] may be given a rate.
    pub(crate) fn has_rate(&self) -> bool {
        self.has_rate
    }

    /// Name with its prefix and without tags.
    pub(crate) fn name(&self) -> &[u8] {
        &self.prefix.as_bytes()[..self.name_len]
    }

    /// Length of a line without its value, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.prefix.as_bytes().len() + self.suffix.as_bytes().len()
    }

    /// Key of the series that the metric belongs to.
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
    /// Encodes everything of a metric but its value. The value is ignored. The rate is encoded, whether it was applied
    /// by the caller or will be by the client.
    ///
    /// # Errors
    ///
    /// Why every metric of this form would be refused. Whole lines and unknown types have no template. A gauge has
    /// levels, also if its type was given by its code.
    pub(crate) fn template(&self, metric: &Metric<'_>) -> Result<Template, RecordError> {
        // Nearly always enough, and far below the maximum line.
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
        self.put_name(metric.section, metric.name, &mut cursor)?;
        let name_len = cursor.written();
        self.check_name_len(name_len)?;
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
        // A value has at least one digit.
        let len = cursor.written();
        cursor.put_byte(b'0')?;
        Ok(Template {
            kind,
            prefix: Inline::new(&room[..value_at]),
            suffix: Inline::new(&room[value_at..len]),
            name_len,
            rate,
            has_rate: self.takes_rate(kind),
            digits: if kind == Kind::GaugeDelta { 0 } else { 10 },
            tags,
            separator: self.rules.tags.map_or(0, |syntax| syntax.separator),
        })
    }

    /// Writes tags, and returns their range without the characters around them.
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

    /// Encodes a line with a value, or several lines that stay together. `rate` replaces the template's rate.
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

    /// Encodes a value as another kind of the same type: a change of a gauge, or its level.
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
            Some(rate) => template.put_suffix_at(rate, cursor)?,
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
        // Setting a gauge to zero is not scaled.
        let zero = (Value::Number(Number::Int(0)), Some(1.0));
        self.encode_joined([zero, (value, rate)], cursor, put)
    }

    /// Encodes as many values as fit in a line, and returns their number; 1 if the dialect does not pack values.
    ///
    /// # Errors
    ///
    /// [`Unwritten::Full`] if the first value does not fit. An invalid value is refused when it is the first.
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
        // Bytes after the values. Their length has to be known before the values are written.
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
                    if cursor.attempt(put, |(), _, len| Some(len)).is_none() {
                        break;
                    }
                    count += 1;
                }
                Ok(())
            })?;
            Ok(template.name_len)
        });
        match packed {
            // A line with one value may be longer than a line with several.
            Err(Unwritten::Full) => {
                let written = self.encode_value(template, number(first), rate, cursor)?;
                Ok((1, written))
            }
            packed => Ok((count, packed?)),
        }
    }
}

impl Template {
    /// Writes the bytes after the value, with another rate.
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

/// Maximum length of a rate: the text `|@`, `0.`, and a subnormal number with up to 324 leading decimals and 17
/// digits.
const LONGEST_RATE: usize = 2 + 2 + 350;
