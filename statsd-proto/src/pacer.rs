//! How fast datagrams may leave: a token bucket, so that a burst does not overrun the receiver.

use std::time::{Duration, Instant};

use crate::config::Pace;

#[derive(Debug)]
pub(crate) struct Pacer {
    pace: Option<Pace>,
    /// Bytes that may leave at once. A datagram larger than the whole bucket takes it below zero.
    tokens: i64,
    /// When the tokens were last counted; none before the first poll.
    counted_at: Option<Instant>,
}

impl Pacer {
    pub(crate) fn new(pace: Option<Pace>) -> Self {
        let tokens = pace.map_or(0, |pace| as_tokens(pace.burst));
        Self {
            pace,
            tokens,
            counted_at: None,
        }
    }

    /// How many of `wanted` bytes may leave now, or when to ask again.
    pub(crate) fn allow(&mut self, now: Instant, wanted: usize) -> Result<usize, Instant> {
        let Some(pace) = self.pace else {
            return Ok(wanted);
        };
        self.refill(now, pace);
        // A few datagrams at a time: waking up for each would cost more than sending it.
        let enough = as_tokens(wanted.min(pace.burst / 4)).max(1);
        if self.tokens >= enough {
            return Ok(wanted.min(usize::try_from(self.tokens).unwrap_or(0)));
        }
        let missing = (enough - self.tokens) as u64;
        let nanoseconds = missing.saturating_mul(NANOS).div_ceil(pace.rate);
        Err(now + Duration::from_nanos(nanoseconds.max(1)))
    }

    pub(crate) fn spend(&mut self, bytes: usize) {
        if self.pace.is_some() {
            self.tokens = self.tokens.saturating_sub(as_tokens(bytes));
        }
    }

    fn refill(&mut self, now: Instant, pace: Pace) {
        let since = now.saturating_duration_since(*self.counted_at.get_or_insert(now));
        let gained = u128::from(pace.rate) * since.as_nanos() / u128::from(NANOS);
        if gained == 0 {
            return;
        }
        // The fraction of a byte that is lost here delays, and never exceeds, the rate.
        self.counted_at = Some(now);
        let gained = i64::try_from(gained).unwrap_or(i64::MAX);
        self.tokens = self
            .tokens
            .saturating_add(gained)
            .min(as_tokens(pace.burst));
    }
}

const NANOS: u64 = 1_000_000_000;

fn as_tokens(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
