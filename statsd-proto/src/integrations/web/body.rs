//! Response body that is measured.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::answer::Answer;
use super::measurement::Outcome;

pin_project! {
    /// Response body of a [`MetricsService`](super::MetricsService). It passes on the frames of the handler's body.
    #[derive(Debug)]
    pub struct MeasuredBody<B, N>
    where
        N: AsRef<str>,
    {
        // First field, so that it is dropped first: metrics recorded in its destructor precede the request's own.
        #[pin]
        inner: B,
        // `None` if the client is disabled, or once the request is recorded.
        answer: Option<Answer<N>>,
    }
}

impl<B: Body, N: AsRef<str>> MeasuredBody<B, N> {
    pub(super) fn respond(response: Response<B>, answer: Option<Answer<N>>) -> Response<Self> {
        let answer = answer.and_then(|answer| answer.with_head(&response));
        response.map(|inner| Self { inner, answer })
    }
}

impl<B: Body, N: AsRef<str>> Body for MeasuredBody<B, N> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(answer) = this.answer else {
            return this.inner.poll_frame(context);
        };
        // Stays in place if the body panics.
        answer.set(Outcome::Panicked);
        let polled = this.inner.as_mut().poll_frame(context);
        let outcome = match &polled {
            Poll::Pending => Outcome::Cancelled,
            Poll::Ready(None) => Outcome::Complete,
            Poll::Ready(Some(Err(_))) => Outcome::Error,
            Poll::Ready(Some(Ok(frame))) => {
                if answer.is_last(frame) || this.inner.is_end_stream() {
                    Outcome::Complete
                } else {
                    Outcome::Cancelled
                }
            }
        };
        answer.set(outcome);
        if matches!(outcome, Outcome::Complete | Outcome::Error) {
            *this.answer = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
