//! Async-std's sockets, one step at a time.

use std::future::{pending, poll_fn};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use async_std::io::{Read, Write};
use async_std::net::{TcpStream, ToSocketAddrs, UdpSocket};
#[cfg(unix)]
use async_std::os::unix::net::{UnixDatagram, UnixStream};
use futures::future::{Either, select};
use socket2::SockRef;

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

pub(crate) trait Stream: Read + Write + Send + Unpin {}

impl<T: Read + Write + Send + Unpin> Stream for T {}

impl Socket {
    pub(crate) fn resolve(resolve: Resolve) -> Self {
        Self::Opening(Box::pin(async move {
            let found = (&*resolve.host, resolve.port).to_socket_addrs().await?;
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
                    socket.connect(path).await?;
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
    let stream = TcpStream::connect(to).await?;
    if let Some(bytes) = send_buffer {
        SockRef::from(&stream).set_send_buffer_size(bytes)?;
    }
    stream.set_nodelay(true)?;
    Ok(stream)
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
    loop {
        match stream.as_mut().poll_read(context, &mut [0; DISCARD])? {
            Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Poll::Ready(_) => {}
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
    let received = async {
        loop {
            if let Err(error) = socket.recv(&mut [0; DISCARD]).await {
                return error;
            }
        }
    };
    let sent = async {
        let Some(transmit) = next.as_ref() else {
            return pending().await;
        };
        let (datagram, len) = transmit.first_datagram();
        socket.send(datagram).await.map(|_| len)
    };
    let result = match select(pin!(received), pin!(sent)).await {
        Either::Left((error, _)) => Err(error),
        Either::Right((sent, _)) => sent,
    };
    *next = None;
    result
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

/// StatsD servers do not answer; what comes all the same is read in pieces of this size.
const DISCARD: usize = 512;
