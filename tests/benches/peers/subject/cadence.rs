//! The `cadence` crate.

use std::hint::black_box;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cadence::prelude::*;
use cadence::{BufferedUdpMetricSink, MetricSink, QueuingMetricSink, SinkStats, StatsdClient};

use super::{COUNTER, Kind, MAX_DATAGRAM, MILLISECONDS, Subject, TAGS, TIMER, Target};

/// Sends from the caller's thread.
pub(super) fn buffered(to: Target) -> Box<dyn Subject> {
    let client = StatsdClient::from_sink("", sink(to.udp));
    Box::new(Cadence {
        client,
        queue: None,
    })
}

/// Sends from a thread of its own, through an unbounded queue.
pub(super) fn queuing(to: Target) -> Box<dyn Subject> {
    let queue = Queue::new(QueuingMetricSink::from(sink(to.udp)));
    Box::new(Cadence {
        client: StatsdClient::from_sink("", queue.clone()),
        queue: Some(queue),
    })
}

pub(super) fn sink(to: SocketAddr) -> BufferedUdpMetricSink {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("the loopback has ports");
    BufferedUdpMetricSink::with_capacity(to, socket, MAX_DATAGRAM)
        .expect("an address needs no lookup")
}

struct Cadence {
    client: StatsdClient,
    queue: Option<Queue>,
}

impl Subject for Cadence {
    fn record(&self, kind: Kind, calls: usize) {
        for _ in 0..calls {
            let sent = match kind {
                Kind::Count => self.client.count(black_box(COUNTER), 1).map(drop),
                Kind::Tagged => {
                    let [region, method] = black_box(TAGS);
                    self.client
                        .count_with_tags(black_box(COUNTER), 1)
                        .with_tag(region.0, region.1)
                        .with_tag(method.0, method.1)
                        .try_send()
                        .map(drop)
                }
                Kind::Timing => {
                    let milliseconds = u64::from(black_box(MILLISECONDS));
                    self.client.time(black_box(TIMER), milliseconds).map(drop)
                }
            };
            sent.expect("the receiver is there, and the queue has no bounds");
        }
    }

    fn flush(&self) {
        match &self.queue {
            Some(queue) => queue.drain(),
            None => self.client.flush().expect("the receiver is there"),
        }
    }
}

/// A queue that can be asked whether it is empty when a client has it.
#[derive(Clone)]
pub(super) struct Queue(Arc<QueuingMetricSink>);

impl Queue {
    pub(super) fn new(sink: QueuingMetricSink) -> Self {
        Self(Arc::new(sink))
    }

    /// A flush goes past what is queued, so that has to go first.
    pub(super) fn drain(&self) {
        while self.0.queued() > 0 {
            thread::sleep(Duration::from_millis(2));
        }
        // The last one counts as gone before it is.
        thread::sleep(Duration::from_millis(2));
        self.0.flush().expect("the receiver is there");
    }
}

impl MetricSink for Queue {
    fn emit(&self, metric: &str) -> io::Result<usize> {
        self.0.emit(metric)
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }

    fn stats(&self) -> SinkStats {
        self.0.stats()
    }
}
