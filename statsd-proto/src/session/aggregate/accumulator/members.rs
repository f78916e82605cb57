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

    pub(super) fn len(&self) -> usize {
        self.members.len()
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
