//! Aggregation: values of an interval become few lines.
//!
//! A series is identified by kind, encoded name and tags. Its values of one interval become one line, or as few lines
//! as the dialect allows. While the connection is down, nothing is drained: counts stay in their series, and memory
//! does not grow with the length of the outage.
//!
//! Counts, set members and samples are collected where they are recorded: in the [`Parts`] of an inlet, or in the
//! [`Sum`] that all handles of a counter share. A drain merges them into their [`Series`]. The level of a gauge is
//! kept in its series alone, under the lock of the series, because levels and changes of all threads must keep their
//! order.

mod accumulator;
mod budget;
mod hash;
mod interval;
mod key;
mod parts;
mod series;
mod store;
mod sum;

use crate::config::Config;
pub(crate) use budget::Budget;
pub(crate) use interval::Interval;
pub(crate) use key::{FastLookup, Lookup};
pub(crate) use parts::{Added, Parts};
pub(crate) use series::{Series, Sink};
pub(crate) use store::{Drained, Store};
pub(crate) use sum::{Put, Sum};

/// Bounds of aggregation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Maximum number of series in the client.
    pub(crate) series: usize,
    /// Maximum number of samples that a series keeps in an interval, for timings, histograms and distributions.
    pub(crate) samples: usize,
    /// Maximum memory of all series and parts, in bytes.
    pub(crate) bytes: usize,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            series: config.max_series,
            samples: config.max_samples,
            bytes: config.max_aggregate_bytes,
        }
    }
}

#[cfg(test)]
mod tests;
