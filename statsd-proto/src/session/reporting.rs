//! Reports on the connection and the queue, for the log.

use std::time::Instant;

use super::Core;
use crate::session::event::{Backlog, Outage};

impl Core {
    /// Reports the events that are due.
    pub(super) fn poll_journal(&mut self, now: Instant) {
        self.report_fill(now);
        self.journal.poll(now);
    }

    /// Reports that the queue is half full, or has drained.
    pub(super) fn report_fill(&mut self, now: Instant) {
        let backlog = self.backlog();
        let (fill, load) = (self.queue.fill(), self.queue.load());
        self.journal.update_losses(&self.stats, backlog);
        self.journal.on_fill(now, fill, load, backlog);
    }

    /// Reports a connection once the server has proved reachable.
    pub(super) fn report_connection(&mut self, now: Instant) {
        if self.link.is_proven() {
            self.journal.on_up(now, self.link.peer());
        }
    }

    pub(super) fn report_outage(&mut self, outage: Outage) {
        if let Some(now) = self.now {
            self.journal.on_down(now, outage);
        }
    }

    /// Reports the lines that are lost if the program ends now.
    pub(crate) fn report_unstopped(&mut self) {
        let stats = self.stats();
        let pending = stats.queued + stats.in_flight;
        if self.phase.is_open() && pending > 0 {
            self.journal.on_unstopped(pending);
        }
    }

    /// Cause of the present backlog.
    pub(super) fn backlog(&self) -> Backlog {
        let is_away = !self.link.is_up() || self.is_probing;
        let outage = self.now.filter(|_| is_away);
        let outage = outage.and_then(|now| self.journal.outage(now));
        match outage {
            Some(outage) => outage,
            None if self.pacer.is_dry() => Backlog::Pace,
            None if self.in_flight.is_transmitting() => Backlog::Server,
            None => Backlog::Driver,
        }
    }
}
