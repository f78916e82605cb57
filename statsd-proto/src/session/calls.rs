//! Counts of calls that record a value, by what they record.

use crate::metric::{Class, Kind};

/// Number of calls of each class.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Calls([u64; CLASSES]);

impl Calls {
    /// Counts one call, if it `is_done`. Without a branch, since it is on the fast path.
    #[inline(always)]
    pub(crate) fn count(&mut self, class: Class, is_done: bool) {
        self.0[index(class)] += u64::from(is_done);
    }

    /// Adds calls that were counted elsewhere.
    pub(crate) fn add(&mut self, class: Class, calls: u64) {
        self.0[index(class)] += calls;
    }

    pub(crate) fn add_all(&mut self, other: Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    pub(crate) fn of(&self, class: Class) -> u64 {
        self.0[index(class)]
    }
}

#[inline(always)]
fn index(class: Class) -> usize {
    match class {
        Class::Metric(kind) => kind as usize,
        Class::Event => EVENT,
        Class::ServiceCheck => EVENT + 1,
        Class::Other => EVENT + 2,
    }
}

/// Index of the first class after the kinds.
const EVENT: usize = Kind::ALL.len();
const CLASSES: usize = EVENT + 3;
