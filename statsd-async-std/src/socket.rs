//! Sockets of async-std, one operation at a time. They are those of async-io, on which async-std is built: its own do
//! not expose readiness.

use std::io;

use async_io::Async;
use futures_lite::future::or;

use statsd_proto::driver::{Connect, MAX_READS, Transmit};

use crate::channel::{Channel, connect, unless_blocked};
use crate::link::OpenSocket;

/// Open socket.
pub(crate) struct Socket {
    socket: Async<socket2::Socket>,
    channel: Channel,
}

impl Socket {
    pub(crate) async fn open(to: Connect) -> io::Result<Self> {
        let socket = Async::new(connect(&to.target)?)?;
        if to.target.is_stream() {
            socket.writable().await?;
        }
        let channel = Channel::new(socket.get_ref(), to)?;
        Ok(Self { socket, channel })
    }

    /// Reads and writes as far as it need not wait. Returns the number of bytes written.
    ///
    /// It reads from a stream first, to notice that the peer has closed it before the next write. A datagram is sent
    /// first, since any call returns the refusal of an earlier one.
    fn attempt(&mut self, next: Option<&Transmit>) -> io::Result<Option<usize>> {
        let (socket, channel) = (self.socket.get_ref(), &mut self.channel);
        let is_stream = channel.connect.target.is_stream();
        if is_stream {
            read(socket, channel)?;
        }
        let written = match next {
            Some(transmit) => unless_blocked(channel.write(socket, transmit))?,
            None => None,
        };
        if written.is_none() && !is_stream {
            read(socket, channel)?;
        }
        Ok(written)
    }
}

impl OpenSocket for Socket {
    async fn step(&mut self, next: Option<&Transmit>) -> io::Result<usize> {
        loop {
            if let Some(written) = self.attempt(next)? {
                return Ok(written);
            }
            if next.is_some() {
                or(self.socket.readable(), self.socket.writable()).await?;
            } else {
                self.socket.readable().await?;
            }
        }
    }

    fn unacknowledged(&self) -> Option<usize> {
        self.channel.unacknowledged(self.socket.get_ref())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.channel.shut_down(self.socket.get_ref());
    }
}

/// Discards what the server has sent, up to `MAX_READS` reads of it.
fn read(socket: &socket2::Socket, channel: &Channel) -> io::Result<()> {
    for _ in 0..MAX_READS {
        if unless_blocked(channel.read(socket))?.is_none() {
            break;
        }
    }
    Ok(())
}
