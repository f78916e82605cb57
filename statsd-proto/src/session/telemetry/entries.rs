//! Metrics of telemetry: names, tags and values.

use super::Counts;
use crate::config::{Config, Telemetry};
use crate::metric::{Class, Kind, Metric};
use crate::session::calls::Calls;

/// Metric of telemetry.
#[derive(Debug)]
pub(super) struct Entry {
    name: &'static str,
    /// Value of the tag `metrics_type`, or `None` for a metric without it.
    metrics_type: Option<&'static str>,
    pub(super) form: Form,
    /// Value of the metric. The second argument is the number of lines that are telemetry's own.
    pub(super) value: fn(&Counts, u64) -> u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Count,
    Level,
}

impl Entry {
    /// Tags of the metric, as far as they are not the same for all metrics of all time.
    pub(super) fn tags(
        &self,
        transport: Option<&'static str>,
    ) -> Vec<(&'static str, &'static str)> {
        let transport = transport.map(|transport| ("client_transport", transport));
        let metrics_type = self.metrics_type.map(|name| ("metrics_type", name));
        transport.into_iter().chain(metrics_type).collect()
    }

    pub(super) fn metric<'a>(&self, value: u64, tags: &'a [(&'a str, &'a str)]) -> Metric<'a> {
        let metric = match self.form {
            Form::Count => Metric::counter(self.name, value),
            Form::Level => Metric::gauge(self.name, value),
        };
        metric.tags(tags)
    }
}

/// Largest number that every dialect can encode.
pub(super) const MAX_VALUE: u64 = i64::MAX as u64;

/// Metrics to report with these settings.
pub(super) fn entries(
    config: &Config,
    telemetry: &Telemetry,
) -> impl Iterator<Item = &'static Entry> {
    let table = match telemetry.name {
        Some(_) => &NAMED[..],
        None => &DATADOG[..],
    };
    let aggregates = config.aggregate.is_some();
    let resends = config.resends();
    table.iter().filter(move |entry| match entry.name {
        CONTEXTS | CONTEXTS_BY_TYPE => aggregates,
        RESENT => resends,
        _ => true,
    })
}

const fn count(name: &'static str, value: fn(&Counts, u64) -> u64) -> Entry {
    Entry {
        name,
        metrics_type: None,
        form: Form::Count,
        value,
    }
}

const fn level(name: &'static str, value: fn(&Counts, u64) -> u64) -> Entry {
    Entry {
        form: Form::Level,
        ..count(name, value)
    }
}

const fn by_type(
    name: &'static str,
    metrics_type: &'static str,
    value: fn(&Counts, u64) -> u64,
) -> Entry {
    Entry {
        metrics_type: Some(metrics_type),
        ..count(name, value)
    }
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

/// Names, tags and order of datadog-go 5, whose documentation is in `statsd/telemetry.go`.
static DATADOG: [Entry; 25] = [
    count("metrics", |counts, _| of_all_types(&counts.calls)),
    by_type(METRICS_BY_TYPE, "gauge", |counts, _| gauges(&counts.calls)),
    by_type(METRICS_BY_TYPE, "count", |counts, _| {
        of(&counts.calls, Kind::Counter)
    }),
    by_type(METRICS_BY_TYPE, "histogram", |counts, _| {
        of(&counts.calls, Kind::Histogram)
    }),
    by_type(METRICS_BY_TYPE, "distribution", |counts, _| {
        of(&counts.calls, Kind::Distribution)
    }),
    by_type(METRICS_BY_TYPE, "set", |counts, _| {
        of(&counts.calls, Kind::Set)
    }),
    by_type(METRICS_BY_TYPE, "timing", |counts, _| {
        of(&counts.calls, Kind::Timing)
    }),
    count("events", |counts, _| counts.calls.of(Class::Event)),
    count("service_checks", |counts, _| {
        counts.calls.of(Class::ServiceCheck)
    }),
    count("metric_dropped_on_receive", |counts, _| {
        counts.stats.refused.full
    }),
    count("packets_sent", |counts, _| counts.stats.payloads),
    count("packets_dropped", |counts, _| {
        counts.overflow.payloads + counts.unsendable.payloads
    }),
    count("packets_dropped_queue", |counts, _| {
        counts.overflow.payloads
    }),
    count("packets_dropped_writer", |counts, _| {
        counts.unsendable.payloads
    }),
    count("bytes_sent", |counts, _| counts.stats.bytes),
    count("bytes_dropped", |counts, _| {
        counts.overflow.bytes + counts.unsendable.bytes
    }),
    count("bytes_dropped_queue", |counts, _| counts.overflow.bytes),
    count("bytes_dropped_writer", |counts, _| counts.unsendable.bytes),
    count(CONTEXTS, |counts, _| of_all_types(&counts.contexts)),
    by_type(CONTEXTS_BY_TYPE, "gauge", |counts, _| {
        gauges(&counts.contexts)
    }),
    by_type(CONTEXTS_BY_TYPE, "set", |counts, _| {
        of(&counts.contexts, Kind::Set)
    }),
    by_type(CONTEXTS_BY_TYPE, "count", |counts, _| {
        of(&counts.contexts, Kind::Counter)
    }),
    by_type(CONTEXTS_BY_TYPE, "histogram", |counts, _| {
        of(&counts.contexts, Kind::Histogram)
    }),
    by_type(CONTEXTS_BY_TYPE, "distribution", |counts, _| {
        of(&counts.contexts, Kind::Distribution)
    }),
    by_type(CONTEXTS_BY_TYPE, "timing", |counts, _| {
        of(&counts.contexts, Kind::Timing)
    }),
];

const METRICS_BY_TYPE: &str = "metrics_by_type";
const CONTEXTS: &str = "aggregated_context";
const CONTEXTS_BY_TYPE: &str = "aggregated_context_by_type";
const RESENT: &str = "resent";

fn of(calls: &Calls, kind: Kind) -> u64 {
    calls.of(Class::Metric(kind))
}

/// Calls that set a gauge. The agent has no changes of a gauge; a call that tries one counts as it is refused.
fn gauges(calls: &Calls) -> u64 {
    of(calls, Kind::Gauge) + of(calls, Kind::GaugeDelta)
}

/// Sum over the types that the agent has. Datadog's clients have no others.
fn of_all_types(calls: &Calls) -> u64 {
    let kinds = [
        Kind::Counter,
        Kind::Distribution,
        Kind::Histogram,
        Kind::Set,
        Kind::Timing,
    ];
    let others = kinds.map(|kind| of(calls, kind));
    gauges(calls) + others.iter().sum::<u64>()
}
