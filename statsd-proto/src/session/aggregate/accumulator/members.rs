//! Distinct members of a set.

use std::collections::HashSet;
use std::sync::Arc;

use crate::session::aggregate::Budget;

/// Distinct members, in the order of first insertion.
#[derive(Debug, Default)]
pub(crate) struct Members {
    members: Vec<Arc<str>>,
    /// The same members.
    index: HashSet<Arc<str>>,
    charged: usize,
}

impl Members {
    /// Adds a member. Returns `false` if a limit or the memory budget refuses it.
    pub(super) fn add(&mut self, member: &str, budget: &Budget) -> bool {
        if self.contains(member) {
            return true;
        }
        let bytes = cost(member);
        let fits =
            !member.is_empty() && member.len() <= MAX_MEMBER && self.members.len() < MAX_MEMBERS;
        if !fits || !budget.charge(bytes) {
            return false;
        }
        self.charged += bytes;
        self.insert(member.into());
        true
    }

    pub(crate) fn contains(&self, member: &str) -> bool {
        self.index.contains(member)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn charged(&self) -> usize {
        self.charged
    }

    /// Moves the members of another set into this one, without duplicates.
    pub(super) fn merge(&mut self, other: &mut Self, budget: &Budget) {
        if self.is_empty() {
            return std::mem::swap(self, other);
        }
        other.charged = 0;
        other.index.clear();
        for member in other.members.drain(..) {
            let bytes = cost(&member);
            if self.contains(&member) {
                budget.release(bytes);
            } else {
                self.charged += bytes;
                self.insert(member);
            }
        }
    }

    /// Passes members to `take` in order until it returns `false`. Accepted members are removed.
    pub(crate) fn drain(&mut self, budget: &Budget, mut take: impl FnMut(&str) -> bool) {
        let taken = self.members.iter().take_while(|member| take(member));
        let (count, bytes) = taken.fold((0, 0), |(count, bytes), member| {
            (count + 1, bytes + cost(member))
        });
        self.charged -= bytes;
        budget.release(bytes);
        for member in self.members.drain(..count) {
            self.index.remove(&member);
        }
    }

    fn insert(&mut self, member: Arc<str>) {
        self.index.insert(Arc::clone(&member));
        self.members.push(member);
    }
}

/// Memory of a member in bytes.
fn cost(member: &str) -> usize {
    member.len() + MEMBER_OVERHEAD
}

/// Maximum members of an accumulator, and maximum bytes of a member. A member beyond either is sent as a line of its
/// own.
const MAX_MEMBERS: usize = 1024;
const MAX_MEMBER: usize = 256;

/// Estimated overhead of a member, in bytes: its counters (16), a fat pointer each in list and index (32), and the spare
/// capacity of both (32).
const MEMBER_OVERHEAD: usize = 80;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn members_leave_once_in_their_order_however_often_a_drain_pauses(
            steps in prop::collection::vec((0..6_u8, 0..12_u8, 0..4_usize), 0..60),
        ) {
            let budget = Budget::new(10_000);
            let mut members = Members::default();
            let mut expected: Vec<String> = Vec::new();
            for (step, member, count) in steps {
                let mut other = Members::default();
                match step {
                    0 => {
                        let mut left = count;
                        let mut taken = Vec::new();
                        members.drain(&budget, |member| {
                            let takes = left > 0;
                            left = left.saturating_sub(1);
                            taken.extend(takes.then(|| member.to_owned()));
                            takes
                        });
                        let rest = expected.split_off(count.min(expected.len()));
                        prop_assert_eq!(taken, std::mem::replace(&mut expected, rest));
                    }
                    1 => {
                        for more in member..member + 3 {
                            other.add(&format!("m{more}"), &budget);
                        }
                        members.merge(&mut other, &budget);
                        prop_assert!(other.is_empty() && other.charged() == 0);
                    }
                    _ => {
                        members.add(&format!("m{member}"), &budget);
                    }
                }
                let added = match step {
                    0 => 0..0,
                    1 => member..member + 3,
                    _ => member..member + 1,
                };
                for member in added.map(|member| format!("m{member}")) {
                    if !expected.contains(&member) {
                        expected.push(member);
                    }
                }
                for member in 0..15 {
                    let member = format!("m{member}");
                    prop_assert_eq!(members.contains(&member), expected.contains(&member));
                }
                let charged = expected.iter().map(|member| cost(member)).sum::<usize>();
                prop_assert_eq!(members.charged(), charged);
            }
            members.drain(&budget, |_| true);
            prop_assert!(budget.charge(10_000), "everything was given back");
        }
    }
}
