//! Number of lines for the values that wait for a drain: one for each series.

use std::collections::BTreeSet;

use statsd_proto::{Dialect, Overflow};

use super::reading::Key;
use super::record::{Record, Sort};
use crate::clients::Drain;
use crate::settings::Settings;

#[derive(Debug, Default)]
pub(crate) struct Pending {
    /// Series that have values, with the type and, of a set, the member.
    series: BTreeSet<(Key, &'static str, String)>,
    least: u64,
    most: u64,
}

impl Pending {
    /// A value was aggregated.
    pub(crate) fn add(&mut self, record: &Record, dialect: Dialect) {
        let (least, most) = match record.sort {
            Sort::Change | Sort::Level | Sort::Reset if dialect == Dialect::Statsd => (1, 2),
            Sort::Time => {
                // Several may be in a line, or each in its own.
                self.most += 1;
                (1, 0)
            }
            Sort::Change
            | Sort::Count
            | Sort::Level
            | Sort::Marker
            | Sort::Member
            | Sort::Reset => (1, 1),
        };
        if self.series.insert(series(record)) {
            self.least += least;
            self.most += most;
        }
    }

    /// The level of a gauge was sent before another one that cannot be aggregated.
    pub(crate) fn send_level(&mut self, record: &Record, dialect: Dialect) {
        if self.series.remove(&series(record)) {
            self.least -= 1;
            self.most -= if dialect == Dialect::Statsd { 2 } else { 1 };
        }
    }

    pub(crate) fn drain(&mut self, settings: &Settings, drain: &Drain) {
        assert!(drain.lines <= self.most, "{drain:?} of {self:?}");
        if is_complete(settings, drain) {
            assert!(drain.lines >= self.least, "{drain:?} of {self:?}");
            *self = Self::default();
        } else {
            // Of some series, which may get values again.
            self.series.clear();
            self.least = 0;
            self.most -= drain.lines;
        }
    }

    pub(crate) fn least(&self) -> u64 {
        self.least
    }
}

fn series(record: &Record) -> (Key, &'static str, String) {
    let member = if record.sort == Sort::Member {
        record.value()
    } else {
        String::new()
    };
    (record.key(), record.code(), member)
}

/// Whether the queue had room for everything, even if nothing has left meanwhile.
fn is_complete(settings: &Settings, drain: &Drain) -> bool {
    let before = drain.before;
    let held = before.queued + before.in_flight + before.unacknowledged + drain.lines;
    settings.overflow == Overflow::RefuseNewest
        && settings.max_aggregate_bytes > 1 << 20
        && drain.after.refused == before.refused
        // A gauge below zero takes two.
        && held + 2 <= settings.max_queue_lines as u64
        && (before.queued_bytes + drain.lines * 1000) * 4 <= settings.max_queue_bytes as u64
        && !settings.resends()
}
