//! The future of a response that is measured.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use pin_project_lite::pin_project;

use super::measurement::{Measurement, Outcome};

pin_project! {
    /// The response of a [`MetricsService`](super::MetricsService).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        // Dropped first: what is recorded by what it drops comes before the request's own time.
        #[pin]
        inner: F,
        // None: the client records nothing, or it is done.
        measurement: Option<Measurement>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, measurement: Option<Measurement>) -> Self {
        Self { inner, measurement }
    }
}

impl<F, C, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<C>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(measurement) = this.measurement else {
            return this.inner.poll(context);
        };
        // This is how it stays if the handler panics.
        measurement.outcome = Outcome::Panicked;
        let polled = this.inner.poll(context);
        measurement.outcome = match &polled {
            Poll::Pending => Outcome::Cancelled,
            Poll::Ready(Ok(response)) => Outcome::Status(response.status()),
            Poll::Ready(Err(_)) => Outcome::Error,
        };
        if polled.is_ready() {
            *this.measurement = None;
        }
        polled
    }
}
