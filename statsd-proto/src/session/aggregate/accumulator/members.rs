//! The distinct members of a set.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::session::aggregate::Budget;

/// Members in the order of their first insertion.
#[derive(Debug, Default)]
pub(crate) struct Members {
    members: Vec<Box<str>>,
    /// Indices in `members`.
    index: HashTable<usize>,
    hasher: DefaultHashBuilder,
    charged: usize,
}

impl Members {
    /// Adds a member. Returns whether it is there.
    pub(super) fn add(&mut self, member: &str, budget: &Budget) -> bool {
        if self.contains(member) {
            return true;
        }
        let bytes = member.len() + MEMBER_OVERHEAD;
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
        let hash = self.hasher.hash_one(member);
        let is_it = |&at: &usize| *self.members[at] == *member;
        self.index.find(hash, is_it).is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn charged(&self) -> usize {
        self.charged
    }

    /// Takes the members of another set of which there are not yet any here.
    pub(super) fn merge(&mut self, other: &mut Self) {
        if self.is_empty() {
            return std::mem::swap(self, other);
        }
        self.charged += std::mem::take(&mut other.charged);
        other.index.clear();
        for member in other.members.drain(..) {
            if !self.contains(&member) {
                self.insert(member);
            }
        }
    }

    /// Gives each member to `take`, the first first, until it refuses. What was taken is gone.
    pub(crate) fn drain(&mut self, budget: &Budget, mut take: impl FnMut(&str) -> bool) {
        let taken = self
            .members
            .iter()
            .take_while(|member| take(member))
            .count();
        self.index.clear();
        if taken == self.members.len() {
            self.members.clear();
            budget.release(std::mem::take(&mut self.charged));
            return;
        }
        let rest = self.members.split_off(taken);
        self.members.clear();
        rest.into_iter().for_each(|member| self.insert(member));
    }

    fn insert(&mut self, member: Box<str>) {
        let hash = self.hasher.hash_one(&*member);
        let at = self.members.len();
        self.members.push(member);
        let Self {
            members,
            index,
            hasher,
            ..
        } = self;
        index.insert_unique(hash, at, |&at| hasher.hash_one(&*members[at]));
    }
}

/// Beyond these a member goes as a line of its own.
const MAX_MEMBERS: usize = 1024;
const MAX_MEMBER: usize = 256;

/// A pointer with its length, twice while it grows, and an index.
const MEMBER_OVERHEAD: usize = 48;
