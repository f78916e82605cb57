//! What left on a stream and the peer's kernel has not acknowledged, as far as the driver tells.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::session::payload::Payload;

/// The payloads that left whole, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Unacknowledged {
    payloads: VecDeque<Payload>,
    /// How many bytes of the first one are acknowledged.
    acknowledged: usize,
    /// The bytes of all that are not.
    bytes: usize,
    /// The lines of all that are not acknowledged whole.
    lines: usize,
    looking: Option<Looking>,
}

/// Somebody waits for the rest to be acknowledged.
#[derive(Clone, Copy, Debug)]
struct Looking {
    since: Instant,
    until: Instant,
}

impl Unacknowledged {
    /// Adds a payload, of which this much is acknowledged already: none, unless it is the only one.
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

    /// All but the last `bytes` are acknowledged. Gives back the payloads that are so whole.
    pub(super) fn keep(&mut self, bytes: usize, mut free: impl FnMut(Payload)) {
        if bytes >= self.bytes {
            return;
        }
        let mut more = self.bytes - bytes;
        (self.bytes, self.looking) = (bytes, None);
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

    /// Takes all that is to be sent again, the last first.
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

    /// The bytes that would be sent again, with those of a line that is acknowledged in part.
    pub(super) fn bytes(&self) -> usize {
        let torn = self.payloads.front().map_or(0, |first| {
            self.acknowledged - first.unfinished_at(self.acknowledged)
        });
        self.bytes + torn
    }

    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    /// Since when somebody waits for the rest to be acknowledged, and when to look again: after a quarter of
    /// what that has lasted. None if there is no rest.
    pub(super) fn schedule_ack_check(&mut self, now: Instant) -> Option<(Instant, Instant)> {
        if self.payloads.is_empty() {
            return None;
        }
        let looking = self.looking.get_or_insert(Looking {
            since: now,
            until: now + FIRST_LOOK,
        });
        if now >= looking.until {
            let wait = (now - looking.since) / 4;
            looking.until = now + wait.clamp(FIRST_LOOK, LONGEST_LOOK);
        }
        Some((looking.since, looking.until))
    }
}

/// The round trip within a data centre.
const FIRST_LOOK: Duration = Duration::from_millis(1);

/// A server that takes so long has stopped reading, and may do so for a while.
const LONGEST_LOOK: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_begins_with_a_line_and_is_counted_to_the_byte() {
        for unacknowledged in 0..=TEXT.len() {
            let (mut trail, mut freed) = (Unacknowledged::default(), 0);
            for text in ["aaa\nb\n", "cc\n", "dddd\ne\n"] {
                trail.push(payload(text), 0);
            }
            trail.keep(unacknowledged, |payload| freed += payload.data.len());
            let (bytes, lines) = (trail.bytes(), trail.lines());
            let payloads = trail.take().collect::<Vec<_>>();
            let text = payloads.iter().rev().flat_map(|payload| &payload.data);
            let text = String::from_utf8(text.copied().collect()).unwrap();
            let safe = TEXT.len() - unacknowledged;
            let start = TEXT[..safe].rfind('\n').map_or(0, |end| end + 1);
            assert_eq!(text, TEXT[start..]);
            assert_eq!((bytes, lines), (text.len(), text.matches('\n').count()));
            let counted = payloads.iter().map(|payload| payload.lines);
            assert_eq!(lines, counted.sum::<usize>());
            assert!(freed <= safe);
            assert_eq!((trail.bytes(), trail.lines()), (0, 0));
        }
    }

    #[test]
    fn what_was_acknowledged_stays_so_whatever_is_told_later() {
        let mut trail = Unacknowledged::default();
        trail.push(payload("aa\nbb\n"), 3);
        assert_eq!((trail.bytes(), trail.lines()), (3, 1));
        for (told, left) in [(6, 3), (usize::MAX, 3), (1, 3), (2, 3), (0, 0), (1, 0)] {
            trail.keep(told, |_| ());
            assert_eq!(trail.bytes(), left, "{told}");
        }
    }

    #[test]
    fn looks_come_less_and_less_often_down_to_a_bound() {
        let start = crate::testing::origin();
        let mut trail = Unacknowledged::default();
        assert_eq!(trail.schedule_ack_check(start), None);
        trail.push(payload("a\n"), 0);
        let mut now = start;
        let mut waits = Vec::new();
        for _ in 0..60 {
            let (since, next) = trail.schedule_ack_check(now).unwrap();
            assert_eq!(trail.schedule_ack_check(now), Some((since, next)));
            assert_eq!(since, start);
            waits.push((next - now).as_millis());
            now = next;
        }
        assert!(waits.is_sorted());
        assert_eq!((waits[..5].to_vec(), waits[59]), (vec![1; 5], 1000));
        assert!(now > start + Duration::from_secs(25));
        trail.keep(1, |_| ());
        assert_eq!(trail.schedule_ack_check(now), Some((now, now + FIRST_LOOK)));
    }

    const TEXT: &str = "aaa\nb\ncc\ndddd\ne\n";

    fn payload(text: &'static str) -> Payload {
        Payload {
            data: text.into(),
            segment: None,
            header: 0,
            keeps_break: false,
            joins: Default::default(),
            waste: 0,
            lines: text.matches('\n').count(),
        }
    }
}
