//! Recording allocates nothing once the buffers are there, and neither does sending.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use statsd_proto::{Client, Config, Driver, Input, Metric, Output, Transport};

#[test]
fn a_metric_allocates_nothing_on_the_callers_thread() {
    let (client, _driver) = start(Transport::Tcp);
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
fn a_steady_flow_over_tcp_allocates_nothing_at_all() {
    assert_eq!(allocations_of_a_steady_flow(Transport::Tcp), 0);
}

#[test]
fn a_steady_flow_over_udp_allocates_nothing_at_all() {
    assert_eq!(allocations_of_a_steady_flow(Transport::Udp), 0);
}

/// Counts on one thread that records and drives: the caller's part and the driver's.
fn allocations_of_a_steady_flow(transport: Transport) -> u64 {
    let (client, mut driver) = start(transport);
    let mut round = || {
        for _ in 0..500 {
            record_each_kind(&client);
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
    let stats = client.stats();
    assert_eq!(stats.refused.total(), 0);
    assert!(stats.sent > 500_000, "{stats:?}");
    allocations.count_total
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
}

/// A client and its driver, with a clock that goes on by a second with every poll.
fn start(transport: Transport) -> (Client, Driver) {
    let config = Config::new(IpAddr::from(Ipv4Addr::LOCALHOST).to_string()).transport(transport);
    let (origin, seconds) = (origin(), Arc::new(AtomicU64::new(0)));
    let clock = move || origin + Duration::from_secs(seconds.fetch_add(1, Ordering::Relaxed));
    Driver::new(&config, clock).expect("the configuration works")
}

/// Sends everything.
fn drive(driver: &mut Driver) {
    let mut idle = 0;
    // Twice in a row, since time passes only with polls.
    while idle < 2 {
        let input = match driver.poll() {
            Output::Connect(_) => Input::Connected,
            Output::Transmit(transmit) => Input::Written(transmit.first_datagram().1),
            Output::Wait(_) => {
                idle += 1;
                continue;
            }
            Output::Disconnect | Output::Finished(_) | Output::Resolve(_) => {
                unreachable!("nothing breaks here")
            }
        };
        idle = 0;
        driver.handle(input);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "virtual time needs one instant to start from"
)]
fn origin() -> Instant {
    Instant::now()
}
