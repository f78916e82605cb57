//! What a handler measures itself.

use std::time::{Duration, Instant};

use http::Extensions;

use super::path::{PathParts, join};
use crate::client::Client;
use crate::metric::Number;

/// Records what the handler of a request measures.
///
/// Paths are given as text or by [their parts](PathParts). What is in them is made safe as everywhere. Without
/// a [`MetricsLayer`](super::MetricsLayer), or with a client that is not enabled, all of it does nothing.
///
/// ```
/// use statsd_proto::web::RequestMetrics;
///
/// async fn show_user(metrics: RequestMetrics, shard: u8) -> String {
///     metrics.increase_counter("users.shown");
///     let user = {
///         let _timer = metrics.execution_timer(("database", shard, "users"));
///         String::from("…")
///     };
///     metrics.increase_counter_by("users.bytes", user.len());
///     user
/// }
/// # let _ = show_user(RequestMetrics::default(), 7);
/// ```
#[derive(Clone, Debug, Default)]
pub struct RequestMetrics {
    client: Client,
}

impl RequestMetrics {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// That of the request with these extensions; one that does nothing if they have none.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_default()
    }

    /// Times until the guard is dropped, also by an error or a panic: `timers.<path>`.
    #[must_use = "the time ends when the guard is dropped"]
    pub fn execution_timer<P: PathParts>(&self, path: P) -> ExecutionTimer<P> {
        ExecutionTimer {
            started: self.client.now(),
            client: self.client.clone(),
            path,
        }
    }

    /// Adds one to a counter: `counters.<path>`.
    pub fn increase_counter(&self, path: impl PathParts) {
        self.increase_counter_by(path, 1);
    }

    /// Adds to a counter: `counters.<path>`.
    pub fn increase_counter_by(&self, path: impl PathParts, amount: impl Into<Number>) {
        if !self.client.is_noop() {
            self.client.incr(join(&path).as_str(), amount);
        }
    }

    /// Records how long something took: `timers.<path>`.
    pub fn record_timing(&self, path: impl PathParts, elapsed: Duration) {
        if !self.client.is_noop() {
            self.client.timing(join(&path).as_str(), elapsed);
        }
    }

    /// The client, for everything else.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

/// Records the time since [`execution_timer`](RequestMetrics::execution_timer) when it is dropped.
#[derive(Debug)]
pub struct ExecutionTimer<P: PathParts> {
    client: Client,
    path: P,
    /// `None` for a client that sends nothing.
    started: Option<Instant>,
}

impl<P: PathParts> Drop for ExecutionTimer<P> {
    fn drop(&mut self) {
        if let (Some(started), Some(now)) = (self.started, self.client.now()) {
            let elapsed = now.saturating_duration_since(started);
            self.client.timing(join(&self.path).as_str(), elapsed);
        }
    }
}
