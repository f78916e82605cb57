//! Parser of the lines that only the Datadog agent reads: events and service checks.

use super::{parse_fields, set_extra};
use crate::dogstatsd::{Alert, Event, Priority, ServiceCheck, Status};
use crate::encode::split::{split, split_once};
use crate::error::ParseError;
use crate::metric::Tags;

/// Parses an event; see [`Event::parse`].
pub(crate) fn parse_event(line: &str) -> Result<Event<'_>, ParseError> {
    const MARKS: [&str; 10] = ["d:", "h:", "k:", "p:", "s:", "t:", "#", "card:", "c:", "e:"];

    let lengths = line.strip_prefix("_e{").ok_or(ParseError::Name)?;
    let (lengths, rest) = lengths.split_once("}:").ok_or(ParseError::Length)?;
    let (title_len, text_len) = split_once(lengths, b',').ok_or(ParseError::Length)?;
    // Title and text may contain any character, so their ends are known by their lengths only.
    let (title, rest) = split_at(rest, title_len)?;
    let rest = rest.strip_prefix('|').ok_or(ParseError::Length)?;
    let (text, rest) = split_at(rest, text_len)?;
    let mut event = Event::new(title, text);
    let fields = match rest.strip_prefix('|') {
        Some(fields) => Some(split(fields, b'|')),
        None if rest.is_empty() => None,
        None => return Err(ParseError::Length),
    };
    parse_fields(fields.into_iter().flatten(), &MARKS, |mark, text| {
        match mark {
            "#" => event.tags = Tags::List(text),
            "h:" => event.hostname = text,
            "k:" => event.aggregation_key = text,
            "p:" => event.priority = Some(named(&Priority::ALL, Priority::text, text)?),
            "s:" => event.source_type = text,
            "t:" => event.alert = Some(named(&Alert::ALL, Alert::text, text)?),
            _ => set_extra(&mut event.extras, mark, text)?,
        }
        Ok(())
    })?;
    Ok(event)
}

/// Parses a service check; see [`ServiceCheck::parse`].
pub(crate) fn parse_service_check(line: &str) -> Result<ServiceCheck<'_>, ParseError> {
    const MARKS: [&str; 7] = ["d:", "h:", "#", "m:", "card:", "c:", "e:"];

    let rest = line.strip_prefix("_sc|").ok_or(ParseError::Name)?;
    let mut fields = split(rest, b'|');
    let name = fields.next().unwrap_or_default();
    if name.is_empty() {
        return Err(ParseError::Name);
    }
    let status = fields.next().unwrap_or_default();
    let status = named(&Status::ALL, Status::code, status).map_err(|_| ParseError::Status)?;
    let mut check = ServiceCheck::new(name, status);
    parse_fields(fields, &MARKS, |mark, text| {
        match mark {
            "#" => check.tags = Tags::List(text),
            "h:" => check.hostname = text,
            "m:" => check.message = text,
            _ => set_extra(&mut check.extras, mark, text)?,
        }
        Ok(())
    })?;
    Ok(check)
}

/// Splits text after as many bytes as `len` says.
fn split_at<'a>(text: &'a str, len: &str) -> Result<(&'a str, &'a str), ParseError> {
    let len = len.parse().map_err(|_| ParseError::Length)?;
    text.split_at_checked(len).ok_or(ParseError::Length)
}

/// Value whose text in a line is `text`.
fn named<T: Copy>(
    values: &[T],
    name: impl Fn(T) -> &'static str,
    text: &str,
) -> Result<T, ParseError> {
    let mut values = values.iter().copied();
    values
        .find(|value| name(*value) == text)
        .ok_or(ParseError::Field)
}
