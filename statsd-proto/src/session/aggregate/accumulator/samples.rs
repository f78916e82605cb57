//! Samples of a timing, a histogram or a distribution.

use crate::random::Random;
use crate::session::aggregate::Budget;

/// Reservoir of values: every recorded value has the same probability to be kept.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    values: Vec<f64>,
    seen: u64,
    charged: usize,
}

impl Samples {
    /// Adds a value. Returns whether it was accepted.
    ///
    /// `max` is the size of the reservoir. `None` stands for servers that ignore a sample rate on this kind: the first
    /// [`UNSAMPLED`] values are kept, and the caller sends the rest as lines of their own.
    pub(super) fn add(
        &mut self,
        value: f64,
        max: Option<usize>,
        random: &mut Random,
        budget: &Budget,
    ) -> bool {
        // Most servers refuse negative values; a few read them as something else.
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

    /// Counts one more value, and replaces a random kept one by it with the probability of reservoir sampling (kept /
    /// seen).
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

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn charged(&self) -> usize {
        self.charged
    }

    /// Merges the values of another reservoir. The result is a fair sample of both. Returns whether no value stays in
    /// the other. Values stay if they may not be sampled and memory is short.
    pub(super) fn merge(
        &mut self,
        other: &mut Self,
        max: Option<usize>,
        random: &mut Random,
        budget: &Budget,
    ) -> bool {
        if self.values.is_empty() || self.is_whole() && !other.is_whole() {
            std::mem::swap(self, other);
        }
        if !other.is_whole() {
            self.merge_choice(other, random);
            return true;
        }
        let mut left = 0;
        for at in 0..other.values.len() {
            let value = other.values[at];
            let may_grow = self.is_whole() && self.values.len() < max.unwrap_or(usize::MAX);
            if may_grow && (self.values.len() < self.values.capacity() || self.grow(budget)) {
                self.values.push(value);
                self.seen += 1;
            } else if max.is_some() {
                self.replace(value, random);
            } else {
                other.values[left] = value;
                left += 1;
            }
        }
        other.values.truncate(left);
        other.seen = left as u64;
        left == 0
    }

    /// Replaces values by values of another reservoir. The number replaced follows the hypergeometric distribution, so
    /// that every value keeps the same probability.
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

    /// Whether every recorded value is kept.
    fn is_whole(&self) -> bool {
        self.seen == self.values.len() as u64
    }

    /// Passes the values and their sample rate to `take`, which returns how many of them it accepted, counted from the
    /// first. `drain` ends when `take` returns 0.
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
        // The remaining values keep their sample rate.
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

/// Capacity of the first allocation, in values.
const LEAST: usize = 4;

/// Maximum values that wait for a server that ignores a sample rate on them.
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
                assert!(one.merge(&mut other, Some(10), &mut random, &budget));
                assert_eq!((one.values.len(), one.seen), (10, 40));
                assert_eq!((other.values.len(), other.seen), (0, 0));
                one.values
                    .iter()
                    .for_each(|value| times[*value as usize] += 1);
            }
            // Expected: 1000 each. 190 is seven standard deviations.
            let range = 1000 - 190..1000 + 190;
            assert!(
                times.iter().all(|times| range.contains(times)),
                "{ones}: {times:?}"
            );
        }
    }
}
