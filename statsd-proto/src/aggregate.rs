//! Values that are added up here, to be sent as few lines.
//!
//! A context is what a metric is called: its kind, its name and its tags. What is measured of it between
//! two rounds becomes one line, or as few as the dialect can say it in. While the link is down no round
//! takes place, so that an outage of any length costs no counts and no memory.

mod accumulator;
mod cell;
mod key;
mod table;

use std::time::{Duration, Instant};

use crate::config::Config;
use crate::error::RecordError;
use crate::line::Encoder;
use crate::payload::Record;
pub(crate) use cell::{Cell, Put};
pub(crate) use key::Sought;
pub(crate) use table::{Added, Table};

/// Where the lines of a round go.
pub(crate) trait Sink {
    /// Takes what `write` writes, whole or not at all. What it has no room for is not counted, since it
    /// stays.
    fn take(
        &mut self,
        write: impl FnOnce(&Encoder, &mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError>;

    /// Counts what it had no room for and does not stay.
    fn lose(&mut self);
}

/// When the rounds take place.
#[derive(Debug)]
pub(crate) struct Rounds {
    interval: Duration,
    deadline: Option<Instant>,
    /// Something has been added since the last round.
    has_new: bool,
}

impl Rounds {
    pub(crate) fn new(interval: Duration) -> Self {
        Self {
            interval,
            deadline: None,
            has_new: false,
        }
    }

    /// Something has been added. Whether a poll has to set a time for it.
    pub(crate) fn add(&mut self) -> bool {
        self.has_new = true;
        self.deadline.is_none()
    }

    /// Sets the time of the first round, and keeps rounds up while there is something for each.
    pub(crate) fn poll(&mut self, now: Instant) {
        match self.deadline {
            None if self.has_new => self.deadline = Some(now + self.interval),
            Some(deadline) if now >= deadline && !self.has_new => self.deadline = None,
            Some(_) | None => {}
        }
    }

    /// Whether a round is due.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.has_new && self.deadline.is_some_and(|deadline| now >= deadline)
    }

    /// A round takes place.
    pub(crate) fn start(&mut self, now: Instant) {
        self.has_new = false;
        self.deadline = Some(now + self.interval);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) contexts: usize,
    /// Values of a timing, a histogram or a distribution, for each context.
    pub(crate) samples: usize,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            contexts: config.max_contexts,
            samples: config.max_samples,
        }
    }
}

#[cfg(test)]
mod tests;
