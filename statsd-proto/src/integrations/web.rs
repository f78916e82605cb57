//! Metrics of web applications: how long each request took, and what its handler measures.
//!
//! [`MetricsLayer`] wraps any service of HTTP requests that tower's `Layer` fits, such as those of axum, tonic
//! and hyper, on any runtime. Handlers measure with [`RequestMetrics`], and what they record arrives first.
//! With axum, the feature of that name of `statsd-tokio` names requests by their route, and hands
//! `RequestMetrics` to handlers as an argument.
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
//! By default a timing at `<handler>.<METHOD>.<status>`, with `timers.` before it, as sprockets-statsd has it.
//! With [`tagged`](MetricsLayer::tagged) one metric with the tags `route`, `method` and `status`, for servers that
//! have tags: one name for all requests, to be split and summed there. [`in_flight`](MetricsLayer::in_flight) adds a
//! gauge of the requests that are being answered.
//!
//! Nothing that a client sends becomes part of a name or a tag, so that nobody makes the server keep more
//! metrics than the program has:
//!
//! - `<handler>` is [a name](MetricsLayer::named), or [what a function makes of the
//!   request](MetricsLayer::named_by). In a path it is one part: letters, digits and `-` stay, whatever is
//!   between them becomes one `_`. `/users/{id}` is `users_id`, and `/` is `root`. A tag has it as it is.
//! - `<METHOD>` is one of the nine of HTTP, and `OTHER` for any other.
//! - `<status>` is the response's. Without a response it is `error` if the service failed, `cancelled` if its
//!   client went away first, `panicked` if the handler did.
//!
//! # When the time ends
//!
//! When the server has taken the last of the response's body, or, with [`until_head`](MetricsLayer::until_head),
//! when its head is there. How a body ended is told where it is not to be expected:
//!
//! | the body | path | tags |
//! |---|---|---|
//! | was taken in whole, or there is none | `200` | `status:200` |
//! | failed | `200_error` | `status:200,body:error` |
//! | was dropped before its end, as when the client went away | `200_cancelled` | `status:200,body:cancelled` |
//! | panicked | `200_panicked` | `status:200,body:panicked` |
//!
//! Calls of gRPC, whose status is nearly always 200, have their own as a tag: `grpc_status:not_found`.
//!
//! # What it costs
//!
//! The layer allocates once for each request: the [`RequestMetrics`] in its extensions, and not even that
//! [without](MetricsLayer::without_request_metrics).

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
