//! What a socket is told beyond where to connect; the same file in each adapter.

use std::io::{self, Read};
use std::net::Shutdown;
#[cfg(target_os = "linux")]
use std::os::fd::{AsFd, AsRawFd};
#[cfg(unix)]
use std::path::Path;

#[cfg(target_os = "linux")]
use nix::sys::socket::{MsgFlags, setsockopt, sockopt::UdpGsoSegment};
#[cfg(unix)]
use socket2::SockAddr;
use socket2::{SockRef, Socket, TcpKeepalive};

use statsd_proto::Connect;

/// Applies what the session wants of a TCP socket. A system that does not know an option does without.
pub(crate) fn set_tcp_options(socket: &SockRef<'_>, connect: &Connect) {
    // Lines have been packed already; there is nothing to wait for.
    let _ = socket.set_tcp_nodelay(true);
    if let Some(bytes) = connect.send_buffer {
        let _ = socket.set_send_buffer_size(bytes);
    }
    if let Some(keepalive) = connect.keepalive {
        let asked = TcpKeepalive::new().with_time(keepalive.time);
        #[cfg(any(target_os = "linux", target_os = "macos"))]
        let asked = asked
            .with_interval(keepalive.interval)
            .with_retries(keepalive.probes);
        let _ = socket.set_tcp_keepalive(&asked);
    }
    #[cfg(target_os = "linux")]
    {
        if let Some(bytes) = connect.max_unsent {
            let _ = socket.set_tcp_notsent_lowat(u32::try_from(bytes).unwrap_or(u32::MAX));
        }
        let _ = socket.set_tcp_user_timeout(Some(connect.ack_timeout));
    }
}

/// Refuses a socket that is connected to itself, as if nobody listened there.
///
/// A server's port may be among those that the system gives to sockets that connect. While the server is away, such a
/// socket may get that very port, and reaches itself; and as long as it lives, the server cannot have its port back.
pub(crate) fn refuse_self(socket: &SockRef<'_>) -> io::Result<()> {
    let (local, peer) = (socket.local_addr()?, socket.peer_addr()?);
    if local.as_socket() == peer.as_socket() {
        // A stream that ends in an orderly way keeps the port for a minute.
        let _ = socket.set_linger(Some(Default::default()));
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(())
}

/// Connects a Unix socket of datagrams, also to an abstract one, whose name follows a NUL.
#[cfg(unix)]
pub(crate) fn connect_unix(socket: &SockRef<'_>, path: &Path) -> io::Result<()> {
    socket.connect(&SockAddr::unix(path)?)
}

/// Writes to a TCP socket what its kernel has room for.
///
/// Linux looks at its bounds only where a segment begins, and goes on filling the last one, up to 64 KiB. So
/// each write ends its segment.
pub(crate) fn write_tcp(socket: &SockRef<'_>, data: &[u8]) -> io::Result<usize> {
    #[cfg(target_os = "linux")]
    let flags = (MsgFlags::MSG_EOR | MsgFlags::MSG_NOSIGNAL).bits();
    #[cfg(not(target_os = "linux"))]
    let flags = 0;
    socket.send_with_flags(data, flags)
}

/// Tells the kernel how far apart to cut what is sent in one call; 0 not to cut it.
#[cfg(target_os = "linux")]
pub(crate) fn set_segment_size(socket: &impl AsFd, size: usize) -> io::Result<()> {
    let size = i32::try_from(size).map_err(io::Error::other)?;
    Ok(setsockopt(socket, UdpGsoSegment, &size)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn set_segment_size<T>(_: &T, _: usize) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// How many bytes of all that was written to a TCP socket its peer's kernel has not acknowledged; none if
/// the system does not tell.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "no maintained crate has a safe call for this")]
pub(crate) fn unacknowledged(socket: &SockRef<'_>) -> Option<usize> {
    // Linux has one number for this and for `SIOCOUTQ`.
    nix::ioctl_read_bad!(outq, nix::libc::TIOCOUTQ, nix::libc::c_int);
    let mut bytes = 0;
    // SAFETY: the socket is borrowed until this returns, and so is open. Of a socket the request writes one
    // `int`, to `bytes`, which is one and outlives the call.
    let told = unsafe { outq(socket.as_raw_fd(), &mut bytes) };
    told.ok().and_then(|_| usize::try_from(bytes).ok())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn unacknowledged(_: &SockRef<'_>) -> Option<usize> {
    None
}

/// Ends a stream in an orderly way. One that is closed with something left unread resets the server,
/// which then loses what it has not read, and perhaps its life.
pub(crate) fn say_goodbye(socket: &SockRef<'_>) {
    let mut socket: &Socket = socket;
    // It fails where the server is gone already.
    let _ = socket.shutdown(Shutdown::Write);
    let mut discarded = [0; 4096];
    // One that talks without end is not listened to for ever.
    for _ in 0..256 {
        if !matches!(socket.read(&mut discarded), Ok(1..)) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};

    use socket2::{Domain, Type};

    use super::*;

    const LOOPBACK: &str = "127.0.0.1:0";

    #[test]
    fn a_socket_that_is_connected_to_itself_is_refused() {
        let udp = UdpSocket::bind(LOOPBACK).expect("there is a loopback");
        let itself = udp.local_addr().expect("it is bound");
        udp.connect(itself).expect("it is there");
        let refused = refuse_self(&SockRef::from(&udp)).expect_err("it is itself");
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);

        let other = UdpSocket::bind(LOOPBACK).expect("there is a loopback");
        other.connect(itself).expect("it is there");
        refuse_self(&SockRef::from(&other)).expect("it is another");

        let listener = TcpListener::bind(LOOPBACK).expect("there is a loopback");
        let address = listener.local_addr().expect("it is bound");
        let stream = TcpStream::connect(address).expect("it listens");
        refuse_self(&SockRef::from(&stream)).expect("it is another");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_stream_that_is_connected_to_itself_is_refused_and_gives_its_port_back() {
        let stream = Socket::new(Domain::IPV4, Type::STREAM, None).expect("the system has sockets");
        let loopback = LOOPBACK.parse::<std::net::SocketAddr>().expect("it is one");
        stream.bind(&loopback.into()).expect("some port is free");
        let itself = stream.local_addr().expect("it is bound");
        stream
            .connect(&itself)
            .expect("Linux connects it to itself");
        refuse_self(&SockRef::from(&stream)).expect_err("it is itself");
        drop(stream);

        let server = Socket::new(Domain::IPV4, Type::STREAM, None).expect("the system has sockets");
        server.bind(&itself).expect("the port is free");
    }
}
