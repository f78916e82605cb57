//! Socket options and system calls. This file is the same in each adapter.

use std::io;

#[cfg(target_os = "linux")]
use socket2::MsgHdr;
use socket2::{Socket, TcpKeepalive};

use statsd_proto::driver::{Connect, Segmentation, UnixSockets};

/// Unix sockets that this system supports.
pub(crate) const UNIX_SOCKETS: UnixSockets =
    if cfg!(any(target_os = "android", target_os = "linux")) {
        UnixSockets::PathsAndNames
    } else if cfg!(unix) {
        UnixSockets::Paths
    } else {
        UnixSockets::Missing
    };

/// Sets the options of a TCP socket. Options that the system does not support are skipped.
pub(crate) fn set_tcp_options(socket: &Socket, connect: &Connect) {
    let _ = socket.set_tcp_nodelay(connect.no_delay);
    if let Some(bytes) = connect.send_buffer {
        let _ = socket.set_send_buffer_size(bytes);
    }
    if let Some(keepalive) = connect.keepalive {
        let wanted = TcpKeepalive::new().with_time(keepalive.time);
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
        let wanted = wanted
            .with_interval(keepalive.interval)
            .with_retries(keepalive.probes);
        let _ = socket.set_tcp_keepalive(&wanted);
    }
    #[cfg(target_os = "linux")]
    {
        if let Some(bytes) = connect.max_unsent {
            let _ = socket.set_tcp_notsent_lowat(u32::try_from(bytes).unwrap_or(u32::MAX));
        }
        let _ = socket.set_tcp_user_timeout(Some(connect.ack_timeout));
    }
}

/// Refuses a socket that is connected to itself, with the error of a port without a listener.
///
/// A server's port may be in the range that the system assigns to connecting sockets. While the server is not running,
/// a client may be assigned that port and connect to itself. The server could not bind its port as long as that socket
/// is open.
pub(crate) fn refuse_self(socket: &Socket) -> io::Result<()> {
    let peer = socket.peer_addr()?.as_socket();
    if peer.is_some() && peer == socket.local_addr()?.as_socket() {
        // A stream that is closed gracefully would keep the port for a minute (`TIME_WAIT`).
        let _ = socket.set_linger(Some(Default::default()));
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(())
}

/// Segmentation offload, on if the kernel supports it.
pub(crate) fn kernel_segmentation() -> Segmentation {
    #[cfg(target_os = "linux")]
    return std::fs::read_to_string("/proc/sys/kernel/osrelease").map_or_else(
        |_| Segmentation::default(),
        |release| Segmentation::of_linux(&release),
    );
    #[cfg(not(target_os = "linux"))]
    Segmentation::default()
}

/// Sends several datagrams, which the kernel splits at this distance.
#[cfg(target_os = "linux")]
pub(crate) fn send_segments(socket: &Socket, data: &[u8], size: usize) -> io::Result<usize> {
    let size = u16::try_from(size).map_err(io::Error::other)?;
    // A `cmsghdr` (a `size_t` and two `int`s), and the segment size as a `u16`.
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
pub(crate) fn send_segments(socket: &Socket, data: &[u8], _: usize) -> io::Result<usize> {
    socket.send(data)
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "no maintained crate has a safe call for this")]
pub(crate) fn unacknowledged(socket: &Socket) -> Option<usize> {
    use std::os::fd::AsRawFd as _;

    let mut bytes: libc::c_int = 0;
    // On Linux, `TIOCOUTQ` and `SIOCOUTQ` are the same request.
    // SAFETY: the file descriptor is open, because the socket is borrowed until the call returns. The request writes
    // one `int`. `bytes` is an `int` and outlives the call.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    (result == 0)
        .then_some(bytes)
        .and_then(|bytes| usize::try_from(bytes).ok())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn unacknowledged(_: &Socket) -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};

    use socket2::SockRef;

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
        use socket2::{Domain, Type};

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
        let receiver = UdpSocket::bind(LOOPBACK)?;
        let sender = UdpSocket::bind(LOOPBACK)?;
        sender.connect(receiver.local_addr()?)?;
        let sent = send_segments(&SockRef::from(&sender), b"aaaabbbbc", 4);
        assert_eq!(sent?, 9);
        for datagram in ["aaaa", "bbbb", "c"] {
            let mut bytes = [0; 16];
            let len = receiver.recv(&mut bytes)?;
            assert_eq!(&bytes[..len], datagram.as_bytes());
        }
        Ok(())
    }
}
