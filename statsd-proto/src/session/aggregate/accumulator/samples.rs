//! The values of a timing, a histogram or a distribution.

use crate::random::Random;
use crate::session::aggregate::Budget;

/// Values, or a fair choice of them: each that was seen is as likely as any other to be among them.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    values: Vec<f64>,
    seen: u64,
    charged: usize,
}

impl Samples {
    /// Adds a value. Returns whether it was taken.
    ///
    /// `max` is `None` for a server that would not make up for what is left out: values are taken only up to
    /// [`UNSAMPLED`], and more go as lines of their own.
    pub(super) fn add(
        &mut self,
        value: f64,
        max: Option<usize>,
        random: &mut Random,
        budget: &Budget,
    ) -> bool {
        // Servers refuse negative ones, or have a meaning of their own for them.
        if !value.is_finite() || value < 0.0 {
            return false;
        }
        let has_room = self.values.len() < self.values.capacity();
        let is_full = self.values.len() >= max.unwrap_or(UNSAMPLED);
        if !is_full && (has_room || self.grow(budget)) {
            self.values.push(value);
            self.seen += 1;
            return true;
        }
        let is_sampled = max.is_some() && !self.values.is_empty();
        if is_sampled {
            self.replace(value, random);
        }
        is_sampled
    }

    /// Counts one more value, which takes the place of another one or not: each of all that were seen is kept with the
    /// same chance.
    fn replace(&mut self, value: f64, random: &mut Random) {
        self.seen += 1;
        let at = usize::try_from(random.below(self.seen));
        if let Some(kept) = at.ok().and_then(|at| self.values.get_mut(at)) {
            *kept = value;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn charged(&self) -> usize {
        self.charged
    }

    /// Takes the values of another one, or a fair choice of all. Both keep their memory.
    pub(super) fn merge(&mut self, other: &mut Self, max: Option<usize>, random: &mut Random) {
        if self.values.is_empty() || self.is_whole() && !other.is_whole() {
            std::mem::swap(self, other);
        }
        let max = max.unwrap_or(usize::MAX);
        if other.is_whole() {
            other.seen = 0;
            for value in other.values.drain(..) {
                if self.values.len() < max && self.is_whole() {
                    self.values.push(value);
                    self.seen += 1;
                } else {
                    self.replace(value, random);
                }
            }
        } else {
            self.merge_choice(other, random);
        }
    }

    /// Takes the place of some values by those of another choice, as many as have the same chance each.
    fn merge_choice(&mut self, other: &mut Self, random: &mut Random) {
        let seen = self.seen + other.seen;
        let mut left = seen;
        for kept in &mut self.values {
            let is_other = random.below(left) < other.seen;
            left -= 1;
            if is_other && !other.values.is_empty() {
                other.seen -= 1;
                let at = random.below(other.values.len() as u64);
                *kept = other.values.swap_remove(usize::try_from(at).unwrap_or(0));
            }
        }
        (self.seen, other.seen) = (seen, 0);
        other.values.clear();
    }

    /// Whether all values that were seen are there.
    fn is_whole(&self) -> bool {
        self.seen == self.values.len() as u64
    }

    /// Gives the values to `take`, with the rate that they stand for. It returns how many of them it has taken, from
    /// the first on; `drain` ends when it takes none.
    pub(crate) fn drain(&mut self, mut take: impl FnMut(&[f64], Option<f64>) -> usize) {
        let kept = self.values.len() as u64;
        let rate = (self.seen > kept).then(|| kept as f64 / self.seen as f64);
        let mut sent = 0;
        while sent < self.values.len() {
            match take(&self.values[sent..], rate) {
                0 => break,
                taken => sent += taken,
            }
        }
        self.values.drain(..sent);
        // What stays stands for as much as it did.
        let left = self.values.len() as f64;
        self.seen = rate.map_or(left, |rate| left / rate).round() as u64;
    }

    #[cold]
    fn grow(&mut self, budget: &Budget) -> bool {
        let more = self.values.capacity().max(LEAST);
        let bytes = more * size_of::<f64>();
        let is_charged = budget.charge(bytes);
        if is_charged {
            self.charged += bytes;
            self.values.reserve_exact(more);
        }
        is_charged
    }
}

/// Values that memory is first taken for.
const LEAST: usize = 4;

/// Number of values that wait for a server that takes no rate on them.
const UNSAMPLED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_of_two_choices_has_the_same_chance() {
        // Ten of forty values are kept, however they came together.
        for (ones, others) in [(40, 0), (5, 35), (20, 20), (35, 5), (12, 28), (8, 32)] {
            let mut times = [0_u32; 40];
            for seed in 0..4000 {
                let mut random = Random::new(seed);
                let (mut one, mut other) = (Samples::default(), Samples::default());
                let budget = Budget::new(usize::MAX);
                for number in 0..ones + others {
                    let to = if number < ones { &mut one } else { &mut other };
                    assert!(to.add(f64::from(number), Some(10), &mut random, &budget));
                }
                one.merge(&mut other, Some(10), &mut random);
                assert_eq!((one.values.len(), one.seen), (10, 40));
                assert_eq!((other.values.len(), other.seen), (0, 0));
                one.values
                    .iter()
                    .for_each(|value| times[*value as usize] += 1);
            }
            // A thousand times each; seven standard deviations are 190.
            let range = 1000 - 190..1000 + 190;
            assert!(
                times.iter().all(|times| range.contains(times)),
                "{ones}: {times:?}"
            );
        }
    }
}
