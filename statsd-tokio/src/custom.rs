//! Transports of the program's own: any stream, and any socket for datagrams.

use std::future::{pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UdpSocket;
use tokio::task::yield_now;

use statsd_proto::driver::{MAX_READS, Transmit};

use crate::channel::DISCARD;
use crate::link::OpenSocket;

/// Datagram socket of the program, connected to its server, for [`connect_datagrams_with`](crate::connect_datagrams_with).
///
/// [`UdpSocket`] implements it. For another socket, implement it by delegation:
///
/// ```
/// use std::io;
/// # struct Relay;
/// # impl Relay {
/// #     async fn send(&self, datagram: &[u8]) -> io::Result<usize> { Ok(datagram.len()) }
/// # }
///
/// struct Socket(Relay);
///
/// impl statsd_tokio::DatagramSocket for Socket {
///     async fn send(&self, datagram: &[u8]) -> io::Result<usize> {
///         self.0.send(datagram).await
///     }
/// }
/// ```
///
/// Both futures must be cancel-safe: they may be dropped at any time before they are ready, and are then called again.
pub trait DatagramSocket: Send + Sync + 'static {
    /// Sends a datagram whole, as soon as there is room for it.
    ///
    /// # Errors
    ///
    /// Any error closes the socket, and the connector opens a new one. [`ConnectionRefused`](io::ErrorKind) and
    /// [`ConnectionReset`](io::ErrorKind) mean that an earlier datagram did not arrive: it is resent too if it was sent
    /// less than 50 ms before. A datagram that fails three times in a row for a reason of its own is dropped.
    fn send(&self, datagram: &[u8]) -> impl Future<Output = io::Result<usize>> + Send;

    /// Waits for a datagram from the server, which is discarded, or for an error, such as the refusal of a datagram
    /// that was sent. Default: waits forever, so that a refusal is noticed by the next [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// As for `send`.
    fn recv(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send {
        let _ = buffer;
        pending()
    }
}

impl DatagramSocket for UdpSocket {
    async fn send(&self, datagram: &[u8]) -> io::Result<usize> {
        Self::send(self, datagram).await
    }

    async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Self::recv(self, buffer).await
    }
}

/// Stream of the program.
pub(crate) struct Stream<S> {
    stream: Pin<Box<S>>,
    /// Number of bytes that the stream has taken and not flushed yet.
    unflushed: usize,
}

impl<S> Stream<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream: Box::pin(stream),
            unflushed: 0,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Send + 'static> OpenSocket for Stream<S> {
    async fn step(&mut self, next: Option<&Transmit>) -> io::Result<usize> {
        poll_fn(|context| self.poll(context, next)).await
    }
}

impl<S: AsyncRead + AsyncWrite> Stream<S> {
    /// Writes once. It reads first, to notice that the peer has closed the connection before the next write.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        next: Option<&Transmit>,
    ) -> Poll<io::Result<usize>> {
        let talks_on = discard(self.stream.as_mut(), context)?;
        let written = match next {
            Some(transmit) => {
                let stream = self.stream.as_mut();
                poll_write(stream, &mut self.unflushed, context, transmit)
            }
            None => Poll::Pending,
        };
        if written.is_pending() && talks_on {
            // No event will arrive for data that is readable already.
            context.waker().wake_by_ref();
        }
        written
    }
}

/// Reads and discards data from the server, up to `MAX_READS` times. Returns whether there may be more.
fn discard<S: AsyncRead>(mut stream: Pin<&mut S>, context: &mut Context<'_>) -> io::Result<bool> {
    let mut discarded = [0; DISCARD];
    for _ in 0..MAX_READS {
        let mut read = ReadBuf::new(&mut discarded);
        match stream.as_mut().poll_read(context, &mut read)? {
            Poll::Ready(()) if read.filled().is_empty() => {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Poll::Ready(()) => {}
            Poll::Pending => return Ok(false),
        }
    }
    Ok(true)
}

/// Writes once, and flushes. What was not flushed may still be in a buffer of the stream, and does not count as written.
fn poll_write<S: AsyncRead + AsyncWrite>(
    mut stream: Pin<&mut S>,
    unflushed: &mut usize,
    context: &mut Context<'_>,
    transmit: &Transmit,
) -> Poll<io::Result<usize>> {
    if transmit.ends_stream {
        ready!(stream.as_mut().poll_shutdown(context))?;
        // A connection that is closed with unread data is reset, and the server loses what it has not read.
        let _ = discard(stream, context);
        return Poll::Ready(Ok(0));
    }
    if *unflushed == 0 {
        *unflushed = ready!(stream.as_mut().poll_write(context, &transmit.data))?;
    }
    if *unflushed == 0 {
        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
    }
    ready!(stream.poll_flush(context))?;
    Poll::Ready(Ok(std::mem::take(unflushed)))
}

/// Datagram socket of the program, and a buffer for datagrams from the server.
pub(crate) struct Datagrams<D> {
    socket: D,
    buffer: Box<[u8]>,
}

impl<D> Datagrams<D> {
    pub(crate) fn new(socket: D) -> Self {
        Self {
            socket,
            buffer: vec![0; DISCARD].into(),
        }
    }
}

impl<D: DatagramSocket> OpenSocket for Datagrams<D> {
    /// Sends once. It receives first, to notice the refusal of an earlier datagram.
    async fn step(&mut self, next: Option<&Transmit>) -> io::Result<usize> {
        let Self { socket, buffer } = self;
        let failed = receive(socket, buffer);
        let Some(transmit) = next else {
            return Err(failed.await);
        };
        let (datagram, len) = transmit.first_datagram();
        tokio::select! {
            biased;
            error = failed => Err(error),
            sent = socket.send(datagram) => sent.map(|_| len),
        }
    }
}

/// Discards what the server sends, until the socket fails.
async fn receive(socket: &impl DatagramSocket, buffer: &mut [u8]) -> io::Error {
    loop {
        for _ in 0..MAX_READS {
            if let Err(error) = socket.recv(buffer).await {
                return error;
            }
        }
        // The server sends data. Yields, so that timers and other wake-ups proceed.
        yield_now().await;
    }
}

#[cfg(test)]
mod tests;

#[cfg(all(test, windows))]
mod named_pipe {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::windows::named_pipe::{ClientOptions, ServerOptions};

    use crate::{Config, Connector};

    #[tokio::test]
    async fn a_named_pipe_is_reached_by_a_connector() {
        let path = format!(r"\\.\pipe\statsd-{}", std::process::id());
        let mut server = ServerOptions::new().create(&path).unwrap();
        let config = Config::new(&path).kind_prefixes(false);
        let connector =
            Connector::start_with(
                config,
                |target| async move { ClientOptions::new().open(target) },
            );
        let connector = connector.unwrap();
        server.connect().await.unwrap();
        connector.client().incr("orders", 1);
        let mut line = [0; 11];
        server.read_exact(&mut line).await.unwrap();
        assert_eq!(line.trim_ascii_end(), b"orders:1|c");
        assert_eq!(connector.stop().await.sent, 1);
    }
}
