//! Lines as metrics.

use super::checked_rate;
use super::lines::is_code;
use super::number::is_decimal;
use super::split::{split, split_once};
use crate::dogstatsd::Cardinality;
use crate::error::ParseError;
use crate::metric::{Code, Extras, Metric, Number, Rate, Tags, Value};

/// A line taken apart; see [`Metric::parse`].
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
    let mut seen = Vec::new();
    for field in fields {
        let mark = parse_field(&mut metric, field)?;
        if seen.contains(&mark) {
            return Err(ParseError::Field);
        }
        seen.push(mark);
    }
    Ok(metric)
}

/// Reads a field after the type, and returns the mark that it begins with.
fn parse_field<'a>(metric: &mut Metric<'a>, field: &'a str) -> Result<&'static str, ParseError> {
    const MARKS: [&str; 6] = ["@", "#", "T", "card:", "c:", "e:"];

    let mark = MARKS.into_iter().find(|mark| field.starts_with(mark));
    let mark = mark.ok_or(ParseError::Field)?;
    let text = &field[mark.len()..];
    if mark == "@" {
        let rate = text.parse().map_err(|_| ParseError::Rate)?;
        checked_rate(rate).map_err(|_| ParseError::Rate)?;
        metric.rate = Rate::Sampled(rate);
        return Ok(mark);
    }
    if mark == "#" {
        metric.tags = Tags::List(text);
        return Ok(mark);
    }
    if text.is_empty() {
        return Err(ParseError::Field);
    }
    let extras = metric.extras.get_or_insert_with(Extras::default);
    match mark {
        "T" => extras.timestamp = Some(text.parse().map_err(|_| ParseError::Field)?),
        "card:" => extras.cardinality = Some(Cardinality::parse(text).ok_or(ParseError::Field)?),
        "c:" => extras.container = text,
        _ => extras.external_data = text,
    }
    Ok(mark)
}

/// A number stays text if every server reads it as it stands; else it is read here and written plain.
fn parse_value<'a>(value: &'a str, code: &str) -> Result<Value<'a>, ParseError> {
    if value.is_empty() {
        return Err(ParseError::Value);
    }
    if code == "s" || split(value, b':').all(is_decimal) {
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
