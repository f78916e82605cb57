mod scoped;

use std::convert::Infallible;
use std::future::{self, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::channel::{mpsc, oneshot};
use futures::executor::block_on;
use futures::stream::Map;
use http::response::Builder;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::{Fixed, MeasuredBody, MetricsLayer, RequestMetrics};
use crate::client::Client;
use crate::config::Config;
use crate::testing::{Recorder, recorder};

#[test]
fn the_time_of_a_request_comes_after_what_its_handler_recorded() {
    let (client, mut recorder) = start();
    let (finish, finished) = oneshot::channel();
    let mut finished = Some(finished);
    let service = service_fn(move |request: Request<()>| {
        let finished = finished.take().unwrap();
        async move {
            let metrics = RequestMetrics::of(request.extensions());
            let _timer = metrics.execution_timer("some-operation");
            metrics.increase_counter_by(("users", "shown"), 2);
            metrics.increase_counter(["users", "seen"]);
            metrics.record_timing(("db", 7), Duration::from_millis(7));
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
        "counters.users.seen:1|c",
        "timers.db.7:7|ms",
        "timers.some-operation:250|ms",
        "timers.MyHandler.GET.204:250|ms",
    ];
    assert_eq!(recorder.lines(), expected);
}

#[test]
fn a_request_that_fails_is_an_error() {
    let (client, mut recorder) = start();
    let service = service_fn(|_| future::ready(Err::<Response<Empty<Bytes>>, _>("no")));
    let service = MetricsLayer::named(client, "a").layer(service);
    assert_eq!(block_on(service.oneshot(get("/"))).unwrap_err(), "no");
    assert_eq!(recorder.names(), ["timers.a.GET.error"]);
}

#[test]
fn a_request_whose_client_goes_away_is_cancelled() {
    let (client, mut recorder) = start();
    let service = service_fn(async |request: Request<()>| {
        let metrics = RequestMetrics::of(request.extensions());
        let _timer = metrics.execution_timer("wait");
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
fn a_request_whose_handler_panics_differs_from_a_cancelled_one() {
    let (client, mut recorder) = start();
    let panics = |in_call: bool| {
        let service = service_fn(move |_: Request<()>| {
            if in_call {
                panic_silently();
            }
            async move {
                panic_silently();
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
fn with_tags_all_requests_have_one_name() {
    type Set<N> = fn(MetricsLayer<N>) -> MetricsLayer<N>;
    let kinds: [(Set<_>, &str); 3] = [
        (|layer| layer.tagged("http.request"), "d"),
        (|layer| layer.tagged_histogram("http.request"), "h"),
        (|layer| layer.tagged_timing("http.request"), "ms"),
    ];
    for (set, code) in kinds {
        let (client, mut recorder) = start_tagged();
        let layer = set(MetricsLayer::named(client, "/users/{id}"));
        let service = layer.layer(service_fn(async |_| no_content()));
        let brew = Request::builder().method("BREW").body(()).unwrap();
        block_on(service.clone().oneshot(brew)).unwrap();
        let service = layer.layer(service_fn(|_: Request<()>| pending::<Answer>()));
        {
            let mut response = pin!(service.oneshot(get("/")));
            assert!(poll(response.as_mut()).is_pending());
            recorder.advance(Duration::from_micros(12_345));
        }
        let expected = [("0", "OTHER", "204"), ("12.345", "GET", "cancelled")];
        let expected = expected.map(|(value, method, status)| {
            format!(
                "http.request:{value}|{code}|#route:/users/{{id}},method:{method},status:{status}"
            )
        });
        assert_eq!(recorder.lines(), expected);
    }
}

#[test]
fn the_time_ends_with_the_body() {
    let (client, mut recorder) = start();
    let layer = MetricsLayer::named(client, "a");
    let (frames, mut body) = stream(&layer, Response::builder());
    recorder.advance(Duration::from_millis(10));
    frames.unbounded_send(Ok(data("one"))).unwrap();
    assert!(poll_frame(&mut body).is_ready());
    assert!(poll_frame(&mut body).is_pending());
    recorder.advance(Duration::from_millis(10));
    drop(frames);
    assert!(poll_frame(&mut body).is_ready());
    recorder.advance(Duration::from_millis(10));
    drop(body);
    assert_eq!(recorder.lines(), ["timers.a.GET.200:20|ms"]);
}

#[test]
fn the_time_to_the_head_is_an_option() {
    let (client, mut recorder) = start();
    let layer = MetricsLayer::named(client, "a").until_head();
    let (frames, body) = stream(&layer, Response::builder());
    recorder.advance(Duration::from_millis(10));
    drop((frames, body));
    assert_eq!(recorder.lines(), ["timers.a.GET.200:0|ms"]);
}

#[test]
fn a_body_that_fails_or_is_cancelled_or_panics_differs_from_one_that_was_sent() {
    type End = fn(Frames, Streamed);
    let ends: [(End, &str); 4] = [
        (
            |frames, mut body| {
                drop(frames);
                assert!(poll_frame(&mut body).is_ready());
            },
            "",
        ),
        (
            |frames, mut body| {
                frames.unbounded_send(Err("broken")).unwrap();
                assert!(poll_frame(&mut body).is_ready());
            },
            "error",
        ),
        (|_, body| drop(body), "cancelled"),
        (
            |frames, mut body| {
                frames.unbounded_send(Err("panic")).unwrap();
                let polled = AssertUnwindSafe(|| drop(poll_frame(&mut body)));
                assert!(catch_unwind(polled).is_err());
            },
            "panicked",
        ),
    ];
    for (end, outcome) in ends {
        let (client, mut recorder) = start();
        let (frames, body) = stream(&MetricsLayer::named(client, "a"), Response::builder());
        end(frames, body);
        let path = format!("timers.a.GET.200_{outcome}");
        assert_eq!(recorder.names(), [path.trim_end_matches('_')]);

        let (client, mut recorder) = start_tagged();
        let layer = MetricsLayer::named(client, "a").tagged("request");
        let (frames, body) = stream(&layer, Response::builder());
        end(frames, body);
        let line = format!("request:0|d|#route:a,method:GET,status:200,body:{outcome}");
        assert_eq!(recorder.lines(), [line.trim_end_matches(",body:")]);
    }
}

#[test]
fn a_body_is_over_when_its_server_asks_for_no_more() {
    let (client, mut recorder) = start();
    let layer = MetricsLayer::named(client, "a");
    // A server reads no frame beyond the announced length.
    let head = Response::builder().header("content-length", "5");
    let (frames, mut body) = stream(&layer, head);
    for part in ["on", "e", "two"] {
        frames.unbounded_send(Ok(data(part))).unwrap();
        assert!(poll_frame(&mut body).is_ready());
    }
    drop(body);
    // A server reads no frame after the one that the body marks as its last.
    let full = service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Full::new(&b"one"[..])))
    });
    let mut body = block_on(layer.layer(full).oneshot(get("/")))
        .unwrap()
        .into_body();
    assert!(poll(pin!(body.frame())).is_ready());
    drop(body);
    // A server reads no body of a response that has none.
    for (method, status) in [
        ("HEAD", 200),
        ("GET", 204),
        ("GET", 304),
        ("CONNECT", 200),
        ("GET", 101),
    ] {
        let head = Response::builder().status(status);
        let request = Request::builder().method(method).body(()).unwrap();
        drop(respond(&layer, head, request));
    }
    let expected = [
        "GET.200",
        "GET.200",
        "HEAD.200",
        "GET.204",
        "GET.304",
        "CONNECT.200",
        "GET.101",
    ];
    let expected = expected.map(|path| format!("timers.a.{path}"));
    assert_eq!(recorder.names(), expected);
}

#[test]
fn a_call_of_grpc_has_a_status_of_its_own() {
    let (client, mut recorder) = start_tagged();
    let layer = MetricsLayer::named(client, "Check").tagged("rpc");
    let (frames, mut body) = stream(&layer, Response::builder());
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "5".parse().unwrap());
    frames.unbounded_send(Ok(data("message"))).unwrap();
    frames
        .unbounded_send(Ok(Frame::trailers(trailers)))
        .unwrap();
    assert!(poll_frame(&mut body).is_ready());
    assert!(poll_frame(&mut body).is_ready());
    drop(body);
    let (frames, body) = stream(&layer, Response::builder().header("grpc-status", "12"));
    drop((frames, body));
    let expected = [
        "rpc:0|d|#route:Check,method:GET,status:200,grpc_status:not_found",
        "rpc:0|d|#route:Check,method:GET,status:200,body:cancelled,grpc_status:unimplemented",
    ];
    assert_eq!(recorder.lines(), expected);
}

#[test]
fn requests_are_in_flight_until_their_bodies_end() {
    let (client, mut recorder) = start();
    for layer in [
        MetricsLayer::named(client.clone(), "a").in_flight("http.in_flight"),
        MetricsLayer::named(client, "a")
            .in_flight("http.in_flight")
            .until_head(),
    ] {
        let (_first, one) = stream(&layer, Response::builder());
        let (_second, two) = stream(&layer, Response::builder());
        drop(one);
        drop(two);
        let mut lines = recorder.lines();
        lines.retain(|line| line.starts_with("gauges."));
        assert_eq!(
            lines,
            ["1", "2", "1", "0"].map(|level| format!("gauges.http.in_flight:{level}|g"))
        );
    }
}

#[test]
fn the_last_level_of_requests_in_flight_is_the_one_that_stays() {
    let (client, mut recorder) = start();
    let layer = MetricsLayer::named(client, "a").in_flight("level");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    drop(stream(&layer, Response::builder()));
                }
            });
        }
    });
    let lines = recorder.lines();
    let mut levels = lines.iter().filter(|line| line.starts_with("gauges."));
    assert_eq!(levels.clone().count(), 4000);
    assert_eq!(levels.next_back().unwrap(), "gauges.level:0|g");
}

#[test]
fn a_client_that_is_not_enabled_records_nothing() {
    let (client, mut recorder) = recorder(Config::new("localhost").enabled(false)).unwrap();
    let service = service_fn(async |request: Request<()>| {
        let metrics = RequestMetrics::of(request.extensions());
        assert!(metrics.client().is_noop());
        let _timer = metrics.execution_timer("a");
        metrics.increase_counter("a");
        metrics.record_timing("a", Duration::ZERO);
        no_content()
    });
    let service = MetricsLayer::named(client, "a")
        .in_flight("b")
        .layer(service);
    let response = block_on(service.oneshot(get("/"))).unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(recorder.lines(), [""; 0]);
    assert_eq!(recorder.stats().refused.total(), 0);
}

#[test]
fn text_of_a_path_is_sanitized() {
    let (client, mut recorder) = start();
    let metrics = RequestMetrics::new(client);
    metrics.increase_counter(("evil:1|c\nfake", 7));
    metrics.increase_counter([""; 0]);
    assert_eq!(recorder.names(), ["counters.evil_1_c_fake.7"]);
    assert_eq!(recorder.stats().refused.invalid, 1);
}

type Answer = Result<Response<Empty<Bytes>>, &'static str>;
type Frames = mpsc::UnboundedSender<Item>;
type Item = Result<Frame<Bytes>, &'static str>;
type Streamed = MeasuredBody<Source, Arc<str>>;

/// Body whose frames are sent through a channel.
type Source = StreamBody<Map<mpsc::UnboundedReceiver<Item>, fn(Item) -> Item>>;

fn start() -> (Client, Recorder) {
    recorder(Config::new("localhost")).unwrap()
}

fn start_tagged() -> (Client, Recorder) {
    recorder(Config::dogstatsd("localhost")).unwrap()
}

fn get(path: &str) -> Request<()> {
    Request::get(path).body(()).unwrap()
}

fn no_content() -> Answer {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// Returns the measured body of a response to a `GET`, and the sender of its frames.
fn stream(layer: &MetricsLayer<Fixed>, head: Builder) -> (Frames, Streamed) {
    respond(layer, head, get("/"))
}

fn respond(layer: &MetricsLayer<Fixed>, head: Builder, request: Request<()>) -> (Frames, Streamed) {
    let (frames, source) = mpsc::unbounded();
    let or_panic: fn(Item) -> Item = |item| {
        if item.as_ref().is_err_and(|error| *error == "panic") {
            panic_silently();
        }
        item
    };
    let mut response = Some(head.body(StreamBody::new(source.map(or_panic))).unwrap());
    let service = service_fn(move |_| future::ready(Ok::<_, Infallible>(response.take().unwrap())));
    let response = block_on(layer.layer(service).oneshot(request)).unwrap();
    (frames, response.into_body())
}

fn data(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(text.as_bytes()))
}

fn panic_silently() {
    std::panic::resume_unwind(Box::new("on purpose"));
}

fn poll_frame(body: &mut Streamed) -> Poll<Option<Item>> {
    poll(pin!(body.frame()))
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
