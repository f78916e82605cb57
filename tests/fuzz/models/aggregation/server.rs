//! Server that reads aggregated lines: sums and samples.

use std::collections::{BTreeMap, BTreeSet};

use crate::models::grammar::Grammar;

/// State of each name.
#[derive(Debug, Default)]
pub(super) struct Server {
    counts: BTreeMap<String, i128>,
    levels: BTreeMap<String, i128>,
    members: BTreeMap<String, BTreeSet<String>>,
    times: BTreeMap<String, Times>,
}

#[derive(Debug, Default)]
struct Times {
    /// How often each came.
    seen: BTreeMap<u32, u64>,
    /// Number of values, scaled by the sample rate.
    count: f64,
    /// How far that may be off, since a choice that leaves in parts is rounded.
    slack: f64,
    is_chosen: bool,
}

impl Server {
    pub(super) fn count(&mut self, name: &str, amount: i128) {
        *self.counts.entry(name.to_owned()).or_default() += amount;
    }

    pub(super) fn set_level(&mut self, name: &str, level: i128) {
        self.levels.insert(name.to_owned(), level);
    }

    pub(super) fn change_level(&mut self, name: &str, change: i128) {
        *self.levels.entry(name.to_owned()).or_default() += change;
    }

    pub(super) fn insert(&mut self, name: &str, member: &str) {
        let members = self.members.entry(name.to_owned()).or_default();
        members.insert(member.to_owned());
    }

    pub(super) fn time(&mut self, name: &str, time: u32, rate: f64) {
        let times = self.times.entry(name.to_owned()).or_default();
        *times.seen.entry(time).or_default() += 1;
        times.count += 1.0 / rate;
        times.is_chosen |= rate < 1.0;
    }

    /// Reads a line that has arrived.
    pub(super) fn read(&mut self, line: &str, grammar: &Grammar) {
        let read = grammar.read(line).expect("the line is a good one");
        let number = || read.value.parse().expect("the number is whole");
        let rate = read.rate.map_or(1.0, |rate| rate.parse().expect("a rate"));
        match read.code {
            "c" => self.count(read.name, number()),
            "g" if read.value.starts_with(['+', '-']) && !grammar.has_negative_gauge => {
                self.change_level(read.name, number());
            }
            "g" => self.set_level(read.name, number()),
            "s" => self.insert(read.name, read.value),
            "ms" => {
                for time in read.value.split(':') {
                    let time = time.parse().expect("the time is whole");
                    self.time(read.name, time, rate);
                }
                if let Some(times) = self.times.get_mut(read.name) {
                    times.slack += 0.5;
                }
            }
            code => panic!("{code} of {line:?} was never recorded"),
        }
    }

    /// The sum of all counts.
    pub(super) fn total(&self) -> i128 {
        self.counts.values().sum()
    }

    /// Whether as much has arrived as was meant.
    pub(super) fn has_all(&self, meant: &Self) -> bool {
        let has_times = |(name, meant): (&String, &Times)| {
            let times = self.times.get(name);
            times.is_some_and(|times| times.count + times.slack >= meant.count)
        };
        self.has_counts(meant)
            && self.levels == meant.levels
            && self.members == meant.members
            && meant.times.iter().all(has_times)
    }

    /// Holds it against what was meant.
    pub(super) fn check_all(&self, meant: &Self) {
        assert!(self.has_counts(meant), "{self:?} of {meant:?}");
        assert_eq!(self.levels, meant.levels);
        assert_eq!(self.members, meant.members);
        assert_eq!(self.times.len(), meant.times.len());
        for (name, meant) in &meant.times {
            let times = &self.times[name];
            if !times.is_chosen {
                assert_eq!(times.seen, meant.seen);
            }
            let error = (times.count - meant.count).abs();
            assert!(error <= times.slack, "{times:?} of {meant:?}");
            for (time, seen) in &times.seen {
                assert!(meant.seen.get(time) >= Some(seen), "{time} came too often");
            }
        }
    }

    /// A sum of zero is not sent.
    fn has_counts(&self, meant: &Self) -> bool {
        let count = |of: &Self, name: &String| of.counts.get(name).copied().unwrap_or_default();
        let mut names = self.counts.keys().chain(meant.counts.keys());
        names.all(|name| count(self, name) == count(meant, name))
    }
}
