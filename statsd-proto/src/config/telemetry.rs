//! What a client tells of itself, and under which names.

use std::time::Duration;

use super::check::{MAX_TIME, require};
use super::{Config, Transport};
use crate::error::ConfigError;
use crate::session::telemetry::Reporter;

/// What a client tells of itself: its [`Stats`](crate::Stats) as metrics, through itself.
///
/// Every so often it sends what was counted since the last time, as counters, of those that are not zero,
/// and how much waits in its queue, as gauges. Whatever has no change but that of its own lines is not
/// told: a client at rest sends nothing and wakes nobody. While the server is away, or more than half of
/// the queue is taken, it waits; so the sums are right, and what an outage cost is told after it. What a
/// program counts between the last time and its end is not told.
///
/// [`named`](Self::named), these are, behind the prefix and the name:
///
/// | metric | type | what it is |
/// |---|---|---|
/// | `accepted` | counter | lines taken into the queue, without its own |
/// | `sent`, `bytes`, `payloads` | counters | what was given to the kernel, with its own lines |
/// | `resent` | counter | lines of those that [went back](Config::resend_unacknowledged) into the queue |
/// | `dropped.overflow`, `dropped.unsendable` | counters | lines that were [lost](crate::Dropped) |
/// | `refused.full`, `refused.invalid`, `refused.too_long` | counters | metrics that were [not taken](crate::Refused) |
/// | `sampled_out` | counter | metrics that their rate left out |
/// | `connects`, `connect_failures`, `disconnects` | counters | what became of links |
/// | `queued_bytes`, `queued_bytes_peak` | gauges | what waits, and the most that ever did |
///
/// Under [Datadog's names](Self::datadog), these are, behind `datadog.dogstatsd.client.` without a prefix,
/// each with the tags `client:rust`, `client_version` and `client_transport`:
///
/// | metric | what it is |
/// |---|---|
/// | `metrics` | metrics that were recorded, also those that a rate left out or that were refused, with events and service checks; missing if metrics are [added up](Config::aggregate), when calls are not counted |
/// | `metric_dropped_on_receive` | those refused by a full queue |
/// | `packets_sent`, `bytes_sent` | datagrams, or writes of a stream, given to the kernel, and their bytes |
/// | `packets_dropped_queue`, `bytes_dropped_queue` | what a full queue [dropped](crate::Overflow::DropOldest) |
/// | `packets_dropped_writer`, `bytes_dropped_writer` | datagrams that the kernel would not send |
/// | `packets_dropped`, `bytes_dropped` | both together |
#[derive(Clone, Debug, PartialEq)]
pub struct Telemetry {
    /// None: Datadog's.
    pub(crate) name: Option<String>,
    pub(crate) interval: Duration,
}

impl Telemetry {
    /// Under the names of Datadog's own clients, for [`Dialect::DogStatsd`](crate::Dialect::DogStatsd), so
    /// that the same dashboards show them.
    pub fn datadog() -> Self {
        Self {
            name: None,
            interval: Duration::from_secs(10),
        }
    }

    /// Under a name of the user's choosing, such as `statsd.client`, behind the prefix.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..Self::datadog()
        }
    }

    /// How often it tells. Default: 10 s, after which servers flush.
    #[must_use]
    pub fn interval(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }
}

impl Config {
    /// What the client tells of itself, through itself. Default: nothing.
    ///
    /// ```
    /// use statsd_proto::{Config, Telemetry};
    ///
    /// let config = Config::new("metrics.internal").telemetry(Some(Telemetry::named("statsd.client")));
    /// # assert!(config.check().is_ok());
    /// ```
    #[must_use]
    pub fn telemetry(self, telemetry: Option<Telemetry>) -> Self {
        Self { telemetry, ..self }
    }

    /// The configuration of a client that tells of this one, with the names' beginning as its prefix.
    pub(crate) fn for_telemetry(&self, telemetry: &Telemetry) -> Self {
        let config = self.clone().kind_prefixes(false);
        let Some(name) = &telemetry.name else {
            let transport = match self.effective_transport() {
                Transport::Tcp => "tcp",
                Transport::Udp => "udp",
                Transport::UnixDatagram => "uds",
                Transport::UnixStream => "uds-stream",
            };
            return config
                .prefix("datadog.dogstatsd.client")
                .tag("client", "rust")
                .tag("client_version", env!("CARGO_PKG_VERSION"))
                .tag("client_transport", transport);
        };
        config.prefix(match self.prefix_text() {
            "" => name.clone(),
            prefix => format!("{prefix}.{name}"),
        })
    }

    /// To be called last, when all else can work.
    pub(super) fn check_telemetry(&self) -> Result<(), ConfigError> {
        let Some(telemetry) = &self.telemetry else {
            return Ok(());
        };
        let name = telemetry.name.as_deref().unwrap_or("datadog");
        let check = |holds, expected| require(holds, "telemetry", name, expected);
        check(
            telemetry.name.is_some() || self.dialect.rules().has_extras,
            "a name: only the dialect DogStatsd has Datadog's",
        )?;
        let config = self.for_telemetry(telemetry);
        check(
            !name.is_empty() && config.check_prefix().is_ok(),
            "text that the server takes in a name",
        )?;
        let interval = telemetry.interval;
        require(
            !interval.is_zero() && interval <= MAX_TIME,
            "telemetry",
            format!("{interval:?}"),
            "an interval above zero and of at most a year",
        )?;
        let (lines, longest) = Reporter::measure(&config, telemetry);
        check(
            longest.is_some_and(|longest| longest <= self.line_limit()),
            "a name short enough for a line, with the prefix and the tags",
        )?;
        // It speaks while half of the queue is free, and filling may double what it says.
        let bytes = lines * 2 * (longest.unwrap_or(0) + 8) + self.datagram_limit();
        check(
            2 * bytes <= self.max_queue_bytes && 2 * lines <= self.max_queue_lines,
            "unset, or more room in the queue: twice what it says at once",
        )
    }
}
