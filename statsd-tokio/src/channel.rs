//! Sockets without a runtime: connecting, one attempt to read or write, closing. This file is the same in each adapter.

use std::io::{self, Read};
use std::net::Shutdown;

use socket2::{SockAddr, Socket, Type};

use statsd_proto::driver::{Connect, MAX_CLOSING_READS, Segmentation, Target, Transmit};

use crate::options::{
    kernel_segmentation, refuse_self, send_segments, set_tcp_options, unacknowledged,
};

/// Creates a socket that does not block, and starts to connect it. A stream is connected when it is writable; then
/// [`Channel::new`] has the outcome. A socket for datagrams is connected at once.
pub(crate) fn connect(target: &Target) -> io::Result<Socket> {
    let (address, kind) = match target {
        Target::Tcp(to) => (SockAddr::from(*to), Type::STREAM),
        Target::Udp(to) => (SockAddr::from(*to), Type::DGRAM),
        // A path that begins with a NUL is the name of an abstract socket.
        #[cfg(unix)]
        Target::UnixDatagram(path) => (SockAddr::unix(path)?, Type::DGRAM),
        #[cfg(unix)]
        Target::UnixStream(path) => (SockAddr::unix(path)?, Type::STREAM),
        #[cfg(not(unix))]
        Target::UnixDatagram(_) | Target::UnixStream(_) => {
            return Err(io::ErrorKind::Unsupported.into());
        }
        // The program's connector opens it.
        Target::CustomDatagram(_) | Target::CustomStream(_) => {
            return Err(io::ErrorKind::Unsupported.into());
        }
    };
    let socket = Socket::new(address.domain(), kind, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address) {
        Err(error) if is_under_way(&error) => {}
        connected => connected?,
    }
    Ok(socket)
}

#[cfg(unix)]
fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
}

#[cfg(not(unix))]
fn is_under_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// What an open socket was opened for, and how it sends datagrams.
pub(crate) struct Channel {
    pub(crate) connect: Connect,
    segmentation: Segmentation,
}

impl Channel {
    /// Channel of a socket that is connected, whose options it sets.
    ///
    /// # Errors
    ///
    /// Reason why the socket is not connected.
    pub(crate) fn new(socket: &Socket, connect: Connect) -> io::Result<Self> {
        if let Some(error) = socket.take_error()? {
            return Err(error);
        }
        refuse_self(socket)?;
        let mut segmentation = Segmentation::default();
        match connect.target {
            Target::Tcp(_) => set_tcp_options(socket, &connect),
            Target::Udp(_) => segmentation = kernel_segmentation(),
            Target::CustomDatagram(_)
            | Target::CustomStream(_)
            | Target::UnixDatagram(_)
            | Target::UnixStream(_) => {}
        }
        Ok(Self {
            connect,
            segmentation,
        })
    }

    /// Reads once, and discards what the server sends.
    ///
    /// # Errors
    ///
    /// The peer has closed the stream, or the socket has failed. For datagrams, the failure may be the refusal of an
    /// earlier one.
    pub(crate) fn read(&self, mut socket: &Socket) -> io::Result<()> {
        match socket.read(&mut [0; DISCARD])? {
            0 if self.connect.target.is_stream() => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Writes once, and returns how many bytes of `transmit` that covers.
    pub(crate) fn write(&mut self, socket: &Socket, transmit: &Transmit) -> io::Result<usize> {
        loop {
            let (bytes, len, size) = self.segmentation.next(transmit);
            let sent = match size {
                Some(size) => send_segments(socket, bytes, size),
                None => socket.send_with_flags(bytes, self.flags()),
            };
            return match sent {
                Err(error) if self.segmentation.disable_on_error(&error) => continue,
                Ok(_) if !self.connect.target.is_stream() => Ok(len),
                sent => sent,
            };
        }
    }

    /// Number of bytes written to a TCP socket that the peer's kernel has not acknowledged, or `None` if the session
    /// does not want it or the system does not know.
    pub(crate) fn unacknowledged(&self, socket: &Socket) -> Option<usize> {
        let is_tcp = matches!(self.connect.target, Target::Tcp(_));
        let is_wanted = is_tcp && self.connect.wants_unacknowledged;
        is_wanted.then(|| unacknowledged(socket)).flatten()
    }

    /// Closes a stream gracefully: it sends FIN and reads to the end. Closing with unread data would reset the
    /// connection, so that the server loses the lines that it has not read.
    pub(crate) fn shut_down(&self, socket: &Socket) {
        if !self.connect.target.is_stream() {
            return;
        }
        // It fails if the connection is closed already.
        let _ = socket.shutdown(Shutdown::Write);
        for _ in 0..MAX_CLOSING_READS {
            if self.read(socket).is_err() {
                return;
            }
        }
    }

    /// Flags of a write.
    ///
    /// Without `MSG_NOSIGNAL`, writing to a closed connection would end the program by `SIGPIPE`. On Apple's systems the
    /// socket itself has the option.
    #[cfg(all(unix, not(target_vendor = "apple")))]
    fn flags(&self) -> libc::c_int {
        // Linux checks the limit of unsent bytes only at the start of a segment, and fills the last segment up to
        // 64 KiB. `MSG_EOR` ends the segment with each write, so that the limit holds.
        let ends_segment =
            cfg!(target_os = "linux") && matches!(self.connect.target, Target::Tcp(_));
        libc::MSG_NOSIGNAL | if ends_segment { libc::MSG_EOR } else { 0 }
    }

    #[cfg(not(all(unix, not(target_vendor = "apple"))))]
    fn flags(&self) -> std::ffi::c_int {
        0
    }
}

/// `None` if the operation would block.
pub(crate) fn unless_blocked<T>(result: io::Result<T>) -> io::Result<Option<T>> {
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
