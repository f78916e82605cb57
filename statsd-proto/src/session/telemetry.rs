//! The client's own counts, as metrics of its own: when it is time for them, and what is new.

use std::time::{Duration, Instant};

use crate::config::{Config, Telemetry};
use crate::encode::dialect::MAX_DATAGRAM;
use crate::encode::{Cursor, Encoder};
use crate::error::RecordError;
use crate::metric::Metric;
use crate::session::stats::Stats;

/// Tells of the session in rounds, as long as something happens beside its own lines.
#[derive(Debug)]
pub(crate) struct Reporter {
    interval: Duration,
    encoder: Encoder,
    /// Each with what has been told of it.
    entries: Vec<(&'static Entry, u64)>,
    deadline: Option<Instant>,
    /// How much had happened when the last round took place.
    happened: u64,
    /// Lines were on their way then, whose end is to be told as well.
    has_rest: bool,
    /// How many lines of its own were accepted.
    own: u64,
    /// The line after the last one of its own, counted from the first ever accepted.
    own_end: u64,
}

/// All that is counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) stats: Stats,
    /// What a full queue dropped.
    pub(crate) overflow: Lost,
    /// What the kernel would not send.
    pub(crate) unsendable: Lost,
}

/// What was dropped, as it would have left.
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

    /// How many lines a round may have, and how many bytes the longest; none if a line cannot be written.
    /// The configuration is the one [for telemetry](Config::for_telemetry).
    pub(crate) fn measure(config: &Config, telemetry: &Telemetry) -> (usize, Option<usize>) {
        let encoder = Encoder::new(config);
        let mut line = vec![0; MAX_DATAGRAM];
        let mut len = |entry: &Entry| {
            let written = encoder.encode(&entry.metric(MOST), Cursor::new(&mut line));
            written.ok().map(|written| written.bytes)
        };
        let lens = entries(config, telemetry).map(&mut len);
        let lens = lens.collect::<Option<Vec<_>>>();
        let longest = lens.and_then(|lens| lens.into_iter().max());
        (entries(config, telemetry).count(), longest)
    }

    /// Sets the time of the next round, if there will be something to tell.
    pub(crate) fn poll(&mut self, now: Instant, counts: &Counts) {
        if self.deadline.is_none() && (self.has_rest || self.happened(counts) != self.happened) {
            self.deadline = Some(now + self.interval);
        }
    }

    /// Whether a round is due. Lines before this one, counted from the first ever accepted, are settled:
    /// those of the last round have to be, so that a server that takes nothing is not told ever more.
    pub(crate) fn is_due(&self, now: Instant, settled: u64) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline) && settled >= self.own_end
    }

    /// Whether a round is late because its last lines are not settled.
    pub(crate) fn awaits(&self, settled: u64) -> bool {
        self.deadline.is_some() && settled < self.own_end
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Makes a round: gives what is new to `take`.
    pub(crate) fn tell(
        &mut self,
        counts: &Counts,
        mut take: impl FnMut(&Encoder, &Metric<'_>) -> Result<(), RecordError>,
    ) {
        self.deadline = None;
        self.happened = self.happened(counts);
        self.has_rest = counts.stats.queued + counts.stats.in_flight > 0;
        let own = self.own;
        for (entry, told) in &mut self.entries {
            let value = (entry.value)(counts, own);
            let news = match entry.form {
                Form::Count if value == *told => continue,
                Form::Count => value - *told,
                Form::Level => value,
            };
            if take(&self.encoder, &entry.metric(news)).is_err() {
                self.has_rest = true;
                break;
            }
            *told = value;
            self.own += 1;
        }
        self.own_end = counts.stats.accepted + (self.own - own);
    }

    /// Grows with everything that happens but what comes of its own lines. A link that comes up does so
    /// after one has failed, or has become too old.
    fn happened(&self, counts: &Counts) -> u64 {
        let stats = &counts.stats;
        let recorded = stats.accepted - self.own + stats.refused.total() + stats.sampled_out;
        recorded + stats.connect_failures + stats.disconnects
    }
}

/// One metric.
#[derive(Debug)]
struct Entry {
    name: &'static str,
    form: Form,
    /// Its value, of which so many lines are telemetry's own.
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

/// The largest number that every dialect can say.
const MOST: u64 = i64::MAX as u64;

fn entries(config: &Config, telemetry: &Telemetry) -> impl Iterator<Item = &'static Entry> {
    let table = match telemetry.name {
        Some(_) => &NAMED[..],
        None => &DATADOG[..],
    };
    // Of what is added up, calls are not counted.
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

/// As datadog-go has them in `statsd/telemetry.go`.
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
