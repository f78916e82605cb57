//! Data in flight: the payload being sent, the last datagram while it may still be refused, and the bytes of a stream
//! that are not acknowledged.

mod unacknowledged;

use std::time::Instant;

use crate::session::instruction::Transmit;
use crate::session::payload::Payload;
use unacknowledged::Unacknowledged;

/// Data in flight. At most one payload is being sent, and the driver has at most one transmission of it.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    /// Whether a datagram that the kernel has accepted may still be refused by the peer's host: true over UDP.
    is_refusable: bool,
    current: Option<Payload>,
    /// Number of bytes of `current` that were sent.
    written: usize,
    /// Number of bytes of `current` that are never resent: all that were sent, or only the acknowledged ones if the
    /// driver reports acknowledgements.
    safe: usize,
    /// Number of lines of `current` that were not sent whole.
    lines: usize,
    transmission: Option<Transmission>,
    unconfirmed: Option<Unconfirmed>,
    /// Payload that was sent whole. It is kept while the unconfirmed datagram shares its buffer.
    spent: Option<Payload>,
    /// Whether the driver reports unacknowledged bytes of the present connection.
    is_watched: bool,
    unacknowledged: Unacknowledged,
    /// Number of consecutive failures to send.
    failures: u32,
}

#[derive(Debug)]
struct Transmission {
    bytes: usize,
    /// Deadline of the write. `None` until the next poll sets it.
    deadline: Option<Instant>,
}

/// Datagram that the kernel has accepted and the peer's host may still refuse.
#[derive(Debug)]
struct Unconfirmed {
    datagram: Payload,
    /// End of the refusal window, after which the datagram counts as sent. `None` until the next poll sets it.
    until: Option<Instant>,
}

/// Result of a write.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Number of bytes that the kernel accepted.
    pub(crate) written: usize,
    /// Number of lines that count as sent as of now. The two fields below are their bytes and writes; a datagram that
    /// is resent counts once.
    pub(crate) lines: usize,
    pub(crate) bytes: usize,
    pub(crate) payloads: usize,
    /// Whether the write proves that the server is reachable: a stream's payload was sent whole, or a datagram's
    /// refusal window passed.
    pub(crate) is_proof: bool,
    /// Payload whose buffer can be reused.
    pub(crate) free: Option<Payload>,
}

impl Progress {
    /// Progress by a datagram that was not refused.
    fn confirmed(unconfirmed: Option<Unconfirmed>, free: Option<Payload>) -> Self {
        let Some(Unconfirmed { datagram, .. }) = unconfirmed else {
            return Self {
                free,
                ..Self::default()
            };
        };
        Self {
            written: 0,
            lines: datagram.lines,
            bytes: datagram.data.len(),
            payloads: datagram.count_datagrams(datagram.data.len()),
            is_proof: true,
            free,
        }
    }
}

impl InFlight {
    pub(crate) fn new(is_refusable: bool) -> Self {
        Self {
            is_refusable,
            ..Self::default()
        }
    }

    /// Loads the payload to send next, over a stream or as datagrams.
    pub(crate) fn load(&mut self, payload: Payload, is_stream: bool) {
        self.lines = payload.lines;
        self.current = Some(Payload {
            is_stream,
            ..payload
        });
    }

    /// Number of bytes of the current payload that are left to send, or `None` without a payload.
    pub(crate) fn remaining(&self) -> Option<usize> {
        self.current
            .as_ref()
            .map(|payload| payload.data.len() - self.written)
    }

    /// Distance between the starts of two datagrams in the current payload, in bytes. `None` on a stream.
    pub(crate) fn datagram_size(&self) -> Option<usize> {
        self.current.as_ref().and_then(Payload::datagram_size)
    }

    /// Creates the driver's next transmission, of `bytes` bytes.
    pub(crate) fn transmit(&mut self, bytes: usize) -> Transmit {
        let payload = self
            .current
            .as_ref()
            .expect("only what is loaded is transmitted");
        self.transmission = Some(Transmission {
            bytes,
            deadline: None,
        });
        Transmit {
            data: payload.data.slice(self.written..self.written + bytes),
            segment_size: payload.datagram_size(),
            ends_stream: false,
            header: payload.header,
            keeps_break: payload.keeps_break,
        }
    }

    pub(crate) fn is_transmitting(&self) -> bool {
        self.transmission.is_some()
    }

    /// Deadline of the driver's write, or `None` if the driver has none. `otherwise` becomes the deadline of a new
    /// write.
    pub(crate) fn write_deadline(&mut self, otherwise: Instant) -> Option<Instant> {
        let transmission = self.transmission.as_mut()?;
        Some(*transmission.deadline.get_or_insert(otherwise))
    }

    /// Handles a write of `bytes` bytes. Returns `None` if nothing was written.
    pub(crate) fn on_written(&mut self, bytes: usize) -> Option<Progress> {
        let transmission = self.transmission.take()?;
        let payload = self
            .current
            .as_ref()
            .expect("a transmission is a part of a payload");
        let from = self.written;
        let to = from + bytes.min(transmission.bytes);
        // A datagram is sent whole or not at all, so the count is rounded down to whole datagrams.
        let to = payload
            .datagram_size()
            .map_or(to, |size| payload.whole(to, size));
        if to == from {
            return None;
        }
        self.failures = 0;
        self.written = to;
        if !self.is_watched {
            self.safe = to;
        }
        let is_whole = to == payload.data.len();
        let lines = if is_whole {
            self.lines
        } else {
            payload.count_lines(from..to)
        };
        self.lines -= lines;
        let mut progress = Progress {
            written: to - from,
            lines,
            bytes: to - from,
            payloads: payload.count_datagrams(to - from),
            is_proof: is_whole,
            free: None,
        };
        if self.is_refusable {
            // A refusal of the datagram before would have been reported by this write. It is confirmed by now.
            let datagram = payload.part(from..to, lines);
            let before = self.unconfirmed.replace(Unconfirmed {
                datagram,
                until: None,
            });
            progress = Progress {
                written: progress.written,
                ..Progress::confirmed(before, self.spent.take())
            };
        }
        if is_whole {
            progress.free = self.unload();
        }
        Some(progress)
    }

    /// Unloads the current payload, which was sent whole. Returns it, unless a part of it may be resent.
    fn unload(&mut self) -> Option<Payload> {
        self.written = 0;
        let safe = std::mem::take(&mut self.safe);
        let spent = self.current.take()?;
        if self.unconfirmed.is_some() {
            self.spent = Some(spent);
            None
        } else if safe < spent.data.len() {
            self.unacknowledged.push(spent, safe);
            None
        } else {
            Some(spent)
        }
    }

    /// Handles a new connection, on which no acknowledgement has been reported.
    pub(crate) fn on_connected(&mut self) {
        self.is_watched = false;
        self.unacknowledged = Unacknowledged::default();
    }

    /// Handles a report that the last `bytes` bytes of the stream are not acknowledged. Passes payloads that are
    /// acknowledged whole to `free`.
    pub(crate) fn on_unacknowledged(&mut self, bytes: usize, free: impl FnMut(Payload)) {
        self.is_watched = true;
        self.safe = self.safe.max(self.written.saturating_sub(bytes));
        self.unacknowledged
            .keep(bytes.saturating_sub(self.written), free);
    }

    /// Start of the wait for acknowledgements, and time of the next check. `None` if everything is acknowledged.
    pub(crate) fn schedule_ack_check(&mut self, now: Instant) -> Option<(Instant, Instant)> {
        self.unacknowledged.schedule_ack_check(now)
    }

    /// Deadline after which the last datagram counts as delivered, or `None` if no datagram is unconfirmed.
    pub(crate) fn unconfirmed_until(&mut self, otherwise: Instant) -> Option<Instant> {
        let unconfirmed = self.unconfirmed.as_mut()?;
        Some(*unconfirmed.until.get_or_insert(otherwise))
    }

    /// Confirms the last datagram: it was not refused.
    pub(crate) fn confirm(&mut self) -> Progress {
        Progress::confirmed(self.unconfirmed.take(), self.spent.take())
    }

    /// Takes the last datagram back, because it was refused.
    pub(crate) fn take_refused(&mut self) -> Option<Payload> {
        self.spent = None;
        self.unconfirmed
            .take()
            .map(|unconfirmed| unconfirmed.datagram)
    }

    /// Takes the unsent or unacknowledged part of the current payload back, to be resent.
    pub(crate) fn take_unfinished(&mut self) -> Option<Payload> {
        self.transmission = None;
        self.lines = 0;
        self.written = 0;
        let safe = std::mem::take(&mut self.safe);
        self.current.take()?.unfinished(safe)
    }

    /// Takes unacknowledged payloads that precede the current one back, the newest first.
    pub(crate) fn take_unacknowledged(&mut self) -> impl Iterator<Item = Payload> + use<> {
        self.unacknowledged.take()
    }

    /// Drops everything in flight.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.is_refusable);
    }

    /// Counts one more failure to send the next datagram. Returns whether the datagram should be dropped.
    pub(crate) fn on_failure(&mut self) -> bool {
        self.failures += 1;
        let is_hopeless = self.failures >= MAX_FAILURES;
        if is_hopeless {
            self.failures = 0;
        }
        is_hopeless
    }

    /// Number of lines of the current payload that were not sent whole.
    pub(crate) fn unwritten_lines(&self) -> usize {
        self.lines
    }

    pub(crate) fn lines(&self) -> usize {
        self.lines
            + self
                .unconfirmed
                .as_ref()
                .map_or(0, |unconfirmed| unconfirmed.datagram.lines)
    }

    /// Number of lines that were sent whole and are not acknowledged.
    pub(crate) fn unacknowledged_lines(&self) -> usize {
        let current = self.current.as_ref();
        let left = current.map_or(0, |payload| payload.count_lines(self.safe..self.written));
        left + self.unacknowledged.lines()
    }

    /// Number of bytes and lines that would return to the queue if the connection broke now. A line or frame that was
    /// sent in part counts whole.
    pub(crate) fn outside(&self) -> (usize, usize) {
        let unfinished = self.current.as_ref().map_or(0, |payload| {
            payload.data.len() - payload.unfinished_at(self.safe)
        });
        let unconfirmed = self.unconfirmed.as_ref();
        let refusable = unconfirmed.map_or(0, |unconfirmed| unconfirmed.datagram.data.len());
        (
            unfinished + refusable + self.unacknowledged.bytes(),
            self.lines() + self.unacknowledged_lines(),
        )
    }
}

/// Failures after which a datagram is dropped. Each attempt uses a new socket.
const MAX_FAILURES: u32 = 3;
