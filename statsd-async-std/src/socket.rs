//! Async-std's TCP and UDP, one step at a time.

use std::future::{pending, poll_fn};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use async_std::io::{Read, Write};
use async_std::net::{TcpStream, ToSocketAddrs, UdpSocket};
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
    Tcp(TcpStream, Option<Transmit>),
    Udp(UdpSocket, Option<Transmit>),
}

type Opening = Pin<Box<dyn Future<Output = io::Result<(Input, Socket)>> + Send>>;

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
                Target::Tcp(address) => Self::Tcp(open_tcp(address, &connect).await?, None),
                Target::Udp(address) => Self::Udp(open_udp(address).await?, None),
            };
            Ok((Input::Connected, socket))
        }))
    }

    pub(crate) fn transmit(&mut self, transmit: Transmit) {
        match self {
            Self::Tcp(_, next) | Self::Udp(_, next) => *next = Some(transmit),
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
            Self::Tcp(stream, next) => poll_fn(|context| poll_tcp(stream, next, context))
                .await
                .map(Input::Written),
            Self::Udp(socket, next) => step_udp(socket, next).await.map(Input::Written),
        };
        step.unwrap_or_else(|error| {
            *self = Self::Closed;
            Input::Disconnected(error.kind())
        })
    }
}

async fn open_tcp(address: SocketAddr, connect: &Connect) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    if let Some(bytes) = connect.send_buffer {
        SockRef::from(&stream).set_send_buffer_size(bytes)?;
    }
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn open_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = if address.is_ipv4() {
        UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?
    } else {
        UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).await?
    };
    socket.connect(address).await?;
    Ok(socket)
}

/// Writes once. Reading comes first, to notice the peer's hang-up before the next write.
fn poll_tcp(
    mut stream: &TcpStream,
    next: &mut Option<Transmit>,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    while let Poll::Ready(read) = Pin::new(&mut stream).poll_read(context, &mut [0; DISCARD]) {
        if read? == 0 {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
    }
    let Some(transmit) = next else {
        return Poll::Pending;
    };
    let written = Pin::new(&mut stream).poll_write(context, &transmit.data);
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

/// StatsD servers do not answer; what comes all the same is read in pieces of this size.
const DISCARD: usize = 512;
