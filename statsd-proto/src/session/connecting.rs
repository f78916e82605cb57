//! How the link comes up, breaks, and finds its server.

use std::net::SocketAddr;

use super::Core;
use crate::session::event::Outage;
use crate::session::failure::{Failure, FailureKind};
use crate::session::instruction::Output;

impl Core {
    pub(super) fn on_connected(&mut self) {
        if self.link.on_connected() {
            self.in_flight.on_connected();
            self.stats.connects += 1;
        }
    }

    pub(super) fn on_resolved(&mut self, id: u64, found: Result<Vec<SocketAddr>, Failure>) {
        if let Some(failure) = self.link.on_resolved(id, found, self.now) {
            self.on_unresolved(failure);
        }
    }

    /// A lookup failed, and there is no address to try.
    pub(super) fn on_unresolved(&mut self, failure: Failure) {
        self.stats.connect_failures += 1;
        self.report_outage(Outage::NotFound(failure));
    }

    /// Queues again what did not arrive, in its old place.
    pub(super) fn on_disconnected(&mut self, failure: Failure) {
        if !self.link.has_socket() {
            return;
        }
        let was_up = self.link.is_up();
        if was_up {
            self.stats.disconnects += 1;
            self.recall(&failure);
        } else {
            self.stats.connect_failures += 1;
        }
        // While there are addresses to try at once, it is not known whether the server is away.
        if self.link.on_disconnected(failure.is_refusal()) {
            self.report_outage(if was_up {
                Outage::Broken(failure)
            } else {
                Outage::NotConnected(failure)
            });
        }
    }

    /// What is under way takes too long.
    pub(super) fn give_up(&mut self) -> Output {
        self.on_disconnected(FailureKind::TimedOut.into());
        Output::Disconnect
    }
}
