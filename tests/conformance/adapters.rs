//! The runtimes that all scenarios run on.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use smol::Executor;
use smol::channel::{Sender, bounded};
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

    fn with_workers() -> Option<Self> {
        // One for each core.
        let workers = thread::available_parallelism().map_or(1, usize::from);
        (workers > 1).then_some(Self)
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        async_std::task::block_on(future)
    }

    fn sleep(time: Duration) -> impl Future<Output = ()> + Send {
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

    fn spawn_task(&self, task: impl Future<Output = ()> + Send + 'static) {
        async_std::task::spawn(task);
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

/// Smol's global executor, which never ends, or one with threads of its own.
pub(crate) struct Smol {
    executor: Option<Arc<Executor<'static>>>,
    /// Dropping it ends the threads.
    _stop: Option<Sender<()>>,
}

impl Smol {
    pub(crate) fn spawn_on<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> smol::Task<T> {
        match &self.executor {
            Some(executor) => executor.spawn(future),
            None => smol::spawn(future),
        }
    }
}

impl Adapter for Smol {
    type Connector = statsd_smol::Connector;
    type Connection = statsd_smol::Connection;
    type Task = smol::Task<Report>;

    fn new() -> Self {
        Self {
            executor: None,
            _stop: None,
        }
    }

    fn with_workers() -> Option<Self> {
        let executor = Arc::new(Executor::new());
        let (stop, is_stopped) = bounded::<()>(1);
        for _ in 0..WORKERS {
            let (executor, is_stopped) = (Arc::clone(&executor), is_stopped.clone());
            thread::spawn(move || smol::block_on(executor.run(is_stopped.recv())));
        }
        Some(Self {
            executor: Some(executor),
            _stop: Some(stop),
        })
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
        Ok((client, self.spawn_on(connection)))
    }

    fn spawn_task(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.spawn_on(task).detach();
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
    fn start(workers: usize) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(workers)
            .enable_all()
            .build();
        Self {
            runtime: Some(runtime.expect("the system has threads")),
        }
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("only dropping takes it")
    }
}

impl Adapter for Tokio {
    type Connector = Connector;
    type Connection = Connection;
    type Task = JoinHandle<Report>;

    fn new() -> Self {
        Self::start(1)
    }

    fn with_workers() -> Option<Self> {
        Some(Self::start(WORKERS))
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime().block_on(future)
    }

    fn sleep(time: Duration) -> impl Future<Output = ()> + Send {
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

    fn spawn_task(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime().spawn(task);
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

/// More than a test blocks.
const WORKERS: usize = 4;
