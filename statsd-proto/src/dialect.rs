//! What each family of servers accepts: the one table of differences.

mod fatal;

use crate::metric::Kind;
use crate::text::Charset;

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
    pub(crate) const ALL: [Self; 9] = [
        Self::Collectd,
        Self::DogStatsd,
        Self::Graphite,
        Self::Influx,
        Self::Librato,
        Self::Netdata,
        Self::SignalFx,
        Self::Statsd,
        Self::StatsdExporter,
    ];

    pub(crate) const fn rules(self) -> &'static Rules {
        match self {
            Self::Collectd => &COLLECTD,
            Self::DogStatsd => &DOGSTATSD,
            Self::Graphite => &GRAPHITE,
            Self::Influx => &INFLUX,
            Self::Librato => &LIBRATO,
            Self::Netdata => &NETDATA,
            Self::SignalFx => &SIGNALFX,
            Self::Statsd => &STATSD,
            Self::StatsdExporter => &STATSD_EXPORTER,
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Rules {
    /// How tags are written; none where the server refuses lines that have some.
    pub(crate) tags: Option<TagSyntax>,
    pub(crate) name: Charset,
    pub(crate) tag_key: Charset,
    pub(crate) tag_value: Charset,
    pub(crate) member: Charset,
    /// Names that bring the server down, or that it does not take for a metric's.
    pub(crate) is_fatal_name: fn(&[u8]) -> bool,
    /// The longest name that is not cut, its prefix included.
    pub(crate) max_name: usize,
    /// How much of a datagram the server reads.
    pub(crate) max_datagram: usize,
    /// The longest line on a stream that the server reads, without its line break.
    pub(crate) max_line: usize,
    pub(crate) distribution: Option<&'static str>,
    pub(crate) histogram: Option<&'static str>,
    pub(crate) meter: Option<&'static str>,
    pub(crate) set: Option<&'static str>,
    pub(crate) gauge_delta: bool,
    /// Whether a gauge of `-5` means the level -5; elsewhere it means five less.
    pub(crate) negative_gauge: bool,
    pub(crate) counts: Counts,
    /// Whether anything but a count or a gauge may begin with a sign, a set's members included.
    pub(crate) signed_samples: bool,
    /// Whether only counters may have a rate.
    pub(crate) rates_on_counters_only: bool,
    /// Whether one line may bring several values of a timing, a histogram or a distribution.
    pub(crate) packs: bool,
    /// Whether the server knows events, service checks, timestamps, origins and cardinalities.
    pub(crate) has_extras: bool,
}

/// How tags are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TagSyntax {
    /// What stands before the first tag.
    pub(crate) open: &'static str,
    /// What stands between a key and its value.
    pub(crate) assign: u8,
    /// What stands between two tags.
    pub(crate) separator: u8,
    /// What stands behind the last tag.
    pub(crate) close: &'static str,
    /// Whether tags are a part of the name; else they stand behind the type and the rate.
    pub(crate) in_name: bool,
    /// Whether a tag may have no value.
    pub(crate) bare: bool,
}

/// What may be counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Counts {
    Any,
    NotNegative,
    /// Whole numbers that have room in 64 bits with a sign.
    Whole,
}

impl Rules {
    /// Whether a name is [fatal](Self::is_fatal_name) in which nothing has to be replaced.
    #[inline]
    pub(crate) fn is_fatal_plain_name(&self, name: &[u8]) -> bool {
        // The others are longer than any of them, and begin with none of their marks.
        let may_be = name.len() <= fatal::LONGEST_PROPERTY || name.starts_with(b"_");
        may_be && (self.is_fatal_name)(name)
    }

    /// The type code of `kind` on the wire; none if the server would misread it.
    #[inline]
    pub(crate) const fn code(&self, kind: Kind) -> Option<&'static str> {
        match kind {
            Kind::Counter => Some("c"),
            Kind::Distribution => self.distribution,
            Kind::Gauge => Some("g"),
            Kind::GaugeDelta => {
                if self.gauge_delta {
                    Some("g")
                } else {
                    None
                }
            }
            Kind::Histogram => self.histogram,
            Kind::Meter => self.meter,
            Kind::Set => self.set,
            Kind::Timing => Some("ms"),
        }
    }
}

static COLLECTD: Rules = Rules {
    tags: None,
    max_name: 127,
    ..PLUGIN
};

static DOGSTATSD: Rules = Rules {
    name: Charset::without(" :|@#", true),
    tag_key: Charset::without(":|,#", true),
    tag_value: Charset::without("|,", true),
    member: Charset::without("|", true),
    is_fatal_name: fatal::is_event_or_check,
    max_datagram: 8192,
    distribution: Some("d"),
    histogram: Some("h"),
    gauge_delta: false,
    negative_gauge: true,
    packs: true,
    has_extras: true,
    ..REFERENCE
};

/// Graphite refuses a key or a value that is empty, as one may be of which the server deletes all that it
/// does not keep in a name: all of that is forbidden.
static GRAPHITE: Rules = Rules {
    tags: Some(in_name(";", b';', "")),
    name: Charset::without(NOT_KEPT, false),
    tag_key: Charset::without(NOT_KEPT, false),
    tag_value: Charset::without(NOT_KEPT, false),
    ..REFERENCE
};

/// A line on a stream may have 64 KiB, its line break included.
static INFLUX: Rules = Rules {
    tags: Some(in_name(",", b',', "")),
    name: Charset::without(" :|@#,", true),
    tag_key: Charset::without(" :|@#,=", true),
    tag_value: Charset::without(":|@#,=", true),
    member: Charset::without(":|", true),
    is_fatal_name: fatal::is_trap_of_telegraf,
    max_line: 65_535,
    histogram: Some("h"),
    counts: Counts::Whole,
    signed_samples: false,
    ..REFERENCE
};

static LIBRATO: Rules = Rules {
    tags: Some(in_name("#", b',', "")),
    tag_value: Charset::without(" :|@#,;=", false),
    ..REFERENCE
};

static NETDATA: Rules = Rules {
    name: Charset::without(" :|@#=", true),
    tag_key: Charset::without(" :|@#,=", true),
    tag_value: Charset::without(":|@#,=", true),
    member: Charset::without(" |@#", true),
    is_fatal_name: |_| false,
    max_datagram: 8999,
    max_line: 65_534,
    histogram: Some("h"),
    meter: Some("m"),
    counts: Counts::Whole,
    ..REFERENCE
};

static SIGNALFX: Rules = Rules {
    tags: Some(in_name("[", b',', "]")),
    name: Charset::without(" :|@#[]", true),
    ..PLUGIN
};

/// Types it does not know it counts as counters. Tags turn into `;key=value` at the end of the name.
static STATSD: Rules = REFERENCE;

/// A name with a mark of any of the four other syntaxes for tags has tags, beside which those behind the
/// type are refused.
static STATSD_EXPORTER: Rules = Rules {
    tags: Some(TagSyntax {
        bare: false,
        ..AFTER_TYPE
    }),
    name: Charset::without(" :|@#,[]", true),
    tag_key: Charset::without(":|,#", true),
    tag_value: Charset::without("|,", true),
    is_fatal_name: |_| false,
    max_line: 4095,
    distribution: Some("d"),
    histogram: Some("h"),
    set: None,
    counts: Counts::NotNegative,
    packs: true,
    ..REFERENCE
};

/// What the reference server accepts, and others too unless their row says otherwise.
///
/// Its TCP side reads bytes as 7-bit ASCII, so that the second byte of `Ċ` becomes a line break: nothing
/// beyond ASCII may pass.
const REFERENCE: Rules = Rules {
    tags: Some(AFTER_TYPE),
    name: Charset::without(" :|@#", false),
    tag_key: Charset::without(" :|@#,;=", false),
    tag_value: Charset::without(" |@#,;=", false),
    member: Charset::without(":|@#", false),
    is_fatal_name: fatal::is_object_property,
    max_name: usize::MAX,
    max_datagram: MAX_DATAGRAM,
    max_line: 1 << 20,
    distribution: None,
    histogram: None,
    meter: None,
    set: Some("s"),
    gauge_delta: true,
    negative_gauge: false,
    counts: Counts::Any,
    signed_samples: true,
    rates_on_counters_only: false,
    packs: false,
    has_extras: false,
};

/// What collectd's plugin accepts.
const PLUGIN: Rules = Rules {
    name: Charset::without(" :|@#", true),
    tag_key: Charset::without(" :|@#,=[]", true),
    tag_value: Charset::without(" :|@#,=[]", true),
    member: Charset::without(":|", true),
    is_fatal_name: |_| false,
    max_datagram: 4095,
    rates_on_counters_only: true,
    ..REFERENCE
};

/// All of ASCII but letters, digits, what controls, and `_ - . /`.
const NOT_KEPT: &str = " !\"#$%&'()*+,:;<=>?@[\\]^`{|}~";

const AFTER_TYPE: TagSyntax = TagSyntax {
    open: "|#",
    assign: b':',
    separator: b',',
    close: "",
    in_name: false,
    bare: true,
};

const fn in_name(open: &'static str, separator: u8, close: &'static str) -> TagSyntax {
    TagSyntax {
        open,
        assign: b'=',
        separator,
        close,
        in_name: true,
        bare: false,
    }
}

/// What IPv4 leaves of 65,535 bytes behind its own header and UDP's.
pub(crate) const MAX_DATAGRAM: usize = 65_507;
