//! The values of a timing, a histogram or a distribution.

use crate::aggregate::Budget;
use crate::random::Random;

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
        let is_full = self.values.len() >= max.unwrap_or(UNSAMPLED);
        if !is_full && (self.values.len() < self.values.capacity() || self.grow(budget)) {
            self.values.push(value);
        } else if max.is_some() && !self.values.is_empty() {
            // Each of the first `seen` is now kept with the same chance.
            let at = random.below(self.seen + 1);
            if let Some(kept) = usize::try_from(at)
                .ok()
                .and_then(|at| self.values.get_mut(at))
            {
                *kept = value;
            }
        } else {
            return false;
        }
        self.seen += 1;
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn charged(&self) -> usize {
        self.charged
    }

    /// Takes the values of another one, or a fair choice of all.
    pub(super) fn merge(&mut self, other: &mut Self, max: Option<usize>, random: &mut Random) {
        if self.values.is_empty() {
            // Both keep their memory.
            return std::mem::swap(self, other);
        }
        let seen = self.seen + other.seen;
        self.charged += other.charged;
        other.charged = 0;
        let max = max
            .unwrap_or(usize::MAX)
            .min(self.values.len() + other.values.len());
        if self.seen > self.values.len() as u64
            || other.seen > other.values.len() as u64
            || seen > max as u64
        {
            let own = std::mem::take(&mut self.values);
            self.values = choose(
                own,
                self.seen,
                std::mem::take(&mut other.values),
                other.seen,
                max,
                random,
            );
        } else {
            self.values.append(&mut other.values);
        }
        (self.seen, other.seen) = (seen, 0);
        other.values = Vec::new();
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

/// Chooses `max` of the values of two choices, each of which stands for so many that were seen.
fn choose(
    mut one: Vec<f64>,
    mut one_seen: u64,
    mut other: Vec<f64>,
    mut other_seen: u64,
    max: usize,
    random: &mut Random,
) -> Vec<f64> {
    let mut chosen = Vec::with_capacity(max);
    while chosen.len() < max && !(one.is_empty() && other.is_empty()) {
        let is_one = random.below(one_seen + other_seen) < one_seen;
        let (from, seen) = if is_one && !one.is_empty() || other.is_empty() {
            (&mut one, &mut one_seen)
        } else {
            (&mut other, &mut other_seen)
        };
        let at = random.below(from.len() as u64);
        chosen.push(from.swap_remove(usize::try_from(at).unwrap_or(0)));
        *seen = seen.saturating_sub(1).max(u64::from(!from.is_empty()));
    }
    chosen
}

/// Values that memory is first taken for.
const LEAST: usize = 4;

/// Number of values that wait for a server that takes no rate on them.
const UNSAMPLED: usize = 64;
