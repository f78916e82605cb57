//! Metrics of web applications: how long each request took, and what its handler measures.
//!
//! [`MetricsLayer`] wraps any service of HTTP requests that tower's `Layer` fits, such as axum's. After
//! each response head it records `timers.<handler>.<METHOD>.<status>`. Handlers measure with
//! [`RequestMetrics`], and what they record arrives first.
//!
//! # An application
//!
//! The settings come from the environment by the rules of
//! [`Config::from_vars`](statsd_proto::Config::from_vars); what is set in the program wins over them.
//! [`Config::application`](statsd_proto::Config::application) is the prefix unless `STATSD_PREFIX` is
//! set. With `STATSD_ENABLED=no` everything below stays as it is, and does nothing.
//!
#![cfg_attr(feature = "axum", doc = "```no_run")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! use axum::Router;
//! use axum::http::StatusCode;
//! use axum::routing::get;
//! use statsd_tokio::web::{MetricsLayer, RequestMetrics};
//! use statsd_tokio::{Config, Connector};
//!
//! async fn my_handler(metrics: RequestMetrics) -> StatusCode {
//!     let timer = metrics.execution_timer(["some-operation"]);
//!     tokio::time::sleep(std::time::Duration::from_secs(1)).await;
//!     drop(timer);
//!     StatusCode::NO_CONTENT
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let config = Config::from_env()?.application("shop", "production");
//!     let connector = Connector::start(config)?;
//!     let layer = MetricsLayer::by_route(connector.client());
//!     let app = Router::new().route("/my/{item}", get(my_handler)).layer(layer);
//!
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8888").await?;
//!     axum::serve(listener, app)
//!         .with_graceful_shutdown(async { /* Ctrl-C, or what ends the program */ })
//!         .await?;
//!     connector.stop().await;
//!     Ok(())
//! }
//! ```
//!
//! Each `GET /my/7` sends two lines:
//!
//! ```text
//! applications.shop.production.timers.some-operation:1001.344919|ms
//! applications.shop.production.timers.my_item.GET.204:1002.4960041|ms
//! ```
//!
//! [`Connector::start`](crate::Connector::start) needs no server to be there. Where start and stop hooks
//! may run more than once, [`restart`](crate::Connector::restart) does nothing while the connector runs,
//! and [`stop`](crate::Connector::stop) tells again what it has told. `examples/web.rs` is a program to
//! copy from.
//!
//! # Names
//!
//! Nothing that a client sends becomes part of a name, so that nobody makes the server keep more
//! metrics than the program has:
//!
//! - `<handler>` is [the route](MetricsLayer::by_route), [a name](MetricsLayer::named), or [what a
//!   function makes of the request](MetricsLayer::named_by), as one part of a path: letters, digits and
//!   `-` stay, whatever stands between them becomes one `_`. `/users/{id}` is `users_id`, and `/` is
//!   `root`.
//! - `<METHOD>` is one of the nine of HTTP, and `OTHER` for any other.
//! - `<status>` is the response's, or `error` if the service failed, `cancelled` if its client went away
//!   first, `panicked` if the handler did.

mod future;
mod layer;
mod measurement;
mod naming;
mod request;

pub use self::future::ResponseFuture;
pub use self::layer::{MetricsLayer, MetricsService};
pub use self::request::{ExecutionTimer, RequestMetrics};

#[cfg(test)]
mod tests;
