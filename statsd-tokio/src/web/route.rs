//! Names of requests by axum's route.

use axum::extract::MatchedPath;
use axum::http::request::Parts;

use statsd_proto::Client;
use statsd_proto::web::MetricsLayer;

/// Axum's route that a request matches, such as `/users/{id}`, or `unmatched` if it matches none.
#[derive(Clone, Debug)]
pub struct Route(Option<MatchedPath>);

/// Names of requests by axum's routes, for [`MetricsLayer`] alone.
pub trait ByRoute {
    /// Creates a layer that names requests by the route that they match, or `unmatched`.
    ///
    /// Routes of a nested `Router` include the path of the outer one. Requests to another nested service are
    /// `unmatched`; add the layer to that service instead.
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
