//! The layer, and the service that it makes of another.

use std::borrow::Cow;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use statsd_proto::Client;

use super::future::ResponseFuture;
use super::measurement::{Measurement, Outcome};
use super::naming::Naming;
use super::request::RequestMetrics;

/// Records how long each request takes: `timers.<handler>.<METHOD>.<status>`; see the
/// [module's documentation](super).
///
/// Its services put a [`RequestMetrics`] into each request for what the handler measures itself.
#[derive(Clone, Debug)]
pub struct MetricsLayer {
    client: Client,
    naming: Naming,
}

/// A service whose requests are measured; made by [`MetricsLayer`].
#[derive(Clone, Debug)]
pub struct MetricsService<S> {
    layer: MetricsLayer,
    inner: S,
}

impl MetricsLayer {
    /// Names requests by the route of axum's that they match; `unmatched` if they match none.
    ///
    /// Routes of a nested `Router` are known in whole. Within another service that is nested they are
    /// not, and its requests are `unmatched` too: add the layer there.
    #[cfg(feature = "axum")]
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn by_route(client: Client) -> Self {
        Self {
            client,
            naming: Naming::Route,
        }
    }

    /// Gives all requests the same name: that of the one handler behind this layer.
    pub fn named(client: Client, name: impl Into<Arc<str>>) -> Self {
        Self {
            client,
            naming: Naming::Fixed(name.into()),
        }
    }

    /// Names requests by a function. What it makes of them has to be one of few: never the path as it
    /// stands.
    ///
    /// ```
    /// # let client = statsd_tokio::Client::noop();
    /// use statsd_tokio::web::MetricsLayer;
    ///
    /// let layer = MetricsLayer::named_by(client, |request| match request.uri.path() {
    ///     "/health" => "health",
    ///     path if path.starts_with("/users/") => "users",
    ///     _ => "other",
    /// });
    /// # let _ = layer;
    /// ```
    pub fn named_by<N: Into<Cow<'static, str>>>(
        client: Client,
        name: impl Fn(&Parts) -> N + Send + Sync + 'static,
    ) -> Self {
        Self {
            client,
            naming: Naming::by(name),
        }
    }
}

impl<S> Layer<S> for MetricsLayer {
    type Service = MetricsService<S>;

    fn layer(&self, inner: S) -> MetricsService<S> {
        MetricsService {
            layer: self.clone(),
            inner,
        }
    }
}

impl<S, B, C> Service<Request<B>> for MetricsService<S>
where
    S: Service<Request<B>, Response = Response<C>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let MetricsLayer { client, naming } = &self.layer;
        let Some(started) = client.now() else {
            return ResponseFuture::new(self.inner.call(request), None);
        };
        let metrics = RequestMetrics::new(client.clone());
        request.extensions_mut().insert(metrics);
        let (request, path) = naming.path(request);
        let mut measurement = Measurement {
            client: client.clone(),
            started,
            path,
            outcome: Outcome::Panicked,
        };
        let inner = self.inner.call(request);
        measurement.outcome = Outcome::Cancelled;
        ResponseFuture::new(inner, Some(measurement))
    }
}
