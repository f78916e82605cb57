//! Metrics of axum applications: [`statsd_proto::web`], with requests named by their route and metrics as an argument
//! of handlers.
//!
//! # An application
//!
//! The program reads its settings from the environment, by the rules of
//! [`Config::from_vars`](statsd_proto::Config::from_vars); setters win over the environment.
//! [`Config::application`](statsd_proto::Config::application) sets the prefix unless `STATSD_PREFIX` is set. With
//! `STATSD_ENABLED=no` the same program records nothing.
//!
//! ```no_run
//! use axum::Router;
//! use axum::http::StatusCode;
//! use axum::routing::get;
//! use statsd_tokio::web::{ByRoute as _, Metrics, MetricsLayer};
//! use statsd_tokio::{Config, Connector};
//!
//! async fn my_handler(metrics: Metrics) -> StatusCode {
//!     let timer = metrics.execution_timer("some-operation");
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
//!         .with_graceful_shutdown(async { /* wait for Ctrl-C or SIGTERM */ })
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
//! With `MetricsLayer::by_route(client).tagged("http.request")`, for a server with tags, the second line is
//! `http.request:1002.4960041|d|#route:/my/{item},method:GET,status:204`.
//!
//! [`Connector::start`](crate::Connector::start) does not wait for the server. Start and stop hooks may run more than
//! once: [`restart`](crate::Connector::restart) does nothing while the connector runs, and
//! [`stop`](crate::Connector::stop) returns the same report again. `examples/web.rs` and `examples/axum_tags.rs` are
//! complete programs.
//!
//! # Another version of axum
//!
//! The feature `tower` alone works with any version of axum. Pass a function to
//! [`MetricsLayer::named_by`](statsd_proto::web::MetricsLayer::named_by) that reads `MatchedPath` from the request's
//! extensions, and take `Extension<RequestMetrics>` as the argument of handlers.

mod metrics;
mod route;

pub use statsd_proto::web::*;

pub use self::metrics::Metrics;
pub use self::route::{ByRoute, Route};

#[cfg(test)]
mod tests;
