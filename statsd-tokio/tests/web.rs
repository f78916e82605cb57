//! The examples of web services, answered in memory and in virtual time.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tower::{Layer as _, ServiceExt as _};

use statsd_tokio::testing::{Recorder, recorder_by};
use statsd_tokio::{Client, Config};

#[expect(dead_code, reason = "its `main` is not run")]
#[path = "../examples/axum_tags.rs"]
mod axum_tags;
#[expect(dead_code, reason = "its `main` is not run")]
#[path = "../examples/tonic.rs"]
mod tonic_calls;

#[tokio::test(start_paused = true)]
async fn requests_to_axum_take_as_long_as_their_handlers_sleep() {
    let (client, mut recorder) = start();
    let app = axum_tags::app(client);
    for path in ["/users/7", "/users/anna"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        to_bytes(response.into_body(), usize::MAX).await.unwrap();
    }
    let expected = [
        "http.in_flight:1|g",
        "database:12|ms",
        "http.request:12|d|#route:/users/{id},method:GET,status:200",
        "http.in_flight:0|g",
        "http.in_flight:1|g",
        "http.request:0|d|#route:/users/{id},method:GET,status:400",
        "http.in_flight:0|g",
    ];
    assert_eq!(recorder.lines(), expected);
}

#[tokio::test(start_paused = true)]
async fn calls_of_tonic_end_with_their_status() {
    let (client, mut recorder) = start();
    let (_reporter, health) = tonic_health::server::health_reporter();
    let mut client = HealthClient::new(tonic_calls::calls(client).layer(health));

    let known = HealthCheckRequest::default();
    client.check(known.clone()).await.unwrap();
    let unknown = HealthCheckRequest {
        service: "nobody".to_owned(),
    };
    let error = client.check(unknown).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    let mut updates = client.watch(known).await.unwrap().into_inner();
    assert!(updates.message().await.unwrap().is_some());
    // Its client has seen enough of a stream that does not end.
    drop(updates);

    let expected = [
        "rpc.server:0|d|#route:Check,method:POST,status:200,grpc_status:ok",
        "rpc.server:0|d|#route:Check,method:POST,status:200,grpc_status:not_found",
        "rpc.server:0|d|#route:Watch,method:POST,status:200,body:cancelled",
    ];
    assert_eq!(recorder.lines(), expected);
}

fn start() -> (Client, Recorder) {
    let clock = || tokio::time::Instant::now().into_std();
    recorder_by(clock, Config::dogstatsd("localhost")).expect("its settings can work")
}
