//! The examples of web services, answered in memory and in virtual time, and bodies as a server sends them.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::Request;
use axum::response::Response;
use axum::routing::get;
use futures::stream::{Stream, StreamExt as _, iter, pending};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tower::{Layer as _, ServiceExt as _};

use statsd_tokio::testing::{Recorder, recorder_by};
use statsd_tokio::web::{ByRoute as _, MetricsLayer};
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

#[tokio::test]
async fn the_end_of_a_body_says_how_it_was_sent() {
    fn stream(parts: impl Stream<Item = io::Result<&'static str>> + Send + 'static) -> Body {
        Body::from_stream(parts.map(|part| part.map(Bytes::from)))
    }
    let two = || iter([Ok("one"), Ok("two")]);
    let broken = || iter([Err(io::Error::other("broken"))]);
    let with_length = move || {
        let response = Response::builder().header("content-length", "6");
        response.body(stream(two())).expect("its head is one")
    };
    let (client, mut recorder) = start();
    let app = Router::new()
        .route("/whole", get(async || "one"))
        .route("/stream", get(async move || stream(two())))
        .route("/length", get(async move || with_length()))
        .route("/broken", get(async move || stream(two().chain(broken()))))
        .route(
            "/endless",
            get(async move || stream(two().chain(pending()))),
        )
        .layer(MetricsLayer::by_route(client));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("it is bound");
    let address = listener.local_addr().expect("it is bound");
    let server = tokio::spawn(axum::serve(listener, app).into_future());

    for (request, last, name) in [
        ("GET /whole", "one", "whole.GET.200"),
        ("HEAD /whole", "\r\n\r\n", "whole.HEAD.200"),
        ("GET /stream", "two\r\n0\r\n\r\n", "stream.GET.200"),
        ("HEAD /stream", "\r\n\r\n", "stream.HEAD.200"),
        ("GET /length", "onetwo", "length.GET.200"),
        ("GET /broken", "never", "broken.GET.200_error"),
        ("GET /endless", "two\r\n", "endless.GET.200_cancelled"),
    ] {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let request = format!("{request} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        stream
            .write_all(request.as_bytes())
            .await
            .expect("it reads");
        let mut answer = String::new();
        while !answer.ends_with(last) {
            // The client closes the connection after a broken body.
            let Ok(byte) = stream.read_u8().await else {
                break;
            };
            answer.push(byte.into());
        }
        drop(stream);
        let recorded = async {
            loop {
                let names = recorder.names();
                if !names.is_empty() {
                    return names;
                }
                tokio::task::yield_now().await;
            }
        };
        let names = timeout(Duration::from_secs(60), recorded).await;
        assert_eq!(names.expect("it is recorded"), [name]);
    }
    server.abort();
}

fn start() -> (Client, Recorder) {
    let clock = || tokio::time::Instant::now().into_std();
    recorder_by(clock, Config::dogstatsd("localhost")).expect("its settings can work")
}
