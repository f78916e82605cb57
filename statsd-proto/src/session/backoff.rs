//! The delay before the next attempt: doubling, bounded, with seeded jitter.

use std::time::Duration;

use crate::random::Random;

#[derive(Debug)]
pub(crate) struct Backoff {
    initial: Duration,
    max: Duration,
    /// The next delay before jitter; none after a success.
    next: Option<Duration>,
}

impl Backoff {
    pub(crate) fn new(initial: Duration, max: Duration) -> Self {
        Self {
            initial,
            max,
            next: None,
        }
    }

    /// The delay after one more failure: between half of the nominal one and all of it, so that many
    /// clients of one server do not come back at once.
    pub(crate) fn delay(&mut self, random: &mut Random) -> Duration {
        let nominal = self.next.unwrap_or(self.initial);
        self.next = Some(nominal.saturating_mul(2).min(self.max));
        jittered(nominal, random)
    }

    /// The delay between two attempts that belong together, with the same jitter.
    pub(crate) fn first_delay(&self, random: &mut Random) -> Duration {
        jittered(self.initial, random)
    }

    pub(crate) fn reset(&mut self) {
        self.next = None;
    }
}

fn jittered(nominal: Duration, random: &mut Random) -> Duration {
    nominal.mul_f64(0.5 + 0.5 * random.fraction())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INITIAL: Duration = Duration::from_millis(100);
    const MAX: Duration = Duration::from_secs(1);

    #[test]
    fn delays_double_up_to_the_bound_with_jitter_below() {
        let mut backoff = Backoff::new(INITIAL, MAX);
        let mut random = Random::new(1);
        for nominal in [100, 200, 400, 800, 1000, 1000] {
            let nominal = Duration::from_millis(nominal);
            let delay = backoff.delay(&mut random);
            assert!(
                delay >= nominal / 2 && delay <= nominal,
                "{delay:?} of {nominal:?}"
            );
        }
        backoff.reset();
        assert!(backoff.delay(&mut random) <= INITIAL);
    }

    #[test]
    fn the_same_seed_gives_the_same_delays() {
        let delays = |seed| {
            let (mut backoff, mut random) = (Backoff::new(INITIAL, MAX), Random::new(seed));
            [(); 5].map(|()| backoff.delay(&mut random))
        };
        assert_eq!(delays(7), delays(7));
        assert_ne!(delays(7), delays(8));
    }
}
