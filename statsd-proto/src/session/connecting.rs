//! Connection events: connected, disconnected, resolved.

use std::net::SocketAddr;
use std::time::Instant;

use super::Core;
use crate::session::event::Outage;
use crate::session::failure::{Failure, FailureKind};
use crate::session::instruction::{Output, Transmit};
use crate::session::link::End;

impl Core {
    pub(super) fn on_connected(&mut self) {
        if self.link.on_connected() {
            self.in_flight.on_connected();
            self.stats.connects += 1;
            let socket = self.link.peer().socket;
            if let (Some(reporter), Some(socket)) = (&mut self.reporter, socket) {
                reporter.set_transport(socket);
            }
        }
    }

    pub(super) fn on_resolved(&mut self, id: u64, found: Result<Vec<SocketAddr>, Failure>) {
        if let Some(failure) = self.link.on_resolved(id, found, self.now) {
            self.on_unresolved(failure);
        }
    }

    /// Handles a failed lookup that leaves no address to try.
    pub(super) fn on_unresolved(&mut self, failure: Failure) {
        self.stats.connect_failures += 1;
        self.report_outage(Outage::NotFound(failure));
    }

    /// Handles a lost connection or a failed attempt. Lines that were not sent whole return to the front of the queue.
    pub(super) fn on_disconnected(&mut self, failure: Failure) {
        if !self.link.has_socket() {
            return;
        }
        if self.link.is_ending() {
            self.link.renew();
            return;
        }
        let was_up = self.link.is_up();
        if was_up {
            self.stats.disconnects += 1;
            self.recall(&failure);
        } else {
            self.stats.connect_failures += 1;
        }
        // While untried addresses are left, the server may still be reachable, and no outage is reported.
        if self.link.on_disconnected(&failure) {
            self.report_outage(if was_up {
                Outage::Broken(failure)
            } else {
                Outage::NotConnected(failure)
            });
        }
    }

    /// Ends the connection on purpose. A custom stream is shut down first, until `deadline`.
    pub(super) fn end_connection(&mut self, now: Instant, deadline: Instant) -> Output {
        match self.link.end(now, deadline) {
            End::Close => {
                self.link.renew();
                Output::Disconnect
            }
            End::ShutDown => Output::Transmit(Transmit::end()),
            End::Wait(until) => self.wait(until),
        }
    }

    /// Gives up the pending attempt or write, because its time is over.
    pub(super) fn give_up(&mut self) -> Output {
        self.on_disconnected(FailureKind::TimedOut.into());
        Output::Disconnect
    }
}
