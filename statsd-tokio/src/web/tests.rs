use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use futures::executor::block_on;
use tower::ServiceExt as _;

use statsd_proto::testing::{Recorder, recorder};
use statsd_proto::{Client, Config};

use super::{ByRoute as _, Metrics, MetricsLayer};

#[test]
fn requests_go_by_the_route_that_they_match() {
    let (client, mut recorder) = start();
    let users = Router::new().route("/{id}", get(async || "user"));
    let app = Router::new()
        .route("/", get(async || "root"))
        .route("/orders", post(async || StatusCode::CREATED))
        .nest("/users", users)
        .nest_service("/files", Router::new().route("/{name}", get(async || "")))
        .layer(MetricsLayer::by_route(client));
    for (method, path) in [
        ("GET", "/"),
        ("HEAD", "/"),
        ("POST", "/orders"),
        ("DELETE", "/orders"),
        ("GET", "/users/7"),
        ("BREW", "/users/8"),
        ("GET", "/nowhere/9"),
        ("GET", "/files/10"),
    ] {
        answer(&app, method, path);
    }
    let expected = [
        "timers.root.GET.200",
        "timers.root.HEAD.200",
        "timers.orders.POST.201",
        "timers.orders.DELETE.405",
        "timers.users_id.GET.200",
        "timers.users_id.OTHER.405",
        "timers.unmatched.GET.404",
        "timers.unmatched.GET.200",
    ];
    assert_eq!(recorder.names(), expected);
}

#[test]
fn a_route_is_a_tag_as_it_is_written() {
    let (client, mut recorder) = recorder(Config::dogstatsd("localhost")).unwrap();
    let app = Router::new().route("/users/{id}", get(async || "user"));
    let app = app.layer(MetricsLayer::by_route(client).tagged("http.request"));
    answer(&app, "GET", "/users/7");
    let expected = "http.request:0|d|#route:/users/{id},method:GET,status:200";
    assert_eq!(recorder.lines(), [expected]);
}

#[test]
fn a_handler_takes_its_metrics_as_an_argument() {
    async fn my_handler(metrics: Metrics) -> StatusCode {
        drop(metrics.execution_timer("some-operation"));
        metrics.client().gauge("level", 1);
        StatusCode::NO_CONTENT
    }

    let (client, mut recorder) = start();
    let layer = MetricsLayer::named(client, "MyHandler");
    let app = Router::new()
        .route("/", get(my_handler).layer(layer))
        .route("/without", get(my_handler));
    for path in ["/", "/without"] {
        assert_eq!(answer(&app, "GET", path), StatusCode::NO_CONTENT);
    }
    let expected = [
        "timers.some-operation",
        "gauges.level",
        "timers.MyHandler.GET.204",
    ];
    assert_eq!(recorder.names(), expected);
}

fn start() -> (Client, Recorder) {
    recorder(Config::new("localhost")).unwrap()
}

fn answer(app: &Router, method: &str, path: &str) -> StatusCode {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).unwrap();
    block_on(async {
        let response = app.clone().oneshot(request).await.unwrap();
        let status = response.status();
        axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        status
    })
}
