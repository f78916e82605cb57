//! Operations of a runtime and of its adapter that the scenarios need.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use statsd_proto::{Client, Config, ConfigError, Report};

use crate::timeout::TIMEOUT;

/// A runtime, running, with its StatsD crate. Its tasks go on while the test's own thread blocks.
pub trait Adapter: Sync {
    /// The crate's `Connector`.
    type Connector: Sync;
    /// The crate's `Connection`.
    type Connection: Future<Output = Report>;
    /// A spawned `Connection`.
    type Task;

    /// Starts the runtime.
    fn new() -> Self;

    /// Starts a runtime of several threads for [`spawn`](Self::spawn) and [`spawn_task`](Self::spawn_task), or
    /// returns `None` where this one takes its threads from the machine, which has but one.
    fn with_workers() -> Option<Self>
    where
        Self: Sized;

    /// Runs a future to its end, from any thread.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T;

    /// Waits, within [`block_on`](Self::block_on).
    fn sleep(time: Duration) -> impl Future<Output = ()> + Send;

    /// `Connector::start`.
    ///
    /// # Errors
    ///
    /// As there.
    fn start(&self, config: Config) -> Result<Self::Connector, ConfigError>;

    /// `Connector::restart`.
    fn restart(&self, connector: &Self::Connector);

    /// `Connector::client`.
    fn client(connector: &Self::Connector) -> Client;

    /// `Connector::flush`.
    fn flush(connector: &Self::Connector) -> impl Future<Output = ()>;

    /// `Connector::flush_confirmed`.
    fn flush_confirmed(connector: &Self::Connector) -> impl Future<Output = ()>;

    /// `Connector::stop`.
    fn stop(connector: &Self::Connector) -> impl Future<Output = Report>;

    /// [`connect`](Self::connect), with the connection spawned.
    ///
    /// # Errors
    ///
    /// As there.
    fn spawn(&self, config: &Config) -> Result<(Client, Self::Task), ConfigError>;

    /// Spawns a task of the program.
    fn spawn_task(&self, task: impl Future<Output = ()> + Send + 'static);

    /// `connect`.
    ///
    /// # Errors
    ///
    /// As there.
    fn connect(config: &Config) -> Result<(Client, Self::Connection), ConfigError>;

    /// Waits for the end of a connection by itself.
    fn join(task: Self::Task) -> impl Future<Output = Report>;

    /// Cancels a connection.
    fn cancel(task: Self::Task);

    /// Runs a future that has to end to its end.
    ///
    /// # Panics
    ///
    /// If it takes longer than [`TIMEOUT`].
    fn within<T>(&self, what: &str, future: impl Future<Output = T>) -> T {
        self.block_on(async {
            let mut future = pin!(future);
            let mut too_late = pin!(Self::sleep(TIMEOUT));
            poll_fn(|context| {
                if let Poll::Ready(result) = future.as_mut().poll(context) {
                    return Poll::Ready(result);
                }
                let is_late = too_late.as_mut().poll(context).is_ready();
                assert!(!is_late, "waited in vain for {what}");
                Poll::Pending
            })
            .await
        })
    }
}
