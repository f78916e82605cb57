//! Connector: a connection in a task of its own.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_lite::io::{AsyncRead, AsyncWrite};

use statsd_proto::{Client, Config, ConfigError, Events, Report};

use crate::connection::{Connection, connect, connect_datagrams_with, connect_with};
use crate::custom::DatagramSocket;

/// Connection in a task of its own. Start it and stop it with the program.
///
/// Dropping the connector does not stop the connection. It runs while there are clients, and sends the queue when the
/// last one is dropped. If the program ends first, the queue is lost without a log. Therefore [`stop`](Self::stop) the
/// connector before `main` returns. If it is dropped without a stop while lines are queued, one warning with the
/// feature `tracing` says how many.
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
pub struct Connector {
    connect: Connect,
    client: Mutex<Client>,
}

type Connected = Result<(Client, Connection), ConfigError>;
type Connect = Box<dyn Fn() -> Connected + Send + Sync>;

impl Connector {
    /// Starts a connection in the background, and returns at once. Metrics can be recorded before the server is
    /// reached.
    ///
    /// ```
    /// # async fn example() -> Result<(), statsd_async_std::ConfigError> {
    /// use statsd_async_std::{Config, Connector};
    ///
    /// let connector = Connector::start(Config::dogstatsd("127.0.0.1").tag("env", "prod"))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The first invalid setting.
    pub fn start(config: Config) -> Result<Self, ConfigError> {
        Self::start_by(move || connect(&config))
    }

    /// Starts a connection like [`start`](Self::start), over a stream that the program opens; see [`connect_with`].
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), statsd_async_std::ConfigError> {
    /// use async_std::net::TcpStream;
    /// use statsd_async_std::{Config, Connector};
    ///
    /// let config = Config::new("127.0.0.1").port(8125);
    /// let connector = Connector::start_with(config, |target| async move {
    ///     let stream = TcpStream::connect(target).await?;
    ///     stream.set_nodelay(true)?;
    ///     Ok(stream) // or the stream of a TLS library around it
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As `connect_with`.
    pub fn start_with<S, F>(
        config: Config,
        connector: impl Fn(String) -> F + Send + Sync + 'static,
    ) -> Result<Self, ConfigError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
        F: Future<Output = io::Result<S>> + Send + 'static,
    {
        let connector = Arc::new(connector);
        Self::start_by(move || {
            let connector = Arc::clone(&connector);
            connect_with(&config, move |target| connector(target))
        })
    }

    /// Starts a connection like [`start`](Self::start), over a datagram socket that the program opens; see
    /// [`connect_datagrams_with`].
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), statsd_async_std::ConfigError> {
    /// use async_std::net::UdpSocket;
    /// use statsd_async_std::{Config, Connector};
    ///
    /// let config = Config::dogstatsd("127.0.0.1");
    /// let connector = Connector::start_datagrams_with(config, |target| async move {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?; // the address of an interface
    ///     socket.connect(target).await?;
    ///     Ok(socket)
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As `connect_datagrams_with`.
    pub fn start_datagrams_with<D, F>(
        config: Config,
        connector: impl Fn(String) -> F + Send + Sync + 'static,
    ) -> Result<Self, ConfigError>
    where
        D: DatagramSocket,
        F: Future<Output = io::Result<D>> + Send + 'static,
    {
        let connector = Arc::new(connector);
        Self::start_by(move || {
            let connector = Arc::clone(&connector);
            connect_datagrams_with(&config, move |target| connector(target))
        })
    }

    /// Starts the connection again after a [`stop`](Self::stop). Does nothing while it runs. Earlier clients stay
    /// closed; get a new one by [`client`](Self::client).
    ///
    /// ```no_run
    /// # async fn example(connector: statsd_async_std::Connector) {
    /// connector.stop().await;
    /// connector.restart();
    /// assert!(!connector.client().is_closed());
    /// # }
    /// ```
    pub fn restart(&self) {
        let mut client = self.lock();
        if client.is_closed() {
            *client = spawn(&self.connect).expect("it was valid at the start");
        }
    }

    /// Client of this connector, for recording metrics.
    ///
    /// ```no_run
    /// # async fn example(connector: statsd_async_std::Connector) {
    /// let client = connector.client();
    /// client.incr("orders", 1);
    /// # }
    /// ```
    pub fn client(&self) -> Client {
        self.lock().clone()
    }

    /// Reader of the events of the present connection: outages, recoveries and losses. See
    /// [`Client::events`](crate::Client::events).
    ///
    /// ```no_run
    /// # async fn example(connector: statsd_async_std::Connector) {
    /// let mut events = connector.events();
    /// while let Some(event) = events.next().await {
    ///     eprintln!("{event}");
    /// }
    /// # }
    /// ```
    pub fn events(&self) -> Events {
        self.client().events()
    }

    /// Waits until every metric recorded so far has been passed to the kernel or dropped.
    ///
    /// ```no_run
    /// # async fn example(connector: statsd_async_std::Connector) {
    /// connector.client().incr("orders", 1);
    /// connector.flush().await;
    /// # }
    /// ```
    pub async fn flush(&self) {
        self.client().flush().await;
    }

    /// Waits like [`flush`](Self::flush), and until the refusal window of the last datagram is over. Over UDP that
    /// takes about 50 ms more.
    ///
    /// ```no_run
    /// # async fn example(connector: statsd_async_std::Connector) {
    /// connector.client().incr("orders", 1);
    /// connector.flush_confirmed().await;
    /// # }
    /// ```
    pub async fn flush_confirmed(&self) {
        self.client().flush_confirmed().await;
    }

    /// Refuses further metrics, sends the queue within [`close_timeout`](Config::close_timeout), and returns the final
    /// counts.
    ///
    /// Further stops, also from several tasks at once, return the same report.
    ///
    /// ```no_run
    /// # async fn example(connector: statsd_async_std::Connector) {
    /// let report = connector.stop().await;
    /// println!("{report}"); // sent 4 lines, abandoned 0
    /// # }
    /// ```
    pub async fn stop(&self) -> Report {
        let client = self.client();
        client.close();
        client.closed().await
    }

    fn start_by(
        connect: impl Fn() -> Connected + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        let client = Mutex::new(spawn(&connect)?);
        Ok(Self {
            connect: Box::new(connect),
            client,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Client> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl Drop for Connector {
    fn drop(&mut self) {
        self.client().report_unstopped();
    }
}

fn spawn(connect: impl Fn() -> Connected) -> Result<Client, ConfigError> {
    let (client, connection) = connect()?;
    async_std::task::spawn(connection);
    Ok(client)
}
