//! Dialects: the table of what each family of servers accepts.

mod fatal;
mod rows;
mod rules;

use std::str::FromStr;

use crate::error::ConfigError;
pub(crate) use rules::{Counts, Rules, TagSyntax};

/// Dialect: the family of servers that the lines are for.
///
/// A setting or metric that the dialect does not support is an error: of a setting when the configuration is
/// [checked](crate::Config::check), of a metric when it is recorded.
///
/// `Config::new(host).dialect(Dialect::Influx)` is a configuration for servers of that dialect, and so on.
/// `Config::new(host)` has the dialect `Statsd`, and `Config::dogstatsd(host)` has `DogStatsd`. The `host` may be an
/// address such as `udp://10.0.0.7`. Settings that are not set follow the dialect:
///
/// | dialect | [transport] | `unix://` | other transports | [port] | [kind prefixes] |
/// |---|---|---|---|---|---|
/// | `Collectd` | UDP | none | none | 8125 | yes |
/// | `DogStatsd` | UDP | datagrams | stream, TCP | 8125 | no |
/// | `Graphite` | TCP | stream | UDP | 8125 | yes |
/// | `Influx` | UDP | none | TCP | 8125 | yes |
/// | `Librato` | TCP | stream | UDP | 8125 | yes |
/// | `Netdata` | TCP | none | UDP | 8125 | yes |
/// | `OpenTelemetry` | UDP | datagrams | TCP | 8125 | no |
/// | `SignalFx` | UDP | none | none | 8125 | yes |
/// | `Statsd` | TCP | stream | UDP, datagrams | 8125 | yes |
/// | `StatsdExporter` | TCP | datagrams | UDP, stream | 9125 | yes |
///
/// What the servers accept:
///
/// | dialect | tags | beside counters, gauges, timings | changes of gauges |
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
///
/// The page [Servers] has the settings for products that contain one of these servers.
///
/// [transport]: crate::Config::transport
/// [port]: crate::Config::port
/// [kind prefixes]: crate::Config::kind_prefixes
/// [Servers]: https://docs.rs/statsd-proto/latest/statsd_proto/_servers/
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Dialect {
    /// collectd's statsd plugin, over UDP alone. Source: `src/statsd.c`.
    ///
    /// It refuses lines with tags, and a rate on anything but counters and timings. It divides the value of a timing
    /// by the rate, so only counters may be sampled. It cuts names at 127 bytes, which would merge series; longer
    /// names are refused. It reads 4095 bytes of a datagram.
    Collectd,
    /// Datadog agent: histograms, distributions, tags with any text, packed values, and everything in
    /// [`dogstatsd`](crate::dogstatsd); no changes of gauges. Source: `comp/dogstatsd/server/impl/parse*.go`.
    ///
    /// It reads 8192 bytes of a datagram (`dogstatsd_buffer_size`).
    DogStatsd,
    /// Etsy/statsd in front of Graphite 1.1 or later, which reads tags in the name. Each tag needs a value. Source:
    /// `stats.js` of the server, and `render/datalib` and `tags/utils.py` of Graphite.
    Graphite,
    /// Telegraf's statsd input, with tags in the name as InfluxDB writes them. Each tag needs a value. Source:
    /// `plugins/inputs/statsd/statsd.go`.
    ///
    /// It truncates fractional counts, so they are refused. It accepts no sign on the value of a histogram or the
    /// member of a set. It drops distributions in its default configuration, so they are not supported.
    Influx,
    /// Etsy/statsd with Librato's back end and `keyNameSanitize: false`; without that setting the server deletes the
    /// characters around tags. Each tag needs a value. Source: `stats.js`.
    Librato,
    /// netdata's statsd plugin, by its documentation and its observed behaviour.
    ///
    /// It counts in integers of 64 bits and truncates fractional counts, so they are refused. It reads the tags
    /// `units`, `name` and `family`, and ignores all others. They are sent nevertheless, because the metric itself is
    /// worth having. It reads 8999 bytes of a datagram, and 65,534 bytes of a line on a stream.
    Netdata,
    /// OpenTelemetry Collector's statsd receiver, with tags as in DogStatsD, each with a value. Source:
    /// `receiver/statsdreceiver/internal/parser/statsd_parser.go` and `internal/transport`.
    ///
    /// It drops the level of a gauge after each interval and would read a change as a level, so changes are refused.
    /// For years it truncated fractional counts, so they are refused; it still truncates a count that it has divided
    /// by its rate. Some versions refuse lines with several values, a container or a cardinality, so lines have none.
    /// TCP is used only if it is set. There, a line that arrives in two parts may corrupt later lines: prefer UDP.
    OpenTelemetry,
    /// SignalFx's collectd, whose statsd plugin reads dimensions from the name. Each tag needs a value. All other
    /// limits are those of [`Collectd`](Self::Collectd).
    SignalFx,
    /// Etsy/statsd (github.com/statsd/statsd) and compatible servers. The default. Source: `stats.js`,
    /// `lib/helpers.js` and `servers/tcp.js` of version 0.9.0.
    #[default]
    Statsd,
    /// Prometheus's statsd_exporter, with tags as in DogStatsD, each with a value. Source: `pkg/line/line.go` and
    /// `pkg/listener/listener.go`.
    ///
    /// It has no sets and refuses negative counts. It accepts several values of timings, histograms and distributions
    /// in a line. It closes a stream on a line of more than 4095 bytes.
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

    /// Dialect of this name as in files, in any case.
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

    /// Names of all dialects, for an error.
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

/// Parses the name of a dialect as in files and in `STATSD_DIALECT`: `statsd`, `dogstatsd`, and so on, in any case.
impl FromStr for Dialect {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        Self::named(name).ok_or_else(|| ConfigError::Invalid {
            setting: "dialect",
            value: name.into(),
            expected: Self::NAMES,
        })
    }
}

/// Maximum size of a UDP datagram over IPv4: 65,535 bytes less the headers of IP (20) and UDP (8).
pub(crate) const MAX_DATAGRAM: usize = 65_507;
