//! A connection that runs by itself.

use std::sync::{Mutex, MutexGuard, PoisonError};

use statsd_proto::{Client, Config, ConfigError, Report};

use crate::connection::connect;

/// A connection in a task of its own, to be started and stopped with the program.
///
/// Dropping it stops nothing by itself: the connection goes on while there are clients, and sends what is queued when
/// the last one is dropped. The program's end cuts it off, without a word: so [`stop`](Self::stop) it before `main`
/// returns. If it is dropped without a stop while lines are queued, one warning says how many, with the feature
/// `tracing`.
///
/// ```no_run
/// # async fn example() -> Result<(), statsd_async_std::ConfigError> {
/// use statsd_async_std::{Config, Connector};
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
    pub fn start(config: Config) -> Result<Self, ConfigError> {
        let client = Mutex::new(spawn(&config)?);
        Ok(Self { config, client })
    }

    /// Starts again after a [`stop`](Self::stop); does nothing while the connector runs. Clients from
    /// before stay closed: ask for a new one.
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

impl Drop for Connector {
    fn drop(&mut self) {
        self.client().report_unstopped();
    }
}

fn spawn(config: &Config) -> Result<Client, ConfigError> {
    let (client, connection) = connect(config)?;
    async_std::task::spawn(connection);
    Ok(client)
}
