//! How fast datagrams may leave: a token bucket, so that a burst does not overrun the receiver.

use std::time::{Duration, Instant};

use crate::config::Pace;

#[derive(Debug)]
pub(crate) struct Pacer {
    pace: Option<Pace>,
    /// Bytes that may leave at once. A datagram larger than the whole bucket takes it below zero.
    tokens: i64,
    /// There were not enough tokens the last time.
    is_dry: bool,
    /// When the tokens were last counted; none before the first poll.
    counted_at: Option<Instant>,
}

impl Pacer {
    pub(crate) fn new(pace: Option<Pace>) -> Self {
        let tokens = pace.map_or(0, |pace| as_tokens(pace.burst));
        Self {
            pace,
            tokens,
            is_dry: false,
            counted_at: None,
        }
    }

    /// How many of `wanted` bytes may leave now, or when to ask again. `least` is what cannot be split.
    pub(crate) fn allow(
        &mut self,
        now: Instant,
        wanted: usize,
        least: usize,
    ) -> Result<usize, Instant> {
        let Some(pace) = self.pace else {
            return Ok(wanted);
        };
        self.refill(now, pace);
        let least = as_tokens(least.min(pace.burst));
        // Once dry, it gathers a few datagrams: waking up for each would cost more than sending it.
        let gathered = as_tokens(wanted.min(pace.burst / 4)).max(least);
        let enough = if self.is_dry { gathered } else { least };
        self.is_dry = self.tokens < enough;
        if !self.is_dry {
            return Ok(wanted.min(usize::try_from(self.tokens).unwrap_or(0)));
        }
        let missing = u64::try_from(gathered - self.tokens).unwrap_or(u64::MAX);
        let nanoseconds = missing.saturating_mul(NANOS).div_ceil(pace.rate);
        Err(now + Duration::from_nanos(nanoseconds))
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
