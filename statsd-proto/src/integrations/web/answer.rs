//! A request that is being answered.

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

/// From the request to the end of the response's body.
#[derive(Debug)]
pub(super) struct Answer<N: AsRef<str>> {
    // Dropped, and so recorded, first. `None` when the time is over.
    measurement: Option<Measurement<N>>,
    _in_flight: Option<Counted>,
    /// How many bytes of the body a server still takes before it asks for no more, or `None` if nothing says how
    /// many there will be.
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

    /// Takes note of how it would end now.
    pub(super) fn set(&mut self, outcome: Outcome) {
        if let Some(measurement) = &mut self.measurement {
            measurement.outcome = outcome;
        }
    }

    /// Goes on to the response's body, or ends where nobody will ask for one.
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

    /// Whether a server asks for no more after this frame.
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

/// Whether anybody will ask for the body of a response. Servers drop the others unread.
fn has_body<B: Body>(method: &str, response: &Response<B>) -> bool {
    let status = response.status();
    let is_empty = status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || method == Method::HEAD.as_str()
        || (method == Method::CONNECT.as_str() && status.is_success());
    !is_empty && !response.body().is_end_stream()
}

/// How long a body will be.
fn length<B: Body>(response: &Response<B>) -> Option<u64> {
    match response.headers().get(CONTENT_LENGTH) {
        Some(length) => length.to_str().ok()?.parse().ok(),
        None => response.body().size_hint().exact(),
    }
}
