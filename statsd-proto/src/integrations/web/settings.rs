//! What a layer's services have in common.

use std::sync::Arc;
use std::time::Duration;

use super::in_flight::InFlight;
use crate::client::Client;
use crate::metric::Metric;

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) client: Client,
    pub(super) form: Form,
    pub(super) in_flight: Option<Arc<InFlight>>,
    /// Whether the time ends with the response's head, and not with its body.
    pub(super) until_head: bool,
    /// Whether requests get a `RequestMetrics`.
    pub(super) has_request_metrics: bool,
}

/// What is recorded of a request.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// A timing at `<handler>.<METHOD>.<status>`.
    Path,
    /// One metric, whose tags tell the same.
    Tagged {
        name: Arc<str>,
        metric: for<'a> fn(&'a str, Duration) -> Metric<'a>,
    },
}

pub(super) fn distribution(name: &str, elapsed: Duration) -> Metric<'_> {
    Metric::distribution(name, milliseconds(elapsed))
}

pub(super) fn histogram(name: &str, elapsed: Duration) -> Metric<'_> {
    Metric::histogram(name, milliseconds(elapsed))
}

pub(super) fn timing(name: &str, elapsed: Duration) -> Metric<'_> {
    Metric::timing(name, elapsed)
}

/// As exact as a timing: the nearest float to a whole number of nanoseconds is written with the same digits.
fn milliseconds(elapsed: Duration) -> f64 {
    elapsed.as_nanos() as f64 / 1e6
}
