//! What each family of servers accepts: the one table of differences.

mod fatal;
mod rows;
mod rules;

pub(crate) use rules::{Counts, Rules, TagSyntax};

/// The family of servers that the lines are for.
///
/// What a dialect cannot say is an error: for a setting when the configuration is
/// [checked](crate::Config::check), for a metric when it is recorded.
///
/// | | tags | beside counters, gauges, timings | changes of gauges |
/// |---|---|---|---|
/// | `Collectd` | none | sets | yes |
/// | `DogStatsd` | <code>…\|#k:v,bare</code> | sets, histograms, distributions | no |
/// | `Graphite` | `name;k=v` | sets | yes |
/// | `Influx` | `name,k=v` | sets, histograms | yes |
/// | `Librato` | `name#k=v,…` | sets | yes |
/// | `Netdata` | <code>…\|#k:v,bare</code> | sets, histograms, meters | yes |
/// | `OpenTelemetry` | <code>…\|#k:v</code> | histograms, distributions | no |
/// | `SignalFx` | `name[k=v,…]` | sets | yes |
/// | `Statsd` | <code>…\|#k:v,bare</code> | sets | yes |
/// | `StatsdExporter` | <code>…\|#k:v</code> | histograms, distributions | yes |
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Dialect {
    /// collectd's statsd plugin, over UDP alone. Read in `src/statsd.c`.
    ///
    /// It refuses lines with tags, and with a rate on anything but counters and timings; on a timing it
    /// divides the value by it, so that only counters may be sampled. Names of more than 127 bytes are
    /// cut, and run together if they begin alike: they are refused. Of a datagram 4095 bytes are read.
    Collectd,
    /// The Datadog agent: histograms, distributions, tags of any text, packed values, and what is in
    /// [`dogstatsd`](crate::dogstatsd); no gauge deltas. Read in `comp/dogstatsd/server/impl/parse*.go`.
    ///
    /// Of a datagram it reads 8192 bytes (`dogstatsd_buffer_size`).
    DogStatsd,
    /// The reference server with Graphite 1.1 or later behind it, which knows tags in the name. Each
    /// needs a value. Read in the server's `stats.js` and Graphite's `render/datalib` and `tags/utils.py`.
    Graphite,
    /// Telegraf's statsd input, with tags in the name as InfluxDB has them. Each needs a value. Read in
    /// `plugins/inputs/statsd/statsd.go`.
    ///
    /// It would cut counts to whole numbers, so that others are refused, and takes no sign on a histogram's
    /// value or a set's member. Distributions it drops in silence unless told otherwise: there are none.
    Influx,
    /// The reference server with Librato's back end and `keyNameSanitize: false`, without which the
    /// server deletes the marks. Each tag needs a value. Read in `stats.js`.
    Librato,
    /// netdata's statsd plugin. Read in `src/collectors/statsd.plugin/statsd.c`.
    ///
    /// It counts in whole numbers of 64 bits, and would cut others, which are refused. Of the tags it
    /// uses `units`, `name` and `family`, and skips all others; they are sent, since a metric is worth
    /// more than none. Of a datagram it reads 8999 bytes, and of a line on a stream 65,534.
    Netdata,
    /// The OpenTelemetry Collector's statsd receiver, with the tags of DogStatsD, each with a value. Read in
    /// `receiver/statsdreceiver/internal/parser/statsd_parser.go` and `internal/transport`.
    ///
    /// It forgets a gauge with each of its intervals, so that a change would become a level: changes are refused. It
    /// cut counts to whole numbers for years, so that others are refused; a count divided by its rate it still cuts. A
    /// line may not have several values, a container or a cardinality, which it, or an older one, refuses. Over TCP,
    /// which has to be asked for, it keeps the beginning of a line that came in two parts, and may put it before later
    /// lines: prefer UDP.
    OpenTelemetry,
    /// SignalFx's collectd, whose statsd plugin takes dimensions from the name. Each needs a value. For
    /// all else it is the plugin of [`Collectd`](Self::Collectd), of which the limits are taken.
    SignalFx,
    /// The reference server (github.com/statsd/statsd) and those that follow it. The default. Read in
    /// `stats.js`, `lib/helpers.js` and `servers/tcp.js`, version 0.9.0.
    #[default]
    Statsd,
    /// Prometheus's statsd_exporter, with the tags of DogStatsD, of which each needs a value. Read in
    /// `pkg/line/line.go` and `pkg/listener/listener.go`.
    ///
    /// It has no sets, refuses to count down, unpacks the values of timings, histograms and
    /// distributions, and closes a stream that brings a line of more than 4095 bytes.
    StatsdExporter,
}

impl Dialect {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 10] = [
        Self::Collectd,
        Self::DogStatsd,
        Self::Graphite,
        Self::Influx,
        Self::Librato,
        Self::Netdata,
        Self::OpenTelemetry,
        Self::SignalFx,
        Self::Statsd,
        Self::StatsdExporter,
    ];

    /// The dialect of this name, in any case, as in files.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "collectd" => Self::Collectd,
            "dogstatsd" => Self::DogStatsd,
            "graphite" => Self::Graphite,
            "influx" => Self::Influx,
            "librato" => Self::Librato,
            "netdata" => Self::Netdata,
            "opentelemetry" => Self::OpenTelemetry,
            "signalfx" => Self::SignalFx,
            "statsd" => Self::Statsd,
            "statsdexporter" => Self::StatsdExporter,
            _ => return None,
        })
    }

    pub(crate) const NAMES: &str = "`collectd`, `dogstatsd`, `graphite`, `influx`, `librato`, `netdata`, \
                                    `opentelemetry`, `signalfx`, `statsd` or `statsdexporter`";

    pub(crate) const fn rules(self) -> &'static Rules {
        match self {
            Self::Collectd => &rows::COLLECTD,
            Self::DogStatsd => &rows::DOGSTATSD,
            Self::Graphite => &rows::GRAPHITE,
            Self::Influx => &rows::INFLUX,
            Self::Librato => &rows::LIBRATO,
            Self::Netdata => &rows::NETDATA,
            Self::OpenTelemetry => &rows::OPEN_TELEMETRY,
            Self::SignalFx => &rows::SIGNALFX,
            Self::Statsd => &rows::STATSD,
            Self::StatsdExporter => &rows::STATSD_EXPORTER,
        }
    }
}

/// What IPv4 leaves of 65,535 bytes behind its own header and UDP's.
pub(crate) const MAX_DATAGRAM: usize = 65_507;
