//! A connection that runs by itself.

use std::sync::{Mutex, MutexGuard, PoisonError};

use statsd_proto::{Client, Config, ConfigError, Report};

use crate::connection::connect;
use crate::runtime::check_runtime;

/// A connection in a task of its own, to be started and stopped with the program.
///
/// Dropping it stops nothing by itself: the connection goes on while there are clients, and sends what is queued when
/// the last one is dropped. The runtime's end cuts it off: what is queued then is lost, which is counted and, with the
/// feature `tracing`, logged in one warning. So [`stop`](Self::stop) it before the runtime ends, as before `main`
/// returns.
///
/// ```no_run
/// # async fn example() -> Result<(), statsd_tokio::ConfigError> {
/// use statsd_tokio::{Config, Connector};
///
/// let connector = Connector::start(Config::new("127.0.0.1").prefix("shop"))?;
/// let client = connector.client();
/// client.incr("starts", 1);
///
/// let report = connector.stop().await;
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Connector {
    config: Config,
    client: Mutex<Client>,
}

impl Connector {
    /// Starts to connect, and returns at once: metrics may be recorded before the server is there.
    ///
    /// # Errors
    ///
    /// The first setting that cannot work.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, or in one without its I/O driver or its time driver.
    #[track_caller]
    pub fn start(config: Config) -> Result<Self, ConfigError> {
        let client = Mutex::new(spawn(&config)?);
        Ok(Self { config, client })
    }

    /// Starts again after a [`stop`](Self::stop); does nothing while the connector runs. Clients from
    /// before stay closed: ask for a new one.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[track_caller]
    pub fn restart(&self) {
        let mut client = self.lock();
        if client.is_closed() {
            *client = spawn(&self.config).expect("it was valid at the start");
        }
    }

    /// The client to record with.
    pub fn client(&self) -> Client {
        self.lock().clone()
    }

    /// Waits until all that was recorded so far has been given to the kernel or dropped.
    pub async fn flush(&self) {
        self.client().flush().await;
    }

    /// The same, and until no server can refuse any of it any more, which over UDP is some 50 ms later.
    pub async fn flush_confirmed(&self) {
        self.client().flush_confirmed().await;
    }

    /// Takes no more metrics, sends what is queued as long as
    /// [`close_timeout`](Config::close_timeout) allows, and tells what became of them.
    ///
    /// Stopping again, also from several tasks at once, gives the same report.
    pub async fn stop(&self) -> Report {
        let client = self.client();
        client.close();
        client.closed().await
    }

    fn lock(&self) -> MutexGuard<'_, Client> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[track_caller]
fn spawn(config: &Config) -> Result<Client, ConfigError> {
    check_runtime();
    let (client, connection) = connect(config)?;
    tokio::spawn(connection);
    Ok(client)
}
