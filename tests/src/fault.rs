//! What can go wrong at a server.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use crate::server::unused_port;

/// What a server does to a connection instead of reading it to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Hangs up as soon as it has accepted.
    Close,
    /// Says that it will send nothing, and reads on.
    HalfClose,
    /// Reads this many bytes and no more, then resets.
    ResetAfter(usize),
    /// Never reads.
    Stall,
    /// Reads this many bytes and no more.
    StallAfter(usize),
}

impl Fault {
    /// Does what is to be done to a connection that was just accepted. Returns what is left of it.
    pub(crate) fn greet(self, stream: TcpStream) -> Option<TcpStream> {
        match self {
            Self::Close => None,
            Self::HalfClose => {
                // It fails where the peer is gone already.
                let _ = stream.shutdown(Shutdown::Write);
                Some(stream)
            }
            Self::ResetAfter(_) | Self::Stall | Self::StallAfter(_) => Some(stream),
        }
    }

    /// How many more bytes may be read from a connection that has brought this many.
    pub(crate) fn allows(self, received: usize) -> usize {
        match self {
            Self::Close | Self::Stall => 0,
            Self::HalfClose => usize::MAX,
            Self::ResetAfter(limit) | Self::StallAfter(limit) => limit.saturating_sub(received),
        }
    }

    /// Whether a connection that has brought this many bytes is to be reset.
    pub(crate) fn is_reset_due(self, received: usize) -> bool {
        matches!(self, Self::ResetAfter(limit) if received >= limit)
    }
}

/// Closes so that the peer is told of a reset, and not of an orderly end.
///
/// # Panics
///
/// If the system does not let a socket linger.
pub fn reset(stream: TcpStream) {
    let linger = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    linger.expect("every system has SO_LINGER");
    drop(stream);
}

/// An address that refuses, since nobody listens there.
pub fn refusing() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, unused_port()).into()
}

/// An address that does not answer: its backlog is full, and nobody accepts.
#[derive(Debug)]
pub struct Unanswered {
    address: SocketAddr,
    _listener: Socket,
    _backlog: Vec<TcpStream>,
}

impl Unanswered {
    /// Listens, and fills the backlog. None on a system that answers all the same.
    ///
    /// # Errors
    ///
    /// If there can be no such socket.
    pub fn new() -> io::Result<Option<Self>> {
        let address = refusing();
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        listener.bind(&address.into())?;
        listener.listen(0)?;
        let mut backlog = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            if backlog.len() == 64 {
                return Ok(None);
            }
            backlog.push(stream);
        }
        Ok(Some(Self {
            address,
            _listener: listener,
            _backlog: backlog,
        }))
    }

    /// Where to connect in vain.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
