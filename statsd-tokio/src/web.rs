//! For axum, beside all of [`statsd_proto::web`]: names by route, and metrics as an argument of handlers.
//!
//! # An application
//!
//! The settings come from the environment by the rules of
//! [`Config::from_vars`](statsd_proto::Config::from_vars); what is set in the program wins over them.
//! [`Config::application`](statsd_proto::Config::application) is the prefix unless `STATSD_PREFIX` is
//! set. With `STATSD_ENABLED=no` everything below stays as it is, and does nothing.
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
//! With `MetricsLayer::by_route(client).tagged("http.request")`, for a server that has tags, the second is
//! `http.request:1002.4960041|d|#route:/my/{item},method:GET,status:204`.
//!
//! [`Connector::start`](crate::Connector::start) needs no server to be there. Where start and stop hooks
//! may run more than once, [`restart`](crate::Connector::restart) does nothing while the connector runs,
//! and [`stop`](crate::Connector::stop) tells again what it has told. `examples/web.rs` and
//! `examples/axum_tags.rs` are programs to copy from.
//!
//! # Another version of axum
//!
//! Needs the feature `tower` alone: a function for
//! [`MetricsLayer::named_by`](statsd_proto::web::MetricsLayer::named_by) that reads the `MatchedPath` in the
//! request's extensions, and `Extension<RequestMetrics>` as the argument.

mod metrics;
mod route;

pub use statsd_proto::web::*;

pub use self::metrics::Metrics;
pub use self::route::{ByRoute, Route};

#[cfg(test)]
mod tests;
