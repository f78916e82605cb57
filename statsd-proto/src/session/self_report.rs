//! Telemetry: the client's own counts, sent through itself.

use std::time::Instant;

use super::Core;
use crate::session::calls::Calls;
use crate::session::telemetry::{Counts, Reporter};

impl Core {
    /// Sends the counts if they are due and the queue has room.
    pub(super) fn report_counts(&mut self, now: Instant) {
        // Telemetry that became due in this poll waits for the next poll, for which the inlets are collected.
        if !self.is_collected || !self.wants_counts(now) {
            return;
        }
        if let Some(mut reporter) = self.reporter.take() {
            reporter.report(&self.counts(), |encoder, metric| {
                // A failure here is not counted. Otherwise the count would be news to send next time.
                self.push(|cursor| encoder.encode(metric, cursor))
            });
            reporter.poll(now, &self.counts());
            self.reporter = Some(reporter);
            self.flusher.release(self.stats.accepted);
            // The report may fill half of the queue, which has a timer of its own.
            self.report_fill(now);
        }
    }

    /// Whether telemetry is due and the queue has room, so that the counts of all inlets are needed.
    pub(super) fn wants_counts(&self, now: Instant) -> bool {
        let completed = self.completed();
        let is_due = |reporter: &Reporter| reporter.is_due(now, completed);
        let is_possible = self.phase.is_open() && self.has_room();
        is_possible && self.reporter.as_deref().is_some_and(is_due)
    }

    /// Sets the time of the next telemetry.
    pub(super) fn poll_reporter(&mut self, now: Instant) {
        if let Some(mut reporter) = self.reporter.take() {
            reporter.poll(now, &self.counts());
            self.reporter = Some(reporter);
        }
    }

    /// Time of the next telemetry, or `None` if nothing has changed.
    pub(super) fn next_report(&self) -> Option<Instant> {
        let deadline = self.reporter.as_ref()?.deadline()?;
        // Overdue telemetry waits for room in the queue, or for its last lines to be sent. A timer would not help.
        self.now.filter(|now| deadline > *now).and(Some(deadline))
    }

    /// Whether telemetry needs the calls whose values are aggregated by handles.
    pub(crate) fn counts_calls(&self) -> bool {
        self.reporter.as_deref().is_some_and(Reporter::counts_calls)
    }

    fn counts(&self) -> Counts {
        let (mut calls, mut contexts) = (self.calls, Calls::default());
        if let Some((store, _)) = &self.aggregates {
            calls.add_all(store.calls());
            contexts = store.contexts();
        }
        Counts {
            calls,
            contexts,
            stats: self.stats(),
            overflow: self.queue.lost(),
            unsendable: self.unsendable,
        }
    }
}
