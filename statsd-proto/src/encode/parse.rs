//! Parser of lines.

pub(super) mod dogstatsd;

use super::checked_rate;
use super::lines::is_code;
use super::number::is_decimal;
use super::split::{split, split_once};
use crate::dogstatsd::Cardinality;
use crate::error::ParseError;
use crate::metric::{Code, Extras, Metric, Number, Rate, Tags, Value};

/// Parses a line; see [`Metric::parse`].
pub(crate) fn parse(line: &str) -> Result<Metric<'_>, ParseError> {
    let (name, rest) = split_once(line, b':').ok_or(ParseError::Name)?;
    if name.is_empty() {
        return Err(ParseError::Name);
    }
    let (value, rest) = split_once(rest, b'|').ok_or(ParseError::Type)?;
    let mut fields = split(rest, b'|');
    let code = fields.next().unwrap_or_default();
    if !is_code(code) {
        return Err(ParseError::Type);
    }
    let mut metric = Metric {
        code: Code::Parsed(code),
        ..Metric::raw(name, parse_value(value, code)?, code)
    };
    parse_fields(fields, &MARKS, |mark, text| {
        match mark {
            "@" => {
                let rate = text.parse().map_err(|_| ParseError::Rate)?;
                checked_rate(rate).map_err(|_| ParseError::Rate)?;
                metric.rate = Rate::Sampled(rate);
            }
            "#" => metric.tags = Tags::List(text),
            _ => {
                let extras = metric.extras.get_or_insert_with(Extras::default);
                set_extra(extras, mark, text)?;
            }
        }
        Ok(())
    })?;
    Ok(metric)
}

/// Texts that the fields after a type begin with.
const MARKS: [&str; 6] = ["@", "#", "T", "card:", "c:", "e:"];

/// Calls `set` with the mark and the text of each field. A mark may occur once.
fn parse_fields<'a>(
    fields: impl Iterator<Item = &'a str>,
    marks: &[&'static str],
    mut set: impl FnMut(&'static str, &'a str) -> Result<(), ParseError>,
) -> Result<(), ParseError> {
    let mut seen = 0_u32;
    for field in fields {
        let index = marks.iter().position(|mark| field.starts_with(mark));
        let index = index.ok_or(ParseError::Field)?;
        if seen & (1 << index) != 0 {
            return Err(ParseError::Field);
        }
        seen |= 1 << index;
        let mark = marks[index];
        set(mark, &field[mark.len()..])?;
    }
    Ok(())
}

/// Sets a field that only the Datadog agent reads.
fn set_extra<'a>(
    extras: &mut Extras<'a>,
    mark: &'static str,
    text: &'a str,
) -> Result<(), ParseError> {
    if text.is_empty() {
        return Err(ParseError::Field);
    }
    match mark {
        "T" | "d:" => extras.timestamp = Some(text.parse().map_err(|_| ParseError::Field)?),
        "card:" => extras.cardinality = Some(Cardinality::parse(text).ok_or(ParseError::Field)?),
        "c:" => extras.container = text,
        _ => extras.external_data = text,
    }
    Ok(())
}

/// Keeps a plain decimal as text. Other numbers are parsed, and will be written as plain decimals.
fn parse_value<'a>(value: &'a str, code: &str) -> Result<Value<'a>, ParseError> {
    if value.is_empty() {
        return Err(ParseError::Value);
    }
    if code == "s" || split(value, b':').all(is_decimal) {
        return Ok(Value::Text(value));
    }
    // A [`Number`] has no plus sign, which makes a gauge's level a change.
    if value.starts_with('+') {
        return Err(ParseError::Value);
    }
    match value.parse::<f64>() {
        // The minus sign of zero would get lost as well, and would turn a change into a level.
        Ok(float) if float == 0.0 && value.starts_with('-') => Ok(Value::Text("-0")),
        Ok(float) if float.is_finite() => Ok(Value::Number(Number::Float(float))),
        Ok(_) | Err(_) => Err(ParseError::Value),
    }
}
