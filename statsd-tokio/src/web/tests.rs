use std::future::{self, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::channel::oneshot;
use futures::executor::block_on;
use http::{Request, Response, StatusCode};
use tower::{Layer as _, ServiceExt as _, service_fn};

use statsd_proto::testing::{Recorder, recorder};
use statsd_proto::{Client, Config};

use super::{MetricsLayer, RequestMetrics};

#[test]
fn the_time_of_a_request_comes_after_what_its_handler_recorded() {
    let (client, mut recorder) = start();
    let (finish, finished) = oneshot::channel();
    let mut finished = Some(finished);
    let service = service_fn(move |request: Request<()>| {
        let finished = finished.take().unwrap();
        async move {
            let metrics = RequestMetrics::of(request.extensions());
            let _timer = metrics.execution_timer(["some-operation"]);
            metrics.increase_counter(["users", "shown"], 2);
            metrics.record_timing(Duration::from_millis(7), ["db", "users"]);
            finished.await.unwrap();
            no_content()
        }
    });
    let service = MetricsLayer::named(client, "MyHandler").layer(service);
    let mut response = pin!(service.oneshot(get("/")));
    assert!(poll(response.as_mut()).is_pending());
    recorder.advance(Duration::from_millis(250));
    finish.send(()).unwrap();
    assert!(poll(response).is_ready());
    let expected = [
        "counters.users.shown:2|c",
        "timers.db.users:7|ms",
        "timers.some-operation:250|ms",
        "timers.MyHandler.GET.204:250|ms",
    ];
    assert_eq!(recorder.lines(), expected);
}

#[test]
fn a_request_that_fails_is_an_error() {
    let (client, mut recorder) = start();
    let service = service_fn(|_| future::ready(Err::<Response<()>, _>("no")));
    let service = MetricsLayer::named(client, "a").layer(service);
    assert_eq!(block_on(service.oneshot(get("/"))).unwrap_err(), "no");
    assert_eq!(recorder.names(), ["timers.a.GET.error"]);
}

#[test]
fn a_request_whose_client_goes_away_is_cancelled() {
    let (client, mut recorder) = start();
    let service = service_fn(async |request: Request<()>| {
        let metrics = RequestMetrics::of(request.extensions());
        let _timer = metrics.execution_timer(["wait"]);
        pending::<()>().await;
        no_content()
    });
    let service = MetricsLayer::named(client, "a").layer(service);
    {
        let mut response = pin!(service.clone().oneshot(get("/")));
        assert!(poll(response.as_mut()).is_pending());
        recorder.advance(Duration::from_millis(5));
    }
    let expected = ["timers.wait:5|ms", "timers.a.GET.cancelled:5|ms"];
    assert_eq!(recorder.lines(), expected);
}

#[test]
fn a_request_whose_handler_panics_is_told_from_one_that_is_cancelled() {
    let (client, mut recorder) = start();
    let panics = |in_call: bool| {
        let service = service_fn(move |_: Request<()>| {
            let panic = || std::panic::resume_unwind(Box::new("on purpose"));
            if in_call {
                panic();
            }
            async move {
                panic();
                no_content()
            }
        });
        let service = MetricsLayer::named(client.clone(), "a").layer(service);
        let response = AssertUnwindSafe(|| block_on(service.oneshot(get("/"))));
        assert!(catch_unwind(response).is_err());
    };
    panics(false);
    panics(true);
    assert_eq!(recorder.names(), ["timers.a.GET.panicked"; 2]);
}

#[test]
fn a_function_names_requests() {
    let (client, mut recorder) = start();
    let layer = MetricsLayer::named_by(client, |request| match request.uri.path() {
        "/health" => "health".to_owned(),
        path => format!("depth {}", path.matches('/').count()),
    });
    let service = layer.layer(service_fn(async |_| no_content()));
    for path in ["/health", "/a/b/c"] {
        block_on(service.clone().oneshot(get(path))).unwrap();
    }
    let expected = ["timers.health.GET.204", "timers.depth_3.GET.204"];
    assert_eq!(recorder.names(), expected);
}

#[test]
fn a_client_that_is_not_enabled_leaves_requests_as_they_are() {
    let (client, mut recorder) = recorder(Config::new("localhost").enabled(false)).unwrap();
    let service = service_fn(async |request: Request<()>| {
        assert!(request.extensions().is_empty());
        let metrics = RequestMetrics::of(request.extensions());
        let _timer = metrics.execution_timer(["a"]);
        metrics.increase_counter(["a"], 1);
        metrics.record_timing(Duration::ZERO, ["a"]);
        no_content()
    });
    let service = MetricsLayer::named(client, "a").layer(service);
    let response = block_on(service.oneshot(get("/"))).unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(recorder.lines(), [""; 0]);
    assert_eq!(recorder.stats().refused.total(), 0);
}

#[test]
fn parts_of_a_path_are_anything_that_can_be_displayed() {
    let (client, mut recorder) = start();
    let metrics = RequestMetrics::new(client);
    metrics.increase_counter(["a"], 1);
    metrics.increase_counter(["a", "b", "c"], 1);
    metrics.increase_counter([1, 2], 1);
    metrics.increase_counter(vec![String::from("a"), String::from("b")], 1);
    metrics.increase_counter([&"a" as &dyn std::fmt::Display, &7], 1);
    metrics.increase_counter(["evil:1|c\nfake"], 1);
    metrics.increase_counter([""; 0], 1);
    let expected = ["a", "a.b.c", "1.2", "a.b", "a.7", "evil_1_c_fake"];
    let expected = expected.map(|path| format!("counters.{path}"));
    assert_eq!(recorder.names(), expected);
    assert_eq!(recorder.stats().refused.invalid, 1);
}

#[cfg(feature = "axum")]
mod axum {
    use ::axum::Router;
    use ::axum::body::Body;
    use ::axum::routing::{get, post};

    use super::*;

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
            ("POST", "/orders"),
            ("DELETE", "/orders"),
            ("GET", "/users/7"),
            ("BREW", "/users/8"),
            ("GET", "/nowhere/9"),
            ("GET", "/files/10"),
        ] {
            let request = Request::builder().method(method).uri(path);
            let request = request.body(Body::empty()).unwrap();
            block_on(app.clone().oneshot(request)).unwrap();
        }
        let expected = [
            "timers.root.GET.200",
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
    fn a_handler_takes_its_metrics_as_an_argument() {
        async fn my_handler(metrics: RequestMetrics) -> StatusCode {
            drop(metrics.execution_timer(["some-operation"]));
            metrics.client().gauge("level", 1);
            StatusCode::NO_CONTENT
        }

        let (client, mut recorder) = start();
        let layer = MetricsLayer::named(client, "MyHandler");
        let app = Router::new()
            .route("/", get(my_handler).layer(layer))
            .route("/without", get(my_handler));
        for path in ["/", "/without"] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = block_on(app.clone().oneshot(request)).unwrap();
            assert_eq!(response.status(), StatusCode::NO_CONTENT);
        }
        let expected = [
            "timers.some-operation",
            "gauges.level",
            "timers.MyHandler.GET.204",
        ];
        assert_eq!(recorder.names(), expected);
    }
}

fn start() -> (Client, Recorder) {
    recorder(Config::new("localhost")).unwrap()
}

fn get(path: &str) -> Request<()> {
    Request::get(path).body(()).unwrap()
}

fn no_content() -> Result<Response<()>, &'static str> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
