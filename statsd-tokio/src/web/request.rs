//! What a handler measures itself.

#[cfg(feature = "axum")]
use std::convert::Infallible;
use std::fmt::{Display, Write as _};
use std::time::{Duration, Instant};

#[cfg(feature = "axum")]
use axum::extract::FromRequestParts;
use http::Extensions;
#[cfg(feature = "axum")]
use http::request::Parts;

use statsd_proto::{Client, Number};

/// Records what the handler of a request measures. In axum, a handler takes it as an argument.
///
/// Paths are given by their parts, of any type that can be displayed, which dots join. What stands in
/// them is made safe as everywhere. Without a [`MetricsLayer`](super::MetricsLayer), or with a client
/// that is not enabled, all of it does nothing.
///
/// ```
/// use statsd_tokio::web::RequestMetrics;
///
/// async fn show_user(metrics: RequestMetrics) -> String {
///     metrics.increase_counter(["users", "shown"], 1);
///     let user = {
///         let _timer = metrics.execution_timer(["database", "users"]);
///         String::from("…")
///     };
///     user
/// }
/// # let _ = show_user(RequestMetrics::default());
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
    pub fn execution_timer(&self, path: impl IntoIterator<Item: Display>) -> ExecutionTimer {
        let running = self.client.now().map(|started| Running {
            client: self.client.clone(),
            path: join(path),
            started,
        });
        ExecutionTimer { running }
    }

    /// Adds to a counter: `counters.<path>`.
    pub fn increase_counter(
        &self,
        path: impl IntoIterator<Item: Display>,
        amount: impl Into<Number>,
    ) {
        if !self.client.is_noop() {
            self.client.incr(&join(path), amount);
        }
    }

    /// Records how long something took: `timers.<path>`.
    pub fn record_timing(&self, elapsed: Duration, path: impl IntoIterator<Item: Display>) {
        if !self.client.is_noop() {
            self.client.timing(&join(path), elapsed);
        }
    }

    /// The client, for everything else.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
impl<S: Sync> FromRequestParts<S> for RequestMetrics {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

/// Records the time since [`execution_timer`](RequestMetrics::execution_timer) when it is dropped.
#[derive(Debug)]
pub struct ExecutionTimer {
    /// None for a client that sends nothing.
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    client: Client,
    path: String,
    started: Instant,
}

impl Drop for ExecutionTimer {
    fn drop(&mut self) {
        let Some(Running {
            client,
            path,
            started,
        }) = &self.running
        else {
            return;
        };
        if let Some(now) = client.now() {
            client.timing(path, now.saturating_duration_since(*started));
        }
    }
}

fn join(path: impl IntoIterator<Item: Display>) -> String {
    let mut joined = String::new();
    for (index, part) in path.into_iter().enumerate() {
        if index > 0 {
            joined.push('.');
        }
        // A part that cannot be displayed is left out: it is no reason to fail a request.
        let _ = write!(joined, "{part}");
    }
    joined
}
