//! The crates dogstatsd and statsd.

use std::net::UdpSocket;
use std::time::Duration;

use dogstatsd::{OptionsBuilder, ServiceStatus};
use statsd_proto::dogstatsd::{Event, ServiceCheck, Status};
use statsd_proto::{Config, Metric};
use tests::timeout::TIMEOUT;

use crate::{Row, assert_same};

#[test]
fn each_call_of_dogstatsd_sends_the_same_line() {
    const TAGS: [&str; 1] = ["paid_by:card"];
    const NONE: [&str; 0] = [];
    let rows: [Row<dogstatsd::Client>; 11] = [
        (
            |old| drop(old.incr("orders", TAGS)),
            |new| new.count("orders", 1).tag("paid_by", "card").send(),
            "shop.orders:1|c|#env:test,paid_by:card",
        ),
        (
            |old| drop(old.incr("orders", NONE)),
            |new| new.incr("orders", 1),
            "shop.orders:1|c|#env:test",
        ),
        (
            |old| drop(old.decr("stock", NONE)),
            |new| new.decr("stock", 1),
            "shop.stock:-1|c|#env:test",
        ),
        (
            |old| drop(old.count("orders", 3, NONE)),
            |new| new.incr("orders", 3),
            "shop.orders:3|c|#env:test",
        ),
        (
            |old| drop(old.gauge("queue", "17", TAGS)),
            |new| {
                new.metric(Metric::gauge("queue", 17))
                    .tag("paid_by", "card")
                    .send()
            },
            "shop.queue:17|g|#env:test,paid_by:card",
        ),
        (
            |old| drop(old.timing("checkout", 48, NONE)),
            |new| new.timing_ms("checkout", 48),
            "shop.checkout:48|ms|#env:test",
        ),
        (
            |old| drop(old.histogram("bytes", "512", NONE)),
            |new| new.histogram("bytes", 512),
            "shop.bytes:512|h|#env:test",
        ),
        (
            |old| drop(old.distribution("bytes", "512", NONE)),
            |new| new.distribution("bytes", 512),
            "shop.bytes:512|d|#env:test",
        ),
        (
            |old| drop(old.set("users", "anna", NONE)),
            |new| new.set("users", "anna"),
            "shop.users:anna|s|#env:test",
        ),
        (
            |old| drop(old.event("started", "no errors", NONE)),
            |new| {
                new.event(&Event::new("started", "no errors"))
                    .expect("it is one")
            },
            "_e{7,9}:started|no errors|#env:test",
        ),
        (
            |old| drop(old.service_check("db", ServiceStatus::OK, NONE, None)),
            |new| {
                new.service_check(&ServiceCheck::new("db", Status::Ok))
                    .expect("it is one")
            },
            "_sc|db|0|#env:test",
        ),
    ];
    let server = server();
    let address = server.local_addr().expect("it is bound").to_string();
    let mut options = OptionsBuilder::new();
    options
        .to_addr(address.clone())
        .namespace("shop".to_owned());
    let options = options.default_tag("env:test".to_owned()).build();
    let old = dogstatsd::Client::new(options).expect("the loopback has ports");
    let config = Config::dogstatsd(format!("udp://{address}"))
        .prefix("shop")
        .tag("env", "test");
    assert_same(&old, &config, &rows, || received(&server));
}

#[test]
fn each_call_of_statsd_sends_the_same_line() {
    let rows: [Row<statsd::Client>; 8] = [
        (
            |old| old.incr("orders"),
            |new| new.incr("orders", 1),
            "shop.orders:1|c",
        ),
        (
            |old| old.decr("stock"),
            |new| new.decr("stock", 1),
            "shop.stock:-1|c",
        ),
        (
            |old| old.count("orders", 3.0),
            |new| new.incr("orders", 3),
            "shop.orders:3|c",
        ),
        (
            |old| old.gauge("queue", 17.0),
            |new| new.gauge("queue", 17),
            "shop.queue:17|g",
        ),
        (
            |old| old.gauge("load", 0.25),
            |new| new.gauge("load", 0.25),
            "shop.load:0.25|g",
        ),
        (
            |old| old.timer("checkout", 48.5),
            |new| new.timing_ms("checkout", 48.5),
            "shop.checkout:48.5|ms",
        ),
        (
            |old| old.timer("checkout", 48.0),
            |new| new.timing("checkout", Duration::from_millis(48)),
            "shop.checkout:48|ms",
        ),
        (
            |old| old.kv("requests", 7.0),
            |new| new.inject_metric("requests", 7, "kv"),
            "shop.requests:7|kv",
        ),
    ];
    let server = server();
    let address = server.local_addr().expect("it is bound");
    let old = statsd::Client::new(address, "shop").expect("the loopback has ports");
    let config = Config::new(format!("udp://{address}"))
        .kind_prefixes(false)
        .prefix("shop");
    assert_same(&old, &config, &rows, || received(&server));
}

pub(crate) fn server() -> UdpSocket {
    let server = UdpSocket::bind("127.0.0.1:0").expect("the loopback has ports");
    let is_set = server.set_read_timeout(Some(TIMEOUT));
    is_set.expect("sockets have timeouts");
    server
}

/// The next datagram, which may have to be waited for.
pub(crate) fn received(server: &UdpSocket) -> String {
    let mut datagram = [0; 8192];
    let len = server.recv(&mut datagram).expect("a datagram in time");
    String::from_utf8(datagram[..len].to_vec()).expect("it is text")
}
