//! How lines leave while the link is up, and what comes back when it breaks.

use std::time::{Duration, Instant};

use super::{ANY, Core};
use crate::session::failure::{Failure, FailureKind};
use crate::session::in_flight::Progress;
use crate::session::instruction::Output;
use crate::session::payload::Payload;
use crate::session::telemetry::Reporter;

impl Core {
    /// The link is up: sends what may leave now.
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
        self.tell(now);
        let has_work = self.queue.lines() > 0 && self.in_flight.remaining().is_none();
        if has_work && !self.is_closed() {
            if let Some(resolve) = self.link.poll_lookup(now) {
                return Output::Resolve(resolve);
            }
        }
        if has_work && self.link.is_outdated() && !self.is_closed() {
            // A socket that is closed no longer hears that its last datagram was refused.
            if let Some(until) = self.in_flight.unconfirmed_until(now + REFUSAL_WINDOW) {
                return self.wait(until);
            }
            // Nor what became of its last bytes.
            if let Some((since, until)) = self.in_flight.schedule_ack_check(now) {
                return if now < since + self.write_timeout {
                    self.wait(until)
                } else {
                    self.give_up()
                };
            }
            self.link.renew();
            return Output::Disconnect;
        }
        let Some(remaining) = self.load() else {
            return self.wait_for_lines();
        };
        let Some(segment) = self.in_flight.datagram_size() else {
            return Output::Transmit(self.in_flight.transmit(remaining));
        };
        let wanted = if self.is_probing {
            segment.min(remaining)
        } else {
            remaining
        };
        match self.pacer.allow(now, wanted, segment.min(wanted)) {
            Ok(allowed) => {
                // Whole datagrams, of which the last of a payload may be short.
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

    /// Makes sure that a payload is in flight, if one may leave. Returns what remains of it.
    fn load(&mut self) -> Option<usize> {
        if let Some(remaining) = self.in_flight.remaining() {
            return Some(remaining);
        }
        let first_open = self.stats.accepted - self.queue.tail_lines() as u64;
        // The flush interval saves writes. It is not worth refusing metrics for.
        let is_due = self.flusher.through() > first_open || !self.has_room();
        let payload = self.queue.pop(is_due)?;
        self.flight_end = self.stats.accepted - self.queue.lines() as u64;
        self.in_flight.load(payload);
        self.in_flight.remaining()
    }

    /// Waits for the flush deadline, and for as many lines as are worth waking up for.
    fn wait_for_lines(&mut self) -> Output {
        let flush = self.flusher.deadline();
        self.wake_threshold = match flush {
            Some(_) => Some(self.queue.high_water()),
            None => Some(ANY),
        };
        let rest = self.next_rest(flush.is_none());
        let settled = self.completed();
        let awaits = |reporter: &Reporter| reporter.awaits(settled);
        let is_awaited = self.is_closed()
            || settled < self.flush_target
            || !self.has_room()
            || self.reporter.as_deref().is_some_and(awaits);
        let unconfirmed = match self.now {
            Some(now) if is_awaited => self.in_flight.unconfirmed_until(now + REFUSAL_WINDOW),
            Some(_) | None => None,
        };
        // Something may have come since all that is outside was brought in for this poll.
        let wants_more = |now| self.wants_lines(now) || self.wants_aggregates(now);
        self.wants_poll |= self.now.is_some_and(wants_more);
        let look = self.next_look();
        self.wait_until(&[
            flush,
            unconfirmed,
            look,
            rest,
            self.next_drain(),
            self.next_telling(),
        ])
    }

    /// When to give memory back that only a flow needs. `None` while there is a flow, or nothing to give back.
    fn next_rest(&mut self, is_idle: bool) -> Option<Instant> {
        let now = self.now.filter(|_| is_idle && self.has_spare_memory())?;
        Some(*self.rest_at.get_or_insert(now + REST))
    }

    /// When to look whether the rest is acknowledged; none if nobody waits for that.
    fn next_look(&mut self) -> Option<Instant> {
        let is_awaited = self.is_closed() || !self.has_room();
        let now = self.now.filter(|_| is_awaited)?;
        self.in_flight
            .schedule_ack_check(now)
            .map(|(_, until)| until)
    }

    /// Lets all that is pending leave within this time, if the pace may be raised so far.
    pub(super) fn hurry(&mut self, time: Duration) {
        let pending = self.queue.bytes() + self.in_flight.outside().0;
        // After the last datagram a refusal may come, and be answered.
        self.pacer
            .hurry(pending, time.saturating_sub(REFUSAL_WINDOW * 2));
    }

    /// Takes silence for consent to the last datagram, once it has lasted.
    pub(super) fn confirm(&mut self, now: Instant) {
        let until = self.in_flight.unconfirmed_until(now + REFUSAL_WINDOW);
        if until.is_some_and(|until| now >= until) {
            self.is_probing = false;
            let progress = self.in_flight.confirm();
            self.on_progress(progress);
            // There is room for a round now, and nothing else may ever ask.
            self.update_in_flight();
        }
    }

    pub(super) fn on_written(&mut self, bytes: usize) {
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

    /// Of all that was written to the stream, so much at its end is not acknowledged.
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

    /// The kernel will not send the first datagram: its lines go in smaller ones, or in the end not at all.
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

/// How long a refusal of a datagram may take to come back: many round trips within a data centre.
const REFUSAL_WINDOW: Duration = Duration::from_millis(50);

/// How long nothing is recorded until memory is given back: as long as the usual aggregation interval, so that regular
/// bursts find it there.
const REST: Duration = Duration::from_secs(10);

/// How long Linux keeps what it has learned of a path (`net.ipv4.route.mtu_expires`): after that a larger datagram may
/// pass.
const REGROW: Duration = Duration::from_secs(600);
