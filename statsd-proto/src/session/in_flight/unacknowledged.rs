//! Retransmit buffer: payloads of a stream that the peer's kernel has not acknowledged.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::session::payload::Payload;

/// Payloads that were sent to the last byte and of which the server's kernel has not acknowledged every byte, the
/// oldest first.
#[derive(Debug, Default)]
pub(super) struct Unacknowledged {
    payloads: VecDeque<Payload>,
    /// Number of acknowledged bytes of the first payload.
    acknowledged: usize,
    /// Number of unacknowledged bytes in all payloads.
    bytes: usize,
    /// Number of lines that are not acknowledged whole.
    lines: usize,
    ack_check: Option<AckCheck>,
}

/// Wait for acknowledgements: at the end, before the connection is replaced, or while the queue is filling.
#[derive(Clone, Copy, Debug)]
struct AckCheck {
    since: Instant,
    until: Instant,
}

impl Unacknowledged {
    /// Adds a payload of which the first `acknowledged` bytes are acknowledged. Only the first payload may have such
    /// bytes.
    pub(super) fn push(&mut self, payload: Payload, acknowledged: usize) {
        if acknowledged == payload.data.len() {
            return;
        }
        if self.payloads.is_empty() {
            self.acknowledged = acknowledged;
        }
        self.bytes += payload.data.len() - acknowledged;
        self.lines += payload.count_lines(acknowledged..payload.data.len());
        self.payloads.push_back(payload);
    }

    /// Handles a report that all but the last `bytes` bytes are acknowledged. Passes payloads that are acknowledged
    /// whole to `free`.
    pub(super) fn keep(&mut self, bytes: usize, mut free: impl FnMut(Payload)) {
        if bytes >= self.bytes {
            return;
        }
        let mut more = self.bytes - bytes;
        (self.bytes, self.ack_check) = (bytes, None);
        while let Some(first) = self.payloads.pop_front() {
            let len = first.data.len();
            let end = len.min(self.acknowledged + more);
            more -= end - self.acknowledged;
            self.lines -= first.count_lines(self.acknowledged..end);
            if end < len {
                self.acknowledged = end;
                self.payloads.push_front(first);
                return;
            }
            self.acknowledged = 0;
            free(first);
        }
    }

    /// Takes everything that has to be resent, the newest payload first.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Payload> + use<> {
        let Self {
            mut payloads,
            acknowledged,
            ..
        } = std::mem::take(self);
        let first = payloads.pop_front();
        let first = first.and_then(|first| first.unfinished(acknowledged));
        payloads.into_iter().rev().chain(first)
    }

    /// Number of bytes that would be resent. A line that is acknowledged in part counts whole.
    pub(super) fn bytes(&self) -> usize {
        let torn = self.payloads.front().map_or(0, |first| {
            self.acknowledged - first.unfinished_at(self.acknowledged)
        });
        self.bytes + torn
    }

    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    /// Start of the wait for acknowledgements, and time of the next check. The time between checks is a quarter of the
    /// wait so far. `None` if everything is acknowledged.
    pub(super) fn schedule_ack_check(&mut self, now: Instant) -> Option<(Instant, Instant)> {
        if self.payloads.is_empty() {
            return None;
        }
        let ack_check = self.ack_check.get_or_insert(AckCheck {
            since: now,
            until: now + MIN_ACK_CHECK,
        });
        if now >= ack_check.until {
            let wait = (now - ack_check.since) / 4;
            ack_check.until = now + wait.clamp(MIN_ACK_CHECK, MAX_ACK_CHECK);
        }
        Some((ack_check.since, ack_check.until))
    }
}

/// Shortest time between two checks: about the round trip within a data centre.
const MIN_ACK_CHECK: Duration = Duration::from_millis(1);

/// Longest time between two checks. A server that acknowledges nothing for seconds has stopped reading, and may take
/// long to resume.
const MAX_ACK_CHECK: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_begins_with_a_line_and_is_counted_to_the_byte() {
        for unacknowledged in 0..=TEXT.len() {
            let (mut buffer, mut freed) = (Unacknowledged::default(), 0);
            for text in ["aaa\nb\n", "cc\n", "dddd\ne\n"] {
                buffer.push(payload(text), 0);
            }
            buffer.keep(unacknowledged, |payload| freed += payload.data.len());
            let (bytes, lines) = (buffer.bytes(), buffer.lines());
            let payloads = buffer.take().collect::<Vec<_>>();
            let text = payloads.iter().rev().flat_map(|payload| &payload.data);
            let text = String::from_utf8(text.copied().collect()).unwrap();
            let safe = TEXT.len() - unacknowledged;
            let start = TEXT[..safe].rfind('\n').map_or(0, |end| end + 1);
            assert_eq!(text, TEXT[start..]);
            assert_eq!((bytes, lines), (text.len(), text.matches('\n').count()));
            let counted = payloads.iter().map(|payload| payload.lines);
            assert_eq!(lines, counted.sum::<usize>());
            assert!(freed <= safe);
            assert_eq!((buffer.bytes(), buffer.lines()), (0, 0));
        }
    }

    #[test]
    fn acknowledged_lines_stay_acknowledged_after_any_later_report() {
        let mut buffer = Unacknowledged::default();
        buffer.push(payload("aa\nbb\n"), 3);
        assert_eq!((buffer.bytes(), buffer.lines()), (3, 1));
        for (unacknowledged, left) in [(6, 3), (usize::MAX, 3), (1, 3), (2, 3), (0, 0), (1, 0)] {
            buffer.keep(unacknowledged, |_| ());
            assert_eq!(buffer.bytes(), left, "{unacknowledged}");
        }
    }

    #[test]
    fn looks_come_less_and_less_often_down_to_a_bound() {
        let start = crate::testing::origin();
        let mut buffer = Unacknowledged::default();
        assert_eq!(buffer.schedule_ack_check(start), None);
        buffer.push(payload("a\n"), 0);
        let mut now = start;
        let mut waits = Vec::new();
        for _ in 0..60 {
            let (since, next) = buffer.schedule_ack_check(now).unwrap();
            assert_eq!(buffer.schedule_ack_check(now), Some((since, next)));
            assert_eq!(since, start);
            waits.push((next - now).as_millis());
            now = next;
        }
        assert!(waits.is_sorted());
        assert_eq!((waits[..5].to_vec(), waits[59]), (vec![1; 5], 1000));
        assert!(now > start + Duration::from_secs(25));
        buffer.keep(1, |_| ());
        assert_eq!(
            buffer.schedule_ack_check(now),
            Some((now, now + MIN_ACK_CHECK))
        );
    }

    const TEXT: &str = "aaa\nb\ncc\ndddd\ne\n";

    fn payload(text: &'static str) -> Payload {
        Payload {
            data: text.into(),
            segment: None,
            header: 0,
            keeps_break: false,
            is_stream: true,
            joins: Default::default(),
            waste: 0,
            lines: text.matches('\n').count(),
        }
    }
}
