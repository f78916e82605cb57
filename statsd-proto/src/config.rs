//! What can be configured, and the reason for each default.

mod address;
mod check;
#[cfg(feature = "serde")]
mod file;
mod origin;
mod telemetry;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::dialect::{Dialect, MAX_DATAGRAM};
use crate::queue::Overflow;
use crate::text::UnsafeText;
use origin::Origin;
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
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Where a Unix socket is.
    pub(crate) path: PathBuf,
    pub(crate) transport: Transport,
    pub(crate) enabled: bool,
    /// None: required and not given yet.
    pub(crate) prefix: Option<String>,
    pub(crate) kind_prefixes: bool,
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
}

/// What carries the lines.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Transport {
    /// A stream: in order, and with news when the server is gone. The default, as in the seed.
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

impl Config {
    /// A server of the reference kind at `host`, port 8125, over TCP, and no prefix.
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: 8125,
            path: PathBuf::new(),
            transport: Transport::Tcp,
            enabled: true,
            prefix: Some(String::new()),
            kind_prefixes: true,
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
        }
    }

    /// A Datadog agent at `host`, port 8125, over UDP; names are sent as they are given, without
    /// [kind prefixes](Self::kind_prefixes).
    pub fn dogstatsd(host: impl Into<String>) -> Self {
        Self::new(host)
            .transport(Transport::Udp)
            .dialect(Dialect::DogStatsd)
            .kind_prefixes(false)
    }

    /// The host: an IP address, or a name that is looked up at every connect.
    #[must_use]
    pub fn host(self, host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            ..self
        }
    }

    /// The host, unless one is set already: for what comes [from the environment](Self::from_env).
    #[must_use]
    pub fn default_host(self, host: impl Into<String>) -> Self {
        if self.host.is_empty() {
            self.host(host)
        } else {
            self
        }
    }

    /// The port. Default: 8125, which all servers listen on.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// A Unix socket at this path, for a stream.
    #[must_use]
    pub fn unix_stream(self, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { path, ..self }.transport(Transport::UnixStream)
    }

    /// A Unix socket at this path, for datagrams.
    #[must_use]
    pub fn unix_datagram(self, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { path, ..self }.transport(Transport::UnixDatagram)
    }

    /// What carries the lines. Default: [`Transport::Tcp`].
    #[must_use]
    pub fn transport(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    /// Whether metrics are sent at all. Default: yes. A disabled client has the same interface, and
    /// does nothing.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        Self { enabled, ..self }
    }

    /// What stands before every name, with a dot between; empty for nothing. Default: nothing, except
    /// [from the environment](Self::from_env).
    #[must_use]
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self {
            prefix: Some(prefix.into()),
            ..self
        }
    }

    /// The prefix, unless one is set already: for what comes [from the environment](Self::from_env).
    #[must_use]
    pub fn default_prefix(self, prefix: impl Into<String>) -> Self {
        if self.prefix.is_none() {
            self.prefix(prefix)
        } else {
            self
        }
    }

    /// `applications.<service>.<environment>` as the prefix, unless one is set already or one of the
    /// two is empty.
    #[must_use]
    pub fn application(self, service: &str, environment: &str) -> Self {
        if service.is_empty() || environment.is_empty() {
            return self;
        }
        self.default_prefix(format!("applications.{service}.{environment}"))
    }

    /// Whether `incr`, `gauge`, `timing` and their like put `counters.`, `gauges.` or `timers.` before
    /// the name. Default: yes, as the seed does; no for [`Config::dogstatsd`].
    #[must_use]
    pub fn kind_prefixes(self, kind_prefixes: bool) -> Self {
        Self {
            kind_prefixes,
            ..self
        }
    }

    /// The family of servers that the lines are for. Default: [`Dialect::Statsd`].
    #[must_use]
    pub fn dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// Adds a tag to every metric. An empty value makes a bare tag, where the dialect has those.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((key.into(), value.into()));
        self
    }

    /// What happens to characters that a server would misread. Default: [`UnsafeText::Replace`].
    #[must_use]
    pub fn unsafe_text(self, unsafe_text: UnsafeText) -> Self {
        Self {
            unsafe_text,
            ..self
        }
    }

    /// The longest line on a stream, in bytes, without its line break; of a metric that is several lines,
    /// each of them. Default: 4095, because statsd_exporter closes a connection that brings a longer one.
    /// For some [dialects](Dialect) it cannot be longer than their servers read.
    ///
    /// A metric longer than a [datagram](Self::max_datagram), with all its lines, goes in a datagram of its
    /// own, up to what the dialect's servers read of one, or the 65,507 bytes that IPv4 has room for.
    #[must_use]
    pub fn max_line(self, bytes: usize) -> Self {
        Self {
            max_line: bytes,
            ..self
        }
    }

    /// How far datagrams and frames are filled, in bytes.
    ///
    /// Default for UDP: 1432, which is Ethernet's 1500 less the IPv6 and UDP headers and some room for
    /// tunnels, so that no datagram is split on its way. Default for Unix sockets: 8192, which is the
    /// Datadog agent's own limit; there it bounds each line as well.
    ///
    /// A datagram cannot be longer than the [dialect's](Dialect) servers read: they cut the rest in
    /// silence, and take the stump for a line. A frame may be, for an agent with a larger
    /// `dogstatsd_buffer_size`; others close the connection.
    #[must_use]
    pub fn max_datagram(self, bytes: usize) -> Self {
        Self {
            max_datagram: Some(bytes),
            ..self
        }
    }

    /// How many bytes may wait: those in the queue, with what fills datagrams up, those on their way that
    /// may come back, and what is set aside for threads that record at the same time. Default: 16 MiB,
    /// which is eight minutes of a thousand metrics a second.
    ///
    /// The bound holds to the byte at any time, also when a link breaks in the middle of a line. It has to
    /// have room for four payloads: 16,384 bytes, and four times the longest line or datagram, which over
    /// UDP is 262,028. Beside it stand buffers of half a megabyte at most that are kept to be used again,
    /// and what [`aggregate`](Self::aggregate) adds up.
    #[must_use]
    pub fn max_queue_bytes(self, bytes: usize) -> Self {
        Self {
            max_queue_bytes: bytes,
            ..self
        }
    }

    /// How many lines may wait, those included that are on their way or may be refused. Default: no bound but the one in bytes,
    /// since a line takes no memory beyond its bytes.
    #[must_use]
    pub fn max_queue_lines(self, lines: usize) -> Self {
        Self {
            max_queue_lines: lines,
            ..self
        }
    }

    /// What happens when the queue is full. Default: [`Overflow::RefuseNewest`].
    #[must_use]
    pub fn overflow(self, overflow: Overflow) -> Self {
        Self { overflow, ..self }
    }

    /// How fast datagrams may leave; none for as fast as possible. Default: bursts of 16 full datagrams
    /// and 3 MB a second, about 80,000 metrics. Linux's default receive buffer holds 92 such datagrams,
    /// so that a server may be busy elsewhere for 35 milliseconds in the middle of a burst and miss none.
    #[must_use]
    pub fn pace(self, pace: Option<Pace>) -> Self {
        Self { pace, ..self }
    }

    /// How long a line may wait for others to fill the payload. Default: 100 ms, well below any server's
    /// flush interval. Zero sends every line as soon as the driver comes to it.
    #[must_use]
    pub fn flush_interval(self, interval: Duration) -> Self {
        Self {
            flush_interval: interval,
            ..self
        }
    }

    /// Whether counters, timings, histograms and distributions are sampled while the queue is more than
    /// half full: half of them are recorded, and at 3/4, 7/8 and 15/16 half as many again; all once it
    /// is down to a quarter. The rate is told with each line, multiplied by the caller's own, so that
    /// servers make up for what was left out, which [`Stats::sampled_out`](crate::Stats::sampled_out)
    /// counts. Default: no: a full queue is a loss that is counted, a rate is noise in what should be exact.
    ///
    /// What servers cannot make up for is never left out: gauges, sets, whole lines, types given by their
    /// code, what has a timestamp, and timings for collectd. Of what is [added up](Self::aggregate) every
    /// call counts anyway.
    #[must_use]
    pub fn adaptive_sampling(self, adaptive_sampling: bool) -> Self {
        Self {
            adaptive_sampling,
            ..self
        }
    }

    /// Adds metrics up for this long, and sends what became of them as few lines: the sum of a counter,
    /// the last level of a gauge, the distinct members of a set, and the values of timings, histograms
    /// and distributions, several in a line where the dialect has that. Default: none, each metric is a
    /// line of its own, and leaves in the order recorded. Two seconds are what Datadog's clients take,
    /// well below the ten after which servers flush.
    ///
    /// While the server is away nothing is sent and nothing is queued: an outage of any length costs no
    /// counts and no memory. A caller's [rate](crate::Metric::rate) is not applied, since every call
    /// counts at no cost. What cannot be added up goes as a line of its own: meters, metrics given by
    /// their type code, what was [sampled already](crate::Metric::sampled_at), counts that are fractions.
    #[must_use]
    pub fn aggregate(self, interval: Option<Duration>) -> Self {
        Self {
            aggregate: interval,
            ..self
        }
    }

    /// How many different metrics, with their tags, are [added up](Self::aggregate) at most; those beyond
    /// go as lines of their own, and those that stay without a value are forgotten after some rounds.
    /// Default: 8192, of which each takes a few hundred bytes, and on every thread that records it.
    #[must_use]
    pub fn max_contexts(self, contexts: usize) -> Self {
        Self {
            max_contexts: contexts,
            ..self
        }
    }

    /// How many values of a timing, a histogram or a distribution are kept between two
    /// [rounds](Self::aggregate). Of more, that many are chosen at random and sent with the rate that
    /// makes up for the others; a server that takes no rate gets all, as lines. Default: 512, which
    /// leaves a 99th percentile five values to tell by.
    #[must_use]
    pub fn max_samples(self, samples: usize) -> Self {
        Self {
            max_samples: samples,
            ..self
        }
    }

    /// The delay after a first failure to connect, and the longest after more, before jitter takes up
    /// to half off. Default: 100 ms and 1 s. One second is what the seed always waits, and keeps the
    /// time short that a server is back and unused; a refused connection costs it next to nothing.
    #[must_use]
    pub fn backoff(self, initial: Duration, max: Duration) -> Self {
        Self {
            backoff: (initial, max),
            ..self
        }
    }

    /// How long a new TCP connection is watched before the first write. Default: 50 ms. Proxies and
    /// restarting servers accept and hang up at once; what is written to them is lost in silence.
    #[must_use]
    pub fn settle_time(self, time: Duration) -> Self {
        Self {
            settle_time: time,
            ..self
        }
    }

    /// After what time a host's name is looked up anew while datagrams go to its address; none for never.
    /// Default: 60 s, less up to a quarter. A server that has moved is then found, though nothing tells
    /// that it is gone; while a lookup fails, the address stays. A client that sends nothing asks nothing.
    #[must_use]
    pub fn resolve_interval(self, interval: Option<Duration>) -> Self {
        Self {
            resolve_interval: interval,
            ..self
        }
    }

    /// How long looking up the host may take, and then each attempt to connect. Default: 5 s, two
    /// retransmissions of a lost SYN.
    #[must_use]
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        Self {
            connect_timeout: timeout,
            ..self
        }
    }

    /// How long a write may wait for the server to read, before the connection is given up. Default:
    /// 30 s: longer than a server's worst pause, shorter than the quarter of an hour after which the
    /// kernel gives up a peer that is gone. On Linux it holds also for what the kernel has taken and a
    /// TCP server's kernel has not, because it is gone or full.
    #[must_use]
    pub fn write_timeout(self, timeout: Duration) -> Self {
        Self {
            write_timeout: timeout,
            ..self
        }
    }

    /// How long closing may take to send what is queued. Default: 5 s, half of what container
    /// runtimes commonly leave a program to end.
    #[must_use]
    pub fn close_timeout(self, timeout: Duration) -> Self {
        Self {
            close_timeout: timeout,
            ..self
        }
    }

    /// The kernel's send buffer for a TCP connection, in bytes; none to leave it to the kernel.
    /// Default: 64 KiB. What the kernel holds when a connection breaks is lost though it was sent, unless
    /// it is to be [sent again](Self::resend_unacknowledged): left alone, Linux takes up to 4 MB.
    ///
    /// On Linux a write is taken only while less than a 64th of it waits to be sent, so that the kernel
    /// here holds a write of at most 16 KiB that the server's has no room for. A server that reads nothing
    /// is then given 128 to 145 KiB on loopback, nearly all of them for its own kernel's buffer, which has
    /// 128 by default (`net.ipv4.tcp_rmem`); they are lost if it is killed. The buffer of one that has read fast
    /// before has grown, to megabytes, and what is in that no client can bound. One that has read all
    /// loses none.
    #[must_use]
    pub fn send_buffer(self, bytes: Option<usize>) -> Self {
        Self {
            send_buffer: bytes,
            ..self
        }
    }

    /// After how long a silence a TCP connection is probed, and given up when the server's machine has not
    /// answered for as long again; none for never. Default: 15 s.
    ///
    /// A machine that lost its power, or a firewall that lost its memory, says no goodbye. Within half a
    /// minute of silence that is known before the next line is lost to it; and what forgets connections
    /// that are silent for a minute or more, as load balancers do, is kept from it.
    #[must_use]
    pub fn keepalive(self, time: Option<Duration>) -> Self {
        Self {
            keepalive: time,
            ..self
        }
    }

    /// How old a link may get before a new one takes its place, less up to a quarter at random; none for
    /// any age. Default: none.
    ///
    /// A load balancer chooses a server for each connection: one that has come back, or is new, gets none
    /// of those that last. The new link is made between two payloads, when there is something to send:
    /// nothing is lost or repeated. A host's name is looked up anew for it.
    #[must_use]
    pub fn max_connection_age(self, age: Option<Duration>) -> Self {
        Self {
            max_connection_age: age,
            ..self
        }
    }

    /// Whether what a TCP server's kernel has not acknowledged when the connection breaks is sent again on
    /// the next one, in its order, from the start of the first line that is not acknowledged whole. Default:
    /// no: what was on its way may have arrived, and a counter that arrives twice counts twice. With this,
    /// lines arrive at least once, except those that the server's kernel has acknowledged and the server
    /// has not read.
    ///
    /// What may be sent again counts against [`max_queue_bytes`](Self::max_queue_bytes) and
    /// [`max_queue_lines`](Self::max_queue_lines) until it is acknowledged; [`send_buffer`](Self::send_buffer)
    /// bounds it. Closing waits for it, within [`close_timeout`](Self::close_timeout), and
    /// [`Stats::unacknowledged`](crate::Stats::unacknowledged) of the report tells what was left. A flush does
    /// not: it ends when the lines are with the kernel.
    ///
    /// Only Linux tells a program what is acknowledged; on other systems, over UDP and over Unix sockets this
    /// changes nothing.
    #[must_use]
    pub fn resend_unacknowledged(self, resend_unacknowledged: bool) -> Self {
        Self {
            resend_unacknowledged,
            ..self
        }
    }

    /// Whether the transport can tell what is to be sent again.
    pub(crate) fn resends(&self) -> bool {
        self.resend_unacknowledged && self.transport == Transport::Tcp
    }

    /// The prefix without the dots at its ends.
    pub(crate) fn prefix_text(&self) -> &str {
        self.prefix.as_deref().unwrap_or_default().trim_matches('.')
    }

    /// The host, if it is no name but an address.
    pub(crate) fn ip_address(&self) -> Option<IpAddr> {
        let bare = self
            .host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        bare.unwrap_or(&self.host).parse().ok()
    }

    /// How far a datagram or a frame may be filled.
    pub(crate) fn datagram_limit(&self) -> usize {
        let usual = match self.transport {
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
        match self.transport {
            Transport::Tcp | Transport::Udp => self.dialect.rules().max_datagram,
            Transport::UnixDatagram | Transport::UnixStream => self.datagram_limit(),
        }
    }

    /// Whether lines end in a line break, and not with a datagram or a frame.
    pub(crate) fn is_line_stream(&self) -> bool {
        match self.transport {
            Transport::Tcp => true,
            Transport::Udp | Transport::UnixDatagram => false,
            Transport::UnixStream => !self.is_framed(),
        }
    }

    /// Whether lines stand in frames with their length.
    pub(crate) fn is_framed(&self) -> bool {
        (self.transport, self.dialect) == (Transport::UnixStream, Dialect::DogStatsd)
    }
}

#[cfg(test)]
mod tests;
