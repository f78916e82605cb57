//! A link that is up: when it may be used, and when it has had its time.

use std::time::{Duration, Instant};

use crate::config::{Config, Transport};
use crate::random::Random;
use crate::session::instruction::Target;

/// A time that is `None` is set by the next poll, or never.
#[derive(Debug)]
pub(super) struct Up {
    pub(super) to: Target,
    usable_at: Option<Instant>,
    resolve_at: Option<Instant>,
    retire_at: Option<Instant>,
    pub(super) has_progress: bool,
    /// The server is elsewhere now, or the link is too old: it gives way to a new one.
    pub(super) is_outdated: bool,
}

/// What is configured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    settle: Duration,
    /// Time after which the name is looked up again, or `None` for never.
    resolve: Option<Duration>,
    /// Age at which a link gives way to a new one, or `None` for never.
    retire: Option<Duration>,
}

impl Times {
    pub(super) fn new(config: &Config) -> Self {
        let transport = config.effective_transport();
        Self {
            settle: match transport {
                Transport::Tcp | Transport::UnixStream => config.settle_time,
                Transport::Udp | Transport::UnixDatagram => Duration::ZERO,
            },
            // A stream breaks when its server has moved; datagrams go on to where it was.
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

    /// Until when it is only watched, or `None` if it may be written to.
    pub(super) fn poll(
        &mut self,
        now: Instant,
        times: Times,
        random: &mut Random,
    ) -> Option<Instant> {
        let usable_at = *self.usable_at.get_or_insert(now + times.settle);
        if now < usable_at {
            return Some(usable_at);
        }
        // Up to a quarter less, so that many clients do not come at once.
        let mut after = |time: Duration| now + time.mul_f64(1.0 - random.fraction() / 4.0);
        if self.retire_at.is_none() {
            self.retire_at = times.retire.map(&mut after);
        }
        if self.resolve_at.is_none() {
            self.resolve_at = times.resolve.map(&mut after);
        }
        None
    }

    pub(super) fn wants_lookup(&self, now: Instant) -> bool {
        let is_due = is_due(self.retire_at, now) || is_due(self.resolve_at, now);
        is_due && !self.is_outdated
    }

    /// Gives way to a new link, if it is old enough.
    pub(super) fn retire(&mut self, now: Instant) {
        self.is_outdated |= is_due(self.retire_at, now);
    }

    /// The name was looked up. An address that is still in the answer keeps the link, unless it is too old.
    pub(super) fn on_answer(&mut self, now: Option<Instant>, is_known: bool) {
        self.resolve_at = None;
        self.is_outdated = !is_known;
        if let Some(now) = now {
            self.retire(now);
        }
    }

    /// The name could not be looked up: everything stays as it is, for as long again.
    pub(super) fn keep(&mut self) {
        self.resolve_at = None;
        self.retire_at = None;
    }
}

fn is_due(at: Option<Instant>, now: Instant) -> bool {
    at.is_some_and(|at| now >= at)
}
