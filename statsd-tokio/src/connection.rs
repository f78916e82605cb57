//! Connection: the future that sends recorded metrics.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};

use statsd_proto::driver::{Connect, Driver};
use statsd_proto::{Client, Config, ConfigError, Report, Transport};

use crate::custom::{DatagramSocket, Datagrams, Stream};
use crate::driver::{drive, now};
use crate::link::OpenSocket;
use crate::options::UNIX_SOCKETS;
use crate::origin::with_origin;
use crate::socket::Socket;

/// Creates a client and its connection. The connection is a future that sends the recorded metrics: spawn it, or await
/// it together with others.
///
/// When the client is [closed](Client::close), or its last clone is dropped, the connection sends the queue within the
/// close timeout, ends, and returns a report. Nothing is sent before the connection is first polled.
///
/// For a Datadog agent this call reads a few small files in `/proc`, to [detect the container](Config::detect_origin).
///
/// # Errors
///
/// The first invalid setting.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let (client, connection) = statsd_tokio::connect(&statsd_tokio::Config::new("127.0.0.1"))?;
/// let connection = tokio::spawn(connection);
/// client.incr("starts", 1);
/// drop(client);
/// let report = connection.await?;
/// assert_eq!(report.abandoned, 0);
/// # Ok(())
/// # }
/// ```
pub fn connect(config: &Config) -> Result<(Client, Connection), ConfigError> {
    config.check_unix_sockets(UNIX_SOCKETS)?;
    start(config, Socket::open)
}

/// Creates a client and its connection like [`connect`], over a stream that the program opens: TLS, a proxy, vsock, a
/// named pipe of Windows.
///
/// `connector` is called for each attempt to connect. Its argument is the server as the configuration has it:
/// `host:port`, the path of a Unix socket, or [any other text](Config::host) as it is. The name of a host is not looked
/// up before. Everything else is as over TCP, which the stream takes the place of whatever the
/// [transport](Config::transport): lines, [settle time](Config::settle_time), [backoff](Config::backoff), timeouts,
/// [maximum age](Config::max_connection_age), logs and counts.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::net::TcpStream;
/// use statsd_tokio::{Config, connect_with};
///
/// let config = Config::new("127.0.0.1").port(8125);
/// let (client, connection) = connect_with(&config, |target| async move {
///     let stream = TcpStream::connect(target).await?;
///     stream.set_nodelay(true)?;
///     Ok(stream) // or the stream of a TLS library around it
/// })?;
/// let connection = tokio::spawn(connection);
/// client.incr("starts", 1);
/// # let _ = connection;
/// # Ok(())
/// # }
/// ```
///
/// | what happens | what follows |
/// |---|---|
/// | the connector fails | a log with its error, and a new attempt after the backoff |
/// | the connector takes longer than [`connect_timeout`](Config::connect_timeout) | its future is dropped, as above |
/// | the connector panics | the connection panics; its clients are closed, and the queue is counted as lost |
/// | reading ends, or reading, writing or flushing fails | the connection broke: a new attempt |
/// | a write or its flush takes longer than [`write_timeout`](Config::write_timeout) | the stream is dropped, as above |
/// | the session ends, or the maximum age is reached | the stream is shut down (over TLS: `close_notify`), within the close or the write timeout, and dropped |
///
/// What was written counts as sent when the stream has been flushed. If it breaks before, lines of the last write are
/// resent, although the server may have received them. A stream that only takes data must never be ready to read: an
/// end of it would count as the server's.
///
/// # Errors
///
/// The first invalid setting. Settings of the kernel's socket cannot be kept on any stream, and are errors if they are
/// set: [`keepalive`](Config::keepalive), [`send_buffer`](Config::send_buffer),
/// [`resend_unacknowledged`](Config::resend_unacknowledged).
pub fn connect_with<S, F>(
    config: &Config,
    mut connector: impl FnMut(String) -> F + Send + 'static,
) -> Result<(Client, Connection), ConfigError>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
    F: Future<Output = io::Result<S>> + Send + 'static,
{
    let config = config.clone().transport(Transport::CustomStream);
    start(&config, move |connect| {
        let opening = connector(connect.target.to_string());
        async { opening.await.map(Stream::new) }
    })
}

/// Creates a client and its connection like [`connect_with`], over a datagram socket that the program opens: one that is
/// bound to a network interface, or that of a proxy.
///
/// A datagram has at most [`max_datagram`](Config::max_datagram) bytes; a metric whose line is longer is refused.
/// Otherwise datagrams are sent as over UDP: at the [pace](Config::pace), again if the system reports that the server
/// refused them (`ECONNREFUSED`), and divided if the system finds them too large (`EMSGSIZE`). Each takes a call of its
/// own.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::net::UdpSocket;
/// use statsd_tokio::{Config, connect_datagrams_with};
///
/// let config = Config::dogstatsd("127.0.0.1");
/// let (client, connection) = connect_datagrams_with(&config, |target| async move {
///     let socket = UdpSocket::bind("127.0.0.1:0").await?; // the address of an interface
///     socket.connect(target).await?;
///     Ok(socket)
/// })?;
/// # let _ = (client, connection);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As [`connect_with`].
pub fn connect_datagrams_with<D, F>(
    config: &Config,
    mut connector: impl FnMut(String) -> F + Send + 'static,
) -> Result<(Client, Connection), ConfigError>
where
    D: DatagramSocket,
    F: Future<Output = io::Result<D>> + Send + 'static,
{
    let config = config.clone().transport(Transport::CustomDatagram);
    start(&config, move |connect| {
        let opening = connector(connect.target.to_string());
        async { opening.await.map(Datagrams::new) }
    })
}

fn start<S, F>(
    config: &Config,
    open: impl FnMut(Connect) -> F + Send + 'static,
) -> Result<(Client, Connection), ConfigError>
where
    S: OpenSocket,
    F: Future<Output = io::Result<S>> + Send + 'static,
{
    let (client, driver) = Driver::new(&with_origin(config), now)?;
    Ok((
        client,
        Connection {
            driving: Box::pin(drive(driver, open)),
        },
    ))
}

/// Connection that sends the metrics of its clients, until they are closed or dropped. [`connect`] and [`connect_with`] create it.
///
/// Dropping it before it has ended loses the queue. Aborting its task and ending its runtime drop it. The loss is
/// counted in [`Stats::dropped`](crate::Stats::dropped), and logged as one warning with the feature `tracing`. To
/// avoid it, close a client and await the connection.
///
/// # Panics
///
/// If it is polled outside of a tokio runtime, or in a runtime without an I/O driver or a time driver.
#[must_use = "nothing is sent unless the connection is spawned or awaited"]
pub struct Connection {
    driving: Pin<Box<dyn Future<Output = Report> + Send>>,
}

impl Future for Connection {
    type Output = Report;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Report> {
        self.driving.as_mut().poll(context)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
