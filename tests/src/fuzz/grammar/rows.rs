//! One row for each family of servers, after the sources that `Dialect` names.

use statsd_proto::{Dialect, Kind};

use super::{Counts, Grammar, Tags};
use crate::fuzz::reference;

pub(super) fn of(dialect: Dialect) -> &'static Grammar {
    match dialect {
        Dialect::Collectd => &COLLECTD,
        Dialect::DogStatsd => &DOGSTATSD,
        Dialect::Graphite => &GRAPHITE,
        Dialect::Influx => &INFLUX,
        Dialect::Librato => &LIBRATO,
        Dialect::Netdata => &NETDATA,
        Dialect::SignalFx => &SIGNALFX,
        Dialect::Statsd => &STATSD,
        Dialect::StatsdExporter => &STATSD_EXPORTER,
        _ => panic!("{dialect:?} has no grammar yet"),
    }
}

static STATSD: Grammar = REFERENCE;

static GRAPHITE: Grammar = Grammar {
    // Of any other character the server would leave nothing.
    name_ends: NOT_KEPT,
    key_ends: NOT_KEPT,
    tag_ends: NOT_KEPT,
    tags: Tags::Name(";", ';', ""),
    has_bare_tags: false,
    ..REFERENCE
};

static LIBRATO: Grammar = Grammar {
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

static STATSD_EXPORTER: Grammar = Grammar {
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

/// The reference server.
const REFERENCE: Grammar = Grammar {
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
