//! The future that sends what clients record.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use statsd_proto::{Client, Config, ConfigError, Driver, Report};

use crate::driver::{drive, now};
use crate::options::UNIX_SOCKETS;
use crate::origin::with_origin;

/// A client, and the connection that sends what it records: a future to spawn, or to await beside
/// others.
///
/// The connection ends, with a report, when the client is [closed](Client::close) or its last clone
/// dropped, and what was queued is sent or its time is up. Nothing is sent before it is first polled.
///
/// For a Datadog agent this call reads a few small files of `/proc`, to
/// [find out which container sends](Config::detect_origin).
///
/// # Errors
///
/// The first setting that cannot work.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let (client, connection) = statsd_smol::connect(&statsd_smol::Config::new("127.0.0.1"))?;
/// let connection = smol::spawn(connection);
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
            driving: Box::pin(drive(driver)),
        },
    ))
}

/// Sends what clients record, until they are done; made by [`connect`].
///
/// Dropping it before it has ended, as by aborting its task or ending its runtime, loses what is queued. That is
/// counted, in [`Stats::dropped`](crate::Stats::dropped), and logged: one warning, with the feature `tracing`. Close
/// a client and await the connection first.
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
