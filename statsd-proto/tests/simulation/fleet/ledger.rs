//! Recorded metrics, and the state that a server must have after them.

use std::collections::{BTreeMap, BTreeSet};

use statsd_proto::{Dialect, Refused};

use super::Outcome;
use super::pending::Pending;
use super::reading::{Key, Reading};
use super::record::{Record, Sort};
use super::refusal;
use crate::clients::Drain;
use crate::settings::Settings;

#[derive(Debug)]
pub(crate) struct Ledger {
    dialect: Dialect,
    is_aggregating: bool,
    /// Accepted records, by their number.
    entries: BTreeMap<u64, Entry>,
    pending: Pending,
    /// How many flushes there were.
    pub(crate) flushes: u64,
    pub(crate) refused: Refused,
    /// Whether values were lost after they were taken: those of series, by a close that finds the queue full.
    is_lossy: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    record: Record,
    thread: usize,
    /// Whether it became lines when it was recorded.
    is_line: bool,
    /// How many flushes there were before.
    flushes: u64,
}

/// State of a server.
#[derive(Debug, Default, PartialEq)]
struct Known {
    counts: BTreeMap<Key, i128>,
    levels: BTreeMap<Key, i64>,
    members: BTreeSet<(Key, String)>,
    /// Timings and markers, by the number of their record.
    single: BTreeSet<u64>,
}

/// What order there was so far.
#[derive(Debug, Default)]
struct Order {
    /// The last number of each thread, and of each gauge that only rises.
    threads: BTreeMap<usize, u64>,
    levels: BTreeMap<Key, u64>,
    flushes: u64,
    /// Whether some of many timings were chosen, because memory was short.
    is_chosen: bool,
}

impl Ledger {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            dialect: settings.dialect,
            is_aggregating: settings.aggregate.is_some(),
            entries: BTreeMap::new(),
            pending: Pending::default(),
            flushes: 0,
            refused: Refused::default(),
            is_lossy: false,
        }
    }

    pub(crate) fn note(&mut self, thread: usize, record: Record, outcome: &Outcome) {
        refusal::add(&mut self.refused, outcome.refused);
        let is_taken = outcome.refused == Refused::default();
        let is_level = matches!(record.sort, Sort::Change | Sort::Level | Sort::Reset);
        let own = if is_taken {
            record.lines(self.dialect)
        } else {
            0
        };
        let is_line = is_taken && (outcome.lines > 0 || !self.is_aggregating);
        if self.is_aggregating {
            if outcome.lines > own {
                assert!(is_level && outcome.lines - own <= 2, "{outcome:?}");
                self.pending.send_level(&record, self.dialect);
            } else if is_taken {
                assert!(outcome.lines == 0 || outcome.lines == own, "{outcome:?}");
            }
            if is_taken && !is_line {
                assert_ne!(record.sort, Sort::Marker, "a marker is a line");
                self.pending.add(&record, self.dialect);
            }
        }
        if is_taken {
            let entry = Entry {
                record,
                thread,
                is_line,
                flushes: self.flushes,
            };
            self.entries.insert(record.number, entry);
        }
    }

    pub(crate) fn note_drain(&mut self, settings: &Settings, drain: &Drain) {
        let refused = refusal::since(drain.after.refused, drain.before.refused);
        let others = (refused.closed, refused.invalid, refused.too_long);
        assert_eq!(others, (0, 0, 0));
        self.is_lossy |= refused.total() > 0;
        refusal::add(&mut self.refused, refused);
        self.pending.drain(settings, drain);
    }

    /// Nothing is left that waits for a drain.
    pub(crate) fn check_drained(&self) {
        assert_eq!(self.pending.least(), 0, "values wait for nothing");
    }

    /// Holds the lines that have arrived against what was taken. If nothing was lost on the way, all of it is there.
    pub(crate) fn check(&self, lines: &[String], is_whole: bool) {
        let (mut known, mut order) = (Known::default(), Order::default());
        for line in lines {
            let reading = Reading::new(line);
            for value in &reading.values {
                self.read(&reading, value, &mut known, &mut order);
            }
        }
        let meant = self.meant();
        if is_whole && !self.is_lossy {
            if order.is_chosen {
                known.single.extend(&meant.single);
            }
            assert_eq!(known, meant);
            return;
        }
        for (key, count) in &known.counts {
            // The other counter goes up and down.
            let is_rising = key.0 == "c_0";
            assert!(
                !is_rising || *count <= meant.counts[key],
                "{known:?} of {meant:?}"
            );
        }
        assert!(known.members.is_subset(&meant.members));
        assert!(known.single.is_subset(&meant.single));
    }

    fn read(&self, reading: &Reading, value: &str, known: &mut Known, order: &mut Order) {
        let key = &reading.key;
        let number = || value.parse::<i64>().expect("the number is whole");
        if reading.rate < 1.0 {
            assert!(reading.code == "ms" && self.is_aggregating);
            order.is_chosen = true;
        }
        match (&*reading.code, key.0.strip_prefix('n')) {
            ("c", Some(digits)) => {
                let number = digits.trim_end_matches('x').parse().expect("a number");
                assert!(known.single.insert(number), "{number} came twice");
                self.follow(number, Sort::Marker, key, order);
            }
            ("c", None) => {
                *known.counts.entry(key.clone()).or_default() += i128::from(number());
                if !self.is_aggregating {
                    self.follow(number().unsigned_abs(), Sort::Count, key, order);
                }
            }
            ("g", _) => {
                let is_signed = value.starts_with(['+', '-']);
                let level = known.levels.entry(key.clone()).or_default();
                let before = if is_signed && self.dialect == Dialect::Statsd {
                    *level
                } else {
                    0
                };
                *level = before + number();
                // The first line of a level below zero is none by itself.
                if key.0.starts_with("up") && number() != 0 {
                    self.follow(number().unsigned_abs(), Sort::Level, key, order);
                }
            }
            ("s", _) => {
                known.members.insert((key.clone(), value.to_owned()));
            }
            ("ms", _) => {
                let number = number().unsigned_abs();
                assert!(known.single.insert(number), "{number} came twice");
                self.follow(number, Sort::Time, key, order);
            }
            (code, _) => panic!("{code} was never recorded"),
        }
    }

    /// It was recorded, and is in order: lines of a thread, all levels of a gauge, and lines before and after a flush.
    fn follow(&self, number: u64, sort: Sort, key: &Key, order: &mut Order) {
        let entry = self.entries.get(&number);
        let entry = entry.unwrap_or_else(|| panic!("{number} was never taken"));
        assert_eq!((entry.record.sort, &entry.record.key()), (sort, key));
        if sort == Sort::Level {
            let last = order.levels.insert(key.clone(), number);
            assert!(last < Some(number), "{number} after {last:?} of {key:?}");
        }
        if entry.is_line {
            let last = order.threads.insert(entry.thread, number);
            assert!(last < Some(number), "{number} after {last:?} of a thread");
            assert!(
                order.flushes <= entry.flushes,
                "{number} was flushed before"
            );
            order.flushes = entry.flushes;
        }
    }

    /// State of a server that has received every accepted record.
    fn meant(&self) -> Known {
        let mut meant = Known::default();
        for (number, Entry { record, .. }) in &self.entries {
            let (key, value) = (record.key(), record.signed());
            match record.sort {
                Sort::Change => *meant.levels.entry(key).or_default() += value,
                Sort::Count => *meant.counts.entry(key).or_default() += i128::from(value),
                Sort::Level | Sort::Reset => {
                    meant.levels.insert(key, value);
                }
                Sort::Marker | Sort::Time => {
                    meant.single.insert(*number);
                }
                Sort::Member => {
                    meant.members.insert((key, record.value()));
                }
            }
        }
        meant
    }
}
