//! Sockets of async-std, one operation at a time. They are those of async-io, on which async-std is built: its own do
//! not expose readiness.

#[cfg(unix)]
use std::future::pending;
use std::io::{self, Read};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
#[cfg(unix)]
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::pin::pin;

use async_io::Async;
use futures::future::select;
use socket2::SockRef;

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
    Tcp(Async<TcpStream>, bool),
    Udp(Async<UdpSocket>, Segmentation),
    #[cfg(unix)]
    UnixDatagram(Async<UnixDatagram>),
    #[cfg(unix)]
    UnixStream(Async<UnixStream>),
}

impl Socket {
    pub(crate) async fn open(connect: Connect) -> io::Result<Self> {
        Ok(match &connect.target {
            Target::Tcp(to) => {
                let stream = Async::<TcpStream>::connect(*to).await?;
                refuse_self(&SockRef::from(&stream))?;
                set_tcp_options(&SockRef::from(&stream), &connect);
                Self::Tcp(stream, connect.wants_unacknowledged)
            }
            Target::Udp(to) => Self::Udp(open_udp(*to)?, segmentation()),
            #[cfg(unix)]
            Target::UnixDatagram(path) => {
                let socket = Async::<UnixDatagram>::unbound()?;
                connect_unix(&SockRef::from(&socket), path)?;
                Self::UnixDatagram(socket)
            }
            #[cfg(unix)]
            Target::UnixStream(path) => Self::UnixStream(Async::<UnixStream>::connect(path).await?),
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
            Self::Tcp(stream, _) => {
                let write = |stream: &_, data: &_| write_tcp(&SockRef::from(stream), data);
                step_stream(stream, next, write).await
            }
            Self::Udp(socket, segmentation) => step_udp(socket, segmentation, next).await,
            #[cfg(unix)]
            Self::UnixDatagram(socket) => step_unix_datagram(socket, next).await,
            #[cfg(unix)]
            Self::UnixStream(stream) => {
                let write = |mut stream: &UnixStream, data: &_| io::Write::write(&mut stream, data);
                step_stream(stream, next, write).await
            }
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

fn open_udp(to: SocketAddr) -> io::Result<Async<UdpSocket>> {
    let socket = if to.is_ipv4() {
        Async::<UdpSocket>::bind((Ipv4Addr::UNSPECIFIED, 0))?
    } else {
        Async::<UdpSocket>::bind((Ipv6Addr::UNSPECIFIED, 0))?
    };
    socket.get_ref().connect(to)?;
    refuse_self(&SockRef::from(&socket))?;
    Ok(socket)
}

/// Writes once. It reads first, to notice that the peer has closed the connection before the next write.
async fn step_stream<T>(
    stream: &Async<T>,
    next: Option<&Transmit>,
    write: impl Fn(&T, &[u8]) -> io::Result<usize>,
) -> io::Result<usize>
where
    for<'a> &'a T: Read,
{
    let mut socket = stream.get_ref();
    loop {
        for _ in 0..MAX_READS {
            match unless_blocked(socket.read(&mut [0; DISCARD]))? {
                Some(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(_) => {}
                None => break,
            }
        }
        if let Some(transmit) = next {
            if let Some(written) = unless_blocked(write(socket, &transmit.data))? {
                return Ok(written);
            }
        }
        ready(stream, next.is_some()).await?;
    }
}

/// Sends once. Any call may return the refusal of an earlier datagram as its error.
async fn step_udp(
    socket: &Async<UdpSocket>,
    segmentation: &mut Segmentation,
    next: Option<&Transmit>,
) -> io::Result<usize> {
    loop {
        if let Some(transmit) = next {
            let (bytes, len, size) = segmentation.next(transmit);
            match send_udp(&SockRef::from(socket.get_ref()), bytes, size) {
                Err(error) if segmentation.disable_on_error(&error) => continue,
                sent => {
                    if unless_blocked(sent)?.is_some() {
                        return Ok(len);
                    }
                }
            }
        }
        unless_blocked(socket.get_ref().recv(&mut [0; DISCARD]))?;
        ready(socket, next.is_some()).await?;
    }
}

/// Sends one datagram when the server has room for it. A server that is gone is noticed by the next send.
#[cfg(unix)]
async fn step_unix_datagram(
    socket: &Async<UnixDatagram>,
    next: Option<&Transmit>,
) -> io::Result<usize> {
    let Some(transmit) = next else {
        return pending().await;
    };
    let (datagram, len) = transmit.first_datagram();
    socket.send(datagram).await?;
    Ok(len)
}

async fn ready<T>(socket: &Async<T>, to_write: bool) -> io::Result<()> {
    if to_write {
        select(pin!(socket.readable()), pin!(socket.writable()))
            .await
            .factor_first()
            .0
    } else {
        socket.readable().await
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
