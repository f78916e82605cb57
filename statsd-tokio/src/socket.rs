//! Tokio's sockets, one step at a time.

use std::future::{pending, poll_fn};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpSocket, TcpStream, UdpSocket, lookup_host};
#[cfg(unix)]
use tokio::net::{UnixDatagram, UnixStream};

use statsd_proto::{Connect, Input, Resolve, Target, Transmit};

/// What the driver has under way, if anything.
#[derive(Default)]
pub(crate) enum Socket {
    #[default]
    Closed,
    /// A lookup or a connect, which brings its answer and what it leaves open.
    Opening(Opening),
    Stream(Box<dyn Stream>, Option<Transmit>),
    Udp(UdpSocket, Option<Transmit>),
    #[cfg(unix)]
    UnixDatagram(UnixDatagram, Option<Transmit>),
}

type Opening = Pin<Box<dyn Future<Output = io::Result<(Input, Socket)>> + Send>>;

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Socket {
    pub(crate) fn resolve(resolve: Resolve) -> Self {
        Self::Opening(Box::pin(async move {
            let found = lookup_host((&*resolve.host, resolve.port)).await?;
            Ok((Input::Resolved(found.collect()), Self::Closed))
        }))
    }

    pub(crate) fn connect(connect: Connect) -> Self {
        Self::Opening(Box::pin(async move {
            let socket = match connect.target {
                Target::Tcp(to) => {
                    Self::Stream(Box::new(open_tcp(to, connect.send_buffer).await?), None)
                }
                Target::Udp(to) => Self::Udp(open_udp(to).await?, None),
                #[cfg(unix)]
                Target::UnixDatagram(path) => {
                    let socket = UnixDatagram::unbound()?;
                    socket.connect(path)?;
                    Self::UnixDatagram(socket, None)
                }
                #[cfg(unix)]
                Target::UnixStream(path) => {
                    Self::Stream(Box::new(UnixStream::connect(path).await?), None)
                }
                #[cfg(not(unix))]
                Target::UnixDatagram(_) | Target::UnixStream(_) => {
                    return Err(io::ErrorKind::Unsupported.into());
                }
            };
            Ok((Input::Connected, socket))
        }))
    }

    pub(crate) fn transmit(&mut self, transmit: Transmit) {
        match self {
            Self::Stream(_, next) | Self::Udp(_, next) => *next = Some(transmit),
            #[cfg(unix)]
            Self::UnixDatagram(_, next) => *next = Some(transmit),
            Self::Closed | Self::Opening(_) => {}
        }
    }

    /// Waits for what is under way, or for the peer to hang up. Loses nothing if it is dropped.
    pub(crate) async fn next(&mut self) -> Input {
        let step = match self {
            Self::Closed => pending().await,
            Self::Opening(opening) => opening.await.map(|(input, socket)| {
                *self = socket;
                input
            }),
            Self::Stream(stream, next) => poll_fn(|context| poll_stream(stream, next, context))
                .await
                .map(Input::Written),
            Self::Udp(socket, next) => step_udp(socket, next).await.map(Input::Written),
            #[cfg(unix)]
            Self::UnixDatagram(socket, next) => {
                step_unix_datagram(socket, next).await.map(Input::Written)
            }
        };
        step.unwrap_or_else(|error| {
            *self = Self::Closed;
            Input::Disconnected(error.kind())
        })
    }
}

async fn open_tcp(to: SocketAddr, send_buffer: Option<usize>) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    if let Some(bytes) = send_buffer {
        socket.set_send_buffer_size(u32::try_from(bytes).unwrap_or(u32::MAX))?;
    }
    socket.set_nodelay(true)?;
    socket.connect(to).await
}

async fn open_udp(to: SocketAddr) -> io::Result<UdpSocket> {
    let socket = if to.is_ipv4() {
        UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?
    } else {
        UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).await?
    };
    socket.connect(to).await?;
    Ok(socket)
}

/// Writes once. Reading comes first, to notice the peer's hang-up before the next write.
fn poll_stream(
    stream: &mut dyn Stream,
    next: &mut Option<Transmit>,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut stream = Pin::new(stream);
    let mut discard = [0; DISCARD];
    loop {
        let mut read = ReadBuf::new(&mut discard);
        match stream.as_mut().poll_read(context, &mut read)? {
            Poll::Ready(()) if read.filled().is_empty() => {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            Poll::Ready(()) => {}
            Poll::Pending => break,
        }
    }
    let Some(transmit) = next else {
        return Poll::Pending;
    };
    let written = stream.poll_write(context, &transmit.data);
    if written.is_ready() {
        *next = None;
    }
    written
}

/// Sends one datagram. A refusal of an earlier one comes as an error of any call.
async fn step_udp(socket: &UdpSocket, next: &mut Option<Transmit>) -> io::Result<usize> {
    loop {
        let ready = socket
            .ready(interest(next.as_ref()) | Interest::ERROR)
            .await?;
        if ready.is_error() {
            // Clears the readiness if there turns out to be no error.
            let result = socket.try_io(Interest::ERROR, || match socket.take_error()? {
                Some(error) => Err(error),
                None => Err(io::ErrorKind::WouldBlock.into()),
            });
            unless_blocked::<()>(result)?;
        }
        if ready.is_readable() {
            unless_blocked(socket.try_recv(&mut [0; DISCARD]))?;
        }
        if let (true, Some(transmit)) = (ready.is_writable(), next.as_ref()) {
            let (datagram, len) = transmit.first_datagram();
            if unless_blocked(socket.try_send(datagram))?.is_some() {
                *next = None;
                return Ok(len);
            }
        }
    }
}

/// Sends one datagram, when the server has room for it. Of a server that has gone, the next one tells.
#[cfg(unix)]
async fn step_unix_datagram(
    socket: &UnixDatagram,
    next: &mut Option<Transmit>,
) -> io::Result<usize> {
    let Some(transmit) = next else {
        return pending().await;
    };
    let (datagram, len) = transmit.first_datagram();
    socket.send(datagram).await?;
    *next = None;
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

/// StatsD servers do not answer; what comes all the same is read in pieces of this size.
const DISCARD: usize = 512;
