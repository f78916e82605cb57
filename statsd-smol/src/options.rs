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
