//! What a session and its driver say to each other.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::session::failure::{Failure, System};
use crate::session::payload;
use crate::session::stats::Report;

/// Something that happened outside.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a driver chooses what it tells")]
pub enum Input {
    /// The socket is open.
    Connected,
    /// The instruction failed, or the peer closed the connection, or the socket broke.
    Disconnected(Failure),
    /// What came of a lookup: see [`Resolve::answer`].
    Resolved {
        /// The number of the [`Resolve`]. An answer to any but the last is passed over.
        id: u64,
        /// The addresses of the name, in the resolver's order.
        found: Result<Vec<SocketAddr>, Failure>,
    },
    /// Of all that was [written](Self::Written) to this TCP connection so far, this many bytes are not
    /// acknowledged by the peer's kernel (`SIOCOUTQ`). Told, where [`Connect::wants_unacknowledged`] asks for it and
    /// the system knows, before each poll while the connection is open, and before
    /// [`Disconnected`](Self::Disconnected) once more: the number outlives the connection.
    Unacknowledged(usize),
    /// This many bytes of the [`Transmit`] are with the kernel. Of datagrams, only whole ones count,
    /// each with what fills it up; half a one is taken as not written.
    Written(usize),
}

impl Input {
    /// [`Disconnected`](Self::Disconnected) by this error of the system that the program runs on.
    pub fn failed(error: &io::Error) -> Self {
        Self::Disconnected(Failure::new(error, System::CURRENT))
    }
}

/// What a driver has to do.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a driver that ignores an instruction must not compile"
)]
#[must_use]
pub enum Output {
    /// Open a socket.
    Connect(Connect),
    /// Give up what is under way with the socket, and close it. A lookup goes on.
    Disconnect,
    /// The session is over.
    Finished(Report),
    /// Look up a name, beside everything else: the socket stays open and in use. The lookup before, if it
    /// has not ended, may be given up.
    Resolve(Resolve),
    /// Write this, once, as far as the socket takes it.
    Transmit(Transmit),
    /// Nothing to do before this time, which is later than the one polled with; without one, until
    /// [`Session::wants_poll`](crate::Session::wants_poll).
    Wait(Option<Instant>),
}

/// A socket to open.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Connect {
    /// Where to.
    pub target: Target,
    /// The size to set for a TCP socket's send buffer, if one is to be set.
    pub send_buffer: Option<usize>,
    /// How much of that may hold what is not yet on its way (`TCP_NOTSENT_LOWAT`), if that is to be set
    /// and the system can be told.
    pub max_unsent: Option<usize>,
    /// How to find out over TCP that a server is gone while nothing is sent; none not to.
    pub keepalive: Option<Keepalive>,
    /// How long what was written over TCP may go unacknowledged (`TCP_USER_TIMEOUT`), where the system
    /// can be told.
    pub ack_timeout: Duration,
    /// Whether to tell what the peer's kernel has not [acknowledged](Input::Unacknowledged). Where the system
    /// does not know, nothing is told, and nothing that left whole is sent again.
    pub wants_unacknowledged: bool,
}

/// How to find out that a server is gone while nothing is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Keepalive {
    /// After how long a silence to ask for the first time.
    pub time: Duration,
    /// How long to wait for the answer before asking again.
    pub interval: Duration,
    /// How often to ask in vain.
    pub probes: u32,
}

/// Where to connect, and over what.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a driver that cannot connect must not compile"
)]
pub enum Target {
    /// A stream.
    Tcp(SocketAddr),
    /// Datagrams, from a socket that is connected so that it hears of refusals.
    Udp(SocketAddr),
    /// Datagrams on this machine, on systems with Unix sockets. A path that begins with a NUL is the name of an abstract
    /// socket, on Linux.
    UnixDatagram(PathBuf),
    /// A stream on this machine, likewise.
    UnixStream(PathBuf),
}

impl Target {
    /// The address of a server that has one.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) | Self::Udp(address) => Some(*address),
            Self::UnixDatagram(_) | Self::UnixStream(_) => None,
        }
    }
}

/// A name to look up.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Resolve {
    /// The number of this lookup, for its answer.
    pub id: u64,
    /// The host's name.
    pub host: Arc<str>,
    /// The port, which the addresses are to have.
    pub port: u16,
}

impl Resolve {
    /// The answer, by what the resolver of the system that the program runs on said.
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
    /// The distance from one datagram to the next; the last may be shorter. None on a stream.
    pub segment_size: Option<usize>,
    /// Whether the last line of each datagram ends in a line break, which is then no padding.
    pub(crate) keeps_break: bool,
}

impl Transmit {
    /// All datagrams, the last without what fills it up, and how many bytes of `data` they stand for. On a
    /// stream that is all of it.
    ///
    /// A driver whose kernel cuts datagrams apart sends these, and answers with the number; see
    /// [`Segmentation`](crate::Segmentation).
    pub fn all_datagrams(&self) -> (&[u8], usize) {
        let bytes = match self.segment_size {
            Some(_) => payload::trimmed(&self.data, self.keeps_break),
            None => &self.data,
        };
        (bytes, self.data.len())
    }

    /// The first datagram without what fills it up, and how many bytes of `data` it stands for.
    ///
    /// A driver that sends one datagram at a time sends this one, and answers with the number.
    pub fn first_datagram(&self) -> (&[u8], usize) {
        let len = self
            .segment_size
            .map_or(self.data.len(), |size| size.min(self.data.len()));
        (payload::trimmed(&self.data[..len], self.keeps_break), len)
    }
}
