//! What each family of servers accepts: the one table of differences.

use crate::metric::Kind;
use crate::text::{Charset, is_plain};

/// The family of servers that the lines are for.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Dialect {
    /// The Datadog agent: histograms, distributions, tags of any text; no gauge deltas.
    DogStatsd,
    /// The reference server (github.com/statsd/statsd) and those that follow it. The default.
    #[default]
    Statsd,
}

impl Dialect {
    pub(crate) const fn rules(self) -> &'static Rules {
        match self {
            Self::DogStatsd => &DOGSTATSD,
            Self::Statsd => &STATSD,
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) distribution: Option<&'static str>,
    /// Whether a line may have several values, and fields for where and when they come from.
    pub(crate) extensions: bool,
    pub(crate) gauge_delta: bool,
    pub(crate) histogram: Option<&'static str>,
    pub(crate) meter: Option<&'static str>,
    /// Whether a gauge of `-5` means the level -5; elsewhere it means five less.
    pub(crate) negative_gauge: bool,
    /// Whether one line may bring several values of a timing, a histogram or a distribution.
    pub(crate) packs: bool,
    pub(crate) name: Charset,
    pub(crate) tag_key: Charset,
    pub(crate) tag_value: Charset,
    pub(crate) member: Charset,
    /// Names that bring the server down, or that it does not take for a metric's.
    pub(crate) is_fatal_name: fn(&[u8]) -> bool,
}

impl Rules {
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
            Kind::Set => Some("s"),
            Kind::Timing => Some("ms"),
        }
    }
}

/// Read in the server's `stats.js`, `lib/helpers.js` and `servers/tcp.js`, version 0.9.0.
///
/// Its TCP side reads bytes as 7-bit ASCII, so that the second byte of `Ċ` becomes a line break: nothing
/// beyond ASCII may pass. Types it does not know it counts as counters. Tags turn into `;key=value` at
/// the end of the name.
static STATSD: Rules = Rules {
    distribution: None,
    extensions: false,
    gauge_delta: true,
    histogram: None,
    meter: None,
    negative_gauge: false,
    packs: false,
    name: Charset::without(" :|@#", false),
    tag_key: Charset::without(" :|@#,;=", false),
    tag_value: Charset::without(" |@#,;=", false),
    member: Charset::without(":|@#", false),
    is_fatal_name: is_object_property,
};

/// Read in the agent's `comp/dogstatsd/server/impl/parse*.go`.
static DOGSTATSD: Rules = Rules {
    distribution: Some("d"),
    extensions: true,
    gauge_delta: false,
    histogram: Some("h"),
    meter: None,
    negative_gauge: true,
    packs: true,
    name: Charset::without(" :|@#", true),
    tag_key: Charset::without(":|,#", true),
    tag_value: Charset::without("|,", true),
    member: Charset::without("|", true),
    is_fatal_name: is_event_or_check,
};

/// The agent tells events and service checks from metrics by how a line begins.
fn is_event_or_check(name: &[u8]) -> bool {
    name.starts_with(b"_e{") || name.starts_with(b"_sc")
}

/// The reference server keeps metrics in plain objects: a timer or a set of such a name finds the
/// object's own property there, and the process dies of it. Characters that the server deletes from a
/// name do not make it another.
fn is_object_property(name: &[u8]) -> bool {
    let is_property = |name: &[u8]| {
        matches!(
            name,
            b"__defineGetter__"
                | b"__defineSetter__"
                | b"__lookupGetter__"
                | b"__lookupSetter__"
                | b"__proto__"
                | b"constructor"
                | b"hasOwnProperty"
                | b"isPrototypeOf"
                | b"propertyIsEnumerable"
                | b"toLocaleString"
                | b"toString"
                | b"valueOf"
        )
    };
    if is_plain(name) {
        return is_property(name);
    }
    let is_kept = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.;=/".contains(byte);
    // One more byte than the longest of them.
    let mut kept = [0; 21];
    let mut len = 0;
    for byte in name.iter().copied().filter(is_kept).take(kept.len()) {
        kept[len] = byte;
        len += 1;
    }
    is_property(&kept[..len])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fatal_names_are_known_in_disguise() {
        for name in [
            "constructor",
            "__proto__",
            "con,structor",
            "to\"String",
            "valueOf!",
        ] {
            assert!(is_object_property(name.as_bytes()), "{name}");
        }
        for name in [
            "constructors",
            "a.constructor",
            "con/structor",
            "con_structor",
            "",
        ] {
            assert!(!is_object_property(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn events_and_service_checks_are_known_by_how_they_begin() {
        for name in ["_e{1,1}", "_e{", "_sc", "_scheduler.runs"] {
            assert!(is_event_or_check(name.as_bytes()), "{name}");
        }
        for name in ["_e", "_events", "_s.c", "a._sc", "sc", ""] {
            assert!(!is_event_or_check(name.as_bytes()), "{name}");
        }
    }
}
