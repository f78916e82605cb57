//! Request in flight, from its arrival to the end of the response.

use std::sync::Arc;
use std::time::Instant;

use bytes::Buf;
use http::header::CONTENT_LENGTH;
use http::{Method, Request, Response, StatusCode};
use http_body::{Body, Frame};

use super::in_flight::Counted;
use super::measurement::{Measurement, Outcome};
use super::naming::method;
use super::settings::Settings;

/// Measures one request until the end of the response's body.
#[derive(Debug)]
pub(super) struct Answer<N: AsRef<str>> {
    // First field, so that it is dropped, and thereby recorded, before the gauge changes. `None` once it is recorded.
    measurement: Option<Measurement<N>>,
    _in_flight: Option<Counted>,
    /// Number of bytes of the body that the server has still to read, or `None` if the length is unknown.
    remaining: Option<u64>,
}

impl<N: AsRef<str>> Answer<N> {
    pub(super) fn new<B>(
        settings: &Arc<Settings>,
        started: Instant,
        name: N,
        request: &Request<B>,
    ) -> Self {
        let in_flight = settings.in_flight.as_ref();
        Self {
            measurement: Some(Measurement {
                settings: Arc::clone(settings),
                started,
                name,
                method: method(request.method()),
                status: None,
                grpc_status: None,
                outcome: Outcome::Panicked,
            }),
            _in_flight: in_flight.map(|gauge| gauge.count(&settings.client)),
            remaining: None,
        }
    }

    /// Sets the outcome to record if the request ends now.
    pub(super) fn set(&mut self, outcome: Outcome) {
        if let Some(measurement) = &mut self.measurement {
            measurement.outcome = outcome;
        }
    }

    /// Continues with the response's body. Returns `None`, and thereby ends the measurement, if the server reads no
    /// body.
    pub(super) fn with_head<B: Body>(mut self, response: &Response<B>) -> Option<Self> {
        let measurement = self.measurement.as_mut()?;
        measurement.status = Some(response.status());
        measurement.read_grpc_status(response.headers());
        measurement.outcome = Outcome::Complete;
        if !has_body(measurement.method, response) {
            return None;
        }
        self.remaining = length(response);
        if measurement.settings.until_head {
            self.measurement = None;
        } else {
            measurement.outcome = Outcome::Cancelled;
        }
        Some(self)
    }

    /// Whether the server reads no further frame after this one.
    pub(super) fn is_last<D: Buf>(&mut self, frame: &Frame<D>) -> bool {
        if let Some(trailers) = frame.trailers_ref() {
            if let Some(measurement) = &mut self.measurement {
                measurement.read_grpc_status(trailers);
            }
            return true;
        }
        let len = frame.data_ref().map_or(0, Buf::remaining);
        if let Some(remaining) = &mut self.remaining {
            *remaining = remaining.saturating_sub(u64::try_from(len).unwrap_or(u64::MAX));
        }
        self.remaining == Some(0)
    }
}

/// Whether the server reads the body of this response. Bodies of other responses are dropped unread.
fn has_body<B: Body>(method: &str, response: &Response<B>) -> bool {
    let status = response.status();
    let is_empty = status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || method == Method::HEAD.as_str()
        || (method == Method::CONNECT.as_str() && status.is_success());
    !is_empty && !response.body().is_end_stream()
}

/// Length of a response's body in bytes, or `None` if it is unknown.
fn length<B: Body>(response: &Response<B>) -> Option<u64> {
    match response.headers().get(CONTENT_LENGTH) {
        Some(length) => length.to_str().ok()?.parse().ok(),
        None => response.body().size_hint().exact(),
    }
}
