//! Adapters with a connector of the program's own, so that a scenario runs over it unchanged.

use std::io;
use std::time::Duration;

use statsd_tokio::{Client, Config, ConfigError, Report};
use tests::adapter::Adapter;

use crate::adapters::{AsyncStd, Smol, Tokio};
use crate::scripted::Scripted;

/// An adapter that connects a TCP stream by `connect_with`, or a UDP socket by `connect_datagrams_with`.
pub(crate) struct Own<A, const IS_STREAM: bool>(A);

/// What a crate offers for a connector of the program's own.
pub(crate) trait Connects: Adapter {
    /// `Connector::start_with`, with a stream in memory.
    fn start_with<F>(
        &self,
        config: Config,
        connector: impl Fn(String) -> F + Send + Sync + 'static,
    ) -> Result<Self::Connector, ConfigError>
    where
        F: Future<Output = io::Result<Scripted>> + Send + 'static;

    /// `connect_with`, with a stream in memory.
    fn connect_with<F>(
        config: &Config,
        connector: impl FnMut(String) -> F + Send + 'static,
    ) -> Result<(Client, Self::Connection), ConfigError>
    where
        F: Future<Output = io::Result<Scripted>> + Send + 'static;

    fn start_own(&self, config: Config, is_stream: bool) -> Result<Self::Connector, ConfigError>;

    fn connect_own(
        config: &Config,
        is_stream: bool,
    ) -> Result<(Client, Self::Connection), ConfigError>;

    fn spawn_connection(&self, connection: Self::Connection) -> Self::Task;
}

impl<A: Connects, const IS_STREAM: bool> Adapter for Own<A, IS_STREAM> {
    type Connector = A::Connector;
    type Connection = A::Connection;
    type Task = A::Task;

    fn new() -> Self {
        Self(A::new())
    }

    fn with_workers() -> Option<Self> {
        A::with_workers().map(Self)
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }

    fn sleep(time: Duration) -> impl Future<Output = ()> + Send {
        A::sleep(time)
    }

    fn start(&self, config: Config) -> Result<Self::Connector, ConfigError> {
        self.0.start_own(config, IS_STREAM)
    }

    fn restart(&self, connector: &Self::Connector) {
        self.0.restart(connector);
    }

    fn client(connector: &Self::Connector) -> Client {
        A::client(connector)
    }

    fn flush(connector: &Self::Connector) -> impl Future<Output = ()> {
        A::flush(connector)
    }

    fn flush_confirmed(connector: &Self::Connector) -> impl Future<Output = ()> {
        A::flush_confirmed(connector)
    }

    fn stop(connector: &Self::Connector) -> impl Future<Output = Report> {
        A::stop(connector)
    }

    fn spawn(&self, config: &Config) -> Result<(Client, Self::Task), ConfigError> {
        let (client, connection) = Self::connect(config)?;
        Ok((client, self.0.spawn_connection(connection)))
    }

    fn spawn_task(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn_task(task);
    }

    fn connect(config: &Config) -> Result<(Client, Self::Connection), ConfigError> {
        A::connect_own(config, IS_STREAM)
    }

    fn join(task: Self::Task) -> impl Future<Output = Report> {
        A::join(task)
    }

    fn cancel(task: Self::Task) {
        A::cancel(task);
    }
}

/// The same text for each crate, whose functions have the same names.
macro_rules! connects {
    ($adapter:ident $krate:ident $stream:path, $datagrams:path, |$runtime:ident, $connection:ident| $spawn:expr) => {
        impl Connects for $adapter {
            fn start_with<F>(
                &self,
                config: Config,
                connector: impl Fn(String) -> F + Send + Sync + 'static,
            ) -> Result<Self::Connector, ConfigError>
            where
                F: Future<Output = io::Result<Scripted>> + Send + 'static,
            {
                self.inside(|| $krate::Connector::start_with(config, connector))
            }

            fn connect_with<F>(
                config: &Config,
                connector: impl FnMut(String) -> F + Send + 'static,
            ) -> Result<(Client, Self::Connection), ConfigError>
            where
                F: Future<Output = io::Result<Scripted>> + Send + 'static,
            {
                $krate::connect_with(config, connector)
            }

            fn start_own(
                &self,
                config: Config,
                is_stream: bool,
            ) -> Result<Self::Connector, ConfigError> {
                self.inside(|| match is_stream {
                    true => $krate::Connector::start_with(config, <$stream>::connect),
                    false => $krate::Connector::start_datagrams_with(config, |target| async move {
                        let socket = <$datagrams>::bind("127.0.0.1:0").await?;
                        socket.connect(target).await?;
                        Ok(socket)
                    }),
                })
            }

            fn connect_own(
                config: &Config,
                is_stream: bool,
            ) -> Result<(Client, Self::Connection), ConfigError> {
                if is_stream {
                    $krate::connect_with(config, <$stream>::connect)
                } else {
                    $krate::connect_datagrams_with(config, |target| async move {
                        let socket = <$datagrams>::bind("127.0.0.1:0").await?;
                        socket.connect(target).await?;
                        Ok(socket)
                    })
                }
            }

            fn spawn_connection(&self, $connection: Self::Connection) -> Self::Task {
                let $runtime = self;
                $spawn
            }
        }
    };
}

connects! {
    AsyncStd statsd_async_std async_std::net::TcpStream, async_std::net::UdpSocket,
    |_runtime, connection| async_std::task::spawn(connection)
}

connects! {
    Smol statsd_smol smol::net::TcpStream, smol::net::UdpSocket,
    |runtime, connection| runtime.spawn_on(connection)
}

connects! {
    Tokio statsd_tokio tokio::net::TcpStream, tokio::net::UdpSocket,
    |runtime, connection| runtime.runtime().spawn(connection)
}

impl AsyncStd {
    fn inside<T>(&self, start: impl FnOnce() -> T) -> T {
        start()
    }
}

impl Smol {
    fn inside<T>(&self, start: impl FnOnce() -> T) -> T {
        start()
    }
}

impl Tokio {
    fn inside<T>(&self, start: impl FnOnce() -> T) -> T {
        let _guard = self.runtime().enter();
        start()
    }
}
