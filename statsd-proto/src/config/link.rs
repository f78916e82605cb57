//! Settings of the connection: backoff, timeouts, keepalive, re-resolve.

use std::time::Duration;

use super::Config;

/// Option of a TCP socket, which is not set on the socket of a custom transport.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum SocketOption<T> {
    /// Default value.
    Default(T),
    /// Value that the program has set, or `None` to leave the socket as it is.
    Set(Option<T>),
}

impl<T: Copy> SocketOption<T> {
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::Default(value) => Some(value),
            Self::Set(value) => value,
        }
    }

    /// Value that the program wants on the socket, or `None` if there is no such value.
    pub(super) fn wanted(self) -> Option<T> {
        match self {
            Self::Default(_) => None,
            Self::Set(value) => value,
        }
    }
}

/// # Settings of the connection
impl Config {
    /// Reconnect backoff: the delay after the first failed attempt, and the maximum after further ones. Jitter takes
    /// up to half off. Default: 100 ms and 1 s. The delay doubles with each failure. The maximum keeps the time short
    /// that a server is back and unused; a refused connection costs the server next to nothing.
    ///
    /// ```
    /// use std::time::Duration;
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").backoff(Duration::from_millis(50), Duration::from_secs(5));
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[doc(alias("retry", "reconnect"))]
    #[must_use]
    pub fn backoff(self, initial: Duration, max: Duration) -> Self {
        Self {
            backoff: (initial, max),
            ..self
        }
    }

    /// Settle time: how long a new stream is watched before the first write. Default: 50 ms. Proxies and
    /// restarting servers accept a connection and close it at once; data written to it would be lost without an error.
    ///
    /// ```
    /// use std::time::Duration;
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").settle_time(Duration::ZERO);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn settle_time(self, time: Duration) -> Self {
        Self {
            settle_time: time,
            ..self
        }
    }

    /// Re-resolve interval: time between two lookups of the host's name while datagrams are sent, or `None` for a
    /// single lookup. Default: 60 s, less up to a quarter at random. Over UDP, only a lookup reveals that the server
    /// has moved.
    ///
    /// Sending continues during the lookup. The socket stays as long as its address is in the answer, in any position,
    /// and also if the lookup fails or hangs. Idle clients perform no lookups.
    ///
    /// ```
    /// use std::time::Duration;
    /// use statsd_proto::Config;
    ///
    /// let config = Config::dogstatsd("agent.internal").resolve_interval(Duration::from_secs(10));
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[doc(alias("dns", "re_resolve", "cache_dns"))]
    #[must_use]
    pub fn resolve_interval(self, interval: impl Into<Option<Duration>>) -> Self {
        Self {
            resolve_interval: interval.into(),
            ..self
        }
    }

    /// Timeout of a lookup of the host's name, and of each attempt to connect. Default: 5 s, which allows two
    /// retransmissions of a lost SYN.
    ///
    /// ```
    /// use std::time::Duration;
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").connect_timeout(Duration::from_secs(2));
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        Self {
            connect_timeout: timeout,
            ..self
        }
    }

    /// Write timeout: how long a write may wait for the server to read, before the connection is given up. Default: 30
    /// s. That is longer than the worst pause of a server, and shorter than the quarter of an hour after which the
    /// kernel gives up a lost peer. On Linux it also limits how long bytes in the kernel may stay unacknowledged by
    /// the server's kernel, because that is gone or its buffer is full.
    ///
    /// ```
    /// use std::time::Duration;
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").write_timeout(Duration::from_secs(60));
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn write_timeout(self, timeout: Duration) -> Self {
        Self {
            write_timeout: timeout,
            ..self
        }
    }

    /// Close timeout: how long closing may take to send the queue. Default: 5 s, half of the time that container
    /// runtimes commonly give a program to end.
    ///
    /// ```
    /// use std::time::Duration;
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").close_timeout(Duration::from_secs(20));
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[doc(alias = "shutdown_timeout")]
    #[must_use]
    pub fn close_timeout(self, timeout: Duration) -> Self {
        Self {
            close_timeout: timeout,
            ..self
        }
    }

    /// Size of the kernel's send buffer for a TCP connection in bytes, or `None` to leave it to the kernel. Default:
    /// 64 KiB. When a connection breaks, lines in this buffer are lost although they count as sent, unless
    /// [`resend_unacknowledged`](Self::resend_unacknowledged) is set. Left to itself, Linux buffers up to 4 MB.
    ///
    /// On Linux a write is accepted only while less than a 64th of the buffer waits to be sent. The local kernel then
    /// holds at most one write of 16 KiB for which the server's kernel has no room. A server that reads nothing
    /// receives 128 to 145 KiB on loopback, nearly all of it in its own receive buffer (128 KiB by default,
    /// `net.ipv4.tcp_rmem`). That is lost if the server is killed. The receive buffer of a server that has read fast
    /// before may have grown to megabytes; no client can limit that. A server that has read everything loses nothing.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").send_buffer(256 * 1024);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn send_buffer(self, bytes: impl Into<Option<usize>>) -> Self {
        Self {
            send_buffer: SocketOption::Set(bytes.into()),
            ..self
        }
    }

    /// TCP keepalive: idle time after which the connection is probed, or `None` for never. If the server's machine
    /// does not answer for as long again, the connection is given up. Default: 15 s.
    ///
    /// A machine that loses power, or a firewall that loses its state, closes no connection. With keepalive, this is
    /// noticed within half a minute of silence, before the next line is lost. Probes also keep load balancers and NAT
    /// from dropping a connection that is idle for a minute or more.
    ///
    /// ```
    /// use std::time::Duration;
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").keepalive(Duration::from_secs(5));
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn keepalive(self, time: impl Into<Option<Duration>>) -> Self {
        Self {
            keepalive: SocketOption::Set(time.into()),
            ..self
        }
    }

    /// Maximum age of a connection, or `None` for no maximum. Each connection gets up to a quarter less at random.
    /// Default: `None`.
    ///
    /// A load balancer selects a server for each new connection. A server that is new, or has come back, gets none of
    /// the connections that last. With a maximum age, the client reconnects between two payloads when it has something
    /// to send: no line is lost or repeated. The name of the host is re-resolved first, while the old connection stays
    /// in use, and the new connection goes to the first address of the answer. If the lookup fails, the old connection
    /// stays.
    ///
    /// ```
    /// use std::time::Duration;
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").max_connection_age(Duration::from_secs(600));
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn max_connection_age(self, age: impl Into<Option<Duration>>) -> Self {
        Self {
            max_connection_age: age.into(),
            ..self
        }
    }

    /// Whether lines are resent after a reconnect that the server's kernel has not acknowledged. Default: no.
    ///
    /// Resending begins at the start of the first line that is not acknowledged whole, and keeps the order. Without
    /// it, lines on their way are lost when the connection breaks. With it, every line arrives at least once, except
    /// lines that the server's kernel has acknowledged and the server has not read; a counter that arrives twice
    /// counts twice.
    ///
    /// Unacknowledged lines count against [`max_queue_bytes`](Self::max_queue_bytes) and
    /// [`max_queue_lines`](Self::max_queue_lines). [`send_buffer`](Self::send_buffer) limits their size. Closing waits
    /// for the acknowledgements, within [`close_timeout`](Self::close_timeout), and
    /// [`Stats::unacknowledged`](crate::Stats::unacknowledged) in the report counts the rest. A flush does not wait
    /// for them: it ends when the lines are with the kernel.
    ///
    /// Only Linux reports what is acknowledged. On other systems, over UDP and over Unix sockets, this setting has no
    /// effect. On a custom transport it is an error.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").resend_unacknowledged(true);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn resend_unacknowledged(self, resend_unacknowledged: bool) -> Self {
        Self {
            resend_unacknowledged,
            ..self
        }
    }
}
