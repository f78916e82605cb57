//! Bounds of the queue, in bytes and in lines.

use std::ops::{Add, Sub};

use crate::config::Config;
use crate::session::payload::Grant;

#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    max: Grant,
    /// Amount of pending data at which the driver is woken before the flush interval is over.
    high_water: Grant,
    /// Fill levels at which adaptive sampling lowers the rate, in sixteenths of the bounds.
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

    /// Smallest amount that exceeds half of the bounds.
    pub(super) fn half_full(self) -> Grant {
        Grant {
            bytes: self.max.bytes / 2 + 1,
            lines: self.max.lines / 2 + 1,
        }
    }

    /// Whether this amount fits.
    pub(super) fn fit(self, used: Grant) -> bool {
        used.bytes <= self.max.bytes && used.lines <= self.max.lines
    }

    /// Memory that payloads may waste beyond their data, in bytes.
    pub(super) fn waste(self) -> usize {
        self.max.bytes / 64
    }

    /// Number of bytes that are left.
    pub(super) fn left(self, used: Grant) -> usize {
        self.max.bytes.saturating_sub(used.bytes)
    }

    /// Whether at most half of the bounds is used.
    pub(super) fn has_room(self, load: Grant) -> bool {
        load.bytes <= self.max.bytes / 2 && load.lines <= self.max.lines / 2
    }

    /// Used part of the bounds, from 0 to 1: of bytes or of lines, whichever is larger.
    pub(super) fn fill(self, load: Grant) -> f64 {
        let bytes = load.bytes as f64 / self.max.bytes as f64;
        bytes.max(load.lines as f64 / self.max.lines as f64)
    }

    /// Room to grant to an inlet that needs `need`, which fits, and could use up to `most`.
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

    /// Ends before the next mark, so that the record that crosses a mark has to come to the queue.
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

/// Amount of data that wakes the driver, in bytes: some 7000 lines. A wake-up costs 13 µs, so 2 ns for each of them,
/// and the data still fits in a core's cache.
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
