//! One metric as bytes: the only module that knows `:`, `|`, `@` and `#`.
//!
//! A line is written piece by piece: the name, its tags, the value, the rate. Each piece has a straight way,
//! for text and numbers as they nearly always are, and a cold one that replaces, refuses or pads. They part
//! at the piece, and nothing that was written is read again.

mod cursor;
pub(crate) mod dialect;
mod digits;
mod dogstatsd;
mod inline;
mod limits;
mod line;
mod lines;
mod name;
mod number;
mod parse;
mod scope;
mod series;
mod split;
mod tags;
mod template;
pub(crate) mod text;
mod value;
mod verbatim;

use crate::config::Config;
use crate::dogstatsd::Cardinality;
use crate::encode::dialect::{Counts, Dialect, Rules, TagSyntax};
use crate::encode::text::UnsafeText;
use crate::error::RecordError;
use crate::metric::{Code, Kind, Metric, Value};
pub(crate) use cursor::Cursor;
use inline::Inline;
use line::{checked_rate, scales};
pub(crate) use parse::parse;
use scope::Scope;
pub(crate) use series::SeriesKey;
pub(crate) use template::Template;

/// Writes metrics as lines, with everything rendered once that does not change from call to call.
#[derive(Clone, Debug)]
pub(crate) struct Encoder {
    rules: &'static Rules,
    policy: UnsafeText,
    /// What precedes the name, by section. Each is empty or ends in a dot.
    prefixes: [Inline<64>; 4],
    /// The [type suffix](value::type_suffix) of each kind.
    suffixes: [u32; Kind::ALL.len()],
    /// The constant tags as they are written, but for what closes them.
    tags: Inline<64>,
    /// The same, and what precedes the first other tag.
    tags_start: Inline<64>,
    /// Who sends, as it is written.
    origin: Box<str>,
    cardinality: Option<Cardinality>,
    /// Whether each line has an origin or a cardinality.
    has_extras: bool,
    /// Whether tags are a part of the name.
    has_tags_in_name: bool,
    /// Whether constant tags follow each name.
    has_constant_name_tags: bool,
    /// Whether constant tags, an origin or a cardinality follow each type.
    has_constant_tail: bool,
    /// Whether the server refuses numbers that others take.
    has_limits: bool,
    /// Whether a negative level is two lines.
    is_level_unsigned: bool,
    /// The longest name with its prefix, in bytes.
    max_name: usize,
    /// The longest line on a stream, or the longest record in a datagram or a frame, in bytes.
    max_line: usize,
    /// The longest line of several values, in bytes.
    max_packed: usize,
    /// Whether the longest line bounds each line of a record, and not all of them together.
    is_line_stream: bool,
    scope: Scope,
    /// How tags are written, or why no metric with tags can be.
    syntax: Result<&'static TagSyntax, RecordError>,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
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

/// One line that was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OneLine {
    /// Its length, without a line break.
    pub(crate) bytes: usize,
    /// The length of the name at its start; see [`Written::name_len`].
    pub(crate) name_len: usize,
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
        let has_tags_in_name = rules.tags.is_some_and(|syntax| syntax.in_name);
        let has_extras = !origin.is_empty() || cardinality.is_some();
        let empty = || Inline::new(b"");
        let mut encoder = Self {
            rules,
            policy: config.unsafe_text,
            prefixes: [empty(), empty(), empty(), empty()],
            suffixes: Kind::ALL.map(|kind| value::type_suffix(rules, kind)),
            has_constant_name_tags: false,
            has_constant_tail: false,
            tags: empty(),
            tags_start: empty(),
            origin,
            cardinality,
            has_extras,
            has_tags_in_name,
            has_limits: rules.counts != Counts::Any || !rules.signed_samples,
            is_level_unsigned: !rules.negative_gauge,
            max_name: rules.max_name,
            max_line,
            max_packed: max_datagram.min(max_line),
            is_line_stream,
            scope: Scope::new(config),
            syntax: Err(RecordError::InvalidTag),
        };
        encoder.set_scope(Scope::new(config));
        encoder
    }

    /// Whether the dialect has the kind.
    pub(crate) fn supports(&self, kind: Kind) -> bool {
        self.rules.code(kind).is_some()
    }

    /// Whether the server makes up for what sampling leaves out of such metrics.
    pub(crate) fn takes_rate(&self, kind: Kind) -> bool {
        scales(Some(kind)) && (kind == Kind::Counter || !self.rules.rates_on_counters_only)
    }

    /// Whether such metrics may be sampled at all.
    pub(crate) fn may_sample(&self, kind: Kind) -> bool {
        scales(Some(kind))
    }

    /// Whether the server refuses numbers that others take.
    pub(crate) fn has_limits(&self) -> bool {
        self.has_limits
    }

    /// Whether the server takes an amount from a counter.
    pub(crate) fn counts_down(&self) -> bool {
        self.rules.counts != Counts::NotNegative
    }

    /// Whether one line may have several values.
    pub(crate) fn packs(&self, kind: Kind) -> bool {
        self.rules.packs && matches!(kind, Kind::Distribution | Kind::Histogram | Kind::Timing)
    }

    /// Whether such a value is two lines: a gauge that must be set to zero first.
    #[inline(always)]
    pub(crate) fn is_two_lines(&self, kind: Kind, value: Value<'_>) -> bool {
        kind == Kind::Gauge && self.is_level_unsigned && limits::is_negative(value)
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
            Code::Known(kind) if self.is_one_line(kind, &metric.value) => {
                self.encode_line(kind, metric, cursor)
            }
            Code::Known(_) | Code::Line | Code::Parsed(_) | Code::Raw(_) => {
                self.encode_lines(metric, cursor)
            }
        }
    }

    /// Writes a metric as one line. `None` if it is several, or has no room, or is refused; [`encode`](Self::encode)
    /// knows why.
    #[inline(always)]
    pub(crate) fn encode_one(&self, metric: &Metric<'_>, cursor: Cursor<'_>) -> Option<OneLine> {
        let Code::Known(kind) = metric.code else {
            return None;
        };
        if !self.is_one_line(kind, &metric.value) {
            return None;
        }
        let mut cursor = cursor.limited(self.max_line);
        let name_len = self.put_line(kind, metric, &mut cursor).ok()?;
        Some(OneLine {
            bytes: cursor.written(),
            name_len,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
