//! Connection: the future that sends recorded metrics.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use statsd_proto::driver::Driver;
use statsd_proto::{Client, Config, ConfigError, Report};

use crate::driver::{drive, now};
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
/// let (client, connection) = statsd_async_std::connect(&statsd_async_std::Config::new("127.0.0.1"))?;
/// let connection = async_std::task::spawn(connection);
/// client.incr("starts", 1);
/// drop(client);
/// let report = connection.await;
/// assert_eq!(report.abandoned, 0);
/// # Ok(())
/// # }
/// ```
pub fn connect(config: &Config) -> Result<(Client, Connection), ConfigError> {
    config.check_unix_sockets(UNIX_SOCKETS)?;
    let (client, driver) = Driver::new(&with_origin(config), now)?;
    Ok((
        client,
        Connection {
            driving: Box::pin(drive(driver, Socket::open)),
        },
    ))
}

/// Connection that sends the metrics of its clients, until they are closed or dropped. [`connect`] creates it.
///
/// Dropping it before it has ended loses the queue. Aborting its task and ending its runtime drop it. The loss is
/// counted in [`Stats::dropped`](crate::Stats::dropped), and logged as one warning with the feature `tracing`. To
/// avoid it, close a client and await the connection.
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
