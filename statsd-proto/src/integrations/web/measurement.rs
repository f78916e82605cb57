//! Duration and outcome of one request.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, StatusCode};

use super::naming::push_name;
use super::settings::{Form, Settings};
use super::text::Text;
use crate::metric::Metric;

/// Measurement of one request. It is recorded when it is dropped, so that every request is recorded, however it ends.
#[derive(Debug)]
pub(super) struct Measurement<N: AsRef<str>> {
    pub(super) settings: Arc<Settings>,
    pub(super) started: Instant,
    pub(super) name: N,
    pub(super) method: &'static str,
    /// Status code, or `None` before the response.
    pub(super) status: Option<StatusCode>,
    pub(super) grpc_status: Option<&'static str>,
    pub(super) outcome: Outcome,
}

/// Outcome of a request or of its response's body, if it ended now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    Cancelled,
    Complete,
    Error,
    Panicked,
}

impl Outcome {
    /// Name in a path or a tag, or `None` for the normal outcome.
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Cancelled => Some("cancelled"),
            Self::Complete => None,
            Self::Error => Some("error"),
            Self::Panicked => Some("panicked"),
        }
    }
}

impl<N: AsRef<str>> Measurement<N> {
    /// Reads the gRPC status of a call. It is in the trailers of the response, or in the head of a response without a
    /// body.
    pub(super) fn read_grpc_status(&mut self, headers: &HeaderMap) {
        if let Some(status) = headers.get("grpc-status") {
            self.grpc_status = Some(grpc_status(status.as_bytes()));
        }
    }

    fn record_path(&self, elapsed: Duration) {
        let mut path = Text::new();
        push_name(&mut path, self.name.as_ref());
        path.push(".");
        path.push(self.method);
        path.push(".");
        if let Some(status) = &self.status {
            path.push(status.as_str());
        }
        if let Some(outcome) = self.outcome.name() {
            path.push(if self.status.is_some() { "_" } else { "" });
            path.push(outcome);
        }
        self.settings.client.timing(path.as_str(), elapsed);
    }

    fn record_tagged(&self, metric: Metric<'_>) {
        let outcome = self.outcome.name();
        let mut tags = [("", ""); 5];
        let mut len = 0;
        let mut push = |key, value| {
            tags[len] = (key, value);
            len += 1;
        };
        push("route", self.name.as_ref());
        push("method", self.method);
        match &self.status {
            Some(status) => {
                push("status", status.as_str());
                if let Some(outcome) = outcome {
                    push("body", outcome);
                }
            }
            None => push("status", outcome.unwrap_or_default()),
        }
        if let Some(status) = self.grpc_status {
            push("grpc_status", status);
        }
        // A refused metric is counted in the client's statistics, and must not fail the request.
        let _ = self.settings.client.record(&metric.tags(&tags[..len]));
    }
}

impl<N: AsRef<str>> Drop for Measurement<N> {
    fn drop(&mut self) {
        let Some(now) = self.settings.client.now() else {
            return;
        };
        let elapsed = now.saturating_duration_since(self.started);
        match &self.settings.form {
            Form::Path => self.record_path(elapsed),
            Form::Tagged { name, metric } => {
                self.record_tagged(metric(name, elapsed));
            }
        }
    }
}

/// Name of a gRPC status code, in snake case.
fn grpc_status(code: &[u8]) -> &'static str {
    const NAMES: [&str; 17] = [
        "ok",
        "cancelled",
        "unknown",
        "invalid_argument",
        "deadline_exceeded",
        "not_found",
        "already_exists",
        "permission_denied",
        "resource_exhausted",
        "failed_precondition",
        "aborted",
        "out_of_range",
        "unimplemented",
        "internal",
        "unavailable",
        "data_loss",
        "unauthenticated",
    ];
    let code = std::str::from_utf8(code).ok();
    let code = code.and_then(|code| code.parse::<usize>().ok());
    // Clients of gRPC also read an undefined code as `unknown`.
    code.and_then(|code| NAMES.get(code)).unwrap_or(&"unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_grpc_have_names() {
        for (code, name) in [
            ("0", "ok"),
            ("5", "not_found"),
            ("16", "unauthenticated"),
            ("17", "unknown"),
            ("-1", "unknown"),
            ("", "unknown"),
            ("evil|c", "unknown"),
        ] {
            assert_eq!(grpc_status(code.as_bytes()), name);
        }
    }
}
