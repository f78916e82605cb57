//! Finding the server by its name or address.

use std::net::{IpAddr, Ipv6Addr, TcpListener, ToSocketAddrs};
use std::time::Duration;

use tests::adapter::Adapter;
use tests::server::Server;
use tests::skip::skipped;
use tests::timeout::eventually;

use crate::world::{World, count, counted};

pub(crate) fn localhost_is_reached_at_each_of_its_addresses<A: Adapter>(world: &World<A>) {
    let found = ("localhost", 0).to_socket_addrs();
    let found: Vec<_> = found.expect("every machine knows localhost").collect();
    if found.len() < 2 {
        skipped(&format!(
            "localhost is only {found:?}, and there is no second to try"
        ));
    }
    for address in found {
        // The other addresses refuse, and must not keep this one from being tried.
        let server = Server::start_at(address.ip(), world.carrier);
        let statsd = world.start(world.config_for("localhost", server.address().port()));
        count(&statsd.client(), 0..10);
        assert_eq!(server.wait_for(10), counted(0..10), "at {address}");
        statsd.stop();
    }
}

pub(crate) fn an_ipv6_address_is_reached_with_and_without_brackets<A: Adapter>(world: &World<A>) {
    if let Err(error) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
        skipped(&format!("there is no IPv6 loopback: {error}"));
        return;
    }
    let loopback = IpAddr::V6(Ipv6Addr::LOCALHOST);
    for host in ["::1", "[::1]"] {
        let server = Server::start_at(loopback, world.carrier);
        let statsd = world.start(world.config_for(host, server.address().port()));
        count(&statsd.client(), 0..10);
        statsd.stop();
        assert_eq!(server.wait_for_end(10), counted(0..10), "at {host}");
    }
}

pub(crate) fn a_host_that_cannot_be_found_does_not_keep_stop_waiting<A: Adapter>(world: &World<A>) {
    // Reserved never to exist; how soon that is known depends on the machine.
    let config = world.config_for("statsd.invalid", 8125);
    let config = config.connect_timeout(Duration::from_millis(200));
    let statsd = world.start(config.close_timeout(Duration::from_millis(200)));
    let client = statsd.client();
    count(&client, 0..10);
    eventually("two look-ups in vain", || {
        client.stats().connect_failures >= 2
    });
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (0, 10));
}
