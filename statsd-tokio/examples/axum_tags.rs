//! Measures the requests to an axum application by one metric with tags, for the Datadog agent in the environment:
//! `http.request:12.3|d|#route:/users/{id},method:GET,status:200`.

use std::error::Error;

use axum::{Router, extract::Path, routing::get};
use statsd_tokio::web::{ByRoute as _, Metrics, MetricsLayer};
use statsd_tokio::{Client, Config, Connector};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let connector = Connector::start(Config::from_dd_env()?)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8888").await?;
    axum::serve(listener, app(connector.client())).await?;
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
