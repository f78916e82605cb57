//! Response future that is measured.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::answer::Answer;
use super::body::MeasuredBody;
use super::measurement::Outcome;

pin_project! {
    /// Response future of a [`MetricsService`](super::MetricsService).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, N>
    where
        N: AsRef<str>,
    {
        // First field, so that it is dropped first: metrics recorded in its destructor precede the request's own.
        #[pin]
        inner: F,
        // `None` if the client is disabled, or once the response is passed on.
        answer: Option<Answer<N>>,
    }
}

impl<F, N: AsRef<str>> ResponseFuture<F, N> {
    pub(super) fn new(inner: F, answer: Option<Answer<N>>) -> Self {
        Self { inner, answer }
    }
}

impl<F, N, C, E> Future for ResponseFuture<F, N>
where
    F: Future<Output = Result<Response<C>, E>>,
    N: AsRef<str>,
    C: Body,
{
    type Output = Result<Response<MeasuredBody<C, N>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // Stays in place if the handler panics.
        set(this.answer, Outcome::Panicked);
        let polled = this.inner.poll(context);
        match polled {
            Poll::Pending => {
                set(this.answer, Outcome::Cancelled);
                Poll::Pending
            }
            Poll::Ready(Ok(response)) => {
                Poll::Ready(Ok(MeasuredBody::respond(response, this.answer.take())))
            }
            Poll::Ready(Err(error)) => {
                set(this.answer, Outcome::Error);
                *this.answer = None;
                Poll::Ready(Err(error))
            }
        }
    }
}

fn set<N: AsRef<str>>(answer: &mut Option<Answer<N>>, outcome: Outcome) {
    if let Some(answer) = answer {
        answer.set(outcome);
    }
}
