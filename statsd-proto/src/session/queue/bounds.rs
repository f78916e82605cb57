//! How much may wait, in bytes and in lines.

use std::ops::{Add, Sub};

use crate::config::Config;
use crate::session::payload::Grant;

#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    max: Grant,
    /// What is worth waking the driver for before the flush interval is over.
    high_water: Grant,
    /// Parts of the bounds at which adaptive sampling begins to leave out more, in sixteenths.
    steps: &'static [usize],
}

impl Bounds {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            max: Grant {
                bytes: config.max_queue_bytes,
                lines: config.max_queue_lines,
            },
            high_water: Grant {
                bytes: HIGH_WATER.min(config.max_queue_bytes / 2),
                lines: config.max_queue_lines / 2 + 1,
            },
            steps: if config.adaptive_sampling {
                &[8, 12, 14, 15]
            } else {
                &[]
            },
        }
    }

    pub(super) fn high_water(self) -> Grant {
        self.high_water
    }

    /// The least that is more than half.
    pub(super) fn half_full(self) -> Grant {
        Grant {
            bytes: self.max.bytes / 2 + 1,
            lines: self.max.lines / 2 + 1,
        }
    }

    /// Whether so much may be used.
    pub(super) fn fit(self, used: Grant) -> bool {
        used.bytes <= self.max.bytes && used.lines <= self.max.lines
    }

    /// Bytes of memory that payloads may hold beside their data.
    pub(super) fn waste(self) -> usize {
        self.max.bytes / 64
    }

    /// Bytes that are left.
    pub(super) fn left(self, used: Grant) -> usize {
        self.max.bytes.saturating_sub(used.bytes)
    }

    /// Whether at most half is taken.
    pub(super) fn has_room(self, load: Grant) -> bool {
        load.bytes <= self.max.bytes / 2 && load.lines <= self.max.lines / 2
    }

    /// Part that is taken of the bound that is nearer.
    pub(super) fn fill(self, load: Grant) -> f64 {
        let bytes = load.bytes as f64 / self.max.bytes as f64;
        bytes.max(load.lines as f64 / self.max.lines as f64)
    }

    /// What to grant to somebody who needs that much, which fits, and would like the most.
    pub(super) fn grant(self, used: Grant, load: Grant, need: Grant, most: Grant) -> Grant {
        let marks = [self.high_water.bytes, self.max.bytes / 2 + 1];
        let bytes = self.part(self.max.bytes, used.bytes, load.bytes, most.bytes, marks);
        let marks = [self.high_water.lines; 2];
        let lines = self.part(self.max.lines, used.lines, load.lines, most.lines, marks);
        Grant {
            bytes: bytes.max(need.bytes),
            lines: lines.max(need.lines),
        }
    }

    /// Ends before the next mark, so that the queue sees the record that reaches it.
    fn part(self, max: usize, used: usize, load: usize, most: usize, marks: [usize; 2]) -> usize {
        let steps = self
            .steps
            .iter()
            .map(|sixteenths| max / 16 * sixteenths + 1);
        let marks = marks.into_iter().chain(steps);
        let left = marks.map(|mark| (mark - 1).saturating_sub(load));
        let left = left.filter(|left| *left > 0);
        let left = left.min().unwrap_or(usize::MAX);
        most.min(max.saturating_sub(used)).min(left)
    }
}

/// Some seven thousand lines, so that the 13 µs of a wake-up are 2 ns for each, and few enough to be in a core's cache
/// yet.
const HIGH_WATER: usize = 256 * 1024;

impl Add for Grant {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            lines: self.lines.saturating_add(other.lines),
        }
    }
}

impl Sub for Grant {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(other.bytes),
            lines: self.lines.saturating_sub(other.lines),
        }
    }
}
