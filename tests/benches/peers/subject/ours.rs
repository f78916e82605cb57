//! This workspace's client, on each runtime.

mod by_name;
mod prepared;

use std::net::SocketAddr;
use std::time::Duration;

use statsd_proto::{Client, Config, Transport};
use tests::adapter::Adapter;

use self::by_name::ByName;
use self::prepared::Prepared;
use super::{MAX_DATAGRAM, Subject, Target};

pub(super) fn tcp<A: Adapter + 'static>(to: Target) -> Box<dyn Subject> {
    Box::new(ByName(Ours::<A>::start(config(to.tcp))))
}

pub(super) fn tcp_prepared<A: Adapter + 'static>(to: Target) -> Box<dyn Subject> {
    Box::new(Prepared::new(Ours::<A>::start(config(to.tcp))))
}

pub(super) fn udp<A: Adapter + 'static>(to: Target) -> Box<dyn Subject> {
    Box::new(ByName(Ours::<A>::start(datagrams(to.udp))))
}

pub(super) fn udp_prepared<A: Adapter + 'static>(to: Target) -> Box<dyn Subject> {
    Box::new(Prepared::new(Ours::<A>::start(datagrams(to.udp))))
}

pub(super) fn sums<A: Adapter + 'static>(to: Target) -> Box<dyn Subject> {
    Box::new(ByName(Ours::<A>::start(added_up(to.udp))))
}

pub(super) fn sums_prepared<A: Adapter + 'static>(to: Target) -> Box<dyn Subject> {
    Box::new(Prepared::new(Ours::<A>::start(added_up(to.udp))))
}

fn config(to: SocketAddr) -> Config {
    Config::new(to.ip().to_string())
        .port(to.port())
        .kind_prefixes(false)
}

/// Without a pace, since no peer has one.
fn datagrams(to: SocketAddr) -> Config {
    config(to)
        .transport(Transport::Udp)
        .max_datagram(MAX_DATAGRAM)
        .pace(None)
}

/// As often as lines are flushed.
fn added_up(to: SocketAddr) -> Config {
    datagrams(to).aggregate(Some(Duration::from_millis(100)))
}

struct Ours<A: Adapter> {
    client: Client,
    /// They run until the program ends.
    _running: (A, A::Connector),
}

impl<A: Adapter> Ours<A> {
    fn start(config: Config) -> Self {
        let runtime = A::new();
        let connector = runtime.start(config).expect("the configuration is valid");
        Self {
            client: A::client(&connector),
            _running: (runtime, connector),
        }
    }
}
