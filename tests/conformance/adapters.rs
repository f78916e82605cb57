//! The runtimes that all scenarios run on.

use std::time::Duration;

use statsd_tokio::{Client, Config, ConfigError, Connection, Connector, Report};
use tests::adapter::Adapter;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// Async-std's one runtime, which never ends.
pub(crate) struct AsyncStd;

impl Adapter for AsyncStd {
    type Connector = statsd_async_std::Connector;
    type Connection = statsd_async_std::Connection;
    type Task = async_std::task::JoinHandle<Report>;

    fn new() -> Self {
        Self
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        async_std::task::block_on(future)
    }

    fn sleep(time: Duration) -> impl Future<Output = ()> {
        async_std::task::sleep(time)
    }

    fn start(&self, config: Config) -> Result<Self::Connector, ConfigError> {
        Self::Connector::start(config)
    }

    fn restart(&self, connector: &Self::Connector) {
        connector.restart();
    }

    fn client(connector: &Self::Connector) -> Client {
        connector.client()
    }

    fn flush(connector: &Self::Connector) -> impl Future<Output = ()> {
        connector.flush()
    }

    fn flush_confirmed(connector: &Self::Connector) -> impl Future<Output = ()> {
        connector.flush_confirmed()
    }

    fn stop(connector: &Self::Connector) -> impl Future<Output = Report> {
        connector.stop()
    }

    fn spawn(&self, config: &Config) -> Result<(Client, Self::Task), ConfigError> {
        let (client, connection) = statsd_async_std::connect(config)?;
        Ok((client, async_std::task::spawn(connection)))
    }

    fn connect(config: &Config) -> Result<(Client, Self::Connection), ConfigError> {
        statsd_async_std::connect(config)
    }

    fn join(task: Self::Task) -> impl Future<Output = Report> {
        task
    }

    fn cancel(task: Self::Task) {
        async_std::task::block_on(task.cancel());
    }
}

/// Smol's global executor, which never ends.
pub(crate) struct Smol;

impl Adapter for Smol {
    type Connector = statsd_smol::Connector;
    type Connection = statsd_smol::Connection;
    type Task = smol::Task<Report>;

    fn new() -> Self {
        Self
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        smol::block_on(future)
    }

    async fn sleep(time: Duration) {
        smol::Timer::after(time).await;
    }

    fn start(&self, config: Config) -> Result<Self::Connector, ConfigError> {
        Self::Connector::start(config)
    }

    fn restart(&self, connector: &Self::Connector) {
        connector.restart();
    }

    fn client(connector: &Self::Connector) -> Client {
        connector.client()
    }

    fn flush(connector: &Self::Connector) -> impl Future<Output = ()> {
        connector.flush()
    }

    fn flush_confirmed(connector: &Self::Connector) -> impl Future<Output = ()> {
        connector.flush_confirmed()
    }

    fn stop(connector: &Self::Connector) -> impl Future<Output = Report> {
        connector.stop()
    }

    fn spawn(&self, config: &Config) -> Result<(Client, Self::Task), ConfigError> {
        let (client, connection) = statsd_smol::connect(config)?;
        Ok((client, smol::spawn(connection)))
    }

    fn connect(config: &Config) -> Result<(Client, Self::Connection), ConfigError> {
        statsd_smol::connect(config)
    }

    fn join(task: Self::Task) -> impl Future<Output = Report> {
        task
    }

    fn cancel(task: Self::Task) {
        smol::block_on(task.cancel());
    }
}

pub(crate) struct Tokio {
    /// Always there, until it is dropped.
    runtime: Option<Runtime>,
}

impl Tokio {
    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("only dropping takes it")
    }
}

impl Adapter for Tokio {
    type Connector = Connector;
    type Connection = Connection;
    type Task = JoinHandle<Report>;

    fn new() -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        Self {
            runtime: Some(runtime.expect("the system has threads")),
        }
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime().block_on(future)
    }

    fn sleep(time: Duration) -> impl Future<Output = ()> {
        tokio::time::sleep(time)
    }

    fn start(&self, config: Config) -> Result<Connector, ConfigError> {
        let _guard = self.runtime().enter();
        Connector::start(config)
    }

    fn restart(&self, connector: &Connector) {
        let _guard = self.runtime().enter();
        connector.restart();
    }

    fn client(connector: &Connector) -> Client {
        connector.client()
    }

    fn flush(connector: &Connector) -> impl Future<Output = ()> {
        connector.flush()
    }

    fn flush_confirmed(connector: &Connector) -> impl Future<Output = ()> {
        connector.flush_confirmed()
    }

    fn stop(connector: &Connector) -> impl Future<Output = Report> {
        connector.stop()
    }

    fn spawn(&self, config: &Config) -> Result<(Client, Self::Task), ConfigError> {
        let (client, connection) = statsd_tokio::connect(config)?;
        Ok((client, self.runtime().spawn(connection)))
    }

    fn connect(config: &Config) -> Result<(Client, Connection), ConfigError> {
        statsd_tokio::connect(config)
    }

    async fn join(task: Self::Task) -> Report {
        task.await.expect("the connection does not panic")
    }

    fn cancel(task: Self::Task) {
        task.abort();
    }
}

impl Drop for Tokio {
    fn drop(&mut self) {
        // A look-up that hangs must not hold up the test.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
