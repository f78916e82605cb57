//! Socket that a server listens on.

use std::io;
use std::net::{TcpListener, UdpSocket};
#[cfg(unix)]
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::time::Duration;

use crate::address::ServerAddress;
use crate::carrier::Carrier;
use crate::stream::Stream;

pub(crate) enum Socket {
    /// Receives the next datagram, or fails after a while.
    Datagrams(Receive),
    /// Accepts the next connection, or fails at once.
    Streams(Accept),
}

type Accept = Box<dyn Fn() -> io::Result<Box<dyn Stream>> + Send>;
type Receive = Box<dyn Fn(&mut [u8]) -> io::Result<usize> + Send>;

impl Socket {
    pub(crate) fn bind(address: &ServerAddress, carrier: Carrier) -> io::Result<Self> {
        match address {
            ServerAddress::Network(address) if carrier == Carrier::Udp => {
                let socket = UdpSocket::bind(address)?;
                socket.set_read_timeout(Some(WHILE))?;
                Ok(Self::Datagrams(Box::new(move |buffer| socket.recv(buffer))))
            }
            ServerAddress::Network(address) => {
                let listener = TcpListener::bind(address)?;
                listener.set_nonblocking(true)?;
                Ok(Self::Streams(Box::new(move || {
                    let (stream, _) = listener.accept()?;
                    Ok(Box::new(stream))
                })))
            }
            #[cfg(unix)]
            ServerAddress::File(file) if carrier == Carrier::UnixDatagram => {
                file.remove();
                let socket = UnixDatagram::bind(file.path())?;
                socket.set_read_timeout(Some(WHILE))?;
                Ok(Self::Datagrams(Box::new(move |buffer| socket.recv(buffer))))
            }
            #[cfg(unix)]
            ServerAddress::File(file) => {
                file.remove();
                let listener = UnixListener::bind(file.path())?;
                listener.set_nonblocking(true)?;
                Ok(Self::Streams(Box::new(move || {
                    let (stream, _) = listener.accept()?;
                    Ok(Box::new(stream))
                })))
            }
            #[cfg(not(unix))]
            ServerAddress::File(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// How long a server that is to stop may wait for a datagram.
const WHILE: Duration = Duration::from_millis(20);
