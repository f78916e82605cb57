//! Encoder: a metric becomes bytes. Only this module writes `:`, `|`, `@` and `#`.
//!
//! A line is written in pieces: name, tags, value, rate. Each piece has a fast path for common text and numbers, and a
//! slow path that replaces or refuses characters. The choice is made per piece, so no byte is written or read twice.

mod cursor;
pub(crate) mod dialect;
mod digits;
mod dogstatsd;
mod fast;
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
use crate::encode::dialect::{Counts, Rules, TagSyntax};
use crate::encode::text::SanitizePolicy;
use crate::error::RecordError;
use crate::metric::{Code, Kind, Metric, Value};
pub(crate) use cursor::Cursor;
pub(crate) use fast::{FastLine, Single, Source};
use inline::Inline;
use line::{checked_rate, scales};
pub(crate) use parse::dogstatsd::{parse_event, parse_service_check};
pub(crate) use parse::parse;
use scope::Scope;
pub(crate) use series::SeriesKey;
pub(crate) use template::Template;
pub(crate) use verbatim::code_of;

/// Encoder of a session. Everything that is the same for all metrics is encoded once, when it is created.
#[derive(Clone, Debug)]
pub(crate) struct Encoder {
    rules: &'static Rules,
    policy: SanitizePolicy,
    /// Text before the name, by section. It is empty or ends in a dot.
    prefixes: [Inline<64>; 4],
    /// [Type suffix](value::type_suffix) of each kind.
    suffixes: [u64; Kind::ALL.len()],
    /// Encoded constant tags, without the closing text.
    tags: Inline<64>,
    /// Encoded constant tags, followed by the separator or opening text before the metric's own first tag.
    tags_start: Inline<64>,
    /// Encoded origin: container ID, inode and external data.
    origin: Box<str>,
    cardinality: Option<Cardinality>,
    /// Whether every line has an origin or a cardinality.
    has_extras: bool,
    /// Whether tags are part of the name.
    has_tags_in_name: bool,
    /// Whether the length of names is limited, or tags are part of them.
    has_name_rules: bool,
    /// Whether constant tags, an origin or a cardinality follow every type.
    has_constant_tail: bool,
    /// Encoded text that follows the type of a metric without tags, rate and further fields.
    constant_tail: Inline<64>,
    /// Encoded fields that follow the tags of a metric without further fields.
    constant_fields: Inline<64>,
    /// Whether the dialect's servers refuse some numbers that others accept.
    has_limits: bool,
    /// Whether a negative gauge takes two lines: zero, then the change.
    is_level_unsigned: bool,
    /// Maximum length of a line on a stream, or of a record in a datagram or frame, in bytes.
    max_line: usize,
    /// Maximum length of a line with several values, in bytes.
    max_packed: usize,
    /// Whether `max_line` limits each line of a record. Otherwise it limits the record as a whole.
    is_line_stream: bool,
    scope: Scope,
    /// Syntax of tags, or the error of every metric with tags.
    syntax: Result<&'static TagSyntax, RecordError>,
}

/// Description of an encoded record.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Written {
    /// Number of lines. A record of several lines has line feeds between them, and is not split.
    pub(crate) lines: usize,
    /// Length of the record in bytes, without a line feed at its end.
    pub(crate) bytes: usize,
    /// Length of the name at the start of the first line, with its prefix and without tags. Zero for events and
    /// service checks.
    pub(crate) name_len: usize,
    /// Whether the record is a negative gauge, whose two lines must stay in one datagram.
    pub(crate) is_joined: bool,
}

/// Reason why nothing was encoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unwritten {
    /// The buffer was too small. The caller retries with a larger one.
    Full,
    /// The metric is invalid, whatever the size of the buffer.
    Refused(RecordError),
}

impl From<RecordError> for Unwritten {
    fn from(error: RecordError) -> Self {
        Self::Refused(error)
    }
}

impl Encoder {
    /// Creates an encoder. The configuration must have been checked.
    pub(crate) fn new(config: &Config) -> Self {
        let rules = config.dialect.rules();
        let origin = dogstatsd::origin(config);
        let cardinality = config.origin.cardinality;
        let is_line_stream = config.is_line_stream();
        let kept_break = usize::from(config.ends_datagrams() && !is_line_stream);
        let max_line = config.line_limit() - kept_break;
        let max_datagram = config.datagram_limit() - kept_break;
        let has_tags_in_name = rules.tags.is_some_and(|syntax| syntax.in_name);
        let has_extras = !origin.is_empty() || cardinality.is_some();
        let empty = || Inline::new(b"");
        let mut encoder = Self {
            rules,
            policy: config.sanitize_policy,
            prefixes: [empty(), empty(), empty(), empty()],
            suffixes: Kind::ALL.map(|kind| value::type_suffix(rules, kind)),
            has_constant_tail: false,
            constant_tail: empty(),
            constant_fields: empty(),
            tags: empty(),
            tags_start: empty(),
            origin,
            cardinality,
            has_extras,
            has_tags_in_name,
            has_name_rules: has_tags_in_name || rules.max_name < max_line,
            has_limits: rules.counts != Counts::Any || !rules.signed_samples,
            is_level_unsigned: !rules.negative_gauge,
            max_line,
            max_packed: max_datagram.min(max_line),
            is_line_stream,
            scope: Scope::new(config),
            syntax: Err(RecordError::InvalidTag),
        };
        encoder.set_scope(Scope::new(config));
        encoder
    }

    /// Whether the dialect supports the kind.
    pub(crate) fn supports(&self, kind: Kind) -> bool {
        self.rules.code(kind).is_some()
    }

    /// Whether servers scale metrics of this kind up by their sample rate.
    pub(crate) fn takes_rate(&self, kind: Kind) -> bool {
        scales(Some(kind)) && (kind == Kind::Counter || !self.rules.rates_on_counters_only)
    }

    /// Whether metrics of this kind may have a sample rate at all.
    pub(crate) fn may_sample(&self, kind: Kind) -> bool {
        scales(Some(kind))
    }

    /// Whether the dialect's servers refuse some numbers that others accept.
    pub(crate) fn has_limits(&self) -> bool {
        self.has_limits
    }

    /// Whether the server accepts negative counts.
    pub(crate) fn counts_down(&self) -> bool {
        self.rules.counts != Counts::NotNegative
    }

    /// Whether a line may hold several values of this kind.
    pub(crate) fn packs(&self, kind: Kind) -> bool {
        self.rules.packs && matches!(kind, Kind::Distribution | Kind::Histogram | Kind::Timing)
    }

    /// Whether the value takes two lines: a negative gauge is set to zero first.
    #[inline(always)]
    pub(crate) fn is_two_lines(&self, kind: Kind, value: Value<'_>) -> bool {
        kind == Kind::Gauge && self.is_level_unsigned && limits::is_negative(value)
    }

    /// Encodes a metric as one line, or as several lines that stay together: two for a negative gauge, one for each
    /// value of a list.
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
}

#[cfg(test)]
pub(crate) mod tests;
