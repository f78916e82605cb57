//! One metric as bytes: the only module that knows `:`, `|`, `@` and `#`.

mod dogstatsd;
mod parse;
mod short;
mod tags;
mod value;
mod verbatim;

use crate::config::Config;
use crate::dialect::{Counts, Rules};
use crate::dogstatsd::Cardinality;
use crate::error::RecordError;
use crate::metric::{Code, Kind, Metric, Number, Rate, Tags, Value};
use crate::number::push_float;
use crate::payload::Record;
use crate::room::Fixed;
use crate::text::UnsafeText;
pub(crate) use parse::parse;
use value::is_negative;

/// Whether `line` and `next` may be the two of a negative gauge, of which neither makes sense alone.
pub(crate) fn is_half(line: &[u8], next: &[u8]) -> bool {
    const ZERO: &[u8] = b":0|g";
    let zero = line.windows(ZERO.len()).position(|part| part == ZERO);
    zero.is_some_and(|at| {
        let minus = next.strip_prefix(&line[..at]);
        minus.is_some_and(|value| value.starts_with(b":-"))
    })
}

/// Writes metrics as lines, with everything rendered once that does not change from call to call.
#[derive(Debug)]
pub(crate) struct Encoder {
    rules: &'static Rules,
    policy: UnsafeText,
    /// What stands before the path, by section. Each is empty or ends in a dot.
    prefixes: [Fixed<64>; 4],
    /// What stands behind the value, by kind; none where the dialect has no such metrics.
    endings: [Option<Fixed<4>>; Kind::ALL.len()],
    /// The constant tags as they stand on the wire, with the mark before them, if there are any.
    tags: Box<str>,
    /// Whether tags are a part of the name.
    has_tags_in_name: bool,
    /// Who sends, as it stands on the wire.
    origin: Box<str>,
    cardinality: Option<Cardinality>,
    /// Whether any of the two is there, for every line.
    has_extras: bool,
    /// Whether neither of them is there, and a name may have any length.
    is_plain: bool,
    /// Whether the server refuses numbers that others take.
    has_limits: bool,
    /// Longer text is refused before a byte of it is copied.
    max_text: usize,
    /// How long a line of several values may be; none if the server takes one at a time.
    max_packed: Option<usize>,
}

impl Encoder {
    /// The configuration has been checked.
    pub(crate) fn new(config: &Config) -> Self {
        let prefix = match config.prefix_text() {
            "" => String::new(),
            prefix => format!("{prefix}."),
        };
        let section = |name: &str| {
            let name = if config.kind_prefixes { name } else { "" };
            Fixed::new(format!("{prefix}{name}").as_bytes())
        };
        let rules = config.dialect.rules();
        let origin = dogstatsd::origin(config);
        let cardinality = config.origin.cardinality;
        let has_extras = !origin.is_empty() || cardinality.is_some();
        Self {
            rules,
            policy: config.unsafe_text,
            // In the order of `Section`.
            prefixes: [
                section(""),
                section("counters."),
                section("gauges."),
                section("timers."),
            ],
            endings: Kind::ALL.map(|kind| {
                let code = rules.code(kind);
                code.map(|code| Fixed::new(format!("|{code}").as_bytes()))
            }),
            tags: tags::constant_tags(config),
            has_tags_in_name: rules.tags.is_some_and(|syntax| syntax.in_name),
            has_extras,
            is_plain: !has_extras && rules.max_name == usize::MAX,
            origin,
            cardinality,
            has_limits: rules.counts != Counts::Any || !rules.signed_samples,
            max_text: config.line_limit(),
            max_packed: rules
                .packs
                .then(|| config.datagram_limit().min(config.line_limit())),
        }
    }

    /// Whether the dialect has the kind.
    pub(crate) fn supports(&self, kind: Kind) -> bool {
        self.rules.code(kind).is_some()
    }

    /// Whether the server makes up for what sampling leaves out of such metrics.
    pub(crate) fn takes_rate(&self, kind: Kind) -> bool {
        scales(Code::Known(kind)) && (kind == Kind::Counter || !self.rules.rates_on_counters_only)
    }

    /// How long a line of several values may be; none if the server takes one at a time.
    pub(crate) fn max_packed(&self) -> Option<usize> {
        self.max_packed
    }

    /// Whether it is a gauge that must be set to zero first.
    #[inline]
    pub(crate) fn is_two_lines(&self, code: Code<'_>, value: Value<'_>) -> bool {
        code == Code::Known(Kind::Gauge) && !self.rules.negative_gauge && is_negative(value)
    }

    /// Writes `metric` as one line, or as several that stay together: the two of a negative gauge, or
    /// one for each of several values.
    ///
    /// Apart from the [short way](Self::encode_short), which passes by none of this.
    #[inline(never)]
    pub(crate) fn encode(
        &self,
        metric: &Metric<'_>,
        record: &mut Record<'_>,
    ) -> Result<(), RecordError> {
        let code = match metric.code {
            Code::Known(kind) => self
                .rules
                .code(kind)
                .ok_or(RecordError::Unsupported(kind))?,
            Code::Line => return self.copy(metric.name, record),
            Code::Parsed(code) | Code::Raw(code) => code,
        };
        let rate = self.rate(metric)?;
        self.check_text(metric, code)?;
        if self.is_two_lines(metric.code, metric.value) {
            let zero = Value::Number(Number::Int(0));
            self.push_line(record.line(), metric, zero, code, None)?;
            record.end_line();
        }
        let values = match metric.value {
            Value::Packed(values) if !self.packs(metric.code) => values,
            value @ (Value::Elapsed(_) | Value::Number(_) | Value::Packed(_) | Value::Text(_)) => {
                return self.push_line(record.line(), metric, value, code, rate);
            }
        };
        for (place, &value) in values.iter().enumerate() {
            if place > 0 {
                record.end_line();
            }
            let value = Value::Number(Number::Float(value));
            self.push_line(record.line(), metric, value, code, rate)?;
        }
        Ok(())
    }

    /// The rate to print; none where every call counts.
    #[inline]
    fn rate(&self, metric: &Metric<'_>) -> Result<Option<f64>, RecordError> {
        let rate = match metric.rate {
            Rate::Always => return Ok(None),
            Rate::Sample(_) if !scales(metric.code) => return Err(RecordError::InvalidRate),
            Rate::Sample(rate) | Rate::Sampled(rate) => checked_rate(rate)?,
        };
        let is_counter = metric.code.kind() == Some(Kind::Counter);
        if rate.is_some() && self.rules.rates_on_counters_only && !is_counter {
            return Err(RecordError::InvalidRate);
        }
        Ok(rate)
    }

    /// Refuses what is too long or has no meaning, before anything is copied.
    #[inline]
    fn check_text(&self, metric: &Metric<'_>, code: &str) -> Result<(), RecordError> {
        if metric.name.is_empty() {
            return Err(RecordError::EmptyName);
        }
        let mut length = metric.name.len();
        match metric.value {
            Value::Packed([]) => return Err(RecordError::InvalidValue),
            // A digit, and what stands between it and the next.
            Value::Packed(values) => length += 2 * values.len() - 1,
            Value::Text(text) => length += text.len(),
            Value::Elapsed(_) | Value::Number(_) => {}
        }
        match metric.tags {
            Tags::List(list) => length += list.len(),
            Tags::Pairs(pairs) => {
                for (key, value) in pairs {
                    length += key.len() + value.len();
                }
            }
        }
        if matches!(metric.code, Code::Parsed(_) | Code::Raw(_)) {
            length += code.len();
            if code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(RecordError::UnsafeText);
            }
        }
        self.check_len(length)
    }

    fn check_len(&self, len: usize) -> Result<(), RecordError> {
        if len > self.max_text {
            Err(RecordError::LineTooLong)
        } else {
            Ok(())
        }
    }

    /// Writes a line, with its tags and extras.
    fn push_line(
        &self,
        line: &mut Vec<u8>,
        metric: &Metric<'_>,
        value: Value<'_>,
        code: &str,
        rate: Option<f64>,
    ) -> Result<(), RecordError> {
        let has_tags = self.has_tags(metric.tags);
        let start = line.len();
        self.push_name(line, metric)?;
        if line.len() - start > self.rules.max_name {
            return Err(RecordError::LineTooLong);
        }
        if has_tags && self.has_tags_in_name {
            self.push_tags(line, metric.tags)?;
        }
        push_parts(line, &[":"]);
        self.push_value(line, metric.code, value)?;
        push_parts(line, &["|", code]);
        if let Some(rate) = rate {
            push_parts(line, &["|@"]);
            push_float(line, rate);
        }
        if has_tags && !self.has_tags_in_name {
            self.push_tags(line, metric.tags)?;
        }
        if metric.extras.is_some() || self.has_extras {
            self.push_extras(line, metric)?;
        }
        Ok(())
    }

    fn push_name(&self, line: &mut Vec<u8>, metric: &Metric<'_>) -> Result<(), RecordError> {
        let prefix = self.prefixes[metric.section as usize].as_bytes();
        if !prefix.is_empty() {
            line.extend_from_slice(prefix);
            return self.rules.name.push(line, metric.name, self.policy);
        }
        let start = line.len();
        self.rules.name.push(line, metric.name, self.policy)?;
        // What was replaced may have made such a name of a harmless one.
        if (self.rules.is_fatal_name)(&line[start..]) {
            match self.policy {
                UnsafeText::Refuse => return Err(RecordError::UnsafeText),
                UnsafeText::Replace => {
                    push_parts(line, &["_"]);
                    line[start..].rotate_right(1);
                }
            }
        }
        Ok(())
    }
}

/// The rate to print; none where every call counts.
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
fn scales(code: Code<'_>) -> bool {
    !matches!(
        code.kind(),
        Some(Kind::Gauge | Kind::GaugeDelta | Kind::Set)
    )
}

#[inline]
fn push_parts(line: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        // Byte by byte: marks and codes are shorter than a call to copy them is.
        part.bytes().for_each(|byte| line.push(byte));
    }
}

#[cfg(test)]
mod tests;
