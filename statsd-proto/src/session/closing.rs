//! End of a session: by close, by force, or because its driver was dropped.

use std::time::Instant;

use super::{Core, Phase};
use crate::session::event::Backlog;
use crate::session::instruction::Output;

impl Core {
    /// Closes the session: it accepts no more batches, sends the queue within the close timeout, and ends.
    pub(crate) fn close(&mut self) {
        if self.phase.is_open() {
            self.flush();
            self.lose_aggregates();
            self.phase = Phase::Closing(None);
        }
    }

    /// Ends the session at once. Queued lines count as abandoned.
    pub(crate) fn abandon(&mut self) {
        if !matches!(self.phase, Phase::Ending(_) | Phase::Finished) {
            self.close();
            self.finish();
        }
        self.phase = Phase::Finished;
    }

    /// Ends the session at once, because the driver was dropped. Reports it, unless the session was closed and empty.
    pub(crate) fn cancel(&mut self) {
        if !matches!(self.phase, Phase::Ending(_) | Phase::Finished) {
            let was_open = self.phase.is_open();
            self.close();
            let backlog = self.backlog();
            let rest = self.drop_rest();
            if was_open || rest > 0 {
                self.journal.on_cancelled(rest);
            }
            self.end(backlog);
        }
        self.phase = Phase::Finished;
    }

    /// Advances the end of the session, which precedes all other work.
    pub(super) fn poll_phase(&mut self, now: Instant) -> Option<Output> {
        match &mut self.phase {
            Phase::Open => return None,
            Phase::Closing(deadline) => {
                let deadline = *deadline.get_or_insert(now + self.close_timeout);
                let is_drained = self.queue.lines() == 0 && self.in_flight.outside().1 == 0;
                if now < deadline && !is_drained {
                    self.hurry(deadline - now);
                    return None;
                }
                self.finish();
            }
            Phase::Ending(_) | Phase::Finished => {}
        }
        if !self.link.has_socket() {
            self.phase = Phase::Finished;
            return Some(Output::Finished(self.stats().into()));
        }
        let deadline = match self.phase {
            Phase::Ending(Some(deadline)) => deadline,
            Phase::Closing(_) | Phase::Ending(None) | Phase::Finished | Phase::Open => now,
        };
        Some(self.end_connection(now, deadline))
    }

    fn finish(&mut self) {
        let backlog = self.backlog();
        self.drop_rest();
        self.end(backlog);
    }

    /// Drops all pending lines as abandoned. Returns their number.
    fn drop_rest(&mut self) -> u64 {
        // While refusals are being probed, only an expired refusal window confirms a datagram.
        if !self.is_probing {
            let progress = self.in_flight.confirm();
            self.on_progress(progress);
        }
        let rest = (self.in_flight.lines() + self.queue.clear()) as u64;
        self.stats.dropped.abandoned += rest;
        self.stats.unacknowledged = self.in_flight.unacknowledged_lines() as u64;
        self.in_flight.clear();
        rest
    }

    fn end(&mut self, backlog: Backlog) {
        self.journal.finish(&self.stats, backlog);
        self.phase = Phase::Ending(match self.phase {
            Phase::Closing(deadline) => deadline,
            Phase::Ending(_) | Phase::Finished | Phase::Open => None,
        });
        self.wants_poll = true;
    }
}
