//! How each family of servers takes a line apart, written after their sources and not after ours.
//!
//! A server that would refuse the line, or misread it, panics.

mod agent;
mod collectd;
mod collector;
mod exporter;
mod netdata;
mod reference;
mod telegraf;

use crate::encode::dialect::Dialect;

/// What a server gets out of a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reading {
    pub(super) name: String,
    pub(super) tags: Vec<(String, String)>,
    pub(super) values: Vec<String>,
    pub(super) code: String,
    pub(super) rate: Option<f64>,
    /// What stands behind the tags.
    pub(super) extras: Vec<String>,
}

/// Takes a line apart as the dialect's servers do.
pub(super) fn read(dialect: Dialect, line: &str) -> Reading {
    assert!(!line.contains(['\n', '\r', '\0']), "{line:?}");
    match dialect {
        Dialect::Collectd => collectd::plain(line),
        Dialect::DogStatsd => agent::read(line),
        Dialect::Graphite => reference::graphite(line),
        Dialect::Influx => telegraf::read(line),
        Dialect::Librato => reference::librato(line),
        Dialect::Netdata => netdata::read(line),
        Dialect::OpenTelemetry => collector::read(line),
        Dialect::SignalFx => collectd::with_dimensions(line),
        Dialect::Statsd => reference::plain(line),
        Dialect::StatsdExporter => exporter::read(line),
    }
}

/// A number that no two parsers read differently.
fn number(text: &str) -> String {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    for digits in [whole, fraction] {
        let is_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        assert!(is_digits, "{text:?} is no number");
    }
    text.to_owned()
}

fn rate(text: &str) -> f64 {
    let rate = number(text).parse().expect("it is a number");
    assert!(rate > 0.0 && rate < 1.0, "{text:?} is no rate");
    rate
}

/// `key=value`, or whatever stands between the two; servers drop a tag that has only one of them.
fn tag(text: &str, assign: char) -> (String, String) {
    let (key, value) = text.split_once(assign).expect("a tag has a value");
    assert!(!key.is_empty() && !value.is_empty(), "{text:?} is no tag");
    (key.to_owned(), value.to_owned())
}
