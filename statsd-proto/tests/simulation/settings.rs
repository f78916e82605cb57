//! The configuration of a world, open to those who check what the session makes of it.

use std::time::{Duration, Instant};

use statsd_proto::{Config, Dialect, Overflow, Pace, Transport};

/// Settings of a [`Config`] that the simulation varies.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) host: &'static str,
    /// What the server listens on.
    pub(crate) transport: Transport,
    /// Whether the client is told so, or has to find out which type of a Unix socket it is.
    pub(crate) is_type_open: bool,
    pub(crate) dialect: Dialect,
    pub(crate) max_datagram: usize,
    pub(crate) max_queue_bytes: usize,
    pub(crate) max_queue_lines: usize,
    pub(crate) overflow: Overflow,
    pub(crate) pace: Option<Pace>,
    pub(crate) flush_interval: Duration,
    pub(crate) backoff: (Duration, Duration),
    pub(crate) settle_time: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) close_timeout: Duration,
    pub(crate) resolve_interval: Option<Duration>,
    pub(crate) max_connection_age: Option<Duration>,
    pub(crate) resend_unacknowledged: bool,
    pub(crate) aggregate: Option<Duration>,
    pub(crate) max_series: usize,
    pub(crate) max_aggregate_bytes: usize,
}

impl Settings {
    /// The defaults over TCP, to an address.
    pub(crate) fn tcp() -> Self {
        Self {
            host: "192.0.2.1",
            transport: Transport::Tcp,
            is_type_open: false,
            dialect: Dialect::Statsd,
            max_datagram: 1432,
            max_queue_bytes: 16 * 1024 * 1024,
            max_queue_lines: usize::MAX,
            overflow: Overflow::RefuseNewest,
            pace: Some(Pace {
                burst: 32 * 1432,
                rate: 6_000_000,
            }),
            flush_interval: ms(100),
            backoff: (ms(100), secs(1)),
            settle_time: ms(50),
            connect_timeout: secs(5),
            write_timeout: secs(30),
            close_timeout: secs(5),
            resolve_interval: Some(secs(60)),
            max_connection_age: None,
            resend_unacknowledged: false,
            aggregate: None,
            max_series: 8192,
            max_aggregate_bytes: 16 * 1024 * 1024,
        }
    }

    /// The defaults over UDP, to an address.
    pub(crate) fn udp() -> Self {
        Self {
            transport: Transport::Udp,
            ..Self::tcp()
        }
    }

    /// The defaults over a Unix socket, in frames.
    pub(crate) fn frames() -> Self {
        Self {
            transport: Transport::UnixStream,
            dialect: Dialect::DogStatsd,
            max_datagram: 8192,
            ..Self::tcp()
        }
    }

    /// The defaults over a Unix socket, in datagrams.
    pub(crate) fn unix_datagram() -> Self {
        Self {
            transport: Transport::UnixDatagram,
            max_datagram: 8192,
            ..Self::tcp()
        }
    }

    /// The defaults over datagrams of the program's own.
    pub(crate) fn custom_datagram() -> Self {
        Self {
            transport: Transport::CustomDatagram,
            ..Self::tcp()
        }
    }

    /// The defaults over a stream of the program's own.
    pub(crate) fn custom_stream() -> Self {
        Self {
            transport: Transport::CustomStream,
            ..Self::tcp()
        }
    }

    /// The defaults for each type of a Unix socket, where the client is not told which it is.
    pub(crate) fn open_types() -> [Self; 2] {
        [Transport::UnixDatagram, Transport::UnixStream].map(|transport| Self {
            transport,
            dialect: Dialect::DogStatsd,
            is_type_open: true,
            max_datagram: 8192,
            ..Self::tcp()
        })
    }

    /// All of these, but those whose type is open.
    pub(crate) fn all() -> [Self; 6] {
        [
            Self::custom_datagram(),
            Self::custom_stream(),
            Self::frames(),
            Self::tcp(),
            Self::udp(),
            Self::unix_datagram(),
        ]
    }

    pub(crate) fn is_datagram(&self) -> bool {
        self.is_lossy() || self.transport == Transport::UnixDatagram
    }

    pub(crate) fn is_custom(&self) -> bool {
        [Transport::CustomDatagram, Transport::CustomStream].contains(&self.transport)
    }

    pub(crate) fn is_framed(&self) -> bool {
        self.transport == Transport::UnixStream && self.dialect == Dialect::DogStatsd
    }

    pub(crate) fn is_udp(&self) -> bool {
        self.transport == Transport::Udp
    }

    /// Whether datagrams that were sent may still be refused.
    pub(crate) fn is_lossy(&self) -> bool {
        [Transport::CustomDatagram, Transport::Udp].contains(&self.transport)
    }

    /// Whether the server has a path and no address.
    pub(crate) fn has_path(&self) -> bool {
        ![Transport::Tcp, Transport::Udp].contains(&self.transport)
    }

    /// Maximum length of a line in bytes, with its line feed.
    pub(crate) fn max_line(&self) -> usize {
        if self.has_path() && self.transport != Transport::CustomStream {
            self.max_datagram
        } else if self.is_udp() {
            65_507
        } else {
            4096
        }
    }

    /// Whether unacknowledged lines are resent.
    pub(crate) fn resends(&self) -> bool {
        self.resend_unacknowledged && self.transport == Transport::Tcp
    }

    pub(crate) fn config(&self) -> Config {
        let config = if self.is_type_open {
            Config::new(format!("unix://{PATH}"))
        } else {
            let config = Config::new(self.host).unix_stream(PATH);
            config.transport(self.transport)
        };
        config
            .kind_prefixes(false)
            .dialect(self.dialect)
            .max_datagram(self.max_datagram)
            .max_queue_bytes(self.max_queue_bytes)
            .max_queue_lines(self.max_queue_lines)
            .overflow(self.overflow)
            .pace(self.pace)
            .flush_interval(self.flush_interval)
            .backoff(self.backoff.0, self.backoff.1)
            .settle_time(self.settle_time)
            .connect_timeout(self.connect_timeout)
            .write_timeout(self.write_timeout)
            .close_timeout(self.close_timeout)
            .resolve_interval(self.resolve_interval)
            .max_connection_age(self.max_connection_age)
            // On a custom transport it is an error.
            .resend_unacknowledged(self.resend_unacknowledged && !self.is_custom())
            .aggregate(self.aggregate)
            .max_series(self.max_series)
            .max_aggregate_bytes(self.max_aggregate_bytes)
    }
}

/// Where Unix sockets lead to.
pub(crate) const PATH: &str = "/run/statsd.sock";

pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Some instant to count from: the standard library makes none without reading a clock.
#[expect(
    clippy::disallowed_methods,
    reason = "virtual time needs one instant to start from"
)]
pub(crate) fn origin() -> Instant {
    Instant::now()
}
