//! One metric as bytes: the only module that knows `:`, `|`, `@` and `#`.
//!
//! A line is written piece by piece: the name, its tags, the value, the rate. Each piece has a straight way,
//! for text and numbers as they nearly always are, and a cold one that replaces, refuses or pads. They part
//! at the piece, and nothing that was written is read again.

mod cursor;
mod dogstatsd;
mod inline;
mod lines;
mod number;
mod parse;
mod piece;
mod series;
mod tags;
mod template;
mod value;
mod verbatim;

use crate::config::Config;
use crate::dialect::{Counts, Dialect, Rules};
use crate::dogstatsd::Cardinality;
use crate::error::RecordError;
use crate::metric::{Code, Kind, Metric, Number, Rate, Section, Tags, Value};
use crate::text::UnsafeText;
pub(crate) use cursor::Cursor;
use inline::Inline;
pub(crate) use parse::parse;
pub(crate) use series::SeriesKey;
pub(crate) use template::Template;

/// Writes metrics as lines, with everything rendered once that does not change from call to call.
#[derive(Debug)]
pub(crate) struct Encoder {
    rules: &'static Rules,
    policy: UnsafeText,
    /// What precedes the name, by section. Each is empty or ends in a dot.
    prefixes: [Inline<64>; 4],
    /// The type suffix of each kind, its length in the last byte; all zero where the dialect lacks the kind.
    suffixes: [[u8; 4]; Kind::ALL.len()],
    /// The constant tags as they are written, with the mark before them but without the one after, if there
    /// are any.
    tags: Box<[u8]>,
    /// Who sends, as it is written.
    origin: Box<str>,
    cardinality: Option<Cardinality>,
    /// Whether each line has an origin or a cardinality.
    has_extras: bool,
    /// Whether tags are a part of the name.
    has_tags_in_name: bool,
    /// Whether the server refuses numbers that others take.
    has_limits: bool,
    /// Whether a negative level is two lines.
    is_level_unsigned: bool,
    /// The longest line on a stream, or the longest record in a datagram or a frame, in bytes.
    max_line: usize,
    /// The longest line of several values, in bytes.
    max_packed: usize,
    /// Whether the longest line bounds each line of a record, and not all of them together.
    is_line_stream: bool,
}

/// What was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Written {
    /// The number of lines. Several stay together as one record, with a line break between them.
    pub(crate) lines: usize,
    /// The length of all lines, without a line break at the end.
    pub(crate) bytes: usize,
    /// The length of the name at the start of the first line, as the server sees it: with its prefix and
    /// without tags. Zero for events and service checks.
    pub(crate) name_len: usize,
    /// Whether the lines are the two of a negative gauge, of which neither makes sense alone.
    pub(crate) is_joined: bool,
}

/// Why nothing was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unwritten {
    /// The room ended. The caller tries again with more.
    Full,
    /// No room makes a line of it.
    Refused(RecordError),
}

impl From<RecordError> for Unwritten {
    fn from(error: RecordError) -> Self {
        Self::Refused(error)
    }
}

impl Encoder {
    /// The configuration has been checked.
    pub(crate) fn new(config: &Config) -> Self {
        let rules = config.dialect.rules();
        let origin = dogstatsd::origin(config);
        let cardinality = config.origin.cardinality;
        let is_line_stream = config.is_line_stream();
        // The agent may insist on a line break at the end of a datagram.
        let ends_lines = config.dialect == Dialect::DogStatsd && !is_line_stream;
        let max_line = config.line_limit() - usize::from(ends_lines);
        let max_datagram = config.datagram_limit() - usize::from(ends_lines);
        Self {
            rules,
            policy: config.unsafe_text,
            prefixes: prefixes(config),
            suffixes: Kind::ALL.map(|kind| value::type_suffix(rules, kind)),
            tags: tags::constant_tags(config),
            has_extras: !origin.is_empty() || cardinality.is_some(),
            origin,
            cardinality,
            has_tags_in_name: rules.tags.is_some_and(|syntax| syntax.in_name),
            has_limits: rules.counts != Counts::Any || !rules.signed_samples,
            is_level_unsigned: !rules.negative_gauge,
            max_line,
            max_packed: max_datagram.min(max_line),
            is_line_stream,
        }
    }

    /// Whether the dialect has the kind.
    pub(crate) fn supports(&self, kind: Kind) -> bool {
        self.rules.code(kind).is_some()
    }

    /// Whether the server makes up for what sampling leaves out of such metrics.
    pub(crate) fn takes_rate(&self, kind: Kind) -> bool {
        scales(Some(kind)) && (kind == Kind::Counter || !self.rules.rates_on_counters_only)
    }

    /// Whether one line may have several values.
    pub(crate) fn packs(&self, kind: Kind) -> bool {
        self.rules.packs && matches!(kind, Kind::Distribution | Kind::Histogram | Kind::Timing)
    }

    /// Whether such a value is two lines: a gauge that must be set to zero first.
    #[inline(always)]
    pub(crate) fn is_two_lines(&self, kind: Kind, value: Value<'_>) -> bool {
        kind == Kind::Gauge && self.is_level_unsigned && value::is_negative(value)
    }

    /// Writes a metric as one line, or as several that stay together: the two of a negative gauge, or one
    /// for each of several values.
    #[inline]
    pub(crate) fn encode(
        &self,
        metric: &Metric<'_>,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        match metric.code {
            Code::Known(kind) if self.is_one_line(kind, metric.value) => {
                self.encode_line(kind, metric, cursor)
            }
            Code::Known(_) | Code::Line | Code::Parsed(_) | Code::Raw(_) => {
                self.encode_lines(metric, cursor)
            }
        }
    }

    /// Writes a metric of one number. It is never in memory, which takes less.
    #[inline]
    pub(crate) fn encode_number(
        &self,
        kind: Kind,
        section: Section,
        name: &str,
        number: Number,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        let metric = Metric {
            name,
            value: Value::Number(number),
            code: Code::Known(kind),
            rate: Rate::Always,
            tags: Tags::Pairs(&[]),
            section,
            extras: None,
        };
        if self.is_one_line(kind, metric.value) {
            self.encode_line(kind, &metric, cursor)
        } else {
            self.encode_negative_gauge(section, name, number, cursor)
        }
    }

    #[inline(always)]
    fn is_one_line(&self, kind: Kind, value: Value<'_>) -> bool {
        match value {
            Value::Packed(values) => !values.is_empty() && self.packs(kind),
            Value::Elapsed(_) | Value::Number(_) | Value::Text(_) => {
                !self.is_two_lines(kind, value)
            }
        }
    }

    #[inline(always)]
    fn encode_line(
        &self,
        kind: Kind,
        metric: &Metric<'_>,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        self.within_limit(cursor, |cursor| {
            let name_len = self.put_head(metric, "", cursor)?;
            self.put_value(kind, metric.value, cursor)?;
            self.put_tail(Some(kind), metric, cursor)?;
            Ok(name_len)
        })
    }

    /// Writes one line, for which the longest line may leave less room than there is.
    #[inline(always)]
    fn within_limit<'a>(
        &self,
        cursor: Cursor<'a>,
        write: impl FnOnce(&mut Cursor<'a>) -> Result<usize, Unwritten>,
    ) -> Result<Written, Unwritten> {
        let room = cursor.room();
        let mut cursor = cursor.limited(self.max_line);
        match write(&mut cursor) {
            Ok(name_len) => Ok(Written {
                lines: 1,
                bytes: cursor.written(),
                name_len,
                is_joined: false,
            }),
            Err(error) => Err(self.limit_ended(error, room)),
        }
    }

    /// Tells a line that is too long from a room that is too small.
    #[cold]
    fn limit_ended(&self, error: Unwritten, room: usize) -> Unwritten {
        if error == Unwritten::Full && room >= self.max_line {
            Unwritten::Refused(RecordError::LineTooLong)
        } else {
            error
        }
    }

    /// Writes what precedes the value, and returns the length of the name. In a line that was written
    /// elsewhere, the name may have tags, which are `name_tags`.
    #[inline(always)]
    fn put_head(
        &self,
        metric: &Metric<'_>,
        name_tags: &str,
        cursor: &mut Cursor<'_>,
    ) -> Result<usize, Unwritten> {
        let name_len = self.put_whole_name(metric, cursor)?;
        if self.has_tags_in_name && (self.has_tags(metric.tags) || !name_tags.is_empty()) {
            cursor.apart(|cursor| self.put_tags(name_tags, metric.tags, cursor))?;
        }
        Ok(name_len)
    }

    /// Writes the name with its prefix, and returns their length.
    #[inline(always)]
    fn put_whole_name(
        &self,
        metric: &Metric<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<usize, Unwritten> {
        let start = cursor.written();
        self.put_name(metric.section, metric.name, cursor)?;
        let len = cursor.written() - start;
        if len > self.rules.max_name {
            return Err(Unwritten::Refused(RecordError::LineTooLong));
        }
        Ok(len)
    }

    /// Writes what follows the type.
    #[inline(always)]
    fn put_tail(
        &self,
        kind: Option<Kind>,
        metric: &Metric<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        if !matches!(metric.rate, Rate::Always) {
            let rate = metric.rate;
            cursor.apart(|cursor| self.put_rate(kind, rate, cursor))?;
        }
        if !self.has_tags_in_name && self.has_tags(metric.tags) {
            cursor.apart(|cursor| self.put_tags("", metric.tags, cursor))?;
        }
        if self.has_extras || metric.extras.is_some() {
            let extras = metric.extras;
            cursor.apart(|cursor| self.put_extras(kind, extras, cursor))?;
        }
        Ok(())
    }

    #[inline(never)]
    fn put_rate(
        &self,
        kind: Option<Kind>,
        rate: Rate,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        let Some(rate) = self.rate(kind, rate)? else {
            return Ok(());
        };
        cursor.put_mark(b"|@")?;
        number::put_number(cursor, Number::Float(rate))
    }

    /// The rate to write, or `None` where every call counts.
    fn rate(&self, kind: Option<Kind>, rate: Rate) -> Result<Option<f64>, RecordError> {
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

/// What precedes the name, in the order of `Section`.
fn prefixes(config: &Config) -> [Inline<64>; 4] {
    let prefix = match config.prefix_text() {
        "" => String::new(),
        prefix => format!("{prefix}."),
    };
    ["", "counters.", "gauges.", "timers."].map(|section| {
        let section = if config.kind_prefixes { section } else { "" };
        Inline::new(format!("{prefix}{section}").as_bytes())
    })
}

/// The rate to write, or `None` where every call counts.
#[inline]
fn checked_rate(rate: f64) -> Result<Option<f64>, RecordError> {
    if rate > 0.0 && rate < 1.0 {
        Ok(Some(rate))
    } else if rate == 1.0 {
        Ok(None)
    } else {
        Err(RecordError::InvalidRate)
    }
}

/// Whether servers make up for what sampling leaves out.
fn scales(kind: Option<Kind>) -> bool {
    !matches!(kind, Some(Kind::Gauge | Kind::GaugeDelta | Kind::Set))
}

#[cfg(test)]
mod tests;
