//! Settings that all services of a layer share.

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
    /// Whether the time ends with the head of the response, instead of its body.
    pub(super) until_head: bool,
    /// Whether a `RequestMetrics` is added to the extensions of each request.
    pub(super) has_request_metrics: bool,
}

/// Form of the metric that is recorded for a request.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// Timing with the name `<handler>.<METHOD>.<status>`.
    Path,
    /// Metric with a fixed name. Handler, method and status are tags.
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

/// Duration in milliseconds. Written as text, the result has the same digits as a timing of this duration.
fn milliseconds(elapsed: Duration) -> f64 {
    elapsed.as_nanos() as f64 / 1e6
}
