//! Measures gRPC calls by one metric with tags, for the Datadog agent in the environment, or at 127.0.0.1:
//! `rpc.server:0.4|d|#route:Check,method:POST,status:200,grpc_status:ok`.
//!
//! At SIGTERM, the program answers the calls in flight, sends its queue, and exits. `tests/web.rs` tests the layer
//! without sockets and in virtual time.

#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

use std::error::Error;

use axum::http::request::Parts;
use statsd_tokio::web::MetricsLayer;
use statsd_tokio::{Client, Config, Connector};
use tokio::signal;
use tonic::transport::Server;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let connector = Connector::start(Config::from_dd_env()?.default_host("127.0.0.1"))?;
    let (_reporter, health) = tonic_health::server::health_reporter();
    Server::builder()
        .layer(calls(connector.client()))
        .add_service(health)
        .serve_with_shutdown("127.0.0.1:50051".parse()?, stop_signal())
        .await?;
    println!("{}", connector.stop().await);
    Ok(())
}

pub(crate) fn calls(client: Client) -> MetricsLayer<fn(&Parts) -> &'static str> {
    // Returns one of few names, so that gRPC clients cannot create new series.
    let name: fn(&Parts) -> _ = |call| match call.uri.path() {
        "/grpc.health.v1.Health/Check" => "Check",
        "/grpc.health.v1.Health/Watch" => "Watch",
        _ => "other",
    };
    MetricsLayer::named_by(client, name).tagged("rpc.server")
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
