//! The server's end of a connection, over any transport.

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

use socket2::SockRef;

pub(crate) trait Stream: Debug + Read + Send + Write {
    fn set_nonblocking(&self) -> io::Result<()>;

    /// Says that nothing more will be sent.
    fn shut_down(&self) -> io::Result<()>;

    /// Closes so that the peer sees a reset, and not an orderly end, if the system can do that.
    fn reset(self: Box<Self>);
}

impl Stream for TcpStream {
    fn set_nonblocking(&self) -> io::Result<()> {
        Self::set_nonblocking(self, true)
    }

    fn shut_down(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn reset(self: Box<Self>) {
        let linger = SockRef::from(&*self).set_linger(Some(Duration::ZERO));
        linger.expect("every system has SO_LINGER");
    }
}

#[cfg(unix)]
impl Stream for UnixStream {
    fn set_nonblocking(&self) -> io::Result<()> {
        Self::set_nonblocking(self, true)
    }

    fn shut_down(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    /// Linux sends a reset by itself if data was left unread.
    fn reset(self: Box<Self>) {}
}
