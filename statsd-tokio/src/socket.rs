//! Tokio's TCP and UDP, one step at a time.

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;

use tokio::io::Interest;
use tokio::net::{TcpSocket, TcpStream, UdpSocket, lookup_host};

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
            let found = lookup_host((&*resolve.host, resolve.port)).await?;
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
            Self::Tcp(stream, next) => step_tcp(stream, next).await.map(Input::Written),
            Self::Udp(socket, next) => step_udp(socket, next).await.map(Input::Written),
        };
        step.unwrap_or_else(|error| {
            *self = Self::Closed;
            Input::Disconnected(error.kind())
        })
    }
}

async fn open_tcp(address: SocketAddr, connect: &Connect) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    if let Some(bytes) = connect.send_buffer {
        socket.set_send_buffer_size(u32::try_from(bytes).unwrap_or(u32::MAX))?;
    }
    socket.set_nodelay(true)?;
    socket.connect(address).await
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
async fn step_tcp(stream: &TcpStream, next: &mut Option<Transmit>) -> io::Result<usize> {
    loop {
        let ready = stream.ready(interest(next.as_ref())).await?;
        if ready.is_readable() {
            if let Some(0) = unless_blocked(stream.try_read(&mut [0; DISCARD]))? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        if let (true, Some(transmit)) = (ready.is_writable(), next.as_ref()) {
            if let Some(written) = unless_blocked(stream.try_write(&transmit.data))? {
                *next = None;
                return Ok(written);
            }
        }
    }
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
