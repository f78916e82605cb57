//! Sending while the connection is up, and recovery of unsent data when it breaks.

use std::time::{Duration, Instant};

use super::{ANY, Core};
use crate::session::failure::{Failure, FailureKind};
use crate::session::in_flight::Progress;
use crate::session::instruction::Output;
use crate::session::payload::Payload;
use crate::session::telemetry::Reporter;

impl Core {
    /// Sends what may be sent now.
    pub(super) fn poll_usable(&mut self, now: Instant) -> Output {
        self.report_connection(now);
        if let Some(deadline) = self.in_flight.write_deadline(now + self.write_timeout) {
            return if now < deadline {
                self.wait(deadline)
            } else {
                self.give_up()
            };
        }
        if let (true, Some(until)) = (
            self.is_probing,
            self.in_flight.unconfirmed_until(now + REFUSAL_WINDOW),
        ) {
            return self.wait(until);
        }
        self.report_counts(now);
        let has_work = self.queue.lines() > 0 && self.in_flight.remaining().is_none();
        if has_work && !self.is_closed() {
            if let Some(resolve) = self.link.poll_lookup(now) {
                return Output::Resolve(resolve);
            }
        }
        if has_work && self.link.is_outdated() && !self.is_closed() {
            // A closed socket would not receive the refusal of its last datagram, so the session waits for it.
            if let Some(until) = self.in_flight.unconfirmed_until(now + REFUSAL_WINDOW) {
                return self.wait(until);
            }
            // A closed socket would not report the acknowledgement of its last bytes, so the session waits for it.
            if let Some((since, until)) = self.in_flight.schedule_ack_check(now) {
                return if now < since + self.write_timeout {
                    self.wait(until)
                } else {
                    self.give_up()
                };
            }
            return self.end_connection(now, now + self.write_timeout);
        }
        let Some(remaining) = self.load() else {
            return self.wait_for_lines();
        };
        let Some(segment) = self.in_flight.datagram_size() else {
            return Output::Transmit(self.in_flight.transmit(remaining));
        };
        let wanted = if self.is_probing || !self.is_segmented {
            segment.min(remaining)
        } else {
            remaining
        };
        match self.pacer.allow(now, wanted, segment.min(wanted)) {
            Ok(allowed) => {
                // Rounded down to whole datagrams; the last one of a payload may be short.
                let whole = if allowed < wanted {
                    (allowed - allowed % segment).max(segment).min(wanted)
                } else {
                    wanted
                };
                Output::Transmit(self.in_flight.transmit(whole))
            }
            Err(until) => self.wait(until),
        }
    }

    /// Loads the next payload if one may be sent. Returns the number of bytes left to send.
    fn load(&mut self) -> Option<usize> {
        if let Some(remaining) = self.in_flight.remaining() {
            return Some(remaining);
        }
        let first_open = self.stats.accepted - self.queue.tail_lines() as u64;
        // Waiting for the flush interval saves writes. A filling queue does not wait for it: refused metrics cost
        // more.
        let is_due = self.flusher.released_until() > first_open || !self.has_room();
        let payload = self.queue.pop(is_due)?;
        self.flight_end = self.stats.accepted - self.queue.lines() as u64;
        self.in_flight.load(payload, self.link.is_stream());
        self.in_flight.remaining()
    }

    /// Waits for the flush deadline, or for enough data to wake up for.
    fn wait_for_lines(&mut self) -> Output {
        let flush = self.flusher.deadline();
        self.wake_threshold = match flush {
            Some(_) => Some(self.queue.high_water()),
            None => Some(ANY),
        };
        let rest = self.next_rest(flush.is_none());
        let completed = self.completed();
        let awaits = |reporter: &Reporter| reporter.awaits(completed);
        let is_awaited = self.is_closed()
            || completed < self.flush_target
            || !self.has_room()
            || self.reporter.as_deref().is_some_and(awaits);
        let unconfirmed = match self.now {
            Some(now) if is_awaited => self.in_flight.unconfirmed_until(now + REFUSAL_WINDOW),
            Some(_) | None => None,
        };
        // Metrics may have been recorded since the inlets were collected for this poll.
        self.wants_poll |= self.now.is_some_and(|now| self.wants_lines(now));
        let ack_check = self.next_ack_check();
        self.wait_until(&[
            flush,
            unconfirmed,
            ack_check,
            rest,
            self.next_drain(),
            self.next_report(),
        ])
    }

    /// Time at which spare memory is released. `None` while metrics are being sent, or if there is none to release.
    fn next_rest(&mut self, is_idle: bool) -> Option<Instant> {
        let now = self.now.filter(|_| is_idle && self.has_spare_memory())?;
        Some(*self.rest_at.get_or_insert(now + REST_TIME))
    }

    /// Time of the next acknowledgement check, or `None` if the session does not wait for acknowledgements.
    fn next_ack_check(&mut self) -> Option<Instant> {
        let is_awaited = self.is_closed() || !self.has_room();
        let now = self.now.filter(|_| is_awaited)?;
        self.in_flight
            .schedule_ack_check(now)
            .map(|(_, until)| until)
    }

    /// Raises the pace so that all pending data is sent within this time, as far as the pace may be raised.
    pub(super) fn hurry(&mut self, time: Duration) {
        let pending = self.queue.bytes() + self.in_flight.outside().0;
        // A refusal window for the last datagram is left over, and time to resend it.
        self.pacer
            .hurry(pending, time.saturating_sub(REFUSAL_WINDOW * 2));
    }

    /// Confirms the last datagram if its refusal window is over.
    pub(super) fn confirm(&mut self, now: Instant) {
        let until = self.in_flight.unconfirmed_until(now + REFUSAL_WINDOW);
        if until.is_some_and(|until| now >= until) {
            self.is_probing = false;
            let progress = self.in_flight.confirm();
            self.on_progress(progress);
            // Telemetry may have room now, and no other event would trigger it.
            self.update_in_flight();
        }
    }

    pub(super) fn on_written(&mut self, bytes: usize) {
        self.link.on_shut_down();
        if let Some(progress) = self.in_flight.on_written(bytes) {
            self.pacer.spend(progress.written);
            self.on_progress(progress);
        }
    }

    pub(super) fn on_progress(&mut self, progress: Progress) {
        self.stats.sent += progress.lines as u64;
        self.stats.bytes += progress.bytes as u64;
        self.stats.payloads += progress.payloads as u64;
        if progress.is_proof {
            self.link.on_progress();
        }
        if let Some(payload) = progress.free {
            self.queue.recycle(payload);
        }
    }

    /// Handles a report that the last `bytes` bytes written to the stream are not acknowledged.
    pub(super) fn on_unacknowledged(&mut self, bytes: usize) {
        if self.resends && self.link.is_up() {
            let queue = &mut self.queue;
            self.in_flight
                .on_unacknowledged(bytes, |payload| queue.recycle(payload));
        }
    }

    pub(super) fn recall(&mut self, failure: &Failure) {
        self.stats.resent += self.in_flight.unacknowledged_lines() as u64;
        let is_datagram = self.in_flight.datagram_size().is_some();
        let was_transmitting = self.in_flight.is_transmitting();
        if let Some(mut unfinished) = self.in_flight.take_unfinished() {
            if is_datagram && was_transmitting && failure.is_about_data() {
                self.make_sendable(&mut unfinished, failure);
            }
            if !unfinished.data.is_empty() {
                self.queue.push_front(unfinished);
            }
        }
        for payload in self.in_flight.take_unacknowledged() {
            self.queue.push_front(payload);
        }
        if failure.is_refusal() {
            if let Some(refused) = self.in_flight.take_refused() {
                self.is_probing = true;
                self.queue.push_front(refused);
            }
        }
        let progress = self.in_flight.confirm();
        self.on_progress(progress);
    }

    /// Splits the first datagram, which the kernel refused to send, or drops it if it cannot be split or keeps
    /// failing.
    fn make_sendable(&mut self, unfinished: &mut Payload, failure: &Failure) {
        let is_too_large = failure.kind() == FailureKind::TooLarge;
        match unfinished.smaller_datagram().filter(|_| is_too_large) {
            Some(size) => {
                self.queue.shrink_datagrams(size);
                self.regrow_at = self.now.map(|now| now + REGROW);
            }
            None if self.in_flight.on_failure() => {
                let before = unfinished.data.len();
                self.stats.dropped.unsendable += unfinished.drop_first_datagram() as u64;
                self.unsendable.add(before - unfinished.data.len(), 1);
            }
            None => {}
        }
    }
}

/// Refusal window: time after which a datagram counts as not refused. It covers many round trips within a data centre,
/// for which the ICMP message needs one.
const REFUSAL_WINDOW: Duration = Duration::from_millis(50);

/// Time without a new metric after which spare memory is released. It equals the usual aggregation interval, so that
/// regular bursts find their buffers.
const REST_TIME: Duration = Duration::from_secs(10);

/// Time after which larger datagrams are tried again: as long as Linux keeps a learned path MTU
/// (`net.ipv4.route.mtu_expires`).
const REGROW: Duration = Duration::from_secs(600);
