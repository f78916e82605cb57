//! How often something may be reported.

use std::time::{Duration, Instant};

/// Lets one report through, then none for a while that doubles as long as they keep coming.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    quiet: Option<(Instant, Duration)>,
}

impl Throttle {
    const FIRST: Duration = Duration::from_secs(10);
    const LONGEST: Duration = Duration::from_secs(600);

    /// Whether this may be reported now.
    pub(super) fn admit(&mut self, now: Instant) -> bool {
        let silence = match self.quiet {
            Some((until, _)) if now < until => return false,
            Some((until, silence)) if now < until + silence => (silence * 2).min(Self::LONGEST),
            Some(_) | None => Self::FIRST,
        };
        self.quiet = Some((now + silence, silence));
        true
    }

    /// When the next report is let through, or `None` if at once.
    pub(super) fn until(&self) -> Option<Instant> {
        self.quiet.map(|(until, _)| until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::origin;

    #[test]
    fn a_day_of_trouble_is_reported_in_few_words() {
        let start = origin();
        let mut throttle = Throttle::default();
        let mut admitted = (0..86_400_u64)
            .filter(|second| throttle.admit(start + Duration::from_secs(*second)))
            .collect::<Vec<_>>();
        assert!(admitted.len() < 160, "{}", admitted.len());
        admitted.truncate(4);
        assert_eq!(admitted, [0, 10, 30, 70]);
    }

    #[test]
    fn after_a_quiet_time_the_next_is_reported_at_once() {
        let start = origin();
        let mut throttle = Throttle::default();
        let at = |seconds| start + Duration::from_secs(seconds);
        for (second, is_admitted) in [(0, true), (1, false), (60, true), (69, false), (70, true)] {
            assert_eq!(throttle.admit(at(second)), is_admitted, "{second}");
        }
    }
}
