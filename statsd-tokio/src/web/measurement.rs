//! How long one request took, and how it ended.

use std::time::Instant;

use http::StatusCode;

use statsd_proto::Client;

/// Recorded when it is dropped, so that no request is left out.
#[derive(Debug)]
pub(super) struct Measurement {
    pub(super) client: Client,
    pub(super) started: Instant,
    /// All but the last part.
    pub(super) path: String,
    pub(super) outcome: Outcome,
}

/// How a request would have ended if it ended now.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    Cancelled,
    Error,
    Panicked,
    Status(StatusCode),
}

impl Drop for Measurement {
    fn drop(&mut self) {
        let Some(now) = self.client.now() else {
            return;
        };
        self.path.push_str(match &self.outcome {
            Outcome::Cancelled => "cancelled",
            Outcome::Error => "error",
            Outcome::Panicked => "panicked",
            Outcome::Status(status) => status.as_str(),
        });
        let elapsed = now.saturating_duration_since(self.started);
        self.client.timing(&self.path, elapsed);
    }
}
