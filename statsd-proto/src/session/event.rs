//! Events for a log: states of the connection and of the queue, and losses.

mod connection;
#[cfg(feature = "tracing")]
mod fields;
mod journal;
mod text;
mod throttle;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, Transport};
use crate::session::failure::Failure;
use crate::session::stats::Dropped;
pub(crate) use connection::{Outage, Peer};
pub(crate) use journal::{Journal, MAX_EVENTS};

/// Event for a log, with the server that it concerns.
///
/// Events report states, not attempts. An outage is one event, however many attempts it takes; its end is another. An
/// event that recurs is reported at most once in ten seconds, then less and less often, down to once in ten minutes. A
/// report that is held back is made when its time has come, so that the last event always describes the present state.
///
/// ```
/// use std::time::Duration;
/// use statsd_proto::{Config, EventKind, testing::recorder};
///
/// let (client, mut recorder) = recorder(Config::new("192.0.2.1"))?;
/// let mut events = client.events();
/// recorder.advance(Duration::from_secs(1));
/// let event = events.try_next().expect("the server is reached");
/// assert_eq!(event.server(), "tcp://192.0.2.1:8125");
/// assert!(matches!(event.kind(), EventKind::Connected { .. }) && !event.is_warning());
/// assert_eq!(event.to_string(), "tcp://192.0.2.1:8125: connected");
/// # Ok::<(), statsd_proto::ConfigError>(())
/// ```
///
/// # In a log
///
/// With the feature `tracing`, each event is logged with the target `statsd`, as a warning if it [is
/// one](Self::is_warning), or else as information. The message is the text of the event. The fields are:
///
/// | field | content | of which events |
/// |---|---|---|
/// | `server` | [address of the server](Self::server) | all |
/// | `event` | name of the [kind](EventKind) in snake case, such as `connect_failed` | all |
/// | `error` | the operating system's text for the cause | outages |
/// | `peer` | IP address and port, if the host is a name | `connected` |
/// | `away_ms` | length of the outage in milliseconds | `connected` after an outage; `lost` and `queue_half_full` during one |
/// | `lost` | number of metrics or lines | `lost`, `cancelled`, `unstopped` |
///
/// [Faults and losses] shows the log of an outage, and of other faults, line by line.
///
/// [Faults and losses]: https://docs.rs/statsd-proto/latest/statsd_proto/_faults/
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    about: Arc<About>,
    kind: EventKind,
}

/// Kind of an event.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// The driver was dropped before the session had ended: its task was aborted, or its runtime is gone. Metrics
    /// are refused from now on.
    Cancelled {
        /// Number of lines that were lost.
        abandoned: u64,
    },
    /// The server is reached, or a re-resolved name has led to another address. Over UDP this means that datagrams are
    /// sent and none is refused.
    Connected {
        /// Address of the server if the host is a name, or `None` if the host is an address or a path.
        peer: Option<SocketAddr>,
        /// Type of the Unix socket, or `None` if it is [configured](Config::transport) or there is no Unix socket.
        socket: Option<Transport>,
        /// Length of the outage, or `None` if the first attempt succeeded.
        away: Option<Duration>,
    },
    /// The server cannot be reached.
    ConnectFailed {
        /// Cause.
        failure: Failure,
        /// Number of outages since the last report that were not reported, because they were too short or too many.
        unreported: u64,
    },
    /// The lookup of the host's name fails, and no address from an earlier lookup is left.
    LookupFailed {
        /// Cause.
        failure: Failure,
        /// Number of outages since the last report that were not reported, because they were too short or too many.
        unreported: u64,
    },
    /// The connection broke, or a datagram was refused.
    Disconnected {
        /// Cause.
        failure: Failure,
        /// Number of outages since the last report that were not reported, because they were too short or too many.
        unreported: u64,
    },
    /// The queue is half full. No metric is lost yet.
    QueueHalfFull {
        /// Number of lines that wait or are being sent.
        lines: u64,
        /// Size of these lines in bytes, including the padding of datagrams.
        bytes: u64,
        /// Cause of the backlog.
        backlog: Backlog,
    },
    /// The queue, half full before, is down to a quarter.
    QueueDrained,
    /// Metrics were lost since the last event of this kind.
    Lost {
        /// Number of metrics refused by a full queue.
        full: u64,
        /// Number of metrics refused as invalid.
        invalid: u64,
        /// Lines dropped from the queue.
        dropped: Dropped,
        /// Cause of the backlog.
        backlog: Backlog,
    },
    /// A connector was dropped without a stop, and its runtime will end with the program, without a report.
    Unstopped {
        /// Number of lines that are lost if the program ends now.
        pending: u64,
    },
}

/// Cause of a backlog in the queue.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Backlog {
    /// The server has been unreachable for this time.
    Away(Duration),
    /// The driver is too slow: metrics are recorded faster than it sends, or it is not polled often enough.
    Driver,
    /// The server was never reached.
    NeverReached,
    /// [`Config::pace`](crate::Config::pace) limits the rate.
    Pace,
    /// The server or the network accepts data more slowly than metrics are recorded.
    Server,
}

/// Server and settings that the text of an event names.
#[derive(Debug, Eq, PartialEq)]
struct About {
    server: String,
    transport: Transport,
    /// Whether the server decides the type of the Unix socket.
    is_type_open: bool,
    rate: u64,
    max_queue_bytes: usize,
    max_queue_lines: usize,
    close_timeout: Duration,
}

impl Event {
    /// Address of the server, in the form of [`Config::address`](crate::Config::address).
    #[must_use]
    pub fn server(&self) -> &str {
        &self.about.server
    }

    /// What has happened.
    #[must_use]
    pub fn kind(&self) -> &EventKind {
        &self.kind
    }

    /// Whether the event reports a problem. Events that report a recovery return `false`.
    #[must_use]
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
            is_type_open: config.is_unix_type_open(),
            rate: config.pace.map_or(0, |pace| pace.rate),
            max_queue_bytes: config.max_queue_bytes,
            max_queue_lines: config.max_queue_lines,
            close_timeout: config.close_timeout,
        }
    }
}
