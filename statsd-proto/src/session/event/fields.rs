//! Parts of an event, for logs with fields.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Backlog, Event, EventKind};
use crate::session::failure::Failure;

impl Event {
    /// Name of the event's kind.
    pub(crate) fn name(&self) -> &'static str {
        match self.kind {
            EventKind::Cancelled { .. } => "cancelled",
            EventKind::Connected { .. } => "connected",
            EventKind::ConnectFailed { .. } => "connect_failed",
            EventKind::Disconnected { .. } => "disconnected",
            EventKind::LookupFailed { .. } => "lookup_failed",
            EventKind::Lost { .. } => "lost",
            EventKind::QueueDrained => "queue_drained",
            EventKind::QueueHalfFull { .. } => "queue_half_full",
            EventKind::Unstopped { .. } => "unstopped",
        }
    }

    /// Cause of an outage, or `None` for other events.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        match &self.kind {
            EventKind::ConnectFailed { failure, .. }
            | EventKind::Disconnected { failure, .. }
            | EventKind::LookupFailed { failure, .. } => Some(failure),
            EventKind::Cancelled { .. }
            | EventKind::Connected { .. }
            | EventKind::Lost { .. }
            | EventKind::QueueDrained
            | EventKind::QueueHalfFull { .. }
            | EventKind::Unstopped { .. } => None,
        }
    }

    /// Address of a server that is reached, if the host is a name.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        match self.kind {
            EventKind::Connected { peer, .. } => peer,
            EventKind::Cancelled { .. }
            | EventKind::ConnectFailed { .. }
            | EventKind::Disconnected { .. }
            | EventKind::LookupFailed { .. }
            | EventKind::Lost { .. }
            | EventKind::QueueDrained
            | EventKind::QueueHalfFull { .. }
            | EventKind::Unstopped { .. } => None,
        }
    }

    /// Length of the outage, if there is or was one.
    pub(crate) fn away(&self) -> Option<Duration> {
        match self.kind {
            EventKind::Connected { away, .. } => away,
            EventKind::Lost { backlog, .. } | EventKind::QueueHalfFull { backlog, .. } => {
                match backlog {
                    Backlog::Away(time) => Some(time),
                    Backlog::Driver | Backlog::NeverReached | Backlog::Pace | Backlog::Server => {
                        None
                    }
                }
            }
            EventKind::Cancelled { .. }
            | EventKind::ConnectFailed { .. }
            | EventKind::Disconnected { .. }
            | EventKind::LookupFailed { .. }
            | EventKind::QueueDrained
            | EventKind::Unstopped { .. } => None,
        }
    }

    /// Number of metrics and lines that were lost since the last event of this kind, or `None` for events that report
    /// no loss.
    pub(crate) fn lost(&self) -> Option<u64> {
        match self.kind {
            EventKind::Cancelled { abandoned } => Some(abandoned),
            EventKind::Lost {
                full,
                invalid,
                dropped,
                ..
            } => Some(full + invalid + dropped.total()),
            EventKind::Unstopped { pending } => Some(pending),
            EventKind::Connected { .. }
            | EventKind::ConnectFailed { .. }
            | EventKind::Disconnected { .. }
            | EventKind::LookupFailed { .. }
            | EventKind::QueueDrained
            | EventKind::QueueHalfFull { .. } => None,
        }
    }
}
