//! Connection that is up: when it may be used, and when it is replaced.

use std::time::{Duration, Instant};

use crate::config::{Config, Transport};
use crate::random::Random;
use crate::session::instruction::Target;

/// Connection that is up. A time that is `None` is set by the next poll, or never.
#[derive(Debug)]
pub(super) struct Up {
    pub(super) to: Target,
    usable_at: Option<Instant>,
    resolve_at: Option<Instant>,
    retire_at: Option<Instant>,
    pub(super) has_progress: bool,
    /// Whether the connection should be replaced: the name has led to another address, or the maximum age is reached.
    pub(super) is_outdated: bool,
}

/// Configured times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    settle: Duration,
    /// Time after which the name is re-resolved, or `None` for never.
    resolve: Option<Duration>,
    /// Age at which the connection is replaced, or `None` for never.
    retire: Option<Duration>,
}

impl Times {
    pub(super) fn new(config: &Config) -> Self {
        let transport = config.effective_transport();
        Self {
            settle: config.settle_time,
            // A stream breaks when its server moves, which causes a lookup. Datagrams would go to the old address
            // forever.
            resolve: config
                .resolve_interval
                .filter(|_| transport == Transport::Udp),
            retire: config.max_connection_age,
        }
    }
}

impl Up {
    pub(super) fn new(to: Target) -> Self {
        Self {
            to,
            usable_at: None,
            resolve_at: None,
            retire_at: None,
            has_progress: false,
            is_outdated: false,
        }
    }

    /// Returns the end of the settle time, or `None` once the connection may be written to.
    pub(super) fn poll(
        &mut self,
        now: Instant,
        times: Times,
        random: &mut Random,
    ) -> Option<Instant> {
        // Datagrams have no connection that the server could close at once.
        let settle = if self.to.is_stream() {
            times.settle
        } else {
            Duration::ZERO
        };
        let usable_at = *self.usable_at.get_or_insert(now + settle);
        if now < usable_at {
            return Some(usable_at);
        }
        // Shortened by up to a quarter at random, so that many clients do not act at the same time.
        let mut after = |time: Duration| now + time.mul_f64(1.0 - random.fraction() / 4.0);
        if self.retire_at.is_none() {
            self.retire_at = times.retire.map(&mut after);
        }
        if self.resolve_at.is_none() {
            self.resolve_at = times.resolve.map(&mut after);
        }
        None
    }

    pub(super) fn is_custom_stream(&self) -> bool {
        matches!(self.to, Target::CustomStream(_))
    }

    pub(super) fn wants_lookup(&self, now: Instant) -> bool {
        let is_due = is_due(self.retire_at, now) || is_due(self.resolve_at, now);
        is_due && !self.is_outdated
    }

    /// Marks the connection as outdated if it has reached its maximum age.
    pub(super) fn retire(&mut self, now: Instant) {
        self.is_outdated |= is_due(self.retire_at, now);
    }

    /// Handles the answer of a re-resolve. If it contains the present address, the connection stays, unless it has
    /// reached its maximum age.
    pub(super) fn on_answer(&mut self, now: Option<Instant>, is_known: bool) {
        self.resolve_at = None;
        self.is_outdated = !is_known;
        if let Some(now) = now {
            self.retire(now);
        }
    }

    /// Handles a failed re-resolve: the connection stays, and the next re-resolve is due after the same time.
    pub(super) fn keep(&mut self) {
        self.resolve_at = None;
        self.retire_at = None;
    }
}

fn is_due(at: Option<Instant>, now: Instant) -> bool {
    at.is_some_and(|at| now >= at)
}
