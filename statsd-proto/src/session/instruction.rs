//! Interface between a session and its driver: inputs and instructions.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::config::Transport;
use crate::session::failure::{Failure, System};
use crate::session::payload;
use crate::session::stats::Report;

/// Input: something that happened to the socket or the lookup.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a driver chooses what it tells")]
pub enum Input {
    /// The socket is connected.
    Connected,
    /// The attempt failed, the peer closed the connection, or the socket broke.
    Disconnected(Failure),
    /// A lookup has ended; see [`Resolve::answer`].
    Resolved {
        /// Number of the [`Resolve`]. Answers to earlier lookups are ignored.
        id: u64,
        /// Addresses of the name in the resolver's order, or the failure of the lookup.
        found: Result<Vec<SocketAddr>, Failure>,
    },
    /// Number of bytes [written](Self::Written) to the present TCP connection that the peer's kernel has not
    /// acknowledged (`SIOCOUTQ`).
    ///
    /// Where [`Connect::wants_unacknowledged`] is set and the system knows the number, a driver reports it before each
    /// poll while the connection is open, and once more before [`Disconnected`](Self::Disconnected): the lines that
    /// were not acknowledged are resent on the next connection.
    Unacknowledged(usize),
    /// Number of bytes of the [`Transmit`] that the kernel accepted, or that a [`CustomStream`](Target::CustomStream) has
    /// flushed. For datagrams, report whole datagrams including
    /// their padding. A partly written datagram counts as not written.
    Written(usize),
}

impl Input {
    /// [`Disconnected`](Self::Disconnected) with an error of the current operating system.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use statsd_proto::FailureKind;
    /// use statsd_proto::driver::Input;
    ///
    /// let input = Input::failed(&ErrorKind::ConnectionRefused.into());
    /// assert!(matches!(input, Input::Disconnected(failure) if failure.kind() == FailureKind::Refused));
    /// ```
    #[must_use]
    pub fn failed(error: &io::Error) -> Self {
        Self::Disconnected(Failure::new(error, System::CURRENT))
    }
}

/// Instruction for the driver.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a driver that ignores an instruction must not compile"
)]
#[must_use]
pub enum Output {
    /// Open a socket.
    Connect(Connect),
    /// Cancel the pending operation of the socket, and close the socket. A lookup continues.
    Disconnect,
    /// The session has ended. Report of the final counts.
    Finished(Report),
    /// Look up a name while the socket stays open and in use. An earlier lookup that is still pending may be
    /// cancelled.
    Resolve(Resolve),
    /// Write this once, as far as the socket accepts it.
    Transmit(Transmit),
    /// Wait until this time, which is later than the time of the poll. `None` means to wait for
    /// [`Session::wants_poll`](crate::driver::Session::wants_poll).
    Wait(Option<Instant>),
}

/// Socket to open, and its options.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Connect {
    /// Address or path to connect to.
    pub target: Target,
    /// Whether Nagle's algorithm is off (`TCP_NODELAY`): always, because lines are packed already.
    pub no_delay: bool,
    /// Send buffer of a TCP socket, in bytes. `None` leaves it to the kernel.
    pub send_buffer: Option<usize>,
    /// Limit of unsent bytes in the send buffer (`TCP_NOTSENT_LOWAT`). `None` means no limit. Systems without the
    /// option ignore it.
    pub max_unsent: Option<usize>,
    /// TCP keepalive, which detects a lost server while the connection is idle. `None` turns it off.
    pub keepalive: Option<Keepalive>,
    /// Time for which bytes written over TCP may stay unacknowledged (`TCP_USER_TIMEOUT`). Systems without the option
    /// ignore it.
    pub ack_timeout: Duration,
    /// Whether the driver should report [unacknowledged bytes](Input::Unacknowledged). On systems that do not know the
    /// number, a driver reports none, and lines that were sent whole are not resent.
    pub wants_unacknowledged: bool,
}

/// TCP keepalive: probes on an idle connection.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Keepalive {
    /// Idle time before the first probe.
    pub time: Duration,
    /// Time between two probes without an answer.
    pub interval: Duration,
    /// Number of unanswered probes after which the connection is given up.
    pub probes: u32,
}

/// Address and transport to connect to.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a driver that cannot connect must not compile"
)]
pub enum Target {
    /// Datagrams over a socket that the program opens itself. The text is the host and port, or what else the
    /// configuration has in their place.
    CustomDatagram(String),
    /// Stream that the program opens itself, for example with TLS. A driver reports bytes as written when the stream
    /// has been flushed. The text is as for datagrams.
    CustomStream(String),
    /// TCP stream.
    Tcp(SocketAddr),
    /// UDP datagrams, from a connected socket, which receives refusals (ICMP).
    Udp(SocketAddr),
    /// Datagrams to a Unix socket on this machine. On Linux, a path that begins with a NUL is the name of an abstract
    /// socket.
    UnixDatagram(PathBuf),
    /// Stream to a Unix socket on this machine, with paths as for datagrams.
    UnixStream(PathBuf),
}

impl Target {
    /// Whether it is a stream, which connects and ends. Otherwise it takes datagrams.
    ///
    /// ```
    /// use statsd_proto::driver::Target;
    ///
    /// let server = ([127, 0, 0, 1], 8125).into();
    /// assert!(Target::Tcp(server).is_stream());
    /// assert!(!Target::Udp(server).is_stream());
    /// ```
    pub fn is_stream(&self) -> bool {
        match self {
            Self::CustomStream(_) | Self::Tcp(_) | Self::UnixStream(_) => true,
            Self::CustomDatagram(_) | Self::Udp(_) | Self::UnixDatagram(_) => false,
        }
    }

    /// The same Unix socket with the other type, or `None` for any other target.
    pub(crate) fn other_type(&self) -> Option<Self> {
        match self {
            Self::CustomDatagram(_) | Self::CustomStream(_) | Self::Tcp(_) | Self::Udp(_) => None,
            Self::UnixDatagram(path) => Some(Self::UnixStream(path.clone())),
            Self::UnixStream(path) => Some(Self::UnixDatagram(path.clone())),
        }
    }

    /// Transport of a Unix socket, or `None` for any other target.
    pub(crate) fn unix_type(&self) -> Option<Transport> {
        match self {
            Self::CustomDatagram(_) | Self::CustomStream(_) | Self::Tcp(_) | Self::Udp(_) => None,
            Self::UnixDatagram(_) => Some(Transport::UnixDatagram),
            Self::UnixStream(_) => Some(Transport::UnixStream),
        }
    }

    /// IP address and port, or `None` for any other target.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) | Self::Udp(address) => Some(*address),
            Self::CustomDatagram(_)
            | Self::CustomStream(_)
            | Self::UnixDatagram(_)
            | Self::UnixStream(_) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CustomDatagram(text) | Self::CustomStream(text) => f.write_str(text),
            Self::Tcp(address) | Self::Udp(address) => address.fmt(f),
            Self::UnixDatagram(path) | Self::UnixStream(path) => path.display().fmt(f),
        }
    }
}

/// Name to look up.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Resolve {
    /// Number of this lookup, for its answer.
    pub id: u64,
    /// Host name.
    pub host: Arc<str>,
    /// Port that the addresses in the answer should have.
    pub port: u16,
}

impl Resolve {
    /// Answer to this lookup, from the result of the current system's resolver.
    ///
    /// ```
    /// use std::net::ToSocketAddrs;
    /// use statsd_proto::driver::{Input, Resolve};
    ///
    /// fn look_up(name: &Resolve) -> Input {
    ///     name.answer((&*name.host, name.port).to_socket_addrs())
    /// }
    /// ```
    #[must_use]
    pub fn answer(&self, found: io::Result<impl IntoIterator<Item = SocketAddr>>) -> Input {
        let failed = |error| Failure::new(&error, System::CURRENT);
        Input::Resolved {
            id: self.id,
            found: found.map(Vec::from_iter).map_err(failed),
        }
    }
}

/// Bytes to write.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Transmit {
    /// A part of the stream, or datagrams back to back.
    pub data: Bytes,
    /// Distance between the starts of two datagrams, in bytes. The last one may be shorter. `None` on a stream.
    pub segment_size: Option<usize>,
    /// Whether the stream ends after these bytes: the driver shuts it down, which over TLS sends `close_notify`, and
    /// then reports the bytes as [written](Input::Written), even if there are none. Always false but for a
    /// [`CustomStream`](Target::CustomStream).
    pub ends_stream: bool,
    /// Number of bytes before the lines of each datagram that are not sent: the length field of a frame, where the
    /// server decides between frames and datagrams.
    pub(crate) header: usize,
    /// Whether the last line of each datagram ends in a line feed. If so, one trailing line feed is data and not
    /// padding.
    pub(crate) keeps_break: bool,
}

impl Transmit {
    /// Nothing but the end of the stream.
    pub(crate) fn end() -> Self {
        Self {
            data: Bytes::new(),
            segment_size: None,
            ends_stream: true,
            header: 0,
            keeps_break: false,
        }
    }

    /// All datagrams, without the padding of the last one, and the number of bytes of `data` that they cover. On a
    /// stream: all of it. Datagrams to a Unix socket may have bytes between them that are not sent; then this is the
    /// first one.
    ///
    /// A driver sends these bytes if its kernel splits datagrams (`UDP_SEGMENT`), and reports the number as
    /// [written](Input::Written); see [`Segmentation`](crate::driver::Segmentation).
    ///
    /// ```
    /// use statsd_proto::driver::{Input, Transmit};
    ///
    /// /// `send` splits the bytes into datagrams of the given size.
    /// fn write(send: impl Fn(&[u8], Option<usize>), transmit: &Transmit) -> Input {
    ///     let (datagrams, len) = transmit.all_datagrams();
    ///     send(datagrams, transmit.segment_size);
    ///     Input::Written(len)
    /// }
    /// ```
    pub fn all_datagrams(&self) -> (&[u8], usize) {
        match self.segment_size {
            Some(_) if self.header > 0 => self.first_datagram(),
            Some(_) => {
                let bytes = payload::trimmed(&self.data, self.keeps_break);
                (bytes, self.data.len())
            }
            None => (&self.data, self.data.len()),
        }
    }

    /// The first datagram without its padding, and the number of bytes of `data` that it covers.
    ///
    /// A driver that sends one datagram per call sends these bytes, and reports the number as
    /// [written](Input::Written).
    ///
    /// ```
    /// use std::{io, net::UdpSocket};
    /// use statsd_proto::driver::{Input, Transmit};
    ///
    /// fn write(socket: &UdpSocket, transmit: &Transmit) -> io::Result<Input> {
    ///     let (datagram, len) = transmit.first_datagram();
    ///     socket.send(datagram)?;
    ///     Ok(Input::Written(len))
    /// }
    /// ```
    pub fn first_datagram(&self) -> (&[u8], usize) {
        let Some(size) = self.segment_size else {
            return (&self.data, self.data.len());
        };
        let len = size.min(self.data.len());
        let lines = &self.data[self.header.min(len)..len];
        (payload::trimmed(lines, self.keeps_break), len)
    }
}
