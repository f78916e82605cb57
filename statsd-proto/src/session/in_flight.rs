//! What is on its way: the payload being sent, the last datagram, which may yet be refused, and what of a
//! stream has not been acknowledged.

mod unacknowledged;

use std::time::Instant;

use crate::session::instruction::Transmit;
use crate::session::payload::Payload;
use unacknowledged::Unacknowledged;

/// At most one payload is being sent, and at most one transmission of it is with the driver.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    /// Whether a server that is not there may refuse what the kernel took.
    is_refusable: bool,
    current: Option<Payload>,
    /// How many bytes of `current` left.
    written: usize,
    /// How many of them are not to be sent again: all, unless the driver tells what is acknowledged.
    safe: usize,
    /// How many lines of `current` have not left whole.
    lines: usize,
    transmission: Option<Transmission>,
    unconfirmed: Option<Unconfirmed>,
    /// A payload that left whole, kept until no unconfirmed datagram has a part of its buffer.
    spent: Option<Payload>,
    /// Whether the driver tells, of the link that is up, what the peer's kernel has not acknowledged.
    is_watched: bool,
    unacknowledged: Unacknowledged,
    /// Failures to send in a row.
    failures: u32,
}

#[derive(Debug)]
struct Transmission {
    bytes: usize,
    /// When the wait for its write is too long; set by the next poll.
    deadline: Option<Instant>,
}

/// A datagram that the kernel took, and a server that is not there may still refuse.
#[derive(Debug)]
struct Unconfirmed {
    datagram: Payload,
    /// When silence counts as consent; set by the next poll.
    until: Option<Instant>,
}

/// What a write achieved.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Bytes that the kernel took.
    pub(crate) written: usize,
    /// Lines that are sent now, for all that a client can know; and their bytes and writes, of datagrams each
    /// once.
    pub(crate) lines: usize,
    pub(crate) bytes: usize,
    pub(crate) payloads: usize,
    /// Whether the link has proved good: a part of the stream left whole, or nobody refused a datagram.
    pub(crate) is_proof: bool,
    /// A payload whose buffer is free.
    pub(crate) free: Option<Payload>,
}

impl Progress {
    /// Nobody refused this, if it was there.
    fn without(unconfirmed: Option<Unconfirmed>, free: Option<Payload>) -> Self {
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

    pub(crate) fn load(&mut self, payload: Payload) {
        self.lines = payload.lines;
        self.current = Some(payload);
    }

    /// The bytes of the current payload that have not left; none if there is none.
    pub(crate) fn remaining(&self) -> Option<usize> {
        self.current
            .as_ref()
            .map(|payload| payload.data.len() - self.written)
    }

    /// How far apart the current payload's datagrams are; none on a stream.
    pub(crate) fn datagram_size(&self) -> Option<usize> {
        self.current.as_ref().and_then(Payload::datagram_size)
    }

    /// Hands the next `bytes` to the driver.
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
            keeps_break: payload.keeps_break,
        }
    }

    pub(crate) fn is_transmitting(&self) -> bool {
        self.transmission.is_some()
    }

    /// When the driver's write takes too long; none if none is under way.
    pub(crate) fn write_deadline(&mut self, otherwise: Instant) -> Option<Instant> {
        let transmission = self.transmission.as_mut()?;
        Some(*transmission.deadline.get_or_insert(otherwise))
    }

    /// The driver wrote this many bytes of what it was handed. None if that is nothing.
    pub(crate) fn on_written(&mut self, bytes: usize) -> Option<Progress> {
        let transmission = self.transmission.take()?;
        let payload = self
            .current
            .as_ref()
            .expect("a transmission is a part of a payload");
        let from = self.written;
        let to = from + bytes.min(transmission.bytes);
        // Half a datagram cannot have been sent, whatever a driver says.
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
            // Only now is it known that the kernel has no refusal of the one before.
            let datagram = payload.part(from..to, lines);
            let before = self.unconfirmed.replace(Unconfirmed {
                datagram,
                until: None,
            });
            progress = Progress {
                written: progress.written,
                ..Progress::without(before, self.spent.take())
            };
        }
        if is_whole {
            progress.free = self.unload();
        }
        Some(progress)
    }

    /// The current payload has left whole. Returns it, unless a part of it may come back.
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

    /// A stream is open, of which nothing is told yet.
    pub(crate) fn on_connected(&mut self) {
        self.is_watched = false;
        self.unacknowledged = Unacknowledged::default();
    }

    /// Of all that left on this stream, the last `bytes` are not acknowledged. Gives back the payloads that
    /// are so whole.
    pub(crate) fn on_unacknowledged(&mut self, bytes: usize, free: impl FnMut(Payload)) {
        self.is_watched = true;
        self.safe = self.safe.max(self.written.saturating_sub(bytes));
        self.unacknowledged
            .keep(bytes.saturating_sub(self.written), free);
    }

    /// Since when somebody waits for all to be acknowledged, and when to look again; none if all is.
    pub(crate) fn schedule_ack_check(&mut self, now: Instant) -> Option<(Instant, Instant)> {
        self.unacknowledged.schedule_ack_check(now)
    }

    /// Deadline after which the last datagram counts as delivered, or `None` if no datagram is unconfirmed.
    pub(crate) fn unconfirmed_until(&mut self, otherwise: Instant) -> Option<Instant> {
        let unconfirmed = self.unconfirmed.as_mut()?;
        Some(*unconfirmed.until.get_or_insert(otherwise))
    }

    /// Nobody refused the last datagram.
    pub(crate) fn confirm(&mut self) -> Progress {
        Progress::without(self.unconfirmed.take(), self.spent.take())
    }

    /// The last datagram did not arrive.
    pub(crate) fn take_refused(&mut self) -> Option<Payload> {
        self.spent = None;
        self.unconfirmed
            .take()
            .map(|unconfirmed| unconfirmed.datagram)
    }

    /// Takes back what did not leave whole, or was not acknowledged, to be sent again.
    pub(crate) fn take_unfinished(&mut self) -> Option<Payload> {
        self.transmission = None;
        self.lines = 0;
        self.written = 0;
        let safe = std::mem::take(&mut self.safe);
        self.current.take()?.unfinished(safe)
    }

    /// Takes back what left before that and was not acknowledged, the last first.
    pub(crate) fn take_unacknowledged(&mut self) -> impl Iterator<Item = Payload> + use<> {
        self.unacknowledged.take()
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.is_refusable);
    }

    /// Counts one more failure to send the next datagram; whether it is to be given up.
    pub(crate) fn on_failure(&mut self) -> bool {
        self.failures += 1;
        let is_hopeless = self.failures >= MAX_FAILURES;
        if is_hopeless {
            self.failures = 0;
        }
        is_hopeless
    }

    /// How many lines of the current payload have not left whole.
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

    /// How many lines left whole and are not known to be acknowledged.
    pub(crate) fn unacknowledged_lines(&self) -> usize {
        let current = self.current.as_ref();
        let left = current.map_or(0, |payload| payload.count_lines(self.safe..self.written));
        left + self.unacknowledged.lines()
    }

    /// The bytes and lines that would come back if the link broke now, with those of a line or a frame
    /// that left.
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

/// A datagram that fails as often on a socket of its own each time will not be sent by a fourth.
const MAX_FAILURES: u32 = 3;
