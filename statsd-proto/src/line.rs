//! One metric as bytes: the only module that knows `:`, `|`, `@` and `#`.

mod verbatim;

use bytes::{BufMut as _, BytesMut};

use crate::config::Config;
use crate::dialect::Rules;
use crate::error::{ParseError, RecordError};
use crate::metric::{Code, Kind, Metric, Number, Rate, Section, Tags, Value};
use crate::number::{is_decimal, push_float, push_milliseconds, push_number};
use crate::payload::Record;
use crate::text::UnsafeText;

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
    prefixes: [Box<str>; 4],
    /// The constant tags as they stand on the wire, without the mark before them.
    tags: Box<str>,
    /// Longer text is refused before a byte of it is copied.
    max_text: usize,
    /// How long a line of several values may be; none if the server takes one at a time.
    max_packed: Option<usize>,
}

impl Encoder {
    pub(crate) fn new(config: &Config) -> Self {
        let prefix = match config.prefix_text() {
            "" => String::new(),
            prefix => format!("{prefix}."),
        };
        let section = |name: &str| {
            let name = if config.kind_prefixes { name } else { "" };
            format!("{prefix}{name}").into_boxed_str()
        };
        let rules = config.dialect.rules();
        let mut tags = BytesMut::new();
        for (key, value) in &config.tags {
            if !tags.is_empty() {
                push_parts(&mut tags, &[","]);
            }
            push_tag(&mut tags, rules, UnsafeText::Replace, key, value)
                .expect("replacing never refuses");
        }
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
            tags: String::from_utf8(tags.into())
                .expect("pushed from text")
                .into_boxed_str(),
            max_text: config.line_limit(),
            max_packed: rules
                .packs
                .then(|| config.datagram_limit().min(config.line_limit())),
        }
    }

    /// Writes `metric` as one line, or as the two of a negative gauge.
    #[inline]
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
            Code::Raw(code) => code,
        };
        let rate = match metric.rate {
            Rate::Always => None,
            Rate::Sample(_) if !scales(metric.code) => return Err(RecordError::InvalidRate),
            Rate::Sample(rate) | Rate::Sampled(rate) => checked_rate(rate)?,
        };
        self.check_text(metric, code)?;

        if self.is_two_lines(metric.code, metric.value) {
            self.push_name(record.line(), metric)?;
            push_parts(record.line(), &[":0|g"]);
            self.push_tags(record.line(), metric.tags)?;
            record.end_line();
        }
        let line = record.line();
        self.push_name(line, metric)?;
        push_parts(line, &[":"]);
        self.push_value(line, metric.code, metric.value)?;
        push_parts(line, &["|", code]);
        if let Some(rate) = rate {
            push_parts(line, &["|@"]);
            push_float(line, rate);
        }
        self.push_tags(line, metric.tags)
    }

    /// Whether the dialect has the kind.
    pub(crate) fn supports(&self, kind: Kind) -> bool {
        self.rules.code(kind).is_some()
    }

    /// How long a line of several values may be; none if the server takes one at a time.
    pub(crate) fn max_packed(&self) -> Option<usize> {
        self.max_packed
    }

    /// Whether it takes a zero first to say so.
    #[inline]
    pub(crate) fn is_two_lines(&self, code: Code<'_>, value: Value<'_>) -> bool {
        code == Code::Known(Kind::Gauge) && is_negative(value) && !self.rules.negative_gauge
    }

    /// Refuses what is too long or has no meaning, before anything is copied.
    fn check_text(&self, metric: &Metric<'_>, code: &str) -> Result<(), RecordError> {
        if metric.name.is_empty() {
            return Err(RecordError::EmptyName);
        }
        let mut length = metric.name.len();
        if let Value::Text(text) = metric.value {
            length += text.len();
        }
        match metric.tags {
            Tags::List(list) => length += list.len(),
            Tags::Pairs(pairs) => {
                for (key, value) in pairs {
                    length += key.len() + value.len();
                }
            }
        }
        if matches!(metric.code, Code::Raw(_)) {
            length += code.len();
            if code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(RecordError::UnsafeText);
            }
        }
        if length > self.max_text {
            Err(RecordError::LineTooLong)
        } else {
            Ok(())
        }
    }

    #[inline]
    fn push_name(&self, line: &mut BytesMut, metric: &Metric<'_>) -> Result<(), RecordError> {
        let prefix = &*self.prefixes[match metric.section {
            Section::None => 0,
            Section::Counters => 1,
            Section::Gauges => 2,
            Section::Timers => 3,
        }];
        if !prefix.is_empty() {
            line.extend_from_slice(prefix.as_bytes());
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

    #[inline]
    pub(crate) fn push_value(
        &self,
        line: &mut BytesMut,
        code: Code<'_>,
        value: Value<'_>,
    ) -> Result<(), RecordError> {
        match value {
            Value::Elapsed(elapsed) => push_milliseconds(line, elapsed),
            Value::Number(number) => {
                if matches!(number, Number::Float(float) if !float.is_finite()) {
                    return Err(RecordError::InvalidValue);
                }
                if is_negative(value) {
                    check_sign(code)?;
                } else if code == Code::Known(Kind::GaugeDelta) {
                    push_parts(line, &["+"]);
                }
                push_number(line, number);
            }
            Value::Text(text) => self.push_text(line, code, text)?,
        }
        Ok(())
    }

    fn push_text(
        &self,
        line: &mut BytesMut,
        code: Code<'_>,
        text: &str,
    ) -> Result<(), RecordError> {
        let is_member = matches!(code, Code::Known(Kind::Set) | Code::Raw("s"));
        if is_member {
            if text.is_empty() {
                return Err(RecordError::InvalidValue);
            }
            return self.rules.member.push(line, text, self.policy);
        }
        if !is_decimal(text) {
            return Err(RecordError::InvalidValue);
        }
        if text.starts_with('-') {
            check_sign(code)?;
        }
        line.extend_from_slice(text.as_bytes());
        Ok(())
    }

    #[inline]
    fn push_tags(&self, line: &mut BytesMut, tags: Tags<'_>) -> Result<(), RecordError> {
        match tags {
            Tags::List("") | Tags::Pairs([]) if self.tags.is_empty() => Ok(()),
            Tags::List(_) | Tags::Pairs(_) => self.push_some_tags(line, tags),
        }
    }

    fn push_some_tags(&self, line: &mut BytesMut, tags: Tags<'_>) -> Result<(), RecordError> {
        let mut mark = "|#";
        if !self.tags.is_empty() {
            push_parts(line, &[mark]);
            line.extend_from_slice(self.tags.as_bytes());
            mark = ",";
        }
        let mut push = |key, value| {
            push_parts(line, &[mark]);
            mark = ",";
            push_tag(line, self.rules, self.policy, key, value)
        };
        match tags {
            Tags::List(list) => {
                for tag in list.split(',').filter(|tag| !tag.is_empty()) {
                    let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
                    push(key, value)?;
                }
            }
            Tags::Pairs(pairs) => {
                for &(key, value) in pairs {
                    push(key, value)?;
                }
            }
        }
        Ok(())
    }
}

/// A line taken apart; see [`Metric::parse`](crate::Metric::parse).
pub(crate) fn parse(line: &str) -> Result<Metric<'_>, ParseError> {
    let (name, rest) = line.split_once(':').ok_or(ParseError::Name)?;
    if name.is_empty() {
        return Err(ParseError::Name);
    }
    let (value, rest) = rest.split_once('|').ok_or(ParseError::Type)?;
    let mut fields = rest.split('|');
    let code = fields.next().unwrap_or_default();
    if code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(ParseError::Type);
    }
    let mut metric = Metric::raw(name, parse_value(value, code)?, code);
    let (mut has_rate, mut has_tags) = (false, false);
    for field in fields {
        if let (Some(rate), false) = (field.strip_prefix('@'), has_rate) {
            let rate = rate.parse().map_err(|_| ParseError::Rate)?;
            checked_rate(rate).map_err(|_| ParseError::Rate)?;
            metric.rate = Rate::Sampled(rate);
            has_rate = true;
        } else if let (Some(tags), false) = (field.strip_prefix('#'), has_tags) {
            metric.tags = Tags::List(tags);
            has_tags = true;
        } else {
            return Err(ParseError::Field);
        }
    }
    Ok(metric)
}

/// A number stays text if every server reads it as it stands; else it is read here and printed plain.
fn parse_value<'a>(value: &'a str, code: &str) -> Result<Value<'a>, ParseError> {
    if value.is_empty() {
        return Err(ParseError::Value);
    }
    if code == "s" || is_decimal(value) {
        return Ok(Value::Text(value));
    }
    // `Number` forgets a plus sign, which a gauge needs.
    if value.starts_with('+') {
        return Err(ParseError::Value);
    }
    match value.parse::<f64>() {
        // Nor would the sign of zero be printed, without which a gauge is set and not changed.
        Ok(float) if float == 0.0 && value.starts_with('-') => Ok(Value::Text("-0")),
        Ok(float) if float.is_finite() => Ok(Value::Number(Number::Float(float))),
        Ok(_) | Err(_) => Err(ParseError::Value),
    }
}

/// Renders a tag; a value that is empty makes it a bare one.
pub(crate) fn push_tag(
    line: &mut BytesMut,
    rules: &Rules,
    policy: UnsafeText,
    key: &str,
    value: &str,
) -> Result<(), RecordError> {
    match (key, policy) {
        ("", UnsafeText::Refuse) => return Err(RecordError::UnsafeText),
        ("", UnsafeText::Replace) => push_parts(line, &["_"]),
        _ => rules.tag_key.push(line, key, policy)?,
    }
    if value.is_empty() {
        return Ok(());
    }
    push_parts(line, &[":"]);
    rules.tag_value.push(line, value, policy)
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
        code,
        Code::Known(Kind::Gauge | Kind::GaugeDelta | Kind::Set) | Code::Raw("g" | "s")
    )
}

/// Servers refuse a negative duration.
fn check_sign(code: Code<'_>) -> Result<(), RecordError> {
    match code {
        Code::Known(Kind::Timing) | Code::Raw("ms") => Err(RecordError::NegativeTiming),
        Code::Known(_) | Code::Line | Code::Raw(_) => Ok(()),
    }
}

#[inline]
fn is_negative(value: Value<'_>) -> bool {
    match value {
        Value::Number(Number::Float(float)) => float < 0.0,
        Value::Number(Number::Int(int)) => int < 0,
        Value::Elapsed(_) | Value::Number(Number::Uint(_)) | Value::Text(_) => false,
    }
}

#[inline]
fn push_parts(line: &mut BytesMut, parts: &[&str]) {
    for part in parts {
        // Byte by byte: marks and codes are shorter than a call to copy them is.
        part.bytes().for_each(|byte| line.put_u8(byte));
    }
}

#[cfg(test)]
mod tests;
