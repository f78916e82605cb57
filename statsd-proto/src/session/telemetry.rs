//! Telemetry: the client's own counts as metrics. This module decides when they are sent and which have changed.

mod entries;

use std::time::{Duration, Instant};

use crate::config::{Config, Telemetry, Transport};
use crate::encode::dialect::MAX_DATAGRAM;
use crate::encode::{Cursor, Encoder};
use crate::error::RecordError;
use crate::metric::Metric;
use crate::session::calls::Calls;
use crate::session::stats::Stats;
use entries::{Entry, Form, MAX_VALUE, entries};

/// Sender of telemetry. It reports at an interval, as long as anything but its own lines changes the counts.
#[derive(Debug)]
pub(crate) struct Reporter {
    interval: Duration,
    encoder: Encoder,
    /// Value of the tag `client_transport`, or `None` under a name of your own, which has no such tag.
    transport: Option<&'static str>,
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
    /// Calls that recorded something, whatever came of them.
    pub(crate) calls: Calls,
    /// Series that were aggregated and drained, once for each interval.
    pub(crate) contexts: Calls,
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
            transport: is_datadog(telemetry).then(|| transport_tag(config.effective_transport())),
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
        // The longest one: a Unix socket may turn out to be a stream.
        let transport = is_datadog(telemetry).then(|| transport_tag(Transport::UnixStream));
        let mut len = |entry: &Entry| {
            let tags = entry.tags(transport);
            let metric = entry.metric(MAX_VALUE, &tags);
            let written = encoder.encode(&metric, Cursor::new(&mut line));
            written.ok().map(|written| written.bytes)
        };
        let lens = entries(config, telemetry).map(&mut len);
        let lens = lens.collect::<Option<Vec<_>>>();
        let longest = lens.and_then(|lens| lens.into_iter().max());
        (entries(config, telemetry).count(), longest)
    }

    /// Whether calls are reported, so that they have to be counted where handles aggregate values.
    pub(crate) fn counts_calls(&self) -> bool {
        self.transport.is_some()
    }

    /// Sets the transport that was found out by connecting.
    pub(crate) fn set_transport(&mut self, transport: Transport) {
        if let Some(tag) = &mut self.transport {
            *tag = transport_tag(transport);
        }
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
            let tags = entry.tags(self.transport);
            if take(&self.encoder, &entry.metric(value_to_send, &tags)).is_err() {
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

fn is_datadog(telemetry: &Telemetry) -> bool {
    telemetry.name.is_none()
}

/// Name of the transport in Datadog's clients.
fn transport_tag(transport: Transport) -> &'static str {
    match transport {
        Transport::CustomDatagram | Transport::CustomStream => "custom",
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
        Transport::UnixDatagram => "uds",
        Transport::UnixStream => "uds-stream",
    }
}

#[cfg(test)]
mod tests;
