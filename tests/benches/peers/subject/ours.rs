//! This workspace's client, on each runtime.

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Duration;

use smol::future::block_on;
use statsd_proto::{Client, Config, Metric, RecordError, Transport};
use tests::adapter::Adapter;

use super::{COUNTER, Kind, MAX_DATAGRAM, MILLISECONDS, Subject, TAGS, TIMER, Target};

pub(super) fn tcp<A: Adapter + 'static>(to: Target) -> Box<dyn Subject> {
    Box::new(ByName::<A>::start(config(to.tcp)))
}

/// Without a pace, since no peer has one.
pub(super) fn udp<A: Adapter + 'static>(to: Target) -> Box<dyn Subject> {
    let config = config(to.udp)
        .transport(Transport::Udp)
        .max_datagram(MAX_DATAGRAM)
        .pace(None);
    Box::new(ByName::<A>::start(config))
}

fn config(to: SocketAddr) -> Config {
    Config::new(to.ip().to_string())
        .port(to.port())
        .kind_prefixes(false)
}

/// Metrics whose names are rendered at every call.
struct ByName<A: Adapter> {
    client: Client,
    /// They run until the program ends.
    _running: (A, A::Connector),
}

impl<A: Adapter> ByName<A> {
    fn start(config: Config) -> Self {
        let runtime = A::new();
        let connector = runtime.start(config).expect("the configuration is valid");
        Self {
            client: A::client(&connector),
            _running: (runtime, connector),
        }
    }
}

impl<A: Adapter> Subject for ByName<A> {
    fn record(&self, kind: Kind, calls: usize) {
        let elapsed = Duration::from_millis(MILLISECONDS.into());
        for _ in 0..calls {
            match kind {
                Kind::Count => record(&self.client, &Metric::counter(black_box(COUNTER), 1)),
                Kind::Tagged => {
                    let tags = black_box(TAGS);
                    let metric = Metric::counter(black_box(COUNTER), 1);
                    record(&self.client, &metric.tags(&tags));
                }
                Kind::Timing => {
                    let metric = Metric::timing(black_box(TIMER), black_box(elapsed));
                    record(&self.client, &metric);
                }
            }
        }
    }

    fn flush(&self) {
        block_on(self.client.flush());
    }
}

/// Waits for room where a client that sends from its caller's thread would wait for the kernel.
fn record(client: &Client, metric: &Metric<'_>) {
    while let Err(error) = client.record(metric) {
        assert_eq!(error, RecordError::QueueFull);
        block_on(client.ready());
    }
}
