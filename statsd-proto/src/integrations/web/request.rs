//! Metrics that a handler records itself.

use std::time::{Duration, Instant};

use http::Extensions;

use super::path::{PathParts, join};
use crate::client::Client;
use crate::metric::Number;

/// Metrics that the handler of a request records.
///
/// Paths are given as text or by [their parts](PathParts), and are sanitized like all names. Without a
/// [`MetricsLayer`](super::MetricsLayer), or with a disabled client, all methods do nothing.
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

    /// Returns the `RequestMetrics` in a request's extensions. Without a [`MetricsLayer`](super::MetricsLayer), the
    /// returned one records nothing.
    ///
    /// ```
    /// use http::Request;
    /// use statsd_proto::web::RequestMetrics;
    ///
    /// fn handle<B>(request: &Request<B>) {
    ///     RequestMetrics::of(request.extensions()).increase_counter("users.shown");
    /// }
    /// ```
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_default()
    }

    /// Measures the time until the guard is dropped, including by an early return or a panic, as a timing with this
    /// path as its name.
    ///
    /// ```
    /// # use statsd_proto::web::RequestMetrics;
    /// # fn handle(metrics: &RequestMetrics) {
    /// let _timer = metrics.execution_timer(("database", 7, "users")); // database.7.users
    /// # }
    /// ```
    #[must_use = "the time ends when the guard is dropped"]
    pub fn execution_timer<P: PathParts>(&self, path: P) -> ExecutionTimer<P> {
        ExecutionTimer {
            started: self.client.now(),
            client: self.client.clone(),
            path,
        }
    }

    /// Adds one to the counter with this path as its name.
    ///
    /// ```
    /// # use statsd_proto::web::RequestMetrics;
    /// # fn handle(metrics: &RequestMetrics) {
    /// metrics.increase_counter("users.shown");
    /// # }
    /// ```
    pub fn increase_counter(&self, path: impl PathParts) {
        self.increase_counter_by(path, 1);
    }

    /// Adds an amount to the counter with this path as its name.
    ///
    /// ```
    /// # use statsd_proto::web::RequestMetrics;
    /// # fn handle(metrics: &RequestMetrics) {
    /// metrics.increase_counter_by("users.bytes", 512);
    /// # }
    /// ```
    pub fn increase_counter_by(&self, path: impl PathParts, amount: impl Into<Number>) {
        if !self.client.is_noop() {
            self.client.incr(join(&path).as_str(), amount);
        }
    }

    /// Records a duration as a timing with this path as its name.
    ///
    /// ```
    /// # use statsd_proto::web::RequestMetrics;
    /// # fn handle(metrics: &RequestMetrics) {
    /// metrics.record_timing("database", std::time::Duration::from_millis(12));
    /// # }
    /// ```
    pub fn record_timing(&self, path: impl PathParts, elapsed: Duration) {
        if !self.client.is_noop() {
            self.client.timing(join(&path).as_str(), elapsed);
        }
    }

    /// Client, for all other kinds of metrics.
    ///
    /// ```
    /// # use statsd_proto::web::RequestMetrics;
    /// # fn handle(metrics: &RequestMetrics) {
    /// metrics.client().gauge("users.online", 17);
    /// # }
    /// ```
    pub fn client(&self) -> &Client {
        &self.client
    }
}

/// Guard of [`RequestMetrics::execution_timer`]. It records the elapsed time when it is dropped.
#[derive(Debug)]
pub struct ExecutionTimer<P: PathParts> {
    client: Client,
    path: P,
    /// Start of the request, or `None` for a client that sends nothing.
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
