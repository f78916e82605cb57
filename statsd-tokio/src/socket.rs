//! Sockets of tokio, one operation at a time.

#[cfg(unix)]
use std::future::pending;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
#[cfg(unix)]
use tokio::io::AsyncWrite;
use tokio::io::{AsyncRead, Interest, ReadBuf};
use tokio::net::{TcpStream, UdpSocket};
#[cfg(unix)]
use tokio::net::{UnixDatagram, UnixStream};
use tokio::task::yield_now;

use statsd_proto::driver::{Connect, MAX_READS, Segmentation, Target, Transmit};

use crate::link::OpenSocket;
#[cfg(unix)]
use crate::options::connect_unix;
use crate::options::{
    refuse_self, segmentation, send_udp, set_tcp_options, shut_down, unacknowledged, write_tcp,
};

/// Open socket.
pub(crate) enum Socket {
    /// Stream, and whether unacknowledged bytes are reported.
    Tcp(TcpStream, bool),
    Udp(UdpSocket, Segmentation),
    #[cfg(unix)]
    UnixDatagram(UnixDatagram),
    #[cfg(unix)]
    UnixStream(UnixStream),
}

impl Socket {
    pub(crate) async fn open(connect: Connect) -> io::Result<Self> {
        Ok(match &connect.target {
            Target::Tcp(to) => {
                let stream = TcpStream::connect(to).await?;
                refuse_self(&SockRef::from(&stream))?;
                set_tcp_options(&SockRef::from(&stream), &connect);
                Self::Tcp(stream, connect.wants_unacknowledged)
            }
            Target::Udp(to) => Self::Udp(open_udp(*to).await?, segmentation()),
            #[cfg(unix)]
            Target::UnixDatagram(path) => {
                let socket = UnixDatagram::unbound()?;
                connect_unix(&SockRef::from(&socket), path)?;
                Self::UnixDatagram(socket)
            }
            #[cfg(unix)]
            Target::UnixStream(path) => Self::UnixStream(UnixStream::connect(path).await?),
            // The program's connector opens it.
            Target::CustomDatagram(_) | Target::CustomStream(_) => {
                return Err(io::ErrorKind::Unsupported.into());
            }
            #[cfg(not(unix))]
            Target::UnixDatagram(_) | Target::UnixStream(_) => {
                return Err(io::ErrorKind::Unsupported.into());
            }
        })
    }
}

impl OpenSocket for Socket {
    async fn step(&mut self, next: Option<&Transmit>) -> io::Result<usize> {
        match self {
            Self::Tcp(stream, _) => step_stream(stream, next, poll_write_tcp).await,
            Self::Udp(socket, segmentation) => step_udp(socket, segmentation, next).await,
            #[cfg(unix)]
            Self::UnixDatagram(socket) => step_unix_datagram(socket, next).await,
            #[cfg(unix)]
            Self::UnixStream(stream) => step_stream(stream, next, poll_write_unix).await,
        }
    }

    fn unacknowledged(&self) -> Option<usize> {
        match self {
            Self::Tcp(stream, true) => unacknowledged(&SockRef::from(stream)),
            Self::Tcp(..) | Self::Udp(..) => None,
            #[cfg(unix)]
            Self::UnixDatagram(_) | Self::UnixStream(_) => None,
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        match &*self {
            Self::Tcp(stream, _) => shut_down(&SockRef::from(stream)),
            #[cfg(unix)]
            Self::UnixStream(stream) => shut_down(&SockRef::from(stream)),
            #[cfg(unix)]
            Self::UnixDatagram(_) => {}
            Self::Udp(..) => {}
        }
    }
}

async fn open_udp(to: SocketAddr) -> io::Result<UdpSocket> {
    let socket = if to.is_ipv4() {
        UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?
    } else {
        UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).await?
    };
    socket.connect(to).await?;
    refuse_self(&SockRef::from(&socket))?;
    Ok(socket)
}

/// Writes once. It reads first, to notice that the peer has closed the connection before the next write.
async fn step_stream<S: AsyncRead + Unpin>(
    stream: &mut S,
    next: Option<&Transmit>,
    write: impl Fn(Pin<&mut S>, &mut Context<'_>, &Transmit) -> Poll<io::Result<usize>>,
) -> io::Result<usize> {
    poll_fn(|context| poll_stream(Pin::new(stream), next, &write, context)).await
}

pub(crate) fn poll_stream<S: AsyncRead>(
    mut stream: Pin<&mut S>,
    next: Option<&Transmit>,
    write: impl FnOnce(Pin<&mut S>, &mut Context<'_>, &Transmit) -> Poll<io::Result<usize>>,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let talks_on = discard(stream.as_mut(), context)?;
    let written = match next {
        Some(transmit) => write(stream, context, transmit),
        None => Poll::Pending,
    };
    if written.is_pending() && talks_on {
        // No event will arrive for data that is readable already.
        context.waker().wake_by_ref();
    }
    written
}

/// Reads and discards data from the server, up to `MAX_READS` times. Returns whether there may be more.
pub(crate) fn discard<S: AsyncRead>(
    mut stream: Pin<&mut S>,
    context: &mut Context<'_>,
) -> io::Result<bool> {
    let mut discarded = [0; DISCARD];
    for _ in 0..MAX_READS {
        let mut read = ReadBuf::new(&mut discarded);
        match stream.as_mut().poll_read(context, &mut read)? {
            Poll::Ready(()) if read.filled().is_empty() => {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Poll::Ready(()) => {}
            Poll::Pending => return Ok(false),
        }
    }
    Ok(true)
}

fn poll_write_tcp(
    stream: Pin<&mut TcpStream>,
    context: &mut Context<'_>,
    transmit: &Transmit,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(stream.poll_write_ready(context))?;
        let write = || write_tcp(&SockRef::from(&*stream), &transmit.data);
        match stream.try_io(Interest::WRITABLE, write) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            written => return Poll::Ready(written),
        }
    }
}

#[cfg(unix)]
fn poll_write_unix(
    stream: Pin<&mut UnixStream>,
    context: &mut Context<'_>,
    transmit: &Transmit,
) -> Poll<io::Result<usize>> {
    stream.poll_write(context, &transmit.data)
}

/// Sends once. Any call may return the refusal of an earlier datagram as its error.
async fn step_udp(
    socket: &UdpSocket,
    segmentation: &mut Segmentation,
    next: Option<&Transmit>,
) -> io::Result<usize> {
    loop {
        for _ in 0..MAX_READS {
            let ready = socket.ready(interest(next) | Interest::ERROR);
            let ready = ready.await?;
            if ready.is_error() {
                // Clears the readiness if there is no error after all.
                let result = socket.try_io(Interest::ERROR, || match socket.take_error()? {
                    Some(error) => Err(error),
                    None => Err(io::ErrorKind::WouldBlock.into()),
                });
                unless_blocked::<()>(result)?;
            }
            if ready.is_readable() {
                unless_blocked(socket.try_recv(&mut [0; DISCARD]))?;
            }
            if let (true, Some(transmit)) = (ready.is_writable(), next) {
                if let Some(len) = send(socket, segmentation, transmit)? {
                    return Ok(len);
                }
            }
        }
        // The server sends data. Yields, so that timers and other wake-ups proceed.
        yield_now().await;
    }
}

/// Sends once, if the kernel has room.
fn send(
    socket: &UdpSocket,
    segmentation: &mut Segmentation,
    transmit: &Transmit,
) -> io::Result<Option<usize>> {
    let (bytes, len, size) = segmentation.next(transmit);
    let send = || send_udp(&SockRef::from(socket), bytes, size);
    match socket.try_io(Interest::WRITABLE, send) {
        Err(error) if segmentation.disable_on_error(&error) => Ok(None),
        sent => Ok(unless_blocked(sent)?.map(|_| len)),
    }
}

/// Sends one datagram when the server has room for it. A server that is gone is noticed by the next send.
#[cfg(unix)]
async fn step_unix_datagram(socket: &UnixDatagram, next: Option<&Transmit>) -> io::Result<usize> {
    let Some(transmit) = next else {
        return pending().await;
    };
    let (datagram, len) = transmit.first_datagram();
    socket.send(datagram).await?;
    Ok(len)
}

fn interest(next: Option<&Transmit>) -> Interest {
    match next {
        Some(_) => Interest::READABLE | Interest::WRITABLE,
        None => Interest::READABLE,
    }
}

fn unless_blocked<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// Buffer for data from the server, in bytes. StatsD servers send none, so it may be small. On Windows a received
/// datagram that is longer than the buffer is an error, which would look like an error of our own send; there it holds
/// any datagram.
pub(crate) const DISCARD: usize = if cfg!(windows) { 65_535 } else { 512 };

#[cfg(test)]
mod tests;
