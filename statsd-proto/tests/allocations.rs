//! Recording allocates nothing once the buffers are there, and neither does sending.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use statsd_proto::dogstatsd::{Cardinality, Event, ServiceCheck, Status};
use statsd_proto::driver::{Driver, Input, Output};
use statsd_proto::{Client, Config, Dialect, Metric, Transport};

#[test]
fn a_metric_allocates_nothing_on_the_callers_thread() {
    let (client, _driver) = start(config(Transport::Tcp));
    record_each_kind(&client);
    // Far below what fills the first buffer.
    let info = allocation_counter::measure(|| {
        for _ in 0..10 {
            record_each_kind(&client);
        }
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn several_values_events_and_service_checks_allocate_nothing() {
    for dialect in [Dialect::DogStatsd, Dialect::Graphite] {
        let config = config(Transport::Udp).dialect(dialect);
        let (client, _driver) = start(config);
        // A thread's first metric takes the memory for all others.
        client.incr("first", 1);
        let info = allocation_counter::measure(|| record_the_unusual(&client, dialect));
        assert_eq!(info.count_total, 0, "{dialect:?}");
    }
}

#[test]
fn tags_in_a_call_and_groups_that_are_used_again_allocate_nothing() {
    let (client, _driver) = start(config(Transport::Udp).dialect(Dialect::DogStatsd));
    let scope = client.scoped("db").tagged(&[("shard", "3")]);
    let mut group = scope.group();
    let mut record = || {
        let count = client.count("logins", 1).tag("method", "card");
        count.tag("region", "eu").rate(1.0).send();
        let level = scope.metric(Metric::gauge("depth", 3));
        level.tags(&[("queue", "mail")]).send();
        client.start().timing("http").tag("status", "200").send();
        group.incr("requests", 1);
        group.gauge("open", 2);
        group.send();
    };
    record();
    let info = allocation_counter::measure(|| (0..10).for_each(|_| record()));
    assert_eq!(info.count_total, 0);
}

#[test]
fn a_steady_flow_over_tcp_allocates_nothing_at_all() {
    assert_eq!(allocations_of_a_steady_flow(Transport::Tcp), 0);
}

#[test]
fn a_steady_flow_over_udp_allocates_nothing_at_all() {
    assert_eq!(allocations_of_a_steady_flow(Transport::Udp), 0);
}

#[test]
fn a_steady_flow_through_handles_allocates_nothing_at_all() {
    let (client, driver) = start(config(Transport::Udp));
    let record = record_by_handle(&client);
    assert_eq!(allocations_of(&client, driver, record), 0);
    assert!(client.stats().sent > 500_000, "{:?}", client.stats());
}

#[test]
fn aggregation_allocates_nothing_at_all() {
    let config = config(Transport::Udp).aggregate(Some(Duration::from_secs(2)));
    let (client, driver) = start(config);
    let record = record_by_handle(&client);
    let allocations = allocations_of(&client, driver, || {
        record();
        client.incr("orders", 1);
        client.gauge("queue", 17.25);
        client.timing("checkout", Duration::from_micros(48_250));
    });
    assert_eq!(allocations, 0);
    assert!(client.stats().sent > 1000, "{:?}", client.stats());
}

#[test]
fn names_used_once_allocate_nothing() {
    let (client, mut driver) = start(config(Transport::Tcp));
    let names: Vec<String> = (0..40_000)
        .map(|number| format!("session.{number:05}"))
        .collect();
    let mut rounds = names.chunks(500);
    let mut round = || {
        for name in rounds.next().expect("there are rounds enough") {
            client.incr(name, 1);
        }
        drive(&mut driver);
    };
    for _ in 0..40 {
        round();
    }
    let info = allocation_counter::measure(|| {
        for _ in 0..40 {
            round();
        }
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn a_metric_that_is_too_long_allocates_nothing() {
    let (client, _driver) = start(config(Transport::Tcp));
    let name = "n".repeat(1 << 20);
    client.incr("first", 1);
    let info = allocation_counter::measure(|| {
        client.incr(&name, 1);
        client.set("x", &name);
    });
    assert_eq!(info.count_total, 0);
    assert_eq!(client.stats().refused.too_long, 2);
}

#[test]
fn a_flow_through_a_queue_that_is_nearly_full_allocates_nothing_at_all() {
    const BOUND: u64 = 4 * 1024 * 1024;
    for transport in [Transport::Tcp, Transport::Udp] {
        let (client, mut driver) = start(config(transport).max_queue_bytes(BOUND as usize));
        let mut round = || {
            let metric = Metric::counter("a.name.of.a.length.in.use", 1);
            while client.stats().queued_bytes < BOUND * 7 / 8 {
                (0..1000).for_each(|_| client.record(&metric).unwrap());
            }
            while client.stats().queued_bytes > BOUND / 2 {
                step(&mut driver);
            }
        };
        (0..3).for_each(|_| round());
        let allocations = allocation_counter::measure(|| (0..3).for_each(|_| round()));
        assert_eq!(allocations.count_total, 0, "{transport:?}");
        assert!(client.stats().bytes > BOUND, "{:?}", client.stats());
    }
}

#[test]
fn a_full_queue_takes_no_more_memory_than_its_bound_and_two_mib() {
    const BOUND: usize = 4 * 1024 * 1024;
    for config in [
        config(Transport::Tcp),
        config(Transport::Udp),
        config(Transport::Tcp).unix_datagram("statsd.sock"),
        config(Transport::Tcp).unix_stream("statsd.sock"),
    ] {
        let config = config.dialect(Dialect::DogStatsd).max_queue_bytes(BOUND);
        for name in ["n", "a.name.of.a.length.in.use", &"n".repeat(700)] {
            let info = allocation_counter::measure(|| {
                let (client, mut driver) = start(config.clone());
                for _ in 0..2 {
                    let metric = Metric::counter(name, 1);
                    while client.record(&metric).is_ok() {}
                    drive(&mut driver);
                }
                assert_eq!(client.stats().refused.full, 2);
                assert!(client.stats().bytes > BOUND as u64);
            });
            let most = BOUND as u64 + 2 * 1024 * 1024;
            assert!(info.bytes_max < most, "{config:?}: {info:?}");
        }
    }
}

fn allocations_of_a_steady_flow(transport: Transport) -> u64 {
    let (client, driver) = start(config(transport));
    let allocations = allocations_of(&client, driver, || record_each_kind(&client));
    assert!(client.stats().sent > 500_000, "{:?}", client.stats());
    allocations
}

/// Counts on one thread that records and drives: the caller's part and the driver's.
fn allocations_of(client: &Client, mut driver: Driver, record: impl Fn()) -> u64 {
    let mut round = || {
        for _ in 0..500 {
            record();
        }
        drive(&mut driver);
    };
    for _ in 0..100 {
        round();
    }
    let allocations = allocation_counter::measure(|| {
        for _ in 0..100 {
            round();
        }
    });
    assert_eq!(client.stats().refused.total(), 0);
    allocations.count_total
}

fn record_by_handle(client: &Client) -> impl Fn() + use<> {
    let orders = client.prepare("orders").tag("method", "card").counter();
    let queue = client.prepare("queue").gauge();
    let sessions = client.prepare("sessions").gauge_delta();
    let checkout = client.prepare("checkout").rate(0.5).timing();
    let (orders, queue) = (orders.expect("a name"), queue.expect("a name"));
    let (sessions, checkout) = (sessions.expect("a name"), checkout.expect("a name"));
    move || {
        orders.incr();
        orders.add(20_u8);
        queue.set(-17.25);
        sessions.add(1);
        checkout.record(Duration::from_micros(48_250));
    }
}

fn record_each_kind(client: &Client) {
    client.incr("orders", 1);
    client.gauge("queue", 17.25);
    client.gauge("temperature", -4);
    client.timing("checkout", Duration::from_micros(48_250));
    client.set("visitors", "anna");
    client.incr("a name that : has to be | replaced", u64::MAX);
    let tags = [("method", "password"), ("region", "eu-west-1")];
    let tagged = Metric::counter("logins", 1).tags(&tags).sampled_at(0.5);
    client.record(&tagged).expect("the queue is never full");
    client
        .record_line("shop.logins:1|c|@0.5|#method:password")
        .expect("it is a line, and the queue is never full");
}

fn config(transport: Transport) -> Config {
    Config::new(IpAddr::from(Ipv4Addr::LOCALHOST).to_string()).transport(transport)
}

fn record_the_unusual(client: &Client, dialect: Dialect) {
    let tags = [("method", "password"), ("region", "eu-west-1")];
    let timings = Metric::timings_ms("checkout", &[1.5, 2.0, 48.25]).tags(&tags);
    client.record(&timings).expect("every dialect has timings");
    if dialect != Dialect::DogStatsd {
        return;
    }
    let counter = Metric::counter("logins", 1)
        .timestamp(1_656_581_400)
        .cardinality(Cardinality::Low);
    client.record(&counter).expect("the agent has extras");
    let event = Event::new("deployed", "by\nhand").tags(&tags);
    client.event(&event).expect("the agent has events");
    let check = ServiceCheck::new("db.up", Status::Ok).message("m: fine");
    client.service_check(&check).expect("the agent has checks");
}

/// A client and its driver, with a clock that goes on by a second with every poll.
fn start(config: Config) -> (Client, Driver) {
    let (origin, calls) = (origin(), Arc::new(AtomicU64::new(0)));
    // Longer than the flush interval, and too short for the client to come to rest between two rounds.
    let tick = Duration::from_millis(200);
    let clock = move || origin + tick * calls.fetch_add(1, Ordering::Relaxed) as u32;
    Driver::new(&config, clock).expect("the configuration works")
}

/// Sends everything.
fn drive(driver: &mut Driver) {
    let mut idle = 0;
    // Twice in a row, since time passes only with polls.
    while idle < 2 {
        idle = if step(driver) { 0 } else { idle + 1 };
    }
}

/// Does what the driver has to do next, if there is anything but to wait.
fn step(driver: &mut Driver) -> bool {
    let input = match driver.poll() {
        Output::Connect(_) => Input::Connected,
        Output::Transmit(transmit) => Input::Written(transmit.first_datagram().1),
        Output::Wait(_) => return false,
        Output::Disconnect | Output::Finished(_) | Output::Resolve(_) => {
            unreachable!("nothing breaks here")
        }
    };
    driver.handle(input);
    true
}

#[expect(
    clippy::disallowed_methods,
    reason = "virtual time needs one instant to start from"
)]
fn origin() -> Instant {
    Instant::now()
}
