//! Layer that measures requests, and the service that it returns.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::answer::Answer;
use super::body::MeasuredBody;
use super::future::ResponseFuture;
use super::in_flight::InFlight;
use super::measurement::Outcome;
use super::naming::{Fixed, Naming};
use super::request::RequestMetrics;
use super::settings::{self, Form, Settings};
use crate::client::Client;
use crate::metric::Metric;

/// Layer that records the duration of each request. The documentation of its module has examples.
#[derive(Clone, Debug)]
#[must_use]
pub struct MetricsLayer<N> {
    // Shared, because axum may create a service for each request.
    settings: Arc<Settings>,
    naming: N,
}

/// Service whose requests are measured. Created by [`MetricsLayer`].
#[derive(Clone, Debug)]
pub struct MetricsService<S, N> {
    settings: Arc<Settings>,
    naming: N,
    inner: S,
}

impl MetricsLayer<Fixed> {
    /// Creates a layer that gives all requests the same name, for a layer around a single handler.
    ///
    /// ```
    /// use statsd_proto::web::MetricsLayer;
    ///
    /// # let client = statsd_proto::Client::noop();
    /// let layer = MetricsLayer::named(client, "/users/{id}");
    /// ```
    pub fn named(client: Client, name: impl Into<Arc<str>>) -> Self {
        Self::new(client, Fixed(name.into()))
    }
}

impl<N> MetricsLayer<N> {
    /// Creates a layer that names requests by a function. The function must return one of few names: with the path of
    /// the request as the name, HTTP clients could create any number of series.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// use statsd_proto::web::MetricsLayer;
    ///
    /// let layer = MetricsLayer::named_by(client, |request| match request.uri.path() {
    ///     "/health" => "health",
    ///     path if path.starts_with("/users/") => "users",
    ///     _ => "other",
    /// });
    /// # let _ = layer;
    /// ```
    pub fn named_by<T: AsRef<str>>(client: Client, name: N) -> Self
    where
        N: Fn(&Parts) -> T,
    {
        Self::new(client, name)
    }

    fn new(client: Client, naming: N) -> Self {
        let settings = Settings {
            client,
            form: Form::Path,
            in_flight: None,
            until_head: false,
            has_request_metrics: true,
        };
        Self {
            settings: Arc::new(settings),
            naming,
        }
    }

    /// Records each request as a distribution in milliseconds, with this name and the tags `route`, `method` and
    /// `status`, instead of a timing with these in its path. For servers with tags.
    ///
    /// ```
    /// # fn main() -> Result<(), statsd_proto::ConfigError> {
    /// use statsd_proto::Config;
    /// use statsd_proto::testing::recorder;
    /// use statsd_proto::web::MetricsLayer;
    ///
    /// let (client, recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let layer = MetricsLayer::named(client, "/users/{id}").tagged("http.request");
    /// // http.request:12|d|#route:/users/{id},method:GET,status:200
    /// # let _ = layer;
    /// # Ok(())
    /// # }
    /// ```
    pub fn tagged(self, name: impl Into<Arc<str>>) -> Self {
        self.tagged_with(name, settings::distribution)
    }

    /// Records each request as a histogram, otherwise like [`tagged`](Self::tagged).
    ///
    /// ```
    /// use statsd_proto::web::MetricsLayer;
    ///
    /// # let client = statsd_proto::Client::noop();
    /// let layer = MetricsLayer::named(client, "/users/{id}").tagged_histogram("http.request");
    /// ```
    pub fn tagged_histogram(self, name: impl Into<Arc<str>>) -> Self {
        self.tagged_with(name, settings::histogram)
    }

    /// Records each request as a timing, otherwise like [`tagged`](Self::tagged).
    ///
    /// ```
    /// use statsd_proto::web::MetricsLayer;
    ///
    /// # let client = statsd_proto::Client::noop();
    /// let layer = MetricsLayer::named(client, "/users/{id}").tagged_timing("http.request");
    /// ```
    pub fn tagged_timing(self, name: impl Into<Arc<str>>) -> Self {
        self.tagged_with(name, settings::timing)
    }

    fn set(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }

    fn tagged_with(
        mut self,
        name: impl Into<Arc<str>>,
        metric: for<'a> fn(&'a str, Duration) -> Metric<'a>,
    ) -> Self {
        let name = name.into();
        self.set().form = Form::Tagged { name, metric };
        self
    }

    /// Records the number of requests in flight in a gauge of this name, whenever the number changes: when a request
    /// arrives, and when the response's body ends.
    ///
    /// Each request thus sends two more metrics. With [`Config::aggregate`](crate::Config::aggregate), the gauge is
    /// sent once for each interval.
    ///
    /// ```
    /// use statsd_proto::web::MetricsLayer;
    ///
    /// # let client = statsd_proto::Client::noop();
    /// let layer = MetricsLayer::named(client, "/users/{id}").in_flight("http.in_flight");
    /// ```
    pub fn in_flight(mut self, name: impl Into<String>) -> Self {
        self.set().in_flight = Some(Arc::new(InFlight::new(name.into())));
        self
    }

    /// Ends the time when the head of the response is ready, to measure the time to the first byte. Default: the time
    /// ends with the body, because most of the work of a streamed response comes after its head.
    ///
    /// ```
    /// use statsd_proto::web::MetricsLayer;
    ///
    /// # let client = statsd_proto::Client::noop();
    /// let layer = MetricsLayer::named(client, "/users/{id}").until_head();
    /// ```
    pub fn until_head(mut self) -> Self {
        self.set().until_head = true;
        self
    }

    /// Leaves [`RequestMetrics`] out of requests. This saves the layer's only allocation for each request.
    ///
    /// ```
    /// use statsd_proto::web::MetricsLayer;
    ///
    /// # let client = statsd_proto::Client::noop();
    /// let layer = MetricsLayer::named(client, "/users/{id}").without_request_metrics();
    /// ```
    pub fn without_request_metrics(mut self) -> Self {
        self.set().has_request_metrics = false;
        self
    }
}

impl<S, N: Clone> Layer<S> for MetricsLayer<N> {
    type Service = MetricsService<S, N>;

    fn layer(&self, inner: S) -> MetricsService<S, N> {
        MetricsService {
            settings: Arc::clone(&self.settings),
            naming: self.naming.clone(),
            inner,
        }
    }
}

impl<S, N, B, C> Service<Request<B>> for MetricsService<S, N>
where
    S: Service<Request<B>, Response = Response<C>>,
    N: Naming,
    C: Body,
{
    type Response = Response<MeasuredBody<C, N::Name>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, N::Name>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let client = &self.settings.client;
        if self.settings.has_request_metrics {
            let metrics = RequestMetrics::new(client.clone());
            request.extensions_mut().insert(metrics);
        }
        let Some(started) = client.now() else {
            return ResponseFuture::new(self.inner.call(request), None);
        };
        let (parts, body) = request.into_parts();
        let name = self.naming.name(&parts);
        let request = Request::from_parts(parts, body);
        let mut answer = Answer::new(&self.settings, started, name, &request);
        let inner = self.inner.call(request);
        answer.set(Outcome::Cancelled);
        ResponseFuture::new(inner, Some(answer))
    }
}
