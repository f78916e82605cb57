//! What can go wrong at a server.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};
use statsd_proto::Config;

use crate::address::{ServerAddress, SocketFile, unused_port};
use crate::carrier::Carrier;
use crate::stream::Stream;

/// Action of a server on a connection, in place of reading it to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Hangs up as soon as it has accepted.
    Close,
    /// Says as much as the client takes, without end, and reads.
    Flood,
    /// The same, and reads nothing.
    FloodAndStall,
    /// Says that it will send nothing, and reads on.
    HalfClose,
    /// Reads this many bytes and no more, then resets.
    ResetAfter(usize),
    /// Never reads.
    Stall,
    /// Reads this many bytes and no more.
    StallAfter(usize),
    /// Says something as soon as it has accepted, and reads.
    Talk,
}

impl Fault {
    /// Does what is to be done to a connection that was just accepted. Returns what is left of it.
    pub(crate) fn greet(self, mut stream: Box<dyn Stream>) -> Option<Box<dyn Stream>> {
        match self {
            Self::Close => None,
            Self::HalfClose => {
                // It fails where the peer is gone already.
                let _ = stream.shut_down();
                Some(stream)
            }
            Self::Flood
            | Self::FloodAndStall
            | Self::ResetAfter(_)
            | Self::Stall
            | Self::StallAfter(_) => Some(stream),
            Self::Talk => {
                let said = stream.write_all(&[b'?'; 3000]);
                said.expect("the first few bytes find room");
                Some(stream)
            }
        }
    }

    /// Says what is to be said without end, as far as the connection takes it now. Returns whether it took any.
    pub(crate) fn speak(self, stream: &mut dyn Stream) -> bool {
        let is_flood = matches!(self, Self::Flood | Self::FloodAndStall);
        // It fails where the peer is gone, which reading notices.
        is_flood && stream.write(&[b'?'; 64 * 1024]).is_ok()
    }

    /// How many more bytes may be read from a connection that has brought this many.
    pub(crate) fn allows(self, received: usize) -> usize {
        match self {
            Self::Close | Self::FloodAndStall | Self::Stall => 0,
            Self::Flood | Self::HalfClose | Self::Talk => usize::MAX,
            Self::ResetAfter(limit) | Self::StallAfter(limit) => limit.saturating_sub(received),
        }
    }

    /// Whether a connection that has brought this many bytes is to be reset.
    pub(crate) fn is_reset_due(self, received: usize) -> bool {
        matches!(self, Self::ResetAfter(limit) if received >= limit)
    }
}

/// Server that does not answer: its backlog is full, and no connection is accepted.
#[derive(Debug)]
pub struct Unanswered {
    place: ServerAddress,
    carrier: Carrier,
    _listener: Socket,
    _backlog: Vec<Socket>,
}

impl Unanswered {
    /// Listens, and fills the backlog. None on a system that answers all the same.
    ///
    /// # Errors
    ///
    /// If there can be no such socket.
    pub fn new(carrier: Carrier) -> io::Result<Option<Self>> {
        let (place, address, domain) = if carrier == Carrier::Tcp {
            let address = (Ipv4Addr::LOCALHOST, unused_port()).into();
            (
                ServerAddress::Network(address),
                address.into(),
                Domain::IPV4,
            )
        } else {
            let file = SocketFile::unused();
            let address = SockAddr::unix(file.path())?;
            (ServerAddress::File(file), address, Domain::UNIX)
        };
        let listener = Socket::new(domain, Type::STREAM, None)?;
        listener.bind(&address)?;
        listener.listen(0)?;
        let mut backlog = Vec::new();
        loop {
            let socket = Socket::new(domain, Type::STREAM, None)?;
            let is_answered = if carrier == Carrier::Tcp {
                socket.connect_timeout(&address, Duration::from_millis(200))
            } else {
                // Whether there is room is known at once.
                socket.set_nonblocking(true)?;
                socket.connect(&address)
            };
            match is_answered {
                Ok(()) if backlog.len() == 64 => return Ok(None),
                Ok(()) => backlog.push(socket),
                Err(_) => break,
            }
        }
        Ok(Some(Self {
            place,
            carrier,
            _listener: listener,
            _backlog: backlog,
        }))
    }

    /// A configuration to connect by in vain.
    pub fn config(&self) -> Config {
        self.place.config(self.carrier)
    }
}
