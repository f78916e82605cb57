//! A layer with a client that has a scope or tags of its own.

use super::*;

#[test]
fn a_scope_and_tags_are_in_all_that_the_layer_and_its_handlers_record() {
    let (client, mut recorder) = start_tagged();
    let client = client.scoped("web").tagged(&[("service", "shop")]);
    let layer = MetricsLayer::named(client, "/users/{id}").tagged("http.request");
    let layer = layer.in_flight("http.in_flight");
    answer(&layer);
    let expected = [
        "web.http.in_flight:1|g|#service:shop",
        "web.shown:1|c|#service:shop",
        "web.database.queries:2|c|#service:shop",
        "web.lookup:0|ms|#service:shop",
        "web.http.request:0|d|#service:shop,route:/users/{id},method:GET,status:204",
        "web.http.in_flight:0|g|#service:shop",
    ];
    assert_eq!(recorder.lines(), expected);
}

#[test]
fn a_scope_precedes_the_kind_of_each_name() {
    let (client, mut recorder) = recorder(Config::new("localhost").prefix("shop")).unwrap();
    let layer = MetricsLayer::named(client.scoped("web"), "MyHandler");
    answer(&layer.in_flight("open"));
    let expected = [
        "shop.web.gauges.open",
        "shop.web.counters.shown",
        "shop.web.database.counters.queries",
        "shop.web.timers.lookup",
        "shop.web.timers.MyHandler.GET.204",
        "shop.web.gauges.open",
    ];
    assert_eq!(recorder.names(), expected);
}

/// A tag of the client with the key of a request's tag does not appear twice.
#[test]
fn a_tag_of_the_request_replaces_one_of_the_client() {
    let (client, mut recorder) = start_tagged();
    let client = client.tagged(&[("route", "any"), ("status", "any")]);
    let layer = MetricsLayer::named(client, "a").tagged("http.request");
    answer(&layer);
    let lines = recorder.lines();
    let request = lines.last().expect("it is recorded");
    assert_eq!(request, "http.request:0|d|#route:a,method:GET,status:204");
    assert_eq!(lines[0], "shown:1|c|#route:any,status:any");
}

/// Answers a request with a handler that records metrics of its own.
fn answer(layer: &MetricsLayer<Fixed>) {
    let service = service_fn(async |request: Request<()>| {
        let metrics = RequestMetrics::of(request.extensions());
        metrics.increase_counter("shown");
        let database = metrics.client().scoped("database");
        database.incr("queries", 2);
        drop(metrics.execution_timer("lookup"));
        no_content()
    });
    block_on(layer.layer(service).oneshot(get("/"))).unwrap();
}
