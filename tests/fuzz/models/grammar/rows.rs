//! One row for each family of servers, after the sources that `Dialect` names.

use statsd_proto::{Dialect, Kind, Transport};

use super::{Counts, Grammar, Tags};
use crate::models::reference;

pub(super) fn of(dialect: Dialect) -> &'static Grammar {
    match dialect {
        Dialect::Collectd => &COLLECTD,
        Dialect::DogStatsd => &DOGSTATSD,
        Dialect::Graphite => &GRAPHITE,
        Dialect::Influx => &INFLUX,
        Dialect::Librato => &LIBRATO,
        Dialect::Netdata => &NETDATA,
        Dialect::OpenTelemetry => &OPEN_TELEMETRY,
        Dialect::SignalFx => &SIGNALFX,
        Dialect::Statsd => &STATSD,
        Dialect::StatsdExporter => &STATSD_EXPORTER,
        _ => panic!("{dialect:?} has no grammar yet"),
    }
}

static STATSD: Grammar = REFERENCE;

static GRAPHITE: Grammar = Grammar {
    transports: &[Transport::Tcp, Transport::Udp, Transport::UnixStream],
    // Of any other character the server would leave nothing.
    name_ends: NOT_KEPT,
    key_ends: NOT_KEPT,
    tag_ends: NOT_KEPT,
    tags: Tags::Name(";", ';', ""),
    has_bare_tags: false,
    ..REFERENCE
};

static LIBRATO: Grammar = Grammar {
    transports: &[Transport::Tcp, Transport::Udp, Transport::UnixStream],
    tag_ends: " :|@#,;=",
    tags: Tags::Name("#", ',', ""),
    has_bare_tags: false,
    ..REFERENCE
};

static COLLECTD: Grammar = Grammar {
    tags: Tags::Nowhere,
    max_name: 127,
    ..PLUGIN
};

static SIGNALFX: Grammar = Grammar {
    name_ends: " :|@#[]",
    tags: Tags::Name("[", ',', "]"),
    ..PLUGIN
};

static DOGSTATSD: Grammar = Grammar {
    is_ascii: false,
    key_ends: ":|,#",
    tag_ends: "|,",
    member_ends: "|",
    has_negative_gauge: true,
    kinds: &[
        (Kind::Counter, "c"),
        (Kind::Distribution, "d"),
        (Kind::Gauge, "g"),
        (Kind::Histogram, "h"),
        (Kind::Set, "s"),
        (Kind::Timing, "ms"),
    ],
    packs: true,
    has_extras: true,
    max_datagram: 8192,
    is_fatal: |name| name.starts_with("_e{") || name.starts_with("_sc"),
    ..REFERENCE
};

static INFLUX: Grammar = Grammar {
    transports: &[Transport::Tcp, Transport::Udp],
    is_ascii: false,
    name_ends: " :|@#,",
    key_ends: " :|@#,=",
    tag_ends: ":|@#,=",
    member_ends: ":|",
    tags: Tags::Name(",", ',', ""),
    has_bare_tags: false,
    kinds: &[
        (Kind::Counter, "c"),
        (Kind::Gauge, "g"),
        (Kind::GaugeDelta, "g"),
        (Kind::Histogram, "h"),
        (Kind::Set, "s"),
        (Kind::Timing, "ms"),
    ],
    counts: Counts::Whole,
    has_signs: false,
    // It cuts white space off, and has fields for events and containers.
    is_fatal: |name| name.starts_with("_e") || name == "c" || name.trim_start() != name,
    ..REFERENCE
};

static NETDATA: Grammar = Grammar {
    transports: &[Transport::Tcp, Transport::Udp],
    is_ascii: false,
    name_ends: " :|@#=",
    key_ends: " :|@#,=",
    tag_ends: ":|@#,=",
    member_ends: " |@#",
    kinds: &[
        (Kind::Counter, "c"),
        (Kind::Gauge, "g"),
        (Kind::GaugeDelta, "g"),
        (Kind::Histogram, "h"),
        (Kind::Meter, "m"),
        (Kind::Set, "s"),
        (Kind::Timing, "ms"),
    ],
    counts: Counts::Whole,
    max_datagram: 8999,
    is_fatal: |_| false,
    ..REFERENCE
};

static OPEN_TELEMETRY: Grammar = Grammar {
    transports: &[Transport::Tcp, Transport::Udp, Transport::UnixDatagram],
    is_ascii: false,
    key_ends: " :|,#",
    tag_ends: "|,",
    has_bare_tags: false,
    kinds: &[
        (Kind::Counter, "c"),
        (Kind::Distribution, "d"),
        (Kind::Gauge, "g"),
        (Kind::Histogram, "h"),
        (Kind::Timing, "ms"),
    ],
    counts: Counts::Whole,
    // It cuts white space off.
    is_fatal: |name| name.trim_start() != name,
    ..REFERENCE
};

static STATSD_EXPORTER: Grammar = Grammar {
    // A stream reaches it through a relay.
    transports: &[
        Transport::Tcp,
        Transport::Udp,
        Transport::UnixDatagram,
        Transport::UnixStream,
    ],
    is_ascii: false,
    name_ends: " :|@#,[]",
    key_ends: ":|,#",
    tag_ends: "|,",
    has_bare_tags: false,
    kinds: &[
        (Kind::Counter, "c"),
        (Kind::Distribution, "d"),
        (Kind::Gauge, "g"),
        (Kind::GaugeDelta, "g"),
        (Kind::Histogram, "h"),
        (Kind::Timing, "ms"),
    ],
    counts: Counts::Up,
    packs: true,
    is_fatal: |_| false,
    ..REFERENCE
};

/// The CloudWatch agent, by the format in its manual.
#[cfg(test)]
pub(super) static CLOUDWATCH: Grammar = Grammar {
    transports: &[Transport::Udp],
    kinds: LETTERS,
    ..REFERENCE
};

/// Metricbeat's statsd module, by the types and the styles of tags in its manual.
#[cfg(test)]
pub(super) static METRICBEAT: Grammar = Grammar {
    transports: &[Transport::Udp],
    kinds: LETTERS,
    ..REFERENCE
};

/// New Relic's integration, which is gostatsd. A name that begins with `_` it takes for an event.
#[cfg(test)]
pub(super) static NEW_RELIC: Grammar = Grammar {
    transports: &[Transport::Udp],
    kinds: LETTERS,
    is_fatal: |name| name.starts_with('_'),
    ..REFERENCE
};

/// Vector's statsd source.
#[cfg(test)]
pub(super) static VECTOR: Grammar = Grammar {
    kinds: &[
        (Kind::Counter, "c"),
        (Kind::Distribution, "d"),
        (Kind::Gauge, "g"),
        (Kind::GaugeDelta, "g"),
        (Kind::Histogram, "h"),
        (Kind::Set, "s"),
        (Kind::Timing, "ms"),
    ],
    ..REFERENCE
};

#[cfg(test)]
const LETTERS: &[(Kind, &str)] = &[
    (Kind::Counter, "c"),
    (Kind::Gauge, "g"),
    (Kind::GaugeDelta, "g"),
    (Kind::Histogram, "h"),
    (Kind::Set, "s"),
    (Kind::Timing, "ms"),
];

/// The reference server.
const REFERENCE: Grammar = Grammar {
    transports: &[
        Transport::Tcp,
        Transport::Udp,
        Transport::UnixDatagram,
        Transport::UnixStream,
    ],
    is_ascii: true,
    name_ends: " :|@#",
    key_ends: " :|@#,;=",
    tag_ends: " |@#,;=",
    member_ends: ":|@#",
    tags: Tags::Behind,
    has_bare_tags: true,
    has_negative_gauge: false,
    kinds: &[
        (Kind::Counter, "c"),
        (Kind::Gauge, "g"),
        (Kind::GaugeDelta, "g"),
        (Kind::Set, "s"),
        (Kind::Timing, "ms"),
    ],
    counts: Counts::Any,
    has_signs: true,
    has_counters_rates_only: false,
    packs: false,
    has_extras: false,
    max_name: usize::MAX,
    max_datagram: 65_507,
    is_fatal: reference::is_inherited,
};

/// collectd's plugin.
const PLUGIN: Grammar = Grammar {
    transports: &[Transport::Udp],
    is_ascii: false,
    key_ends: " :|@#,=[]",
    tag_ends: " :|@#,=[]",
    member_ends: ":|",
    has_bare_tags: false,
    has_counters_rates_only: true,
    max_datagram: 4095,
    is_fatal: |_| false,
    ..REFERENCE
};

const NOT_KEPT: &str = " !\"#$%&'()*+,:;<=>?@[\\]^`{|}~";
