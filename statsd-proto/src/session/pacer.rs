//! How fast datagrams may leave: a token bucket, so that a burst does not overrun the receiver.

use std::time::{Duration, Instant};

use crate::config::Pace;

#[derive(Debug)]
pub(crate) struct Pacer {
    pace: Option<Pace>,
    /// The rate that is configured.
    rate: u64,
    /// Bytes that may leave at once. A datagram larger than the whole bucket takes it below zero.
    tokens: i64,
    /// There were not enough tokens the last time.
    is_dry: bool,
    /// When the tokens were last counted; none before the first poll, and between a write and the next.
    counted_at: Option<Instant>,
}

impl Pacer {
    pub(crate) fn new(pace: Option<Pace>) -> Self {
        let tokens = pace.map_or(0, |pace| as_tokens(pace.burst));
        Self {
            pace,
            rate: pace.map_or(0, |pace| pace.rate),
            tokens,
            is_dry: false,
            counted_at: None,
        }
    }

    /// Raises the rate, within bounds, so that `bytes` leave within `time`.
    pub(crate) fn hurry(&mut self, bytes: usize, time: Duration) {
        if let Some(pace) = &mut self.pace {
            let wanted = bytes as f64 / time.as_secs_f64();
            let most = self.rate.saturating_mul(Pace::MAX_CLOSING_FACTOR);
            // What is beyond all numbers, or none, is beyond the bound as well.
            pace.rate = pace.rate.max((wanted as u64).min(most));
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

    /// Whether it is what holds datagrams back.
    pub(crate) fn is_dry(&self) -> bool {
        self.is_dry
    }

    /// Takes what was written off the bucket, which has gained nothing while the write took its time.
    pub(crate) fn spend(&mut self, bytes: usize) {
        if self.pace.is_some() {
            self.tokens = self.tokens.saturating_sub(as_tokens(bytes));
            self.counted_at = None;
        }
    }

    /// Starts to count again after a write; to be called with the first time known after it.
    pub(crate) fn resume(&mut self, now: Instant) {
        self.counted_at.get_or_insert(now);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::origin;

    const PACE: Pace = Pace {
        burst: 1000,
        rate: 100,
    };
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn without_a_pace_everything_leaves_at_once() {
        let mut pacer = Pacer::new(None);
        for _ in 0..10 {
            assert_eq!(pacer.allow(origin(), usize::MAX, 1), Ok(usize::MAX));
            pacer.spend(usize::MAX);
        }
    }

    #[test]
    fn a_rested_bucket_gives_one_burst() {
        let start = origin();
        let mut pacer = Pacer::new(Some(PACE));
        assert_eq!(pacer.allow(start, 600, 10), Ok(600));
        pacer.spend(600);
        assert_eq!(pacer.allow(start, 600, 10), Ok(400));
        pacer.spend(390);
        assert_eq!(pacer.allow(start, 600, 10), Ok(10));
        pacer.spend(10);
        pacer.resume(start);
        // However long it rests, it does not grow.
        let later = start + SECOND * 3600;
        assert_eq!(pacer.allow(later, 5000, 10), Ok(1000));
    }

    #[test]
    fn a_dry_bucket_waits_for_a_quarter_or_for_all_that_is_wanted() {
        for (wanted, least, seconds_tenths, allowed) in [
            (5000, 10, 25, 250),
            (100, 10, 10, 100),
            (5000, 300, 30, 300),
            (5000, 5000, 100, 1000),
        ] {
            let start = origin();
            let mut pacer = Pacer::new(Some(PACE));
            pacer.spend(1000);
            let until = start + SECOND / 10 * seconds_tenths;
            assert_eq!(pacer.allow(start, wanted, least), Err(until));
            let before = until - SECOND / 10;
            assert_eq!(pacer.allow(before, wanted, least), Err(until));
            assert_eq!(pacer.allow(until, wanted, least), Ok(allowed));
        }
    }

    #[test]
    fn what_cannot_be_split_waits_until_it_fits() {
        let start = origin();
        let mut pacer = Pacer::new(Some(PACE));
        pacer.spend(700);
        assert_eq!(pacer.allow(start, 900, 301), Err(start + SECOND / 100));
        assert_eq!(pacer.allow(start + SECOND / 100, 900, 301), Ok(301));
    }

    #[test]
    fn a_datagram_larger_than_the_bucket_leaves_and_is_paid_for_later() {
        let start = origin();
        let mut pacer = Pacer::new(Some(PACE));
        assert_eq!(pacer.allow(start, 3000, 3000), Ok(1000));
        pacer.spend(3000);
        let paid = start + SECOND * 30;
        assert_eq!(pacer.allow(start, 3000, 3000), Err(paid));
        assert_eq!(pacer.allow(paid, 3000, 3000), Ok(1000));
    }

    #[test]
    fn time_that_runs_backwards_gives_nothing_and_takes_nothing() {
        let start = origin();
        let mut pacer = Pacer::new(Some(PACE));
        let now = start + SECOND * 10;
        assert_eq!(pacer.allow(now, 1000, 1), Ok(1000));
        pacer.spend(1000);
        assert_eq!(pacer.allow(start, 100, 1), Err(start + SECOND));
        assert_eq!(pacer.allow(now + SECOND, 100, 1), Ok(100));
    }

    #[test]
    fn in_a_hurry_the_rate_rises_to_what_is_needed_up_to_its_bound() {
        for (bytes, seconds, rate) in [
            (0, 5, 100),
            (500, 5, 100),
            (1000, 5, 200),
            (1_000_000, 5, 400),
            (1000, 0, 400),
            (0, 0, 100),
        ] {
            let mut pacer = Pacer::new(Some(PACE));
            pacer.hurry(bytes, SECOND * seconds);
            // It never falls back.
            pacer.hurry(0, SECOND);
            pacer.spend(1000);
            let until = origin() + SECOND.mul_f64(250.0 / f64::from(rate));
            let start = until - SECOND.mul_f64(250.0 / f64::from(rate));
            assert_eq!(
                pacer.allow(start, 5000, 10),
                Err(until),
                "{bytes} in {seconds} s"
            );
        }
        let mut pacer = Pacer::new(None);
        pacer.hurry(1000, SECOND);
        assert_eq!(pacer.allow(origin(), 5000, 1), Ok(5000));
    }

    #[test]
    fn the_smallest_and_the_largest_pace_work() {
        let start = origin();
        let mut slow = Pacer::new(Some(Pace { burst: 1, rate: 1 }));
        slow.spend(1);
        assert_eq!(slow.allow(start, 1, 1), Err(start + SECOND));
        let mut fast = Pacer::new(Some(Pace {
            burst: usize::MAX,
            rate: u64::MAX,
        }));
        assert_eq!(fast.allow(start, 65_507, 1), Ok(65_507));
        fast.spend(65_507);
        assert_eq!(fast.allow(start + SECOND * 3600, 65_507, 1), Ok(65_507));
    }

    proptest! {
        #[test]
        fn no_more_leaves_than_the_burst_and_the_rate_allow(
            burst in 1..5000_usize,
            rate in 1..10_000_000_u64,
            steps in prop::collection::vec((0..50_000_000_u64, 1..3000_usize, 1..2000_usize), 1..100),
        ) {
            let start = origin();
            let mut now = start;
            let mut pacer = Pacer::new(Some(Pace { burst, rate }));
            let (mut left, mut largest) = (0, 0);
            for (nanoseconds, wanted, least) in steps {
                let least = least.min(wanted);
                now += Duration::from_nanos(nanoseconds);
                let allowed = match pacer.allow(now, wanted, least) {
                    Ok(allowed) => allowed,
                    Err(until) => {
                        prop_assert!(until > now);
                        now = until;
                        let allowed = pacer.allow(now, wanted, least);
                        allowed.expect("waiting as long as told is enough")
                    }
                };
                prop_assert!(least.min(burst) <= allowed && allowed <= wanted);
                let spent = allowed.max(least);
                pacer.spend(spent);
                left += spent as u128;
                largest = largest.max(least.saturating_sub(burst) as u128);
                let gained = u128::from(rate) * (now - start).as_nanos() / u128::from(NANOS);
                prop_assert!(left <= burst as u128 + gained + largest, "{} in {:?}", left, now - start);
            }
        }
    }
}
