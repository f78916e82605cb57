//! What a socket is told beyond where to connect; the same file in each adapter.

use std::io::{self, Read};
use std::net::Shutdown;
#[cfg(unix)]
use std::path::Path;

#[cfg(target_os = "linux")]
use socket2::MsgHdr;
#[cfg(unix)]
use socket2::SockAddr;
use socket2::{SockRef, Socket, TcpKeepalive};

use statsd_proto::{Connect, Segmentation, UnixSockets};

/// Which Unix sockets this system has.
pub(crate) const UNIX_SOCKETS: UnixSockets =
    if cfg!(any(target_os = "android", target_os = "linux")) {
        UnixSockets::PathsAndNames
    } else if cfg!(unix) {
        UnixSockets::Paths
    } else {
        UnixSockets::Missing
    };

/// Applies what the session wants of a TCP socket. A system that does not know an option does without.
pub(crate) fn set_tcp_options(socket: &SockRef<'_>, connect: &Connect) {
    // Lines have been packed already; there is nothing to wait for.
    let _ = socket.set_tcp_nodelay(true);
    if let Some(bytes) = connect.send_buffer {
        let _ = socket.set_send_buffer_size(bytes);
    }
    if let Some(keepalive) = connect.keepalive {
        let asked = TcpKeepalive::new().with_time(keepalive.time);
        #[cfg(any(
            target_os = "android",
            target_os = "dragonfly",
            target_os = "freebsd",
            target_os = "illumos",
            target_os = "ios",
            target_os = "linux",
            target_os = "macos",
            target_os = "netbsd",
            windows,
        ))]
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
    let flags = libc::MSG_EOR | libc::MSG_NOSIGNAL;
    // No signal ends a program whose server has gone. On Apple's systems sockets are made that way.
    #[cfg(all(unix, not(target_os = "linux"), not(target_vendor = "apple")))]
    let flags = libc::MSG_NOSIGNAL;
    #[cfg(any(not(unix), target_vendor = "apple"))]
    let flags = 0;
    socket.send_with_flags(data, flags)
}

/// Whether the kernel cuts datagrams apart.
pub(crate) fn segmentation() -> Segmentation {
    #[cfg(target_os = "linux")]
    return std::fs::read_to_string("/proc/sys/kernel/osrelease").map_or_else(
        |_| Segmentation::default(),
        |release| Segmentation::of_linux(&release),
    );
    #[cfg(not(target_os = "linux"))]
    Segmentation::default()
}

/// Sends one datagram, or with a segment size several, which the kernel cuts so many bytes apart.
#[cfg(target_os = "linux")]
pub(crate) fn send_udp(
    socket: &SockRef<'_>,
    data: &[u8],
    segment_size: Option<usize>,
) -> io::Result<usize> {
    let Some(size) = segment_size else {
        return socket.send(data);
    };
    let size = u16::try_from(size).map_err(io::Error::other)?;
    // A `cmsghdr`, whose length is a `size_t` to the kernel, and a `u16`.
    const WORD: usize = size_of::<usize>();
    const LEN: usize = WORD + 2 * size_of::<libc::c_int>() + size_of::<u16>();
    let mut control = [0; LEN.next_multiple_of(WORD)];
    control[..WORD].copy_from_slice(&LEN.to_ne_bytes());
    control[WORD..][..4].copy_from_slice(&libc::SOL_UDP.to_ne_bytes());
    control[WORD + 4..][..4].copy_from_slice(&libc::UDP_SEGMENT.to_ne_bytes());
    control[WORD + 8..][..2].copy_from_slice(&size.to_ne_bytes());
    let data = [io::IoSlice::new(data)];
    let message = MsgHdr::new().with_buffers(&data).with_control(&control);
    socket.sendmsg(&message, 0)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn send_udp(socket: &SockRef<'_>, data: &[u8], _: Option<usize>) -> io::Result<usize> {
    socket.send(data)
}

/// How many bytes of all that was written to a TCP socket its peer's kernel has not acknowledged; none if
/// the system does not tell.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "no maintained crate has a safe call for this")]
pub(crate) fn unacknowledged(socket: &SockRef<'_>) -> Option<usize> {
    use std::os::fd::AsRawFd as _;

    let mut bytes: libc::c_int = 0;
    // Linux has one number for this and for `SIOCOUTQ`.
    // SAFETY: the socket is borrowed until this returns, and so is open. Of a socket the request writes one
    // `int`, to `bytes`, which is one and outlives the call.
    let told = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    (told == 0)
        .then_some(bytes)
        .and_then(|bytes| usize::try_from(bytes).ok())
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
    use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};

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

    #[test]
    #[cfg(target_os = "linux")]
    fn the_kernel_cuts_datagrams_apart_where_it_is_asked_to() -> io::Result<()> {
        let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        sender.connect(receiver.local_addr()?)?;
        for (size, datagrams) in [
            (Some(4), &["aaaa", "bbbb", "c"][..]),
            (None, &["aaaabbbbc"]),
        ] {
            let sent = send_udp(&SockRef::from(&sender), b"aaaabbbbc", size);
            assert_eq!(sent?, 9);
            for datagram in datagrams {
                let mut bytes = [0; 16];
                let len = receiver.recv(&mut bytes)?;
                assert_eq!(&bytes[..len], datagram.as_bytes());
            }
        }
        Ok(())
    }
}
