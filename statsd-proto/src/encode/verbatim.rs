//! Lines that were written elsewhere. They are checked as strictly as our own, and not changed.

use super::cursor::Cursor;
use super::limits::check_limits;
use super::lines::is_code;
use super::number::is_decimal;
use super::split::{split, split_once};
use super::{Encoder, Unwritten, Written, checked_rate};
use crate::dogstatsd::Cardinality;
use crate::encode::dialect::TagSyntax;
use crate::error::RecordError;
use crate::metric::{Code, Kind, Value};

impl Encoder {
    /// Copies a line if this dialect's encoder could have written it.
    pub(super) fn encode_verbatim(
        &self,
        line: &str,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        if line.len() > self.max_line {
            return Err(Unwritten::Refused(RecordError::LineTooLong));
        }
        let (name, rest) = split_once(line, b':').ok_or(RecordError::InvalidLine)?;
        let name_len = self.check_name(name)?;
        let mut fields = split(rest, b'|');
        let values = fields.next().unwrap_or_default();
        let code = fields.next().unwrap_or_default();
        if !is_code(code) {
            return Err(Unwritten::Refused(RecordError::InvalidLine));
        }
        let kind = self.kind_or_code(Code::Parsed(code))?;
        let kind = kind.map_err(|_| RecordError::InvalidLine)?;
        self.check_values(kind, values)?;
        let mut next = 0;
        for field in fields {
            let position = self.check_field(kind, field)?;
            if position < next {
                return Err(Unwritten::Refused(RecordError::InvalidLine));
            }
            next = position + 1;
        }
        self.within_limit(cursor, |cursor| {
            cursor.put(line.as_bytes())?;
            Ok(name_len)
        })
    }

    /// Checks a name, and returns its length without the tags in it.
    fn check_name(&self, name: &str) -> Result<usize, RecordError> {
        let (name, tags) = self.split_tags(name)?;
        if name.is_empty() {
            return Err(RecordError::EmptyName);
        }
        if !self.rules.name.allows(name) || (self.rules.is_fatal_name)(name.as_bytes()) {
            return Err(RecordError::UnsafeText);
        }
        if name.len() > self.rules.max_name {
            return Err(RecordError::LineTooLong);
        }
        if let Some(syntax) = self.rules.tags.filter(|_| !tags.is_empty()) {
            self.check_tags(&syntax, tags)?;
        }
        Ok(name.len())
    }

    fn check_tags(&self, syntax: &TagSyntax, tags: &str) -> Result<(), RecordError> {
        for tag in split(tags, syntax.separator) {
            let (key, value) = split_once(tag, syntax.assign).unwrap_or((tag, ""));
            let rules = self.rules;
            if key.is_empty() || !rules.tag_key.allows(key) || !rules.tag_value.allows(value) {
                return Err(RecordError::UnsafeText);
            }
            if value.is_empty() && !syntax.bare {
                return Err(RecordError::InvalidTag);
            }
        }
        Ok(())
    }

    fn check_values(&self, kind: Kind, values: &str) -> Result<(), RecordError> {
        if kind != Kind::Set {
            // The agent reads several values of every type but sets.
            let may_be_packed = self.rules.has_extras || self.packs(kind);
            if !may_be_packed && split_once(values, b':').is_some() {
                return Err(RecordError::InvalidLine);
            }
            return self.check_decimals(kind, values, may_be_packed);
        }
        match values {
            "" => Err(RecordError::InvalidValue),
            member if self.rules.member.allows(member) => {
                check_limits(self.rules, kind, Value::Text(member))
            }
            _ => Err(RecordError::UnsafeText),
        }
    }

    /// Returns the position of the field among those after the type. In another order, servers would read the rest of
    /// a line as tags, or a tag as a rate.
    fn check_field(&self, kind: Kind, field: &str) -> Result<usize, RecordError> {
        if let Some(rate) = field.strip_prefix('@') {
            // A sign crashes Etsy/statsd.
            let is_plain = is_decimal(rate) && !rate.starts_with(['+', '-']);
            let number = rate.parse().ok().filter(|_| is_plain);
            let rate = checked_rate(number.ok_or(RecordError::InvalidRate)?)?;
            if rate.is_some() && self.rules.rates_on_counters_only && kind != Kind::Counter {
                return Err(RecordError::InvalidRate);
            }
            return Ok(0);
        }
        if let Some(tags) = field.strip_prefix('#') {
            let syntax = self.rules.tags.filter(|syntax| !syntax.in_name);
            self.check_tags(&syntax.ok_or(RecordError::InvalidTag)?, tags)?;
            return Ok(1);
        }
        if !self.rules.has_extras {
            return Err(RecordError::InvalidLine);
        }
        position_of_extra(field).ok_or(RecordError::InvalidLine)
    }
}

/// Type code of a line, or an empty text if there is none.
pub(crate) fn code_of(line: &str) -> &str {
    split(line, b'|').nth(1).unwrap_or_default()
}

/// Position of a field that only the agent reads: origin, cardinality or timestamp.
fn position_of_extra(field: &str) -> Option<usize> {
    let is_any = |text: &str| !text.is_empty() && !text.contains(char::is_control);
    let (is_valid, position) = if let Some(container) = field.strip_prefix("c:") {
        (is_any(container), 2)
    } else if let Some(data) = field.strip_prefix("e:") {
        (is_any(data), 3)
    } else if let Some(level) = field.strip_prefix("card:") {
        (Cardinality::parse(level).is_some(), 4)
    } else {
        (field.strip_prefix('T').is_some_and(is_time), 5)
    };
    is_valid.then_some(position)
}

/// Whether the agent reads the text as seconds since 1970, a signed 64-bit integer.
fn is_time(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse().is_ok_and(|time: i64| time > 0)
}
