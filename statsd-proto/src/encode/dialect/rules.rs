//! The columns of the table of dialects.

use super::fatal;
use crate::config::Transport;
use crate::encode::text::Charset;
use crate::metric::Kind;

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Transports that the servers listen on. The first network and the first kind of Unix socket are the defaults.
    pub(crate) transports: &'static [Transport],
    /// The same in words, for an error.
    pub(crate) transports_text: &'static str,
    pub(crate) port: u16,
    /// Whether names get a [prefix of their kind](crate::Config::kind_prefixes) unless set otherwise.
    pub(crate) kind_prefixes: bool,
    /// How tags are written, or `None` if the server refuses lines with tags.
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
    /// Precedes the first tag.
    pub(crate) open: &'static str,
    /// Separates a key from its value.
    pub(crate) assign: u8,
    /// Separates two tags.
    pub(crate) separator: u8,
    /// Follows the last tag.
    pub(crate) close: &'static str,
    /// Whether tags are a part of the name. Otherwise they follow the type and the rate.
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
    /// The default transport over a network, or on this machine.
    pub(crate) fn transport(&self, is_unix: bool) -> Transport {
        let is_wanted = |transport: &&Transport| transport.is_unix() == is_unix;
        // One that no server listens on is an error of the check.
        let other = if is_unix {
            Transport::UnixStream
        } else {
            Transport::Udp
        };
        self.transports
            .iter()
            .find(is_wanted)
            .copied()
            .unwrap_or(other)
    }

    /// Whether a name is [fatal](Self::is_fatal_name) in which nothing has to be replaced.
    #[inline]
    pub(crate) fn is_fatal_plain_name(&self, name: &[u8]) -> bool {
        // The others are longer than any of them, and begin with none of their marks.
        let may_be = name.len() <= fatal::LONGEST_PROPERTY || name.starts_with(b"_");
        may_be && (self.is_fatal_name)(name)
    }

    /// The type code of `kind` on the wire, or `None` if the server would misread it.
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
