//! Metrics of web applications: the duration of each request, and metrics that its handler records.
//!
//! [`MetricsLayer`] is a tower `Layer` for any HTTP service, such as those of axum, tonic and hyper, on any runtime.
//! Handlers record with [`RequestMetrics`]; their metrics are sent before the request's own. For axum, the feature
//! `axum` of `statsd-tokio` names requests by their route, and passes `RequestMetrics` to handlers as an argument.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use statsd_proto::testing::recorder;
//! use statsd_proto::web::{MetricsLayer, RequestMetrics};
//! use statsd_proto::Config;
//! use tower::{Layer as _, ServiceExt as _, service_fn};
//!
//! async fn show_user(request: Request<()>) -> Result<Response<Full<&'static [u8]>>, Infallible> {
//!     let metrics = RequestMetrics::of(request.extensions());
//!     let _timer = metrics.execution_timer("database");
//!     Ok(Response::new(Full::new(b"anna")))
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # futures::executor::block_on(async {
//! let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
//! let layer = MetricsLayer::named(client, "users").tagged("http.request");
//! let service = layer.layer(service_fn(show_user));
//!
//! let response = service.oneshot(Request::get("/users/7").body(())?).await?;
//! http_body_util::BodyExt::collect(response.into_body()).await?;
//! let expected = [
//!     "database:0|ms",
//!     "http.request:0|d|#route:users,method:GET,status:200",
//! ];
//! assert_eq!(recorder.lines(), expected);
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # What is recorded
//!
//! By default, each request is a timing with the name `timers.<handler>.<METHOD>.<status>`, as in sprockets-statsd.
//! [`tagged`](MetricsLayer::tagged) is for servers with tags: all requests share one name, and have the tags `route`,
//! `method` and `status`. [`in_flight`](MetricsLayer::in_flight) adds a gauge of the requests in flight.
//!
//! No text from a request becomes part of a name or a tag. HTTP clients therefore cannot create new series at the
//! server:
//!
//! - `<handler>` is [a fixed name](MetricsLayer::named), or [the result of a function](MetricsLayer::named_by) of the
//!   request. In a path, letters, digits and `-` are kept, and all text between them becomes one `_`: `/users/{id}` is
//!   `users_id`, and `/` is `root`. A tag holds the name unchanged.
//! - `<METHOD>` is one of the nine methods of HTTP, or `OTHER`.
//! - `<status>` is the status code of the response. Without a response, it is `error` if the service failed,
//!   `cancelled` if the request was dropped, for example because the HTTP client disconnected, and `panicked` if the
//!   handler panicked.
//!
//! # A part of a program
//!
//! A layer records with the client that it is given. With [`Client::scoped`](crate::Client::scoped) or
//! [`Client::tagged`](crate::Client::tagged), the scope and the tags are in all that the layer records, and in all that
//! handlers record with [`RequestMetrics`]. A tag of the request replaces a tag of the client with the same key.
//!
//! ```
//! # fn main() -> Result<(), statsd_proto::ConfigError> {
//! # use statsd_proto::{Config, testing::recorder};
//! use statsd_proto::web::MetricsLayer;
//!
//! # let (client, _recorder) = recorder(Config::dogstatsd("localhost"))?;
//! let client = client.scoped("admin").tagged(&[("team", "billing")]);
//! let layer = MetricsLayer::named(client, "invoices").tagged("http.request");
//! // admin.http.request:12|d|#team:billing,route:invoices,method:GET,status:200
//! # let _ = layer;
//! # Ok(())
//! # }
//! ```
//!
//! # When the time ends
//!
//! The time ends when the server has read the whole body of the response. With
//! [`until_head`](MetricsLayer::until_head), it ends when the head of the response is ready. A body that does not end
//! normally is marked:
//!
//! | body | path | tags |
//! |---|---|---|
//! | read completely, or empty | `200` | `status:200` |
//! | failed | `200_error` | `status:200,body:error` |
//! | dropped before its end, for example because the HTTP client disconnected | `200_cancelled` | `status:200,body:cancelled` |
//! | panicked | `200_panicked` | `status:200,body:panicked` |
//!
//! The HTTP status of a gRPC call is nearly always 200, so its gRPC status is a tag of its own:
//! `grpc_status:not_found`.
//!
//! # Cost
//!
//! The layer makes one allocation for each request, for the [`RequestMetrics`] in the request's extensions, also with a
//! client that has a scope or tags. With [`without_request_metrics`](MetricsLayer::without_request_metrics) it makes
//! none. What axum itself allocates for any layer comes on top.

mod answer;
mod body;
mod future;
mod in_flight;
mod layer;
mod measurement;
mod naming;
mod path;
mod request;
mod settings;
mod text;

pub use self::body::MeasuredBody;
pub use self::future::ResponseFuture;
pub use self::layer::{MetricsLayer, MetricsService};
pub use self::naming::{Fixed, Naming};
pub use self::path::PathParts;
pub use self::request::{ExecutionTimer, RequestMetrics};

#[cfg(test)]
mod tests;
