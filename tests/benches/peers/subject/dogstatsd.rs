//! The `dogstatsd` crate.

use std::hint::black_box;
use std::iter::empty;
use std::time::Duration;

use dogstatsd::{BatchingOptions, Client, OptionsBuilder};

use super::{COUNTER, Kind, MAX_DATAGRAM, MILLISECONDS, Subject, TIMER, Target};

/// Sends from a thread of its own, through an unbounded queue.
pub(super) fn batching(to: Target) -> Box<dyn Subject> {
    let options = OptionsBuilder::new()
        .to_addr(to.udp.to_string())
        .batching_options(BatchingOptions {
            max_buffer_size: MAX_DATAGRAM,
            // As often as this workspace's client does.
            max_time: Duration::from_millis(100),
            max_retry_attempts: 3,
            initial_retry_delay: 10,
        })
        .build();
    let client = Client::new(options).expect("the loopback has ports");
    Box::new(Dogstatsd { client })
}

struct Dogstatsd {
    client: Client,
}

impl Subject for Dogstatsd {
    fn record(&self, kind: Kind, calls: usize) {
        for _ in 0..calls {
            let sent = match kind {
                Kind::Count => self.client.incr(black_box(COUNTER), empty::<&str>()),
                Kind::Tagged => self.client.incr(black_box(COUNTER), black_box(TAGS)),
                Kind::Timing => {
                    let milliseconds = i64::from(black_box(MILLISECONDS));
                    self.client
                        .timing(black_box(TIMER), milliseconds, empty::<&str>())
                }
            };
            sent.expect("the queue has no bounds");
        }
    }
}

/// This crate takes tags as they are sent.
const TAGS: [&str; 2] = ["region:eu-west-1", "method:debit"];
