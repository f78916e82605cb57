//! When what is aggregated leaves.

use std::time::{Duration, Instant};

/// The aggregation interval. It runs only while there is something to aggregate.
#[derive(Debug)]
pub(crate) struct Interval {
    length: Duration,
    deadline: Option<Instant>,
    /// Whether something has been added since the last drain.
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

    /// Notes that something has been added. Returns whether a poll has to set a deadline for it.
    pub(crate) fn add(&mut self) -> bool {
        self.has_new = true;
        self.deadline.is_none()
    }

    /// Sets the first deadline, and goes on as long as something comes in each interval.
    pub(crate) fn poll(&mut self, now: Instant) {
        match self.deadline {
            None if self.has_new => self.deadline = Some(now + self.length),
            Some(deadline) if now >= deadline && !self.has_new => self.deadline = None,
            Some(_) | None => {}
        }
    }

    /// Whether the interval is over and something was added in it.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.has_new && self.deadline.is_some_and(|deadline| now >= deadline)
    }

    /// Starts the next interval. To be called before anything is drained, so that what comes in meanwhile is noted.
    pub(crate) fn start(&mut self, now: Instant) {
        self.has_new = false;
        self.deadline = Some(now + self.length);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}
