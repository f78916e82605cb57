//! Measures gRPC calls by one metric with tags, for the Datadog agent in the environment:
//! `rpc.server:0.4|d|#route:Check,method:POST,status:200,grpc_status:ok`.

use std::error::Error;

use axum::http::request::Parts;
use statsd_tokio::web::MetricsLayer;
use statsd_tokio::{Client, Config, Connector};
use tonic::transport::Server;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let connector = Connector::start(Config::from_dd_env()?)?;
    let (_reporter, health) = tonic_health::server::health_reporter();
    Server::builder()
        .layer(calls(connector.client()))
        .add_service(health)
        .serve("127.0.0.1:50051".parse()?)
        .await?;
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
