//! Allocations of the layer for each request. A program of its own, since counting takes the allocator.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use axum::routing::get;
use futures::executor::block_on;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use tower::util::MapResponseLayer;

use statsd_tokio::Config;
use statsd_tokio::testing::recorder;
use statsd_tokio::web::{ByRoute as _, MetricsLayer};

#[test]
fn the_layer_allocates_nothing_beyond_what_axum_does() {
    fn allocations(app: Router) -> u64 {
        // As `axum::serve` does: routes are made once, and not for each request.
        let app = app.with_state(());
        let requests = |count| {
            let request = || Request::get("/users/7").body(Body::empty()).unwrap();
            let requests: Vec<_> = (0..count).map(|_| request()).collect();
            let requests = requests.into_iter();
            let answer = |request| drop(block_on(app.clone().oneshot(request)).unwrap());
            allocation_counter::measure(|| requests.for_each(answer)).count_total
        };
        // The client's own room comes first.
        requests(3);
        requests(REQUESTS)
    }

    let app = || Router::new().route("/users/{id}", get(async || "user"));
    let (client, _recorder) = recorder(Config::dogstatsd("localhost")).unwrap();
    let scoped = client.scoped("web").tagged(&[("team", "billing")]);
    let layer = |client| MetricsLayer::by_route(client).tagged("http.request");
    let layer = |client| layer(client).in_flight("http.in_flight");
    // For a layer that changes nothing, axum boxes a service, a future and a body all the same.
    let unchanged = MapResponseLayer::new(|response: Response| {
        response.map(|body| body.map_err(|error| error))
    });
    let without = allocations(app().layer(unchanged));
    for client in [client, scoped] {
        let with = allocations(app().layer(layer(client.clone())));
        let with_less = allocations(app().layer(layer(client).without_request_metrics()));
        assert_eq!((with - without, with_less - without), (REQUESTS as u64, 0));
    }
}

/// Few enough for their lines to fit in the first buffer of the client.
const REQUESTS: usize = 20;
