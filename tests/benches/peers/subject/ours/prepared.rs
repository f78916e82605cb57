//! Metrics that are rendered once and held.

use std::hint::black_box;
use std::time::Duration;

use smol::future::block_on;
use statsd_proto::{Counter, Timing};
use tests::adapter::Adapter;

use super::Ours;
use crate::subject::{COUNTER, Kind, MILLISECONDS, Subject, TAGS, TIMER};

pub(super) struct Prepared<A: Adapter> {
    ours: Ours<A>,
    count: Counter,
    tagged: Counter,
    timing: Timing,
}

impl<A: Adapter> Prepared<A> {
    pub(super) fn new(ours: Ours<A>) -> Self {
        let prepare = |name| ours.client.prepare(name);
        let tagged = TAGS.iter().fold(prepare(COUNTER), |tagged, (key, value)| {
            tagged.tag(key, value)
        });
        Self {
            count: prepare(COUNTER).counter().expect("the name is valid"),
            tagged: tagged.counter().expect("the tags are valid"),
            timing: prepare(TIMER).timing().expect("the name is valid"),
            ours,
        }
    }
}

impl<A: Adapter> Subject for Prepared<A> {
    fn record(&self, kind: Kind, calls: usize) {
        let elapsed = Duration::from_millis(MILLISECONDS.into());
        for number in 0..calls {
            // Handles do not report a full queue, so the producer checks while half of it is free.
            if number % BETWEEN_QUESTIONS == 0 {
                block_on(self.ours.client.ready());
            }
            match kind {
                Kind::Count => black_box(&self.count).incr(),
                Kind::Tagged => black_box(&self.tagged).incr(),
                Kind::Timing => black_box(&self.timing).record(black_box(elapsed)),
            }
        }
    }

    fn flush(&self) {
        block_on(self.ours.client.flush());
    }
}

/// How many metrics surely fit into half of the queue, from all threads together.
const BETWEEN_QUESTIONS: usize = 1000;
