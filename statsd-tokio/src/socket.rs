//! Sockets of tokio, one operation at a time.

use std::io;

use socket2::SockRef;
use tokio::io::{Interest, Ready};
use tokio::net::{TcpStream, UdpSocket};
#[cfg(unix)]
use tokio::net::{UnixDatagram, UnixStream};
use tokio::task::yield_now;

use statsd_proto::driver::{Connect, MAX_READS, Target, Transmit};

use crate::channel::{Channel, connect, unless_blocked};
use crate::link::OpenSocket;

/// Open socket.
pub(crate) struct Socket {
    socket: Registered,
    channel: Channel,
}

/// Socket whose readiness the runtime knows.
enum Registered {
    Tcp(TcpStream),
    Udp(UdpSocket),
    #[cfg(unix)]
    UnixDatagram(UnixDatagram),
    #[cfg(unix)]
    UnixStream(UnixStream),
}

/// Calls a method that all sockets of tokio have.
macro_rules! call {
    ($registered:expr, $socket:ident => $call:expr) => {
        match $registered {
            Registered::Tcp($socket) => $call,
            Registered::Udp($socket) => $call,
            #[cfg(unix)]
            Registered::UnixDatagram($socket) => $call,
            #[cfg(unix)]
            Registered::UnixStream($socket) => $call,
        }
    };
}

impl Socket {
    pub(crate) async fn open(to: Connect) -> io::Result<Self> {
        let socket = Registered::new(connect(&to.target)?, &to.target)?;
        if to.target.is_stream() {
            socket.ready(Interest::WRITABLE).await?;
        }
        let channel = Channel::new(&socket.as_socket(), to)?;
        Ok(Self { socket, channel })
    }

    /// Discards what the server has sent. Returns whether there may be more of it.
    fn read(&self) -> io::Result<bool> {
        let socket = self.socket.as_socket();
        for _ in 0..MAX_READS {
            let read = || self.channel.read(&socket);
            if unless_blocked(self.socket.try_io(Interest::READABLE, read))?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes once, if the kernel has room.
    fn write(&mut self, transmit: &Transmit) -> io::Result<Option<usize>> {
        let Self { socket, channel } = self;
        let write = || channel.write(&socket.as_socket(), transmit);
        unless_blocked(socket.try_io(Interest::WRITABLE, write))
    }

    /// Fails with the pending error of the socket, if there is one.
    fn check(&self) -> io::Result<()> {
        let check = || match self.socket.as_socket().take_error()? {
            Some(error) => Err(error),
            // Clears the readiness.
            None => Err(io::ErrorKind::WouldBlock.into()),
        };
        unless_blocked::<()>(self.socket.try_io(Interest::ERROR, check)).map(|_| ())
    }
}

impl OpenSocket for Socket {
    /// Writes once. It reads first, to notice before the next write that the peer has closed the connection, or has
    /// refused an earlier datagram.
    async fn step(&mut self, next: Option<&Transmit>) -> io::Result<usize> {
        let interest = match next {
            Some(_) => Interest::READABLE | Interest::WRITABLE | Interest::ERROR,
            None => Interest::READABLE | Interest::ERROR,
        };
        loop {
            let ready = self.socket.ready(interest).await?;
            if ready.is_error() {
                self.check()?;
            }
            let talks_on = ready.is_readable() && self.read()?;
            if let (true, Some(transmit)) = (ready.is_writable(), next) {
                if let Some(written) = self.write(transmit)? {
                    return Ok(written);
                }
            }
            if talks_on {
                // Timers and other wake-ups proceed.
                yield_now().await;
            }
        }
    }

    fn unacknowledged(&self) -> Option<usize> {
        self.channel.unacknowledged(&self.socket.as_socket())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.channel.shut_down(&self.socket.as_socket());
    }
}

impl Registered {
    fn new(socket: socket2::Socket, target: &Target) -> io::Result<Self> {
        match target {
            Target::Tcp(_) => TcpStream::from_std(socket.into()).map(Self::Tcp),
            Target::Udp(_) => UdpSocket::from_std(socket.into()).map(Self::Udp),
            #[cfg(unix)]
            Target::UnixDatagram(_) => {
                UnixDatagram::from_std(socket.into()).map(Self::UnixDatagram)
            }
            #[cfg(unix)]
            Target::UnixStream(_) => UnixStream::from_std(socket.into()).map(Self::UnixStream),
            #[cfg(not(unix))]
            Target::UnixDatagram(_) | Target::UnixStream(_) => {
                Err(io::ErrorKind::Unsupported.into())
            }
            Target::CustomDatagram(_) | Target::CustomStream(_) => {
                Err(io::ErrorKind::Unsupported.into())
            }
        }
    }

    fn as_socket(&self) -> SockRef<'_> {
        call!(self, socket => SockRef::from(socket))
    }

    async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        call!(self, socket => socket.ready(interest).await)
    }

    fn try_io<T>(&self, interest: Interest, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        call!(self, socket => socket.try_io(interest, work))
    }
}
