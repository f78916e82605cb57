//! The exporters of the `metrics` facade.

use std::hint::black_box;
use std::time::Duration;

use cadence::QueuingMetricSink;
use metrics::{Counter, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_dogstatsd::{DogStatsDBuilder, DogStatsDRecorder};
use metrics_exporter_statsd::StatsdBuilder;

use super::cadence::{Queue, sink};
use super::{COUNTER, Kind, MAX_DATAGRAM, MILLISECONDS, Subject, TAGS, TIMER, Target};

/// A queue as its defaults have it, with larger datagrams.
pub(super) fn statsd(to: Target) -> Box<dyn Subject> {
    let queue = Queue::new(QueuingMetricSink::with_capacity(sink(to.udp), 5000));
    let recorder = StatsdBuilder::from("127.0.0.1", to.udp.port())
        .with_sink(queue.clone())
        .histogram_is_timer()
        .build(None)
        .expect("the configuration is valid");
    // It takes seconds, and sends milliseconds.
    let timing = f64::from(MILLISECONDS) / 1000.0;
    Box::new(Held::new(&recorder, timing, Some(queue)))
}

pub(super) fn dogstatsd_held(to: Target) -> Box<dyn Subject> {
    Box::new(Held::new(&dogstatsd(to), f64::from(MILLISECONDS), None))
}

pub(super) fn dogstatsd_macro(to: Target) -> Box<dyn Subject> {
    Box::new(ByMacro {
        recorder: dogstatsd(to),
    })
}

fn dogstatsd(to: Target) -> DogStatsDRecorder {
    DogStatsDBuilder::default()
        .with_remote_address(to.udp.to_string())
        .and_then(|builder| builder.with_maximum_payload_length(MAX_DATAGRAM))
        .map(|builder| {
            builder
                // As often as this workspace's client does; by default it is 3 s.
                .with_flush_interval(Duration::from_millis(100))
                .with_telemetry(false)
        })
        .and_then(DogStatsDBuilder::build)
        .expect("the configuration is valid")
}

/// Handles that are looked up once.
struct Held {
    count: Counter,
    tagged: Counter,
    timer: Histogram,
    timing: f64,
    queue: Option<Queue>,
}

impl Held {
    fn new(recorder: &impl Recorder, timing: f64, queue: Option<Queue>) -> Self {
        let labels: Vec<_> = TAGS
            .iter()
            .map(|(key, value)| Label::new(*key, *value))
            .collect();
        Self {
            count: recorder.register_counter(&Key::from_name(COUNTER), &METADATA),
            tagged: recorder.register_counter(&Key::from_parts(COUNTER, labels), &METADATA),
            timer: recorder.register_histogram(&Key::from_name(TIMER), &METADATA),
            timing,
            queue,
        }
    }
}

impl Subject for Held {
    fn record(&self, kind: Kind, calls: usize) {
        for _ in 0..calls {
            match kind {
                Kind::Count => black_box(&self.count).increment(1),
                Kind::Tagged => black_box(&self.tagged).increment(1),
                Kind::Timing => black_box(&self.timer).record(black_box(self.timing)),
            }
        }
    }

    fn flush(&self) {
        if let Some(queue) = &self.queue {
            queue.drain();
        }
    }
}

/// Metrics that are looked up at every call.
struct ByMacro {
    recorder: DogStatsDRecorder,
}

impl Subject for ByMacro {
    fn record(&self, kind: Kind, calls: usize) {
        metrics::with_local_recorder(&self.recorder, || {
            for _ in 0..calls {
                match kind {
                    Kind::Count => metrics::counter!(COUNTER).increment(1),
                    Kind::Tagged => {
                        metrics::counter!(COUNTER, "region" => "eu-west-1", "method" => "debit")
                            .increment(1);
                    }
                    Kind::Timing => {
                        metrics::histogram!(TIMER).record(f64::from(black_box(MILLISECONDS)));
                    }
                }
            }
        });
    }
}

const METADATA: Metadata<'static> = Metadata::new("peers", Level::INFO, None);
