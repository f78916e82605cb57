//! What a handler measures itself, as an argument.

use std::convert::Infallible;
use std::ops::Deref;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use statsd_proto::web::RequestMetrics;

/// Gives the [`RequestMetrics`] of a request to its handler, who takes it as an argument. Without a
/// [`MetricsLayer`](super::MetricsLayer) all of it does nothing.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "as axum's extractors are")]
pub struct Metrics(pub RequestMetrics);

impl Deref for Metrics {
    type Target = RequestMetrics;

    fn deref(&self) -> &RequestMetrics {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Metrics {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(RequestMetrics::of(&parts.extensions)))
    }
}
