//! Telemetry: the client's own counts, and their names.

use std::time::Duration;

use super::Config;
use super::check::{MAX_TIME, require};
use crate::error::ConfigError;
use crate::session::telemetry::Reporter;

/// Telemetry of a client: its [`Stats`](crate::Stats) as metrics, sent through itself.
///
/// At an interval it sends the counts that have grown as counters, and the size of the queue as gauges. Nothing is
/// sent while only telemetry's own lines change the counts: an idle client sends nothing and never wakes up. While the
/// server is unreachable, or more than half of the queue is used, telemetry waits. The sums stay right, and losses of
/// an outage are reported after it. Counts after the last report of a program are not sent.
///
/// Metrics under [a name of your own](Self::named), after the prefix and the name:
///
/// | metric | type | content |
/// |---|---|---|
/// | `accepted` | counter | lines that entered the queue, without telemetry's own |
/// | `sent`, `bytes`, `payloads` | counters | lines, bytes and writes that the kernel accepted, including telemetry's own |
/// | `resent` | counter | lines that [returned](Config::resend_unacknowledged) to the queue to be resent |
/// | `dropped.overflow`, `dropped.unsendable` | counters | [dropped](crate::Dropped) lines |
/// | `refused.full`, `refused.invalid`, `refused.too_long` | counters | [refused](crate::Refused) metrics |
/// | `sampled_out` | counter | metrics that sampling left out |
/// | `connects`, `connect_failures`, `disconnects` | counters | connections established, failed and broken |
/// | `queued_bytes`, `queued_bytes_peak` | gauges | bytes in the queue, and their maximum so far |
///
/// Metrics under [Datadog's names](Self::datadog), all of them counters, after `datadog.dogstatsd.client.` and without
/// the prefix. They are those of Datadog's own clients (datadog-go 5), with the same tags: the constant tags of the
/// configuration, `client:rust`, `client_version`, and `client_transport` with `udp`, `uds`, `uds-stream`, `tcp` or
/// `custom`. With [aggregation](Config::aggregate), calls are counted before their values are aggregated.
///
/// | metric | content |
/// |---|---|
/// | `metrics` | calls that record a metric, including sampled-out and refused ones; a list of values counts once |
/// | `metrics_by_type` | the same, with the tag `metrics_type`: `gauge`, `count`, `histogram`, `distribution`, `set` or `timing` |
/// | `events`, `service_checks` | calls that record an event or a service check |
/// | `metric_dropped_on_receive` | metrics, events and service checks refused by a full queue |
/// | `packets_sent`, `bytes_sent` | datagrams, or writes of a stream, that the kernel accepted, and their bytes |
/// | `packets_dropped`, `bytes_dropped` | sum of the two rows below |
/// | `packets_dropped_queue`, `bytes_dropped_queue` | datagrams or writes [dropped](crate::Overflow::DropOldest) from a full queue, and their bytes |
/// | `packets_dropped_writer`, `bytes_dropped_writer` | datagrams that the kernel refused to send, and their bytes |
/// | `aggregated_context` | series sent, once for each aggregation interval; only with [aggregation](Config::aggregate) |
/// | `aggregated_context_by_type` | the same, with the tag `metrics_type` |
///
/// Datadog's clients send every metric in each interval, also a count of zero. Here a count that has not grown is left
/// out: a sum over time shows the same.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Telemetry {
    /// Name, or `None` for Datadog's names.
    pub(crate) name: Option<String>,
    pub(crate) interval: Duration,
}

impl Telemetry {
    /// Telemetry under the names of Datadog's own clients, so that their dashboards show it. It needs
    /// [`Dialect::DogStatsd`](crate::Dialect::DogStatsd).
    ///
    /// ```
    /// use statsd_proto::{Config, Telemetry};
    ///
    /// let config = Config::dogstatsd("localhost").telemetry(Telemetry::datadog());
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn datadog() -> Self {
        Self {
            name: None,
            interval: Duration::from_secs(10),
        }
    }

    /// Telemetry under a name of your own, such as `statsd.client`, after the prefix.
    ///
    /// ```
    /// use statsd_proto::{Config, Telemetry};
    ///
    /// let config = Config::dogstatsd("localhost").telemetry(Telemetry::named("statsd.client"));
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..Self::datadog()
        }
    }

    /// Time between two reports. Default: 10 s, the flush interval of most servers.
    ///
    /// ```
    /// use std::time::Duration;
    /// use statsd_proto::Telemetry;
    ///
    /// let telemetry = Telemetry::datadog().interval(Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn interval(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }
}

/// # Settings of telemetry
impl Config {
    /// Telemetry: metrics about the client itself. Default: `None`, no telemetry.
    ///
    /// ```
    /// use statsd_proto::{Config, Telemetry};
    ///
    /// let config = Config::new("metrics.internal").telemetry(Telemetry::named("statsd.client"));
    /// # assert!(config.check().is_ok());
    /// ```
    #[must_use]
    pub fn telemetry(self, telemetry: impl Into<Option<Telemetry>>) -> Self {
        Self {
            telemetry: telemetry.into(),
            ..self
        }
    }

    /// Configuration for encoding telemetry. Its prefix is that of the names.
    pub(crate) fn for_telemetry(&self, telemetry: &Telemetry) -> Self {
        let config = self.clone().kind_prefixes(false);
        let Some(name) = &telemetry.name else {
            return config
                .prefix("datadog.dogstatsd.client")
                .tag("client", "rust")
                .tag("client_version", env!("CARGO_PKG_VERSION"));
        };
        config.prefix(match self.prefix_text() {
            "" => name.clone(),
            prefix => format!("{prefix}.{name}"),
        })
    }

    /// Checks the telemetry. The other settings must have been checked.
    pub(super) fn check_telemetry(&self) -> Result<(), ConfigError> {
        let Some(telemetry) = &self.telemetry else {
            return Ok(());
        };
        let name = telemetry.name.as_deref().unwrap_or("datadog");
        let check = |holds, expected| require(holds, "telemetry", name, expected);
        check(
            telemetry.name.is_some() || self.dialect.rules().has_extras,
            "a name of your own (Telemetry::named): Datadog's names need the dialect \"dogstatsd\"",
        )?;
        let config = self.for_telemetry(telemetry);
        check(
            !name.is_empty() && config.check_prefix().is_ok(),
            "text that the server accepts in a name",
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
            "shorter: a line has no room for it beside the prefix and the tags",
        )?;
        // Telemetry is sent while half of the queue is free. Padding may double its size.
        let bytes = lines * 2 * (longest.unwrap_or(0) + 8) + self.datagram_limit();
        check(
            2 * bytes <= self.max_queue_bytes && 2 * lines <= self.max_queue_lines,
            "unset, or max_queue_bytes and max_queue_lines raised: half of the queue must hold a report",
        )
    }
}
