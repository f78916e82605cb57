//! Columns of the table of dialects.

use super::fatal;
use crate::config::Transport;
use crate::encode::text::Charset;
use crate::metric::Kind;

/// Row of the table.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Transports on which the servers listen. The first network transport and the first type of Unix socket are the
    /// defaults.
    pub(crate) transports: &'static [Transport],
    /// The transports as text, for an error.
    pub(crate) transports_text: &'static str,
    pub(crate) port: u16,
    /// Whether names get a [prefix for their kind](crate::Config::kind_prefixes) by default.
    pub(crate) kind_prefixes: bool,
    /// Syntax of tags, or `None` if the server refuses lines with tags.
    pub(crate) tags: Option<TagSyntax>,
    pub(crate) name: Charset,
    pub(crate) tag_key: Charset,
    pub(crate) tag_value: Charset,
    pub(crate) member: Charset,
    /// Whether a name crashes the server, or is not read as a metric's name.
    pub(crate) is_fatal_name: fn(&[u8]) -> bool,
    /// Maximum length of a name with its prefix, in bytes. The server cuts longer ones.
    pub(crate) max_name: usize,
    /// Number of bytes of a datagram that the server reads.
    pub(crate) max_datagram: usize,
    /// Maximum length of a line on a stream, in bytes, without its line feed.
    pub(crate) max_line: usize,
    pub(crate) distribution: Option<&'static str>,
    pub(crate) histogram: Option<&'static str>,
    pub(crate) meter: Option<&'static str>,
    pub(crate) set: Option<&'static str>,
    pub(crate) gauge_delta: bool,
    /// Whether a gauge of `-5` means the level -5. Otherwise it means a decrease by five.
    pub(crate) negative_gauge: bool,
    pub(crate) counts: Counts,
    /// Whether values of all kinds and members of sets may begin with a sign. Counts and gauges always may.
    pub(crate) signed_samples: bool,
    /// Whether only counters may have a sample rate.
    pub(crate) rates_on_counters_only: bool,
    /// Whether a line may hold several values of a timing, a histogram or a distribution.
    pub(crate) packs: bool,
    /// Whether the server supports events, service checks, timestamps, origins and cardinalities.
    pub(crate) has_extras: bool,
}

/// Syntax of tags.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TagSyntax {
    /// Text before the first tag.
    pub(crate) open: &'static str,
    /// Separator between a key and its value.
    pub(crate) assign: u8,
    /// Separator between two tags.
    pub(crate) separator: u8,
    /// Text after the last tag.
    pub(crate) close: &'static str,
    /// Whether tags are part of the name. Otherwise they follow the type and the rate.
    pub(crate) in_name: bool,
    /// Whether a tag may lack a value.
    pub(crate) bare: bool,
}

/// Numbers that a counter may be changed by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Counts {
    Any,
    NotNegative,
    /// Integers that fit into a signed 64-bit integer.
    Whole,
}

impl Rules {
    /// Default transport: over a network, or to a Unix socket.
    pub(crate) fn transport(&self, is_unix: bool) -> Transport {
        let is_wanted = |transport: &&Transport| transport.is_unix() == is_unix;
        // A dialect without any such transport: the check of the configuration reports the error.
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

    /// Whether a name of plain characters is [fatal](Self::is_fatal_name).
    #[inline]
    pub(crate) fn is_fatal_plain_name(&self, name: &[u8]) -> bool {
        // Fatal names are short, or begin with an underscore.
        let may_be = name.len() <= fatal::LONGEST_PROPERTY || name.starts_with(b"_");
        may_be && self.is_fatal(name)
    }

    /// Cold, so that other names do not pay for the call.
    #[cold]
    #[inline(never)]
    fn is_fatal(&self, name: &[u8]) -> bool {
        (self.is_fatal_name)(name)
    }

    /// Type code of `kind` in a line, or `None` if the server would misread it.
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
