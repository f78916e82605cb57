//! Timer of the aggregation interval.

use std::time::{Duration, Instant};

/// Aggregation interval. It runs only while values are being aggregated.
#[derive(Debug)]
pub(crate) struct Interval {
    length: Duration,
    deadline: Option<Instant>,
    /// Whether a value was added since the last drain.
    has_new: bool,
}

impl Interval {
    pub(crate) fn new(length: Duration) -> Self {
        Self {
            length,
            deadline: None,
            has_new: false,
        }
    }

    /// Notes that a value was added. Returns whether a poll is needed to set the first deadline.
    pub(crate) fn add(&mut self) -> bool {
        self.has_new = true;
        self.deadline.is_none()
    }

    /// Sets the first deadline. The interval repeats as long as each one brings a value.
    pub(crate) fn poll(&mut self, now: Instant) {
        match self.deadline {
            None if self.has_new => self.deadline = Some(now + self.length),
            Some(deadline) if now >= deadline && !self.has_new => self.deadline = None,
            Some(_) | None => {}
        }
    }

    /// Whether the interval is over and a value was added in it.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.has_new && self.deadline.is_some_and(|deadline| now >= deadline)
    }

    /// Starts the next interval. The caller drains afterwards, so that values added during the drain count for the
    /// next interval.
    pub(crate) fn start(&mut self, now: Instant) {
        self.has_new = false;
        self.deadline = Some(now + self.length);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}
