//! Table of dialects: one row for each.

use super::rules::{Counts, Rules, TagSyntax};
use super::{MAX_DATAGRAM, fatal};
use crate::config::Transport;
use crate::encode::text::Charset;

pub(super) static COLLECTD: Rules = Rules {
    tags: None,
    max_name: 127,
    ..PLUGIN
};

pub(super) static DOGSTATSD: Rules = Rules {
    transports: &[
        Transport::Udp,
        Transport::UnixDatagram,
        Transport::UnixStream,
        Transport::Tcp,
    ],
    kind_prefixes: false,
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

/// Graphite refuses an empty key or value. The server deletes characters from tags, which could leave one empty, so
/// all of these characters are forbidden.
pub(super) static GRAPHITE: Rules = Rules {
    transports: &[Transport::Tcp, Transport::Udp, Transport::UnixStream],
    transports_text: "`tcp`, `udp` or `unix_stream`, which the reference server listens on",
    tags: Some(in_name(";", b';', "")),
    name: Charset::without(NOT_KEPT, false),
    tag_key: Charset::without(NOT_KEPT, false),
    tag_value: Charset::without(NOT_KEPT, false),
    ..REFERENCE
};

/// Telegraf reads lines of up to 64 KiB on a stream, line feed included.
pub(super) static INFLUX: Rules = Rules {
    transports: &[Transport::Udp, Transport::Tcp],
    transports_text: "`udp` or `tcp`, which Telegraf listens on",
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

pub(super) static LIBRATO: Rules = Rules {
    transports: GRAPHITE.transports,
    transports_text: GRAPHITE.transports_text,
    tags: Some(in_name("#", b',', "")),
    tag_value: Charset::without(" :|@#,;=", false),
    ..REFERENCE
};

pub(super) static NETDATA: Rules = Rules {
    transports: &[Transport::Tcp, Transport::Udp],
    transports_text: "`tcp` or `udp`, which netdata listens on",
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

/// In a name, only a bar, a colon and a line feed are structure. Over TCP, white space at the ends of a line is
/// trimmed.
pub(super) static OPEN_TELEMETRY: Rules = Rules {
    transports: &[Transport::Udp, Transport::Tcp, Transport::UnixDatagram],
    transports_text: "`udp`, `tcp` or `unix_datagram`, which the Collector listens on",
    kind_prefixes: false,
    tags: Some(TagSyntax {
        bare: false,
        ..AFTER_TYPE
    }),
    name: Charset::without(" :|@#", true),
    tag_key: Charset::without(" :|,#", true),
    tag_value: Charset::without("|,", true),
    is_fatal_name: fatal::begins_with_space,
    distribution: Some("d"),
    histogram: Some("h"),
    set: None,
    gauge_delta: false,
    counts: Counts::Whole,
    ..REFERENCE
};

pub(super) static SIGNALFX: Rules = Rules {
    tags: Some(in_name("[", b',', "]")),
    name: Charset::without(" :|@#[]", true),
    ..PLUGIN
};

/// The server counts unknown types as counters. It turns tags into `;key=value` at the end of the name.
pub(super) static STATSD: Rules = REFERENCE;

/// A name with a character of one of the four other tag syntaxes is read as a name with tags. Tags after the type are
/// then refused.
pub(super) static STATSD_EXPORTER: Rules = Rules {
    // It listens on Unix datagrams only. A stream reaches it through a relay.
    transports: &[
        Transport::Tcp,
        Transport::Udp,
        Transport::UnixDatagram,
        Transport::UnixStream,
    ],
    port: 9125,
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

/// Rules of Etsy/statsd, which other rows override.
///
/// Its TCP server reads bytes as 7-bit ASCII: the second byte of `Ċ` becomes a line feed. Characters beyond ASCII are
/// therefore forbidden.
const REFERENCE: Rules = Rules {
    transports: &[
        Transport::Tcp,
        Transport::Udp,
        Transport::UnixStream,
        Transport::UnixDatagram,
    ],
    transports_text: "any of them",
    port: 8125,
    kind_prefixes: true,
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

/// Rules of collectd's plugin.
const PLUGIN: Rules = Rules {
    transports: &[Transport::Udp],
    transports_text: "`udp`, which is all that collectd's plugin listens on",
    name: Charset::without(" :|@#", true),
    tag_key: Charset::without(" :|@#,=[]", true),
    tag_value: Charset::without(" :|@#,=[]", true),
    member: Charset::without(":|", true),
    is_fatal_name: |_| false,
    max_datagram: 4095,
    rates_on_counters_only: true,
    ..REFERENCE
};

/// ASCII without letters, digits, control characters and `_ - . /`.
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
