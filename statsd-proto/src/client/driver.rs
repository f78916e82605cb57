//! Driver of a session: the interface between the clients of a session and an adapter.

use std::collections::hash_map::RandomState;
use std::future::poll_fn;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::client::shared::{MAX_INLETS, Shared};
use crate::config::Config;
use crate::error::ConfigError;
use crate::session::Core;
use crate::session::event::Event;
use crate::session::instruction::{Input, Output};
use crate::session::payload::Framing;
use crate::session::stats::Stats;

/// Drives the session that its [`Client`]s record into.
///
/// Dropping the driver ends the session: queued metrics are abandoned, pending flushes and closes complete, and clients
/// refuse further metrics. With the feature `tracing`, this logs one warning, unless the session was closed and lost no
/// metric.
///
/// ```
/// use std::time::{Duration, Instant};
/// use statsd_proto::Config;
/// use statsd_proto::driver::{Driver, Input, Output};
///
/// let config = Config::new("127.0.0.1").settle_time(Duration::ZERO);
/// let (client, mut driver) = Driver::new(&config, Instant::now)?;
/// client.incr("logins", 1);
/// client.close();
/// let report = loop {
///     match driver.poll() {
///         // An adapter connects a socket, and writes to it.
///         Output::Connect(_) => driver.handle(Input::Connected),
///         Output::Transmit(transmit) => driver.handle(Input::Written(transmit.data.len())),
///         Output::Finished(report) => break report,
///         // An adapter resolves names, closes the socket, or waits for `woken` or a time.
///         _ => std::thread::yield_now(),
///     }
/// };
/// assert_eq!(report.sent, 1);
/// # Ok::<(), statsd_proto::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct Driver {
    shared: Arc<Shared>,
    /// Number of events polled.
    events: u64,
}

impl Driver {
    /// Creates a client and its driver. `clock` returns the current time, for the session and for timers. Pass the
    /// clock of the runtime, so that tests that pause the runtime's time pause the session too.
    ///
    /// If the configuration is [disabled](Config::enabled), the client is a [`noop`](Client::noop) client, and the
    /// driver's first instruction is [`Output::Finished`].
    ///
    /// ```
    /// use std::time::Instant;
    /// use statsd_proto::Config;
    /// use statsd_proto::driver::{Driver, Output};
    ///
    /// let (client, mut driver) = Driver::new(&Config::new("127.0.0.1"), Instant::now)?;
    /// client.incr("logins", 1);
    /// assert!(matches!(driver.poll(), Output::Connect(_)));
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first setting that is invalid.
    pub fn new(
        config: &Config,
        clock: impl Fn() -> Instant + Send + Sync + 'static,
    ) -> Result<(Client, Self), ConfigError> {
        // The random keys of hash maps are the only source of randomness in the standard library.
        Self::with_seed(config, clock, RandomState::new().build_hasher().finish())
    }

    /// Creates a client and its driver like [`new`](Self::new), with a seed for jitter and sampling, so that a test is
    /// reproducible.
    ///
    /// ```
    /// use std::time::Instant;
    /// use statsd_proto::{Config, driver::Driver};
    ///
    /// let (client, driver) = Driver::with_seed(&Config::new("127.0.0.1"), Instant::now, 7)?;
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first setting that is invalid.
    pub fn with_seed(
        config: &Config,
        clock: impl Fn() -> Instant + Send + Sync + 'static,
        seed: u64,
    ) -> Result<(Client, Self), ConfigError> {
        Self::with_inlets(config, clock, seed, INLETS)
    }

    /// Creates a client and its driver like [`with_seed`](Self::with_seed), with this number of inlets, which must be a
    /// power of two. This is the number of threads that can record at the same time without contention.
    pub(crate) fn with_inlets(
        config: &Config,
        clock: impl Fn() -> Instant + Send + Sync + 'static,
        seed: u64,
        inlets: usize,
    ) -> Result<(Client, Self), ConfigError> {
        let core = Core::new(config, seed)?;
        let inlets = inlets.min(Framing::new(config).max_inlets(config.max_queue_bytes));
        let shared = Arc::new(Shared::new(core, Box::new(clock), inlets));
        let client = if config.enabled {
            Client::new(Arc::clone(&shared))
        } else {
            Client::noop()
        };
        Ok((client, Self { shared, events: 0 }))
    }

    /// Returns the next instruction for the adapter; see [`Session::poll`](crate::driver::Session::poll).
    ///
    /// ```
    /// use statsd_proto::driver::Output;
    ///
    /// # use std::time::Instant;
    /// # use statsd_proto::{Config, driver::Driver};
    /// # let (client, mut driver) = Driver::new(&Config::new("127.0.0.1"), Instant::now)?;
    /// assert!(matches!(driver.poll(), Output::Connect(_)));
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    pub fn poll(&mut self) -> Output {
        self.shared.poll()
    }

    /// Reports an outcome of I/O to the session; see [`Session::handle`](crate::driver::Session::handle).
    ///
    /// ```
    /// use statsd_proto::driver::{Input, Output};
    ///
    /// # use std::time::Instant;
    /// # use statsd_proto::{Config, driver::Driver};
    /// # let (client, mut driver) = Driver::new(&Config::new("127.0.0.1"), Instant::now)?;
    /// if let Output::Connect(_) = driver.poll() {
    ///     driver.handle(Input::Connected);
    /// }
    /// assert_eq!(driver.stats().connects, 1);
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    pub fn handle(&mut self, input: Input) {
        self.shared.with(|core| core.handle(input));
    }

    /// Waits until [`poll`](Self::poll) has a new instruction. The future may be dropped at any time.
    ///
    /// ```
    /// # async fn example(mut driver: statsd_proto::driver::Driver) {
    /// // A loop also waits for its socket and its timer here.
    /// driver.woken().await;
    /// let output = driver.poll();
    /// # }
    /// ```
    pub async fn woken(&mut self) {
        poll_fn(|context| self.shared.poll_woken(context)).await;
    }

    /// Returns the oldest event that was not polled yet, or `None` if there is no such event. If the adapter polls too
    /// seldom, the oldest events are discarded. With the feature `tracing`, every event has been logged already.
    ///
    /// ```
    /// # use std::time::Instant;
    /// # use statsd_proto::{Config, driver::Driver};
    /// # let (client, mut driver) = Driver::new(&Config::new("127.0.0.1"), Instant::now)?;
    /// while let Some(event) = driver.poll_event() {
    ///     eprintln!("{event}");
    /// }
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    pub fn poll_event(&mut self) -> Option<Event> {
        self.shared.next_event(&mut self.events)
    }

    /// Ends the session on purpose, so that dropping the driver logs no warning.
    pub(crate) fn abandon(&self) {
        self.shared.end(Core::abandon);
    }

    /// Counts of metrics recorded, sent and lost so far.
    ///
    /// ```
    /// # use std::time::Instant;
    /// # use statsd_proto::{Config, driver::Driver};
    /// # let (client, mut driver) = Driver::new(&Config::new("127.0.0.1"), Instant::now)?;
    /// client.incr("logins", 1);
    /// assert_eq!(driver.stats().accepted, 1);
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.end(Core::cancel);
    }
}

/// Delay after which an adapter treats a timer or a socket event as overdue: 20 ms after the time of a
/// [`Wait`](Output::Wait), or without an event of a socket that has an operation in progress. Timers of runtimes are
/// one or two milliseconds late, and somewhat more on a busy machine.
pub const OVERDUE: Duration = Duration::from_millis(20);

/// Maximum number of consecutive reads from the server before the adapter writes, and before it checks the time: 16.
/// StatsD servers rarely answer, so nearly all reads return no data. The limit keeps a server that sends endlessly from
/// delaying metrics or a close.
pub const MAX_READS: usize = 16;

/// Maximum number of reads from the server before the adapter closes a stream: 2048. Closing a stream with unread data
/// resets it, and the server loses the lines that it has not read; but a server may send data without end.
pub const MAX_CLOSING_READS: usize = 2048;

/// Number of inlets. The test scheduler (shuttle) uses 4, so that it has fewer interleavings to explore.
const INLETS: usize = if cfg!(shuttle) { 4 } else { MAX_INLETS };
