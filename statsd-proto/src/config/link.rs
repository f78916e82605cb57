//! How a connection is made, kept and ended.

use std::time::Duration;

use super::Config;

/// How a connection is made, kept and ended.
impl Config {
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

    /// Time between two lookups of a host's name while datagrams go to its address, or `None` for no more
    /// than the first. Default: 60 s, less up to a quarter: nothing else tells that a server has moved.
    ///
    /// Sending goes on during the lookup. The socket, with its port, stays as long as its address is in the
    /// answer, in whatever order, and if a lookup fails or hangs. Idle clients perform no lookups.
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
    /// nothing is lost or repeated. A host's name is looked up first, while the old link goes on, and the new one
    /// goes to the first address of the answer; if the lookup fails, the old link stays.
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
}
