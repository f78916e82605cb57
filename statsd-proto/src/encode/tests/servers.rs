//! Parsers of each family of servers, written from the grammar and the behaviour of each server and not after our encoder.
//!
//! The servers' sources are under the MIT licence or the Apache licence 2.0, except for netdata's (GPL 3), whose parser
//! follows observed behaviour alone.
//!
//! A parser panics if the server would refuse or misread the line.

mod agent;
mod collectd;
mod collector;
mod exporter;
mod narrow;
mod reference;
mod telegraf;

use crate::encode::dialect::Dialect;

/// Metric as a server reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reading {
    pub(crate) name: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) values: Vec<String>,
    pub(crate) code: String,
    pub(crate) rate: Option<f64>,
    /// Fields after the tags.
    pub(crate) extras: Vec<String>,
}

/// Parses a line as the dialect's servers do.
pub(crate) fn read(dialect: Dialect, line: &str) -> Reading {
    assert!(!line.contains(['\n', '\r', '\0']), "{line:?}");
    match dialect {
        Dialect::Collectd => collectd::plain(line),
        Dialect::DogStatsd => agent::read(line),
        Dialect::Graphite => reference::graphite(line),
        Dialect::Influx => telegraf::read(line),
        Dialect::Librato => reference::librato(line),
        Dialect::Netdata => narrow::read(line),
        Dialect::OpenTelemetry => collector::read(line),
        Dialect::SignalFx => collectd::with_dimensions(line),
        Dialect::Statsd => reference::plain(line),
        Dialect::StatsdExporter => exporter::read(line),
    }
}

/// Number that all parsers read alike.
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

/// Tag as `key=value`. Servers drop a tag without a key or a value.
fn tag(text: &str, assign: char) -> (String, String) {
    let (key, value) = text.split_once(assign).expect("a tag has a value");
    assert!(!key.is_empty() && !value.is_empty(), "{text:?} is no tag");
    (key.to_owned(), value.to_owned())
}
