//! How long one request took, and how it ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, StatusCode};

use super::naming::push_name;
use super::settings::{Form, Settings};
use super::text::Text;
use crate::metric::Metric;

/// Recorded when it is dropped, so that no request is left out.
#[derive(Debug)]
pub(super) struct Measurement<N: AsRef<str>> {
    pub(super) settings: Arc<Settings>,
    pub(super) started: Instant,
    pub(super) name: N,
    pub(super) method: &'static str,
    /// `None` before there is a response.
    pub(super) status: Option<StatusCode>,
    pub(super) grpc_status: Option<&'static str>,
    pub(super) outcome: Outcome,
}

/// How a request, or the body of its response, would have ended if it ended now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    Cancelled,
    Complete,
    Error,
    Panicked,
}

impl Outcome {
    /// What it is called where it is not to be expected.
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
    /// Takes what gRPC says of a call, which is in a response's trailers or, where there is nothing else to
    /// say, in its head.
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
        // A refusal is counted, and no reason to fail the request.
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

/// gRPC's name for a status code.
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
    // As gRPC's own clients take codes that they do not know.
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
