//! Names by the route that axum has found.

use axum::extract::MatchedPath;
use axum::http::request::Parts;

use statsd_proto::Client;
use statsd_proto::web::MetricsLayer;

/// The route of axum's that a request matches, such as `/users/{id}`; `unmatched` if it matches none.
#[derive(Clone, Debug)]
pub struct Route(Option<MatchedPath>);

/// Names requests by axum's routes; for [`MetricsLayer`] alone.
pub trait ByRoute {
    /// A layer that names requests by the route that they match, or `unmatched`.
    ///
    /// Routes of a nested `Router` are known in whole. Within another service that is nested they are
    /// not, and its requests are `unmatched` too: add the layer there.
    fn by_route(client: Client) -> Self;
}

impl ByRoute for MetricsLayer<fn(&Parts) -> Route> {
    fn by_route(client: Client) -> Self {
        Self::named_by(client, |request| Route(request.extensions.get().cloned()))
    }
}

impl AsRef<str> for Route {
    fn as_ref(&self) -> &str {
        self.0.as_ref().map_or("unmatched", MatchedPath::as_str)
    }
}
