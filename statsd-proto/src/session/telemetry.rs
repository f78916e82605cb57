//! Telemetry: the client's own counts as metrics. This module decides when they are sent and which have changed.

use std::time::{Duration, Instant};

use crate::config::{Config, Telemetry};
use crate::encode::dialect::MAX_DATAGRAM;
use crate::encode::{Cursor, Encoder};
use crate::error::RecordError;
use crate::metric::Metric;
use crate::session::stats::Stats;

/// Sender of telemetry. It reports at an interval, as long as anything but its own lines changes the counts.
#[derive(Debug)]
pub(crate) struct Reporter {
    interval: Duration,
    encoder: Encoder,
    /// Metrics, each with the count that was last reported.
    entries: Vec<(&'static Entry, u64)>,
    deadline: Option<Instant>,
    /// Activity at the last report; see [`happened`](Self::happened).
    happened: u64,
    /// Whether lines were pending at the last report. Their fate is to be reported as well.
    has_rest: bool,
    /// Number of accepted lines that are telemetry's own.
    own: u64,
    /// Sequence number of the last line of the last report.
    own_end: u64,
}

/// Counts that telemetry reports.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) stats: Stats,
    /// Payloads dropped from a full queue.
    pub(crate) overflow: Lost,
    /// Datagrams that the kernel refused to send.
    pub(crate) unsendable: Lost,
}

/// Size of dropped data, in bytes and payloads.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lost {
    bytes: u64,
    payloads: u64,
}

impl Lost {
    pub(crate) fn add(&mut self, bytes: usize, payloads: usize) {
        self.bytes += bytes as u64;
        self.payloads += payloads as u64;
    }
}

impl Reporter {
    pub(crate) fn new(config: &Config) -> Option<Self> {
        let telemetry = config.telemetry.as_ref()?;
        let entries = entries(config, telemetry);
        Some(Self {
            interval: telemetry.interval,
            encoder: Encoder::new(&config.for_telemetry(telemetry)),
            entries: entries.map(|entry| (entry, 0)).collect(),
            deadline: None,
            happened: 0,
            has_rest: false,
            own: 0,
            own_end: 0,
        })
    }

    /// Number of lines in a report, and length of the longest in bytes, or `None` if a line cannot be encoded.
    /// `config` is the configuration [for telemetry](Config::for_telemetry).
    pub(crate) fn measure(config: &Config, telemetry: &Telemetry) -> (usize, Option<usize>) {
        let encoder = Encoder::new(config);
        let mut line = vec![0; MAX_DATAGRAM];
        let mut len = |entry: &Entry| {
            let written = encoder.encode(&entry.metric(MAX_VALUE), Cursor::new(&mut line));
            written.ok().map(|written| written.bytes)
        };
        let lens = entries(config, telemetry).map(&mut len);
        let lens = lens.collect::<Option<Vec<_>>>();
        let longest = lens.and_then(|lens| lens.into_iter().max());
        (entries(config, telemetry).count(), longest)
    }

    /// Sets the time of the next report if the counts have changed.
    pub(crate) fn poll(&mut self, now: Instant, counts: &Counts) {
        if self.deadline.is_none() && (self.has_rest || self.happened(counts) != self.happened) {
            self.deadline = Some(now + self.interval);
        }
    }

    /// Whether a report is due. `completed` is the sequence number up to which lines have been sent or dropped. The
    /// last report must be completed first: otherwise reports would pile up in front of a server that is away.
    pub(crate) fn is_due(&self, now: Instant, completed: u64) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline) && completed >= self.own_end
    }

    /// Whether a report is late because the last one is not completed.
    pub(crate) fn awaits(&self, completed: u64) -> bool {
        self.deadline.is_some() && completed < self.own_end
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Reports the changed counts, by passing metrics to `take`.
    pub(crate) fn report(
        &mut self,
        counts: &Counts,
        mut take: impl FnMut(&Encoder, &Metric<'_>) -> Result<(), RecordError>,
    ) {
        self.deadline = None;
        self.happened = self.happened(counts);
        self.has_rest = counts.stats.queued + counts.stats.in_flight > 0;
        let own = self.own;
        for (entry, reported) in &mut self.entries {
            let value = (entry.value)(counts, own);
            let value_to_send = match entry.form {
                Form::Count if value == *reported => continue,
                Form::Count => value - *reported,
                Form::Level => value,
            };
            if take(&self.encoder, &entry.metric(value_to_send)).is_err() {
                self.has_rest = true;
                break;
            }
            *reported = value;
            self.own += 1;
        }
        self.own_end = counts.stats.accepted + (self.own - own);
    }

    /// Measure of activity. It grows with everything but telemetry's own lines. Connects are left out: each follows a
    /// failure, a disconnect, or the maximum age of a connection.
    fn happened(&self, counts: &Counts) -> u64 {
        let stats = &counts.stats;
        let recorded = stats.accepted - self.own + stats.refused.total() + stats.sampled_out;
        recorded + stats.connect_failures + stats.disconnects
    }
}

/// Metric of telemetry.
#[derive(Debug)]
struct Entry {
    name: &'static str,
    form: Form,
    /// Value of the metric. The second argument is the number of lines that are telemetry's own.
    value: fn(&Counts, u64) -> u64,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Count,
    Level,
}

impl Entry {
    fn metric(&self, value: u64) -> Metric<'static> {
        match self.form {
            Form::Count => Metric::counter(self.name, value),
            Form::Level => Metric::gauge(self.name, value),
        }
    }
}

/// Largest number that every dialect can encode.
const MAX_VALUE: u64 = i64::MAX as u64;

fn entries(config: &Config, telemetry: &Telemetry) -> impl Iterator<Item = &'static Entry> {
    let table = match telemetry.name {
        Some(_) => &NAMED[..],
        None => &DATADOG[..],
    };
    // Calls are not counted if metrics are aggregated.
    let counts_calls = telemetry.name.is_some() || config.aggregate.is_none();
    let resends = config.resends();
    table.iter().filter(move |entry| match entry.name {
        METRICS => counts_calls,
        RESENT => resends,
        _ => true,
    })
}

const fn count(name: &'static str, value: fn(&Counts, u64) -> u64) -> Entry {
    let form = Form::Count;
    Entry { name, form, value }
}

const fn level(name: &'static str, value: fn(&Counts, u64) -> u64) -> Entry {
    let form = Form::Level;
    Entry { name, form, value }
}

static NAMED: [Entry; 16] = [
    count("accepted", |counts, own| counts.stats.accepted - own),
    count("sent", |counts, _| counts.stats.sent),
    count(RESENT, |counts, _| counts.stats.resent),
    count("bytes", |counts, _| counts.stats.bytes),
    count("payloads", |counts, _| counts.stats.payloads),
    count("dropped.overflow", |counts, _| {
        counts.stats.dropped.overflow
    }),
    count("dropped.unsendable", |counts, _| {
        counts.stats.dropped.unsendable
    }),
    count("refused.full", |counts, _| counts.stats.refused.full),
    count("refused.invalid", |counts, _| counts.stats.refused.invalid),
    count("refused.too_long", |counts, _| {
        counts.stats.refused.too_long
    }),
    count("sampled_out", |counts, _| counts.stats.sampled_out),
    count("connects", |counts, _| counts.stats.connects),
    count("connect_failures", |counts, _| {
        counts.stats.connect_failures
    }),
    count("disconnects", |counts, _| counts.stats.disconnects),
    level("queued_bytes", |counts, _| counts.stats.queued_bytes),
    level("queued_bytes_peak", |counts, _| {
        counts.stats.queued_bytes_peak
    }),
];

/// The names that datadog-go uses, in `statsd/telemetry.go`.
static DATADOG: [Entry; 10] = [
    count(METRICS, |counts, own| {
        let stats = &counts.stats;
        stats.accepted - own + stats.sampled_out + stats.refused.total()
    }),
    count("metric_dropped_on_receive", |counts, _| {
        counts.stats.refused.full
    }),
    count("packets_sent", |counts, _| counts.stats.payloads),
    count("bytes_sent", |counts, _| counts.stats.bytes),
    count("packets_dropped", |counts, _| {
        counts.overflow.payloads + counts.unsendable.payloads
    }),
    count("packets_dropped_queue", |counts, _| {
        counts.overflow.payloads
    }),
    count("packets_dropped_writer", |counts, _| {
        counts.unsendable.payloads
    }),
    count("bytes_dropped", |counts, _| {
        counts.overflow.bytes + counts.unsendable.bytes
    }),
    count("bytes_dropped_queue", |counts, _| counts.overflow.bytes),
    count("bytes_dropped_writer", |counts, _| counts.unsendable.bytes),
];

const METRICS: &str = "metrics";
const RESENT: &str = "resent";

#[cfg(test)]
mod tests;
