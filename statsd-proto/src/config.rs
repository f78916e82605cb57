//! What can be configured, and the reason for each default.

mod address;
mod check;
mod environment;
#[cfg(feature = "serde")]
mod file;
mod line;
mod link;
mod origin;
mod queue;
mod server;
mod telemetry;

use std::path::PathBuf;
use std::time::Duration;

use crate::encode::dialect::{Dialect, MAX_DATAGRAM};
use crate::encode::text::UnsafeText;
use crate::session::queue::Overflow;
pub(crate) use address::parse_port;
use origin::Origin;
pub use server::UnixSockets;
pub use telemetry::Telemetry;

/// How to reach a server, and how to speak to it.
///
/// Every setting but the host has a default, and every setter may be called in any order. Nothing is
/// checked before the configuration is used: then one [`ConfigError`](crate::ConfigError) names the first setting that
/// cannot work, and its value.
///
/// ```
/// use std::time::Duration;
/// use statsd_proto::{Config, Transport};
///
/// let config = Config::new("metrics.internal")
///     .transport(Transport::Udp)
///     .prefix("shop")
///     .flush_interval(Duration::from_millis(50));
/// # assert!(config.check().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// A host name or an IP address, or invalid text, which the check reports.
    pub(crate) host: String,
    /// `None` follows the dialect.
    pub(crate) port: Option<u16>,
    /// Path of a Unix socket, or empty for a network. A NUL begins the name of an abstract socket.
    pub(crate) path: PathBuf,
    /// `None` follows the dialect, and whether there is a path.
    pub(crate) transport: Option<Transport>,
    pub(crate) enabled: bool,
    /// `None` is required and not given yet.
    pub(crate) prefix: Option<String>,
    /// `None` follows the dialect.
    pub(crate) kind_prefixes: Option<bool>,
    pub(crate) dialect: Dialect,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) origin: Origin,
    pub(crate) unsafe_text: UnsafeText,
    pub(crate) max_line: usize,
    /// None: what suits the transport.
    pub(crate) max_datagram: Option<usize>,
    pub(crate) max_queue_bytes: usize,
    pub(crate) max_queue_lines: usize,
    pub(crate) overflow: Overflow,
    pub(crate) pace: Option<Pace>,
    pub(crate) flush_interval: Duration,
    pub(crate) aggregate: Option<Duration>,
    pub(crate) max_contexts: usize,
    pub(crate) max_samples: usize,
    pub(crate) max_aggregate_bytes: usize,
    pub(crate) backoff: (Duration, Duration),
    pub(crate) settle_time: Duration,
    pub(crate) resolve_interval: Option<Duration>,
    pub(crate) connect_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) close_timeout: Duration,
    pub(crate) send_buffer: Option<usize>,
    pub(crate) keepalive: Option<Duration>,
    pub(crate) max_connection_age: Option<Duration>,
    pub(crate) resend_unacknowledged: bool,
    pub(crate) telemetry: Option<Telemetry>,
    pub(crate) adaptive_sampling: bool,
    pub(crate) rate: f64,
}

/// What carries the lines.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Transport {
    /// A stream: in order, and with news when the server is gone. The default for most dialects, as in
    /// sprockets-statsd.
    #[default]
    Tcp,
    /// Datagrams: nothing waits for the server, and little tells of a loss.
    Udp,
    /// Datagrams to a server on this machine, which is waited for.
    UnixDatagram,
    /// A stream to a server on this machine: of lines, or for [`Dialect::DogStatsd`] of frames with
    /// their length in four bytes before them.
    UnixStream,
}

/// How fast datagrams may leave: a token bucket.
///
/// While a client closes, the rate rises to what is pending over the time that is left, at most to
/// [`MAX_CLOSING_FACTOR`](Self::MAX_CLOSING_FACTOR) times `rate`: what has not left by then is lost for certain.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[expect(
    clippy::exhaustive_structs,
    reason = "a bucket has a size and a rate, and nothing else"
)]
pub struct Pace {
    /// Bytes that may leave at once after a rest.
    pub burst: usize,
    /// Bytes a second on average.
    pub rate: u64,
}

impl Pace {
    /// How many times faster than `rate` datagrams may leave while a client closes.
    pub const MAX_CLOSING_FACTOR: u64 = 4;
}

impl Config {
    /// A server of the reference kind at a [host or an address](Self::host), with no prefix.
    ///
    /// The transport, the port and the [kind prefixes](Self::kind_prefixes) follow the dialect unless they are set,
    /// in any order of calls. For the reference server that is TCP, 8125 and yes; a
    /// [table](crate::_servers) has the other dialects.
    pub fn new(host: impl Into<String>) -> Self {
        let unset = Self {
            host: String::new(),
            port: None,
            path: PathBuf::new(),
            transport: None,
            enabled: true,
            prefix: Some(String::new()),
            kind_prefixes: None,
            dialect: Dialect::Statsd,
            tags: Vec::new(),
            origin: Origin::default(),
            unsafe_text: UnsafeText::Replace,
            max_line: 4095,
            max_datagram: None,
            max_queue_bytes: 16 * 1024 * 1024,
            max_queue_lines: usize::MAX,
            overflow: Overflow::RefuseNewest,
            pace: Some(Pace {
                burst: 16 * 1432,
                rate: 3_000_000,
            }),
            flush_interval: Duration::from_millis(100),
            aggregate: None,
            max_contexts: 8192,
            max_samples: 512,
            max_aggregate_bytes: 16 * 1024 * 1024,
            backoff: (Duration::from_millis(100), Duration::from_secs(1)),
            settle_time: Duration::from_millis(50),
            resolve_interval: Some(Duration::from_secs(60)),
            connect_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(5),
            send_buffer: Some(64 * 1024),
            keepalive: Some(Duration::from_secs(15)),
            max_connection_age: None,
            resend_unacknowledged: false,
            telemetry: None,
            adaptive_sampling: false,
            rate: 1.0,
        };
        unset.host(host)
    }

    /// A Datadog agent at a [host or an address](Self::host): the same as [`Config::new`] with
    /// [`Dialect::DogStatsd`].
    ///
    /// Unless set otherwise: UDP, port 8125, and names as they are given, without
    /// [kind prefixes](Self::kind_prefixes). Behind `unix://` is a socket of datagrams. The adapters find out which
    /// [container](crate::dogstatsd) sends.
    ///
    /// Metrics are not [aggregated](Self::aggregate) unless that is set, as some of Datadog's clients do: the agent
    /// aggregates every ten seconds anyway, lines are packed already, and a program that is killed loses a tenth
    /// of a second of metrics and not an interval of them.
    pub fn dogstatsd(host: impl Into<String>) -> Self {
        Self::new(host).dialect(Dialect::DogStatsd)
    }

    /// Whether the transport can tell what is to be sent again.
    pub(crate) fn resends(&self) -> bool {
        self.resend_unacknowledged && self.effective_transport() == Transport::Tcp
    }

    /// The prefix without the dots at its ends.
    pub(crate) fn prefix_text(&self) -> &str {
        self.prefix.as_deref().unwrap_or_default().trim_matches('.')
    }

    /// How far a datagram or a frame may be filled.
    pub(crate) fn datagram_limit(&self) -> usize {
        let usual = match self.effective_transport() {
            Transport::Tcp | Transport::Udp => 1432,
            Transport::UnixDatagram | Transport::UnixStream => 8192,
        };
        let usual = usual.min(self.dialect.rules().max_datagram);
        self.max_datagram.unwrap_or(usual)
    }

    /// The longest line that the transport takes, without its line break.
    pub(crate) fn line_limit(&self) -> usize {
        if self.is_line_stream() {
            return self.max_line;
        }
        match self.effective_transport() {
            Transport::Tcp | Transport::Udp => self.dialect.rules().max_datagram,
            Transport::UnixDatagram | Transport::UnixStream => self.datagram_limit(),
        }
    }

    /// Whether lines end in a line break, and not with a datagram or a frame.
    pub(crate) fn is_line_stream(&self) -> bool {
        match self.effective_transport() {
            Transport::Tcp => true,
            Transport::Udp | Transport::UnixDatagram => false,
            Transport::UnixStream => !self.is_framed(),
        }
    }

    /// Whether lines stand in frames with their length.
    pub(crate) fn is_framed(&self) -> bool {
        (self.effective_transport(), self.dialect) == (Transport::UnixStream, Dialect::DogStatsd)
    }
}

#[cfg(test)]
mod tests;
