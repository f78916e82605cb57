//! Arbitrary metric, and a check of its line.

mod flaws;

use std::time::Duration;

use statsd_proto::dogstatsd::Cardinality;
use statsd_proto::{Kind, Metric, Number, SanitizePolicy, Value};

use super::grammar::{Grammar, Read};
use super::origin::Origin;

/// A metric as the caller thinks of it.
#[derive(Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) name: &'a str,
    pub(crate) code: Code<'a>,
    pub(crate) value: ExpectedValue<'a>,
    pub(crate) rate: Option<Rate>,
    pub(crate) tags: Vec<(&'a str, &'a str)>,
    pub(crate) timestamp: Option<u64>,
    pub(crate) cardinality: Option<Cardinality>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Code<'a> {
    Known(Kind),
    Raw(&'a str),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum ExpectedValue<'a> {
    Elapsed(Duration),
    Number(Number),
    /// Several at once.
    Packed(&'a [f64]),
    Text(&'a str),
    /// Number in a line, in any form.
    Written(&'a str),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) rate: f64,
    /// Whether the client is to sample, or the caller has.
    pub(crate) is_clients: bool,
}

/// Settings that apply to all metrics of a session.
#[derive(Debug)]
pub(crate) struct Constant {
    pub(crate) grammar: &'static Grammar,
    pub(crate) policy: SanitizePolicy,
    /// Empty, or with a dot at its end.
    pub(crate) prefix: String,
    pub(crate) kind_prefixes: bool,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) origin: Origin,
    /// The longest line.
    pub(crate) limit: usize,
}

impl Constant {
    /// Whether nothing is added to a metric.
    pub(crate) fn is_empty(&self) -> bool {
        self.prefix.is_empty() && self.tags.is_empty() && self.origin.fields(None).is_empty()
    }
}

impl Expected<'_> {
    /// The metric to record. One from a line is [parsed](Metric::parse), and not made here.
    pub(crate) fn metric(&self) -> Metric<'_> {
        let number = match self.value {
            ExpectedValue::Number(number) => number,
            ExpectedValue::Elapsed(_)
            | ExpectedValue::Packed(_)
            | ExpectedValue::Text(_)
            | ExpectedValue::Written(_) => Number::Int(0),
        };
        let metric = match (self.code, self.value) {
            (Code::Raw(code), ExpectedValue::Elapsed(elapsed)) => {
                Metric::raw(self.name, Value::Elapsed(elapsed), code)
            }
            (Code::Raw(code), ExpectedValue::Text(text) | ExpectedValue::Written(text)) => {
                Metric::raw(self.name, text, code)
            }
            (Code::Raw(code), ExpectedValue::Number(number)) => {
                Metric::raw(self.name, number, code)
            }
            (Code::Raw(code), ExpectedValue::Packed(values)) => {
                Metric::raw(self.name, values, code)
            }
            (Code::Known(kind), ExpectedValue::Packed(values)) => {
                let of_values = match kind {
                    Kind::Distribution => Metric::distributions,
                    Kind::Histogram => Metric::histograms,
                    Kind::Timing | _ => Metric::timings_ms,
                };
                of_values(self.name, values)
            }
            (Code::Known(Kind::Set), ExpectedValue::Text(member)) => Metric::set(self.name, member),
            (Code::Known(Kind::Timing), ExpectedValue::Elapsed(elapsed)) => {
                Metric::timing(self.name, elapsed)
            }
            (Code::Known(kind), _) => {
                let of_number = match kind {
                    Kind::Distribution => Metric::distribution,
                    Kind::Gauge => Metric::gauge,
                    Kind::GaugeDelta => Metric::gauge_delta,
                    Kind::Histogram => Metric::histogram,
                    Kind::Meter => Metric::meter,
                    Kind::Timing => Metric::timing_ms,
                    Kind::Counter | Kind::Set | _ => Metric::counter,
                };
                of_number(self.name, number)
            }
        };
        let metric = match self.rate {
            Some(rate) if rate.is_clients => metric.rate(rate.rate),
            Some(rate) => metric.sampled_at(rate.rate),
            None => metric,
        };
        let mut metric = metric.tags(&self.tags);
        if let Some(timestamp) = self.timestamp {
            metric = metric.timestamp(timestamp);
        }
        if let Some(cardinality) = self.cardinality {
            metric = metric.cardinality(cardinality);
        }
        metric
    }

    /// Whether its type is one that some dialect has. Others are passed on by [`Metric::raw`] alone.
    pub(crate) fn is_known(&self) -> bool {
        match self.code {
            Code::Known(_) => true,
            Code::Raw(code) => flaws::kind_of(code).is_some(),
        }
    }

    /// How many lines say it.
    pub(crate) fn lines(&self, constant: &Constant) -> usize {
        if let (ExpectedValue::Packed(values), Some(code)) =
            (self.value, self.code_text(constant.grammar))
        {
            return if constant.grammar.packs(code) {
                1
            } else {
                values.len()
            };
        }
        let is_level = self.code == Code::Known(Kind::Gauge);
        let is_split = is_level && self.is_negative() && !constant.grammar.has_negative_gauge;
        if is_split { 2 } else { 1 }
    }

    /// How many bytes the caller's text has, and the most that its lines may have.
    pub(crate) fn sizes(&self, constant: &Constant) -> (usize, usize) {
        let constant_tags = constant
            .tags
            .iter()
            .map(|(key, value)| key.len() + value.len() + 2);
        let tags = self.tags.iter().map(|(key, value)| key.len() + value.len());
        let value = match self.value {
            ExpectedValue::Elapsed(_) | ExpectedValue::Number(_) => 0,
            ExpectedValue::Packed(values) => 2 * values.len(),
            ExpectedValue::Text(text) | ExpectedValue::Written(text) => text.len(),
        };
        let numbers = match self.value {
            ExpectedValue::Packed(values) => 350 * values.len(),
            ExpectedValue::Elapsed(_)
            | ExpectedValue::Number(_)
            | ExpectedValue::Text(_)
            | ExpectedValue::Written(_) => 0,
        };
        let code = match self.code {
            Code::Known(_) => 0,
            Code::Raw(code) => code.len(),
        };
        let text = self.name.len() + value + code + tags.sum::<usize>();
        // The longest number takes some 350 bytes, and a line may have two.
        let around = constant.prefix.len() + constant.origin.len() + 800 + 3 * self.tags.len();
        let line = text + around + constant_tags.sum::<usize>();
        (text, line * self.lines(constant) + numbers)
    }

    /// Whether the name is longer than the server takes it.
    pub(crate) fn has_long_name(&self, constant: &Constant) -> bool {
        let before = constant.prefix.len() + self.section(constant).len();
        before + self.name.len() + 1 > constant.grammar.max_name
    }

    /// Holds a line against what was meant: the one at `place` of as many as say it.
    pub(crate) fn check(&self, read: &Read<'_>, constant: &Constant, place: usize) {
        let grammar = constant.grammar;
        assert_eq!(Some(read.code), self.code_text(grammar));
        self.check_name(read.name, constant);
        let is_packed = matches!(self.value, ExpectedValue::Packed(_));
        if !is_packed && place + 1 < self.lines(constant) {
            // The first of two sets a gauge to zero.
            assert_eq!((read.value, read.rate), ("0", None));
        } else {
            self.check_value(read, grammar, place);
            let rate = self.rate.map(|rate| rate.rate).filter(|rate| *rate != 1.0);
            assert_eq!(read.rate.map(|rate| rate.parse().ok()), rate.map(Some));
        }
        check_tags(&read.tags, &self.tags, constant);
        let mut extras = constant.origin.fields(self.cardinality);
        extras.extend(self.timestamp.map(|time| format!("T{time}")));
        assert_eq!(read.extras, extras);
    }

    /// The seed's part of a name between the prefix and the path.
    fn section(&self, constant: &Constant) -> &'static str {
        let is_sectioned = constant.kind_prefixes;
        match self.code {
            Code::Known(Kind::Counter) if is_sectioned => "counters.",
            Code::Known(Kind::Gauge | Kind::GaugeDelta) if is_sectioned => "gauges.",
            Code::Known(Kind::Timing) if is_sectioned => "timers.",
            Code::Known(_) | Code::Raw(_) => "",
        }
    }

    fn check_name(&self, name: &str, constant: &Constant) {
        let path = name
            .strip_prefix(&*constant.prefix)
            .and_then(|rest| rest.strip_prefix(self.section(constant)))
            .expect("the prefix and the section stand first");
        let is_in_name = |char| constant.grammar.is_in_name(char);
        // A name that the server does not survive is marked, which leaves no other trace.
        let bare = path.strip_prefix('_').unwrap_or(path);
        let is_marked = (constant.grammar.is_fatal)(bare) && path.len() > bare.len();
        let is_meant = is_rendered(path, self.name, is_in_name);
        assert!(is_meant || is_marked && is_rendered(bare, self.name, is_in_name));
    }

    fn check_value(&self, read: &Read<'_>, grammar: &Grammar, place: usize) {
        let value = read.value;
        let is_delta = self.code == Code::Known(Kind::GaugeDelta);
        let unsigned = if is_delta {
            value.trim_start_matches('+')
        } else {
            value
        };
        match self.value {
            ExpectedValue::Elapsed(elapsed) => assert_eq!(nanoseconds(value), capped(elapsed)),
            ExpectedValue::Number(Number::Float(float)) => assert_eq!(unsigned.parse(), Ok(float)),
            ExpectedValue::Number(Number::Int(int)) => assert_eq!(unsigned, int.to_string()),
            ExpectedValue::Number(Number::Uint(uint)) => assert_eq!(unsigned, uint.to_string()),
            ExpectedValue::Number(_) => panic!("a number of a new kind"),
            ExpectedValue::Packed(values) => {
                let numbers = value.split(':').map(|value| value.parse().ok());
                let meant = if grammar.packs(read.code) {
                    values
                } else {
                    &values[place..=place]
                };
                assert!(
                    numbers.eq(meant.iter().copied().map(Some)),
                    "{value} of {meant:?}"
                );
            }
            ExpectedValue::Text(text) | ExpectedValue::Written(text) if read.code == "s" => {
                // A sign is no part of a member where it is not taken.
                let (value, text) = match text.strip_prefix(['+', '-']) {
                    Some(rest) if !grammar.has_signs => {
                        (value.strip_prefix('_').expect("a sign is replaced"), rest)
                    }
                    _ => (value, text),
                };
                assert!(is_rendered(value, text, |char| grammar.is_in_member(char)));
            }
            ExpectedValue::Text(text) => assert_eq!(value, text),
            ExpectedValue::Written(text) => {
                assert_eq!(value.parse::<f64>(), text.parse::<f64>());
                // It is the sign that makes a change of a gauge's level.
                let sign = |text: &str| text.chars().next().filter(|char| "+-".contains(*char));
                assert_eq!(sign(value), sign(text));
            }
        }
        if is_delta {
            assert!(value.starts_with(['+', '-']), "a change has its sign");
        }
    }

    fn code_text(&self, grammar: &Grammar) -> Option<&str> {
        match self.code {
            Code::Known(kind) => grammar.code(kind),
            Code::Raw(code) => Some(code),
        }
    }
}

/// The tags are those of the configuration, but for keys that the caller has too, and then those of the caller, made
/// safe.
pub(crate) fn check_tags(read: &[(&str, &str)], tags: &[(&str, &str)], constant: &Constant) {
    let grammar = constant.grammar;
    let is_same = |one: &str, other: &str| {
        let safe = |char| if grammar.is_in_key(char) { char } else { '_' };
        one.chars().map(safe).eq(other.chars().map(safe))
    };
    let is_replaced = |key: &str, value: &str| {
        let mut tags = tags.iter().filter(|(_, value)| !value.is_empty());
        !value.is_empty() && tags.any(|(other, _)| is_same(key, other))
    };
    let constant_tags = constant.tags.iter().map(|(key, value)| (&**key, &**value));
    let constant_tags = constant_tags.filter(|(key, value)| !is_replaced(key, value));
    let tags = constant_tags.chain(tags.iter().copied());
    assert_eq!(read.len(), tags.clone().count());
    for ((read_key, read_value), (key, value)) in read.iter().zip(tags) {
        let key = if key.is_empty() { "_" } else { key };
        assert!(is_rendered(read_key, key, |char| grammar.is_in_key(char)));
        assert!(is_rendered(read_value, value, |char| grammar.is_in_tag(char)));
    }
}

/// Whether `rendered` is `meant`, with underscores in place of unsafe characters.
pub(crate) fn is_rendered(rendered: &str, meant: &str, is_safe: impl Fn(char) -> bool) -> bool {
    let is_same = |(rendered, meant)| {
        if is_safe(meant) {
            rendered == meant
        } else {
            rendered == '_'
        }
    };
    rendered.chars().count() == meant.chars().count()
        && rendered.chars().zip(meant.chars()).all(is_same)
}

/// Nanoseconds of a decimal number of milliseconds, if it has no smaller fraction.
fn nanoseconds(text: &str) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 6 {
        return None;
    }
    let fraction = format!("{fraction:0<6}").parse::<u128>().ok()?;
    Some(whole.parse::<u128>().ok()? * 1_000_000 + fraction)
}

/// A duration of more milliseconds than 64 bits hold is cut there.
fn capped(elapsed: Duration) -> Option<u128> {
    let whole = elapsed.as_millis().min(u128::from(u64::MAX));
    Some(whole * 1_000_000 + elapsed.as_nanos() % 1_000_000)
}
