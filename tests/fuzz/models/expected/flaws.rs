//! What of a metric is a reason to refuse it.

use statsd_proto::{Kind, Number, RecordError, SanitizePolicy};

use super::{Code, Constant, Expected, ExpectedValue, Rate};
use crate::models::grammar::{Counts, Grammar, Tags, is_decimal};

impl Expected<'_> {
    /// All that is a reason to refuse it, but for its length.
    pub(crate) fn flaws(&self, constant: &Constant) -> Vec<RecordError> {
        let grammar = constant.grammar;
        let code = self.code_text(grammar);
        let is_unscaled = matches!(code, Some("g" | "s"));
        let has_bad_rate = self.rate.is_some_and(|Rate { rate, is_clients }| {
            let is_misread = grammar.has_counters_rates_only && code != Some("c");
            !(rate > 0.0 && rate <= 1.0) || is_clients && is_unscaled || is_misread && rate != 1.0
        });
        let has_bad_value = match self.value {
            ExpectedValue::Elapsed(_) => false,
            ExpectedValue::Number(Number::Float(float)) => !float.is_finite(),
            ExpectedValue::Number(_) => false,
            ExpectedValue::Packed(values) => {
                values.is_empty() || values.iter().any(|value| !value.is_finite())
            }
            ExpectedValue::Text(text) if code == Some("s") => text.is_empty(),
            ExpectedValue::Text(text) => !is_decimal(text),
            ExpectedValue::Written(_) => false,
        };
        let has_bad_code = matches!(self.code, Code::Raw(code)
            if code.is_empty() || !code.chars().all(|char| char.is_ascii_alphanumeric()));
        let is_unsafe = constant.policy == SanitizePolicy::Refuse && self.has_unsafe_text(constant);
        let mut flaws = Vec::new();
        if let Some(kind) = self.misread_kind(grammar) {
            flaws.push(RecordError::Unsupported(kind));
        }
        if let (Code::Known(kind), None) = (self.code, code) {
            flaws.push(RecordError::Unsupported(kind));
        }
        if let Some(kind) = self.lacking_kind(grammar) {
            flaws.push(RecordError::Unsupported(kind));
        }
        for (is_flawed, error) in [
            (self.name.is_empty(), RecordError::EmptyName),
            (self.has_bad_tag_form(grammar), RecordError::InvalidTag),
            (has_bad_rate, RecordError::InvalidRate),
            (has_bad_value, RecordError::InvalidValue),
            (
                code == Some("ms") && self.is_negative(),
                RecordError::NegativeTiming,
            ),
            (has_bad_code || is_unsafe, RecordError::UnsafeText),
            (
                self.has_extras() && !grammar.has_extras,
                RecordError::NotDogStatsd,
            ),
            (self.has_bad_time(code), RecordError::InvalidTimestamp),
            // A code without a kind is encoded by other code.
            (
                matches!(self.value, ExpectedValue::Written(_)) && !self.is_known(),
                RecordError::InvalidLine,
            ),
        ] {
            if is_flawed {
                flaws.push(error);
            }
        }
        flaws
    }

    /// Kind of a type code in other dialects, which this server would read as another.
    fn lacking_kind(&self, grammar: &Grammar) -> Option<Kind> {
        let Code::Raw(code) = self.code else {
            return None;
        };
        let kind = kind_of(code)?;
        let is_change = match self.value {
            ExpectedValue::Text(text) | ExpectedValue::Written(text) => {
                kind == Kind::Gauge && text.starts_with('+')
            }
            ExpectedValue::Elapsed(_) | ExpectedValue::Number(_) | ExpectedValue::Packed(_) => {
                false
            }
        };
        let kinds = [kind, if is_change { Kind::GaugeDelta } else { kind }];
        kinds.into_iter().find(|kind| grammar.code(*kind).is_none())
    }

    fn has_unsafe_text(&self, constant: &Constant) -> bool {
        let grammar = constant.grammar;
        let has_bad_name = !self.name.chars().all(|char| grammar.is_in_name(char));
        let full_name = format!("{}{}{}", constant.prefix, self.section(constant), self.name);
        let is_member = self.code_text(grammar) == Some("s");
        let member = match self.value {
            ExpectedValue::Text(text) | ExpectedValue::Written(text) if is_member => text,
            ExpectedValue::Elapsed(_)
            | ExpectedValue::Number(_)
            | ExpectedValue::Packed(_)
            | ExpectedValue::Text(_)
            | ExpectedValue::Written(_) => "",
        };
        let has_bad_member = !member.chars().all(|char| grammar.is_in_member(char))
            || !grammar.has_signs && member.starts_with(['+', '-']);
        let has_bad_tag = self.tags.iter().any(|(key, value)| {
            key.is_empty()
                || !key.chars().all(|char| grammar.is_in_key(char))
                || !value.chars().all(|char| grammar.is_in_tag(char))
        });
        has_bad_name || (grammar.is_fatal)(&full_name) || has_bad_member || has_bad_tag
    }

    pub(super) fn is_negative(&self) -> bool {
        match self.value {
            ExpectedValue::Elapsed(_) => false,
            ExpectedValue::Number(Number::Float(float)) => float < 0.0,
            ExpectedValue::Number(Number::Int(int)) => int < 0,
            ExpectedValue::Number(_) => false,
            ExpectedValue::Packed(values) => values.iter().any(|value| *value < 0.0),
            ExpectedValue::Text(text) | ExpectedValue::Written(text) => text.starts_with('-'),
        }
    }

    fn has_extras(&self) -> bool {
        self.timestamp.is_some() || self.cardinality.is_some()
    }

    /// A time that the agent cannot read, or on what it reads no time of.
    fn has_bad_time(&self, code: Option<&str>) -> bool {
        let is_read = |time: u64| time > 0 && i64::try_from(time).is_ok();
        let has_time = matches!(code, Some("c" | "g"));
        self.timestamp
            .is_some_and(|time| !has_time || !is_read(time))
    }

    /// Tags where the dialect has none, or without a value where it needs one.
    fn has_bad_tag_form(&self, grammar: &Grammar) -> bool {
        let has_bare = self.tags.iter().any(|(_, value)| value.is_empty());
        grammar.tags == Tags::Nowhere && !self.tags.is_empty() || !grammar.has_bare_tags && has_bare
    }

    /// The kind that the server does not have, or not with such a value.
    fn misread_kind(&self, grammar: &Grammar) -> Option<Kind> {
        let kind = match self.code_text(grammar)? {
            "c" => Kind::Counter,
            "d" => Kind::Distribution,
            "h" => Kind::Histogram,
            "m" => Kind::Meter,
            "ms" => Kind::Timing,
            "s" => Kind::Set,
            _ => return None,
        };
        let is_misread = match kind {
            Kind::Counter | Kind::Meter => match grammar.counts {
                Counts::Any => false,
                Counts::Up => self.is_negative(),
                Counts::Whole => !self.is_whole(),
            },
            Kind::Distribution | Kind::Histogram | Kind::Set | Kind::Timing | _ => {
                !grammar.has_signs && self.is_signed(kind)
            }
        };
        (is_misread || grammar.code(kind).is_none()).then_some(kind)
    }

    fn is_signed(&self, kind: Kind) -> bool {
        match self.value {
            // The sign of a member is text.
            ExpectedValue::Text(_) | ExpectedValue::Written(_) if kind == Kind::Set => false,
            ExpectedValue::Text(text) | ExpectedValue::Written(text) => {
                text.starts_with(['+', '-'])
            }
            ExpectedValue::Elapsed(_) | ExpectedValue::Number(_) | ExpectedValue::Packed(_) => {
                self.is_negative()
            }
        }
    }

    /// Whether it is a whole number that has room in 64 bits.
    fn is_whole(&self) -> bool {
        let is_whole = |float: f64| float as i64 as f64 == float && float.abs() < 2_f64.powi(63);
        match self.value {
            ExpectedValue::Elapsed(elapsed) => {
                elapsed.as_nanos() % 1_000_000 == 0 && elapsed.as_millis() <= i64::MAX as u128
            }
            ExpectedValue::Number(Number::Float(float)) => is_whole(float),
            ExpectedValue::Number(Number::Uint(uint)) => uint <= i64::MAX as u64,
            ExpectedValue::Number(_) => true,
            ExpectedValue::Packed(values) => values.iter().copied().all(is_whole),
            ExpectedValue::Written(text) if !is_decimal(text) => text.parse().is_ok_and(is_whole),
            ExpectedValue::Text(text) | ExpectedValue::Written(text) => text.parse::<i64>().is_ok(),
        }
    }
}

/// Kind of a type code in any dialect.
pub(super) fn kind_of(code: &str) -> Option<Kind> {
    let known = CODES.iter().find(|(_, known)| *known == code);
    known.map(|(kind, _)| *kind)
}

/// Type codes that mean something to one of the dialects.
const CODES: [(Kind, &str); 7] = [
    (Kind::Counter, "c"),
    (Kind::Distribution, "d"),
    (Kind::Gauge, "g"),
    (Kind::Histogram, "h"),
    (Kind::Meter, "m"),
    (Kind::Timing, "ms"),
    (Kind::Set, "s"),
];
