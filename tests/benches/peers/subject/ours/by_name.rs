//! Metrics that are encoded or looked up at each call.

use std::hint::black_box;
use std::time::Duration;

use smol::future::block_on;
use statsd_proto::{Client, Metric, RecordError};
use tests::adapter::Adapter;

use super::Ours;
use crate::subject::{COUNTER, Kind, MILLISECONDS, Subject, TAGS, TIMER};

pub(super) struct ByName<A: Adapter>(pub(super) Ours<A>);

impl<A: Adapter> Subject for ByName<A> {
    fn record(&self, kind: Kind, calls: usize) {
        let client = &self.0.client;
        let elapsed = Duration::from_millis(MILLISECONDS.into());
        for _ in 0..calls {
            match kind {
                Kind::Count => record(client, &Metric::counter(black_box(COUNTER), 1)),
                Kind::Tagged => {
                    let tags = black_box(TAGS);
                    let metric = Metric::counter(black_box(COUNTER), 1);
                    record(client, &metric.tags(&tags));
                }
                Kind::Timing => {
                    let metric = Metric::timing(black_box(TIMER), black_box(elapsed));
                    record(client, &metric);
                }
            }
        }
    }

    fn flush(&self) {
        block_on(self.0.client.flush());
    }
}

/// Waits for room where a client that sends from its caller's thread would wait for the kernel.
fn record(client: &Client, metric: &Metric<'_>) {
    while let Err(error) = client.record(metric) {
        assert_eq!(error, RecordError::QueueFull);
        block_on(client.ready());
    }
}
