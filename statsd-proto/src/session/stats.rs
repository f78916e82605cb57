//! Counts of recorded, sent and lost lines.

mod display;

use crate::error::RecordError;

/// Counts since the start, in lines unless stated otherwise.
///
/// At all times `accepted + resent = sent + dropped.total() + queued + in_flight`, and at the end `accepted + resent =
/// sent + dropped.total()`. A metric that takes several lines counts as several: two for a negative gauge, one for
/// each value of a list that the dialect cannot pack.
///
/// ```
/// use statsd_proto::{Config, testing::recorder};
///
/// let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
/// client.incr("orders", 1);
/// client.incr("", 1);
/// recorder.lines();
/// let stats = client.stats();
/// assert_eq!((stats.accepted, stats.refused.total(), stats.dropped.total()), (1, 1, 0));
/// # Ok::<(), statsd_proto::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Lines that entered the queue.
    pub accepted: u64,
    /// Lines that the kernel accepted whole; a resent line counts again. Whether the server read them, no client can
    /// know.
    pub sent: u64,
    /// Lines that counted as sent and returned to the queue, because the server's kernel had not acknowledged them.
    /// Zero unless [`Config::resend_unacknowledged`](crate::Config::resend_unacknowledged) is set.
    pub resent: u64,
    /// Lines that were accepted and then lost, by cause.
    pub dropped: Dropped,
    /// Metrics that were refused, by cause.
    pub refused: Refused,
    /// Metrics that sampling left out.
    pub sampled_out: u64,
    /// Lines in the queue.
    pub queued: u64,
    /// Bytes in the queue, including the padding of datagrams.
    pub queued_bytes: u64,
    /// Maximum of `queued_bytes` since the start.
    pub queued_bytes_peak: u64,
    /// Lines that are being sent, or that a server may still refuse.
    pub in_flight: u64,
    /// Lines that count as sent and would return to the queue if the connection broke now. At the end: lines that may
    /// or may not have arrived. Zero unless [`Config::resend_unacknowledged`](crate::Config::resend_unacknowledged) is
    /// set.
    pub unacknowledged: u64,
    /// Number of connections established.
    pub connects: u64,
    /// Number of failed attempts to connect or to look up the server.
    pub connect_failures: u64,
    /// Number of connections that broke.
    pub disconnects: u64,
    /// Bytes that the kernel accepted. A datagram that was refused and resent counts once.
    pub bytes: u64,
    /// Writes that the kernel accepted: parts of a stream, or datagrams. A datagram that was refused and resent counts
    /// once.
    pub payloads: u64,
}

/// Lines that were accepted and then lost, by cause.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Dropped {
    /// Lines that were not sent before the session ended.
    pub abandoned: u64,
    /// Lines dropped from a full queue; see [`Overflow::DropOldest`](crate::Overflow::DropOldest).
    pub overflow: u64,
    /// Lines in datagrams that the kernel repeatedly refused to send.
    pub unsendable: u64,
}

impl Dropped {
    /// Sum of all causes.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, _recorder) = recorder(Config::new("localhost"))?;
    /// assert_eq!(client.stats().dropped.total(), 0);
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    #[must_use]
    pub fn total(&self) -> u64 {
        self.abandoned + self.overflow + self.unsendable
    }

    /// Difference to an earlier count.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            abandoned: self.abandoned - earlier.abandoned,
            overflow: self.overflow - earlier.overflow,
            unsendable: self.unsendable - earlier.unsendable,
        }
    }
}

/// Metrics that were refused, by cause.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Refused {
    /// Metrics recorded after the session was closed.
    pub closed: u64,
    /// Metrics that met a full queue.
    pub full: u64,
    /// Metrics that no server of the dialect would understand.
    pub invalid: u64,
    /// Metrics whose line would be too long.
    pub too_long: u64,
}

impl Refused {
    /// Sum of all causes.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, _recorder) = recorder(Config::new("localhost"))?;
    /// client.incr("", 1);
    /// assert_eq!(client.stats().refused.total(), 1);
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    #[must_use]
    pub fn total(&self) -> u64 {
        self.closed + self.full + self.invalid + self.too_long
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.closed += other.closed;
        self.full += other.full;
        self.invalid += other.invalid;
        self.too_long += other.too_long;
    }

    pub(crate) fn count(&mut self, error: RecordError) {
        let cause = match error {
            RecordError::Closed => &mut self.closed,
            RecordError::QueueFull => &mut self.full,
            RecordError::LineTooLong => &mut self.too_long,
            RecordError::EmptyName
            | RecordError::InvalidLine
            | RecordError::InvalidRate
            | RecordError::InvalidTag
            | RecordError::InvalidTimestamp
            | RecordError::InvalidValue
            | RecordError::NegativeTiming
            | RecordError::NotDogStatsd
            | RecordError::UnsafeText
            | RecordError::Unsupported(_) => &mut self.invalid,
        };
        *cause += 1;
    }
}

/// Final counts of a session.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Lines that the kernel accepted whole; a resent line counts again.
    pub sent: u64,
    /// Lines that were not sent before the close timeout.
    pub abandoned: u64,
    /// All counts.
    pub stats: Stats,
}

impl From<Stats> for Report {
    fn from(stats: Stats) -> Self {
        Self {
            sent: stats.sent,
            abandoned: stats.dropped.abandoned,
            stats,
        }
    }
}
