//! Telling of the session itself.

use std::time::Instant;

use super::Core;
use crate::session::telemetry::{Counts, Reporter};

impl Core {
    /// Tells what has happened, if it is time for that and there is room.
    pub(super) fn tell(&mut self, now: Instant) {
        let settled = self.completed();
        let is_possible = self.phase.is_open() && self.has_room();
        let due = self
            .reporter
            .take_if(|reporter| is_possible && reporter.is_due(now, settled));
        if let Some(mut reporter) = due {
            reporter.tell(&self.counts(), |encoder, metric| {
                // One that fails is not counted, or it would be something to tell.
                self.push(|cursor| encoder.encode(metric, cursor))
            });
            self.reporter = Some(reporter);
            self.flusher.release(self.stats.accepted);
        }
    }

    /// Whether it is time for telemetry, for which the counts of all inlets are needed.
    pub(super) fn wants_counts(&self, now: Instant) -> bool {
        let settled = self.completed();
        let is_due = |reporter: &Reporter| reporter.is_due(now, settled);
        self.reporter.as_deref().is_some_and(is_due)
    }

    /// Sets the time to tell.
    pub(super) fn poll_reporter(&mut self, now: Instant) {
        if let Some(mut reporter) = self.reporter.take() {
            reporter.poll(now, &self.counts());
            self.reporter = Some(reporter);
        }
    }

    /// When the next time is; none if there is nothing to tell.
    pub(super) fn next_telling(&self) -> Option<Instant> {
        let deadline = self.reporter.as_ref()?.deadline()?;
        // One that has passed waits for room in the queue, or for what was told last to be settled.
        self.now.filter(|now| deadline > *now).and(Some(deadline))
    }

    fn counts(&self) -> Counts {
        Counts {
            stats: self.stats(),
            overflow: self.queue.lost(),
            unsendable: self.unsendable,
        }
    }
}
