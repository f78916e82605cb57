//! What a log should say: states of the connection and of the queue, and what was lost.

mod connection;
mod journal;
mod text;
mod throttle;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, Transport};
use crate::session::failure::Failure;
use crate::session::stats::Dropped;
pub(crate) use connection::Outage;
pub(crate) use journal::{Journal, MAX_EVENTS};

/// Something that a log should say, with the server that it is about.
///
/// Events are states, and not attempts: an outage is one event however many attempts it takes, and its end
/// another. One that comes again and again is reported at most once in ten seconds, and ever less often, down to
/// once in ten minutes. The last event says how things are: what was held back is reported when its time has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    about: Arc<About>,
    kind: EventKind,
}

/// What has happened.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// The driver was dropped before the session had ended: its task was aborted, or its runtime is gone. Metrics
    /// are refused from now on.
    Cancelled {
        /// Lines that were lost by that.
        abandoned: u64,
    },
    /// The server is reached, or is at another address now. Over UDP: datagrams leave, and nobody refuses them.
    Connected {
        /// Where it is, if the host is a name.
        peer: Option<SocketAddr>,
        /// How long it was away, or `None` if it was there at the first attempt.
        away: Option<Duration>,
    },
    /// The server cannot be reached.
    ConnectFailed {
        /// Why.
        failure: Failure,
        /// Outages since the last report that were too short, or too many, to be reported.
        unreported: u64,
    },
    /// The host's name cannot be looked up, and no address of it is known from before.
    LookupFailed {
        /// Why.
        failure: Failure,
        /// Outages since the last report that were too short, or too many, to be reported.
        unreported: u64,
    },
    /// The connection broke, or a datagram was refused.
    Disconnected {
        /// Why.
        failure: Failure,
        /// Outages since the last report that were too short, or too many, to be reported.
        unreported: u64,
    },
    /// The queue is half full. Nothing is lost yet.
    QueueHalfFull {
        /// What holds the queue back.
        backlog: Backlog,
    },
    /// The queue, which was half full, is down to a quarter.
    QueueDrained,
    /// Metrics were lost since the last event of this kind.
    Lost {
        /// Metrics that a full queue refused.
        full: u64,
        /// Metrics that no server would understand.
        invalid: u64,
        /// Lines that were dropped from the queue.
        dropped: Dropped,
        /// What held the queue back.
        backlog: Backlog,
    },
    /// A connector was dropped without a stop, and its runtime ends with the program, without a word.
    Unstopped {
        /// Lines that are lost if the program ends now.
        pending: u64,
    },
}

/// What holds the queue back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Backlog {
    /// The server has been away for so long.
    Away(Duration),
    /// The driver: metrics are recorded faster than it sends, or it is not run often enough.
    Driver,
    /// The server was never reached.
    NeverReached,
    /// [`Config::pace`](crate::Config::pace).
    Pace,
    /// The server, or the network, takes data more slowly than metrics are recorded.
    Server,
}

/// The server, and the settings that an event names.
#[derive(Debug, Eq, PartialEq)]
struct About {
    server: String,
    transport: Transport,
    rate: u64,
    max_queue_bytes: usize,
    max_queue_lines: usize,
    close_timeout: Duration,
}

impl Event {
    /// The address of the server, as in [`Config::address`](crate::Config::address).
    pub fn server(&self) -> &str {
        &self.about.server
    }

    /// What has happened.
    pub fn kind(&self) -> &EventKind {
        &self.kind
    }

    /// Whether something is wrong, rather than well again.
    pub fn is_warning(&self) -> bool {
        match self.kind {
            EventKind::Connected { .. } | EventKind::QueueDrained => false,
            EventKind::Cancelled { .. }
            | EventKind::ConnectFailed { .. }
            | EventKind::Disconnected { .. }
            | EventKind::LookupFailed { .. }
            | EventKind::Lost { .. }
            | EventKind::QueueHalfFull { .. }
            | EventKind::Unstopped { .. } => true,
        }
    }
}

impl About {
    fn new(config: &Config) -> Self {
        Self {
            server: config.server(),
            transport: config.effective_transport(),
            rate: config.pace.map_or(0, |pace| pace.rate),
            max_queue_bytes: config.max_queue_bytes,
            max_queue_lines: config.max_queue_lines,
            close_timeout: config.close_timeout,
        }
    }
}
