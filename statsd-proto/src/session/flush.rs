//! When lines leave that do not fill a payload.

use std::time::{Duration, Instant};

/// Sets a deadline for the first line that waits, and keeps it up while lines keep coming, so that a
/// steady trickle never has to wake the driver.
#[derive(Debug)]
pub(crate) struct Flusher {
    interval: Duration,
    deadline: Option<Instant>,
    /// Lines up to this one, counted from the first ever accepted, may leave now.
    through: u64,
}

impl Flusher {
    pub(crate) fn new(interval: Duration) -> Self {
        Self {
            interval,
            deadline: None,
            through: 0,
        }
    }

    /// Lets everything up to line `accepted` leave now.
    pub(crate) fn release(&mut self, accepted: u64) {
        self.through = accepted;
    }

    /// Sets and passes deadlines. `in_inlets` tells whether lines wait that have not come into the queue, and `is_up`
    /// whether any could leave: while the connection is down, a deadline that has passed stays, for the time when it
    /// is up again.
    pub(crate) fn poll(&mut self, now: Instant, accepted: u64, in_inlets: bool, is_up: bool) {
        let has_new = in_inlets || accepted > self.through;
        match self.deadline {
            Some(deadline) if now < deadline || !is_up => {}
            Some(_) if has_new => {
                self.release(accepted);
                self.deadline = Some(now + self.interval);
            }
            Some(_) => self.deadline = None,
            None if has_new => self.deadline = Some(now + self.interval),
            None => {}
        }
        if self.interval.is_zero() {
            self.deadline = None;
            self.release(accepted);
        }
    }

    /// Whether the next poll lets lines leave that wait.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.interval.is_zero() || self.deadline.is_some_and(|deadline| now >= deadline)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(crate) fn through(&self) -> u64 {
        self.through
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::origin;

    const INTERVAL: Duration = Duration::from_millis(100);

    #[test]
    fn the_first_line_sets_the_deadline_and_a_later_one_does_not_move_it() {
        let start = origin();
        let mut flusher = Flusher::new(INTERVAL);
        flusher.poll(start, 0, false, true);
        assert_eq!(flusher.deadline(), None);
        flusher.poll(start, 1, false, true);
        flusher.poll(start + INTERVAL / 2, 2, false, true);
        assert_eq!(flusher.deadline(), Some(start + INTERVAL));
        assert_eq!(flusher.through(), 0);
        flusher.poll(start + INTERVAL, 2, false, true);
        assert_eq!(flusher.through(), 2);
    }

    #[test]
    fn the_deadline_stays_while_lines_come_and_goes_one_interval_after_the_last() {
        let start = origin();
        let mut flusher = Flusher::new(INTERVAL);
        flusher.poll(start, 1, false, true);
        for tick in 1..5 {
            flusher.poll(start + INTERVAL * tick, u64::from(tick), false, true);
            assert_eq!(flusher.deadline(), Some(start + INTERVAL * (tick + 1)));
        }
        flusher.poll(start + INTERVAL * 5, 4, false, true);
        assert_eq!(flusher.deadline(), None);
    }

    #[test]
    fn without_an_interval_every_line_leaves_at_once() {
        let mut flusher = Flusher::new(Duration::ZERO);
        flusher.poll(origin(), 3, false, true);
        assert_eq!((flusher.through(), flusher.deadline()), (3, None));
    }
}
