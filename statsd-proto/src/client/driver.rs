//! The one other end of all clients: what an adapter drives.

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
/// Dropping the driver ends the session: what is queued is abandoned, those who wait for it wait no longer, and
/// clients refuse metrics from then on. With the feature `tracing`, one warning says so, unless the session was closed
/// and nothing is lost.
#[derive(Debug)]
pub struct Driver {
    shared: Arc<Shared>,
}

impl Driver {
    /// A client and the driver that it needs. `clock` tells the time, for the session and for timers:
    /// the runtime's own, so that a runtime whose time is paused in a test pauses this too.
    ///
    /// The client of a configuration that is not enabled does nothing, and its driver is finished.
    ///
    /// # Errors
    ///
    /// The first setting that cannot work.
    pub fn new(
        config: &Config,
        clock: impl Fn() -> Instant + Send + Sync + 'static,
    ) -> Result<(Client, Self), ConfigError> {
        // Hash maps get a random key each, which is all the randomness that the standard library has.
        Self::with_seed(config, clock, RandomState::new().build_hasher().finish())
    }

    /// The same with given jitter and sampling, so that a test can repeat itself.
    ///
    /// # Errors
    ///
    /// The first setting that cannot work.
    pub fn with_seed(
        config: &Config,
        clock: impl Fn() -> Instant + Send + Sync + 'static,
        seed: u64,
    ) -> Result<(Client, Self), ConfigError> {
        Self::with_inlets(config, clock, seed, INLETS)
    }

    /// The same with so many inlets, a power of two: as many threads record at the same time without waiting for each
    /// other.
    pub(crate) fn with_inlets(
        config: &Config,
        clock: impl Fn() -> Instant + Send + Sync + 'static,
        seed: u64,
        inlets: usize,
    ) -> Result<(Client, Self), ConfigError> {
        let core = Core::new(config, seed)?;
        let inlets = inlets.min(Framing::new(config).most_inlets(config.max_queue_bytes));
        let shared = Arc::new(Shared::new(core, Box::new(clock), inlets));
        let client = if config.enabled {
            Client::new(Arc::clone(&shared))
        } else {
            Client::noop()
        };
        Ok((client, Self { shared }))
    }

    /// What to do now; see [`Session::poll`](crate::Session::poll).
    pub fn poll(&mut self) -> Output {
        self.shared.poll()
    }

    /// Tells what happened; see [`Session::handle`](crate::Session::handle).
    pub fn handle(&mut self, input: Input) {
        self.shared.with(|core| core.handle(input));
    }

    /// Waits until [`poll`](Self::poll) would have something new to say. May be cancelled at any time.
    pub async fn woken(&mut self) {
        poll_fn(|context| self.shared.poll_woken(context)).await;
    }

    /// The oldest news that has not been taken. Of much that is not taken, the latest is kept; with the
    /// feature `tracing` it has been logged already.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.shared.poll_event()
    }

    /// Ends the session on purpose, so that dropping the driver reports nothing of it.
    pub(crate) fn abandon(&self) {
        self.shared.end(Core::abandon);
    }

    /// What was recorded, sent and lost so far.
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.end(Core::cancel);
    }
}

/// How long after the time of a [`Wait`](Output::Wait), or without an event of a socket that has something under way,
/// a driver may be held up by its runtime. Timers are a millisecond or two late; on a machine that is busy, some more.
pub const OVERDUE: Duration = Duration::from_millis(20);

/// How often a driver reads from its server in a row before it writes, and before it looks at the time. Servers do not
/// answer, so nearly all reads find nothing; one that talks without end must hold up neither metrics nor a close.
pub const MAX_READS: usize = 16;

/// The scheduler of tests has fewer steps to try with four.
const INLETS: usize = if cfg!(shuttle) { 4 } else { MAX_INLETS };
