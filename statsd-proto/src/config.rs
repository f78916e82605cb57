//! Configuration: all settings, and the reason for each default.

mod address;
#[cfg(feature = "serde")]
mod file;

use std::path::PathBuf;
use std::time::Duration;

use crate::encode::dialect::{Dialect, MAX_DATAGRAM};
use crate::encode::text::SanitizePolicy;
use crate::session::queue::Overflow;
pub(crate) use address::parse_port;
pub(crate) use link::SocketOption;
use origin::Origin;
pub use server::UnixSockets;
pub use telemetry::Telemetry;

/// Address of a server, and everything about how metrics are sent to it.
///
/// Every setting but the host and the prefix has a default. Setters may be called in any order. Settings are checked
/// when the configuration is used, or by [`check`](Self::check): a [`ConfigError`](crate::ConfigError) names the first
/// invalid setting and its value.
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
///
/// # Settings
///
/// | setting | default | what it is |
/// |---|---|---|
/// | [`host`](Self::host) | required | host name, IP address, or an address with transport and port |
/// | [`address`](Self::address) | – | the same, with an error at once |
/// | [`default_host`](Self::default_host) | – | host, if none is set |
/// | [`port`](Self::port) | the dialect's | port of the server: 8125 or 9125 |
/// | [`unix_stream`](Self::unix_stream) | – | path of a stream socket on this machine |
/// | [`unix_datagram`](Self::unix_datagram) | – | path of a datagram socket on this machine |
/// | [`transport`](Self::transport) | the dialect's | TCP, UDP or a Unix socket |
/// | [`enabled`](Self::enabled) | yes | whether metrics are sent at all |
/// | [`dialect`](Self::dialect) | [`Statsd`](Dialect::Statsd) | family of servers that the lines are for |
/// | [`prefix`](Self::prefix) | empty | prefix of every name |
/// | [`default_prefix`](Self::default_prefix) | – | prefix, if none is set |
/// | [`application`](Self::application) | – | prefix of service and environment, if none is set |
/// | [`kind_prefixes`](Self::kind_prefixes) | the dialect's | whether names begin with `counters.` and the like |
/// | [`tag`](Self::tag) | – | adds a tag to every metric |
/// | [`tags`](Self::tags) | – | adds tags to every metric |
/// | [`sanitize_policy`](Self::sanitize_policy) | [`Replace`](SanitizePolicy::Replace) | what happens to characters that a server would misread |
/// | [`max_line`](Self::max_line) | 4095 | bytes of a line on a stream |
/// | [`max_datagram`](Self::max_datagram) | 1432 over UDP, 8192 over Unix sockets | bytes of a datagram or a frame |
/// | [`segmentation`](Self::segmentation) | yes | whether one system call sends several UDP datagrams |
/// | [`max_queue_bytes`](Self::max_queue_bytes) | 16 MiB | bytes in the queue |
/// | [`max_queue_lines`](Self::max_queue_lines) | unlimited | lines in the queue |
/// | [`overflow`](Self::overflow) | [`RefuseNewest`](Overflow::RefuseNewest) | what happens when the queue is full |
/// | [`pace`](Self::pace) | 3 MB a second | speed of UDP datagrams |
/// | [`flush_interval`](Self::flush_interval) | 100 ms | time that a line waits for others |
/// | [`adaptive_sampling`](Self::adaptive_sampling) | no | whether a filling queue is relieved by sampling |
/// | [`rate`](Self::rate) | 1 | sample rate of all metrics that can be sampled |
/// | [`aggregate`](Self::aggregate) | `None` | interval in which metrics are aggregated |
/// | [`max_series`](Self::max_series) | 8192 | series that are aggregated |
/// | [`max_samples`](Self::max_samples) | 512 | values that a series keeps in an interval |
/// | [`max_aggregate_bytes`](Self::max_aggregate_bytes) | 16 MiB | bytes of all aggregated values |
/// | [`backoff`](Self::backoff) | 100 ms and 1 s | first and longest delay before a reconnect |
/// | [`settle_time`](Self::settle_time) | 50 ms | time before the first write to a new stream |
/// | [`resolve_interval`](Self::resolve_interval) | 60 s | time between two lookups of the host's name over UDP |
/// | [`connect_timeout`](Self::connect_timeout) | 5 s | time for a lookup or an attempt to connect |
/// | [`write_timeout`](Self::write_timeout) | 30 s | time that a write may wait for the server |
/// | [`close_timeout`](Self::close_timeout) | 5 s | time in which closing sends the queue |
/// | [`send_buffer`](Self::send_buffer) | 64 KiB | bytes in the kernel's send buffer over TCP |
/// | [`keepalive`](Self::keepalive) | 15 s | idle time before a TCP connection is probed |
/// | [`max_connection_age`](Self::max_connection_age) | `None` | age at which a connection is replaced |
/// | [`resend_unacknowledged`](Self::resend_unacknowledged) | no | whether lines are resent that were not acknowledged over TCP |
/// | [`telemetry`](Self::telemetry) | `None` | metrics about the client itself |
/// | [`container_id`](Self::container_id) | detected | ID of the container that sends |
/// | [`cgroup_inode`](Self::cgroup_inode) | detected | inode of the container's cgroup |
/// | [`external_data`](Self::external_data) | none | data that the admission controller provides |
/// | [`cardinality`](Self::cardinality) | the agent's | cardinality of the tags that the agent adds |
/// | [`origin_detection`](Self::origin_detection) | yes | whether the container is detected and sent |
/// | [`detect_origin`](Self::detect_origin) | – | detects the container from files that the caller reads |
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Host name, IP address, or invalid text, which the check reports.
    pub(crate) host: String,
    /// Port, or `None` for the dialect's.
    pub(crate) port: Option<u16>,
    /// Path of a Unix socket, or empty for a network. A leading NUL marks the name of an abstract socket.
    pub(crate) path: PathBuf,
    /// Transport, or `None` for the default of the dialect, which depends on whether there is a path.
    pub(crate) transport: Option<Transport>,
    pub(crate) enabled: bool,
    /// Prefix, or `None` if it is required and not set yet.
    pub(crate) prefix: Option<String>,
    /// Whether names get a prefix for their kind, or `None` for the dialect's default.
    pub(crate) kind_prefixes: Option<bool>,
    pub(crate) dialect: Dialect,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) origin: Origin,
    pub(crate) sanitize_policy: SanitizePolicy,
    pub(crate) max_line: usize,
    /// Maximum size of a datagram, or `None` for the transport's default.
    pub(crate) max_datagram: Option<usize>,
    pub(crate) segmentation: bool,
    pub(crate) max_queue_bytes: usize,
    pub(crate) max_queue_lines: usize,
    pub(crate) overflow: Overflow,
    pub(crate) pace: Option<Pace>,
    pub(crate) flush_interval: Duration,
    pub(crate) aggregate: Option<Duration>,
    pub(crate) max_series: usize,
    pub(crate) max_samples: usize,
    pub(crate) max_aggregate_bytes: usize,
    pub(crate) backoff: (Duration, Duration),
    pub(crate) settle_time: Duration,
    pub(crate) resolve_interval: Option<Duration>,
    pub(crate) connect_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) close_timeout: Duration,
    pub(crate) send_buffer: SocketOption<usize>,
    pub(crate) keepalive: SocketOption<Duration>,
    pub(crate) max_connection_age: Option<Duration>,
    pub(crate) resend_unacknowledged: bool,
    pub(crate) telemetry: Option<Telemetry>,
    pub(crate) adaptive_sampling: bool,
    pub(crate) rate: f64,
}

/// Transport of the lines.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Transport {
    /// Stream: lines arrive in order, and a lost server is noticed. The default for most dialects, as in
    /// sprockets-statsd.
    #[default]
    Tcp,
    /// Datagrams: sending never waits for the server, and most losses go unnoticed.
    Udp,
    /// Datagrams to a server on this machine. Sending waits while the server's buffer is full.
    UnixDatagram,
    /// Stream to a server on this machine. It carries lines; for [`Dialect::DogStatsd`] it carries frames, each after
    /// a length of four bytes.
    UnixStream,
    /// Datagrams over a socket that the program opens itself, of at most [`max_datagram`](Config::max_datagram) bytes
    /// each. They are paced and resent like those of UDP. `connect_datagrams_with` of the adapters sets this.
    CustomDatagram,
    /// Stream that the program opens itself, for example with TLS. It carries lines as over TCP. `connect_with` of the
    /// adapters sets this.
    CustomStream,
}

/// Pacing of datagrams by a token bucket.
///
/// While a client closes, the rate rises so that pending data is sent within the close timeout, up to
/// [`MAX_CLOSING_FACTOR`](Self::MAX_CLOSING_FACTOR) times `rate`. Data that is not sent by then is lost.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[expect(
    clippy::exhaustive_structs,
    reason = "a bucket has a size and a rate, and nothing else"
)]
pub struct Pace {
    /// Size of a burst in bytes: the amount that may be sent at once after a rest.
    pub burst: usize,
    /// Average rate in bytes per second.
    pub rate: u64,
}

impl Pace {
    /// Maximum factor by which the rate rises while a client closes.
    pub const MAX_CLOSING_FACTOR: u64 = 4;
}

impl Config {
    /// Configuration for a server of the `statsd` dialect (Etsy's StatsD and compatible) at a [host or an
    /// address](Self::host), with an empty prefix.
    ///
    /// [Transport](Self::transport), [port](Self::port) and [kind prefixes](Self::kind_prefixes) follow the dialect
    /// unless they are set. For this dialect they are TCP, 8125 and on; [`Dialect`] lists the others.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("stats.example").prefix("shop");
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
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
            sanitize_policy: SanitizePolicy::Replace,
            max_line: 4095,
            max_datagram: None,
            segmentation: true,
            max_queue_bytes: 16 * 1024 * 1024,
            max_queue_lines: usize::MAX,
            overflow: Overflow::RefuseNewest,
            pace: Some(Pace {
                burst: 16 * 1432,
                rate: 3_000_000,
            }),
            flush_interval: Duration::from_millis(100),
            aggregate: None,
            max_series: 8192,
            max_samples: 512,
            max_aggregate_bytes: 16 * 1024 * 1024,
            backoff: (Duration::from_millis(100), Duration::from_secs(1)),
            settle_time: Duration::from_millis(50),
            resolve_interval: Some(Duration::from_secs(60)),
            connect_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(5),
            send_buffer: SocketOption::Default(64 * 1024),
            keepalive: SocketOption::Default(Duration::from_secs(15)),
            max_connection_age: None,
            resend_unacknowledged: false,
            telemetry: None,
            adaptive_sampling: false,
            rate: 1.0,
        };
        unset.host(host)
    }

    /// Configuration for a Datadog agent at a [host or an address](Self::host): [`Config::new`] with
    /// [`Dialect::DogStatsd`].
    ///
    /// Defaults of this dialect: UDP, port 8125, and names without [kind prefixes](Self::kind_prefixes). An address
    /// that begins with `unix://` is a datagram socket, or a [stream of frames](Transport::UnixStream) if the agent
    /// listens for one. The adapters detect the [container](crate::dogstatsd) of the process.
    ///
    /// Metrics are not [aggregated](Self::aggregate) by default, although some of Datadog's clients do so: the agent
    /// aggregates every ten seconds anyway, and lines are packed into datagrams. A program that is killed then loses a
    /// tenth of a second of metrics and not an aggregation interval.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::dogstatsd("10.0.0.7").tag("env", "prod");
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[doc(alias = "datadog")]
    #[must_use]
    pub fn dogstatsd(host: impl Into<String>) -> Self {
        Self::new(host).dialect(Dialect::DogStatsd)
    }

    /// Whether lines are resent that a server's kernel has not acknowledged. It needs TCP.
    pub(crate) fn resends(&self) -> bool {
        self.resend_unacknowledged && self.effective_transport() == Transport::Tcp
    }

    /// Prefix without the dots at its ends.
    pub(crate) fn prefix_text(&self) -> &str {
        self.prefix.as_deref().unwrap_or_default().trim_matches('.')
    }

    /// Whether the server decides the type of the Unix socket: none was asked for by name, and the dialect has frames,
    /// which may be sent as datagrams or as a stream.
    pub(crate) fn is_unix_type_open(&self) -> bool {
        self.transport.is_none() && self.effective_transport().is_unix() && self.has_frames()
    }

    /// Maximum size of a datagram or a frame in bytes.
    pub(crate) fn datagram_limit(&self) -> usize {
        let usual = match self.effective_transport() {
            Transport::CustomDatagram
            | Transport::CustomStream
            | Transport::Tcp
            | Transport::Udp => 1432,
            Transport::UnixDatagram | Transport::UnixStream => 8192,
        };
        let usual = usual.min(self.dialect.rules().max_datagram);
        self.max_datagram.unwrap_or(usual)
    }

    /// Maximum length of a line on this transport in bytes, without its line feed.
    pub(crate) fn line_limit(&self) -> usize {
        match self.effective_transport() {
            _ if self.is_line_stream() => self.max_line,
            Transport::Tcp | Transport::Udp => self.dialect.rules().max_datagram,
            Transport::CustomDatagram
            | Transport::CustomStream
            | Transport::UnixDatagram
            | Transport::UnixStream => self.datagram_limit(),
        }
    }

    /// Whether each line ends in a line feed, and has no datagram or frame as its boundary.
    pub(crate) fn is_line_stream(&self) -> bool {
        match self.effective_transport() {
            Transport::CustomStream | Transport::Tcp => true,
            Transport::CustomDatagram | Transport::Udp | Transport::UnixDatagram => false,
            Transport::UnixStream => !self.has_frames(),
        }
    }

    /// Whether lines on a Unix stream are sent in frames with a length field.
    pub(crate) fn has_frames(&self) -> bool {
        self.dialect == Dialect::DogStatsd
    }

    /// Whether the last line of each datagram ends in a line feed. An agent may be configured to require it
    /// (`dogstatsd_eol_required`).
    pub(crate) fn ends_datagrams(&self) -> bool {
        self.dialect == Dialect::DogStatsd
    }
}

// The documentation lists methods in the order of these modules, which is that of the table above. Blank lines keep
// rustfmt from sorting them.
mod environment;

mod check;
mod server;

mod line;
mod queue;

mod link;
mod telemetry;

mod origin;

#[cfg(test)]
mod tests;
