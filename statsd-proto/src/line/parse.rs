//! Lines as metrics.

use super::checked_rate;
use crate::error::ParseError;
use crate::metric::{Metric, Number, Rate, Tags, Value};
use crate::number::is_decimal;

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
