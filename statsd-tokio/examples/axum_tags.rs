//! Measures the requests to an axum application by one metric with tags, for the Datadog agent in the environment, or
//! at 127.0.0.1: `http.request:12.3|d|#route:/users/{id},method:GET,status:200`.
//!
//! At SIGTERM, the program answers the requests in flight, sends its queue, and exits. `tests/web.rs` tests the
//! application without sockets and in virtual time.

#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

use std::error::Error;

use axum::{Router, extract::Path, routing::get};
use statsd_tokio::web::{ByRoute as _, Metrics, MetricsLayer};
use statsd_tokio::{Client, Config, Connector};
use tokio::signal;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let connector = Connector::start(Config::from_dd_env()?.default_host("127.0.0.1"))?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8888").await?;
    axum::serve(listener, app(connector.client()))
        .with_graceful_shutdown(stop_signal())
        .await?;
    println!("{}", connector.stop().await);
    Ok(())
}

pub(crate) fn app(client: Client) -> Router {
    let metrics = MetricsLayer::by_route(client).tagged("http.request");
    Router::new()
        .route("/users/{id}", get(show_user))
        .layer(metrics.in_flight("http.in_flight"))
}

async fn show_user(Path(id): Path<u32>, metrics: Metrics) -> String {
    let _timer = metrics.execution_timer("database");
    tokio::time::sleep(std::time::Duration::from_millis(12)).await;
    format!("user {id}")
}

/// Waits for SIGTERM or Ctrl-C.
async fn stop_signal() {
    #[cfg(unix)]
    if let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = terminate.recv() => return,
            _ = signal::ctrl_c() => return,
        }
    }
    let _ = signal::ctrl_c().await;
}
