//! What was recorded, sent and lost.

mod display;

use crate::error::RecordError;

/// Counts since the start, in lines unless said otherwise.
///
/// At every step `accepted + resent = sent + dropped.total() + queued + in_flight`, and at the end
/// `accepted + resent = sent + dropped.total()`. A negative gauge counts as the two lines that it is, and several
/// values count as the lines that they are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Lines taken into the queue.
    pub accepted: u64,
    /// Lines given to the kernel whole, as often as they were. Whether the server read them, no client can
    /// know.
    pub sent: u64,
    /// Lines that counted as sent and went back into the queue, because the server's kernel had not
    /// acknowledged them. Zero unless [so configured](crate::Config::resend_unacknowledged).
    pub resent: u64,
    /// Lines that were accepted and then lost, by cause.
    pub dropped: Dropped,
    /// Metrics that were not accepted, by cause.
    pub refused: Refused,
    /// Metrics that their sample rate left out.
    pub sampled_out: u64,
    /// Lines that wait.
    pub queued: u64,
    /// Bytes that wait, with what fills datagrams up.
    pub queued_bytes: u64,
    /// The most bytes that ever waited.
    pub queued_bytes_peak: u64,
    /// Lines that are on their way, or that a server may still refuse.
    pub in_flight: u64,
    /// Lines that count as sent, and would go back into the queue if the link broke now; at the end, those
    /// of which nothing is known. Zero unless [so configured](crate::Config::resend_unacknowledged).
    pub unacknowledged: u64,
    /// Times that a link to the server came up.
    pub connects: u64,
    /// Times that a link to the server could not be had.
    pub connect_failures: u64,
    /// Times that a link broke.
    pub disconnects: u64,
    /// Bytes that the kernel took. Of a datagram that was refused and resent, those of the last time.
    pub bytes: u64,
    /// Writes that the kernel took, counted likewise: a part of a stream, or a datagram.
    pub payloads: u64,
}

/// Lines that were accepted and then lost, by cause.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Dropped {
    /// The session ended before they could be sent.
    pub abandoned: u64,
    /// The queue was full, and the configuration says to drop the oldest.
    pub overflow: u64,
    /// The kernel would not send the datagram, again and again.
    pub unsendable: u64,
}

impl Dropped {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.abandoned + self.overflow + self.unsendable
    }

    /// Those since an earlier count.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            abandoned: self.abandoned - earlier.abandoned,
            overflow: self.overflow - earlier.overflow,
            unsendable: self.unsendable - earlier.unsendable,
        }
    }
}

/// Metrics that were not accepted, by cause.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Refused {
    /// The session was closed already.
    pub closed: u64,
    /// The queue was full.
    pub full: u64,
    /// The metric is none that the server would understand.
    pub invalid: u64,
    /// The line would be too long.
    pub too_long: u64,
}

impl Refused {
    /// All of them.
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

/// How a session ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Lines given to the kernel whole, since the start, as often as they were.
    pub sent: u64,
    /// Lines that were still waiting when the time was up.
    pub abandoned: u64,
    /// Everything that was counted.
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
