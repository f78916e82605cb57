//! Values that are aggregated, to be sent as few lines.
//!
//! A series is what is one series to the server: a kind, a name as written, and tags. What is measured of it in an
//! interval becomes one line, or as few as the dialect can say it in. While the connection is down nothing is
//! drained, so that an outage of any length costs no counts and no memory.
//!
//! Counts, members of sets and values are gathered where they are recorded: in the [`Parts`] of an inlet, or in the
//! [`Sum`] that handles of a counter share. The drain moves them to their [`Series`]. The level of a gauge is kept in
//! its series alone, behind a lock of its own, so that levels and changes of all threads and handles keep their order.

mod accumulator;
mod budget;
mod interval;
mod key;
mod parts;
mod series;
mod store;
mod sum;

use crate::config::Config;
pub(crate) use budget::Budget;
pub(crate) use interval::Interval;
pub(crate) use key::Lookup;
pub(crate) use parts::{Added, Parts};
pub(crate) use series::{Series, Sink};
pub(crate) use store::{Drained, Store};
pub(crate) use sum::{Put, Sum};

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Series of the whole client.
    pub(crate) series: usize,
    /// Values of a timing, a histogram or a distribution in an interval, for each series.
    pub(crate) samples: usize,
    /// Bytes of memory that all of them take.
    pub(crate) bytes: usize,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            series: config.max_contexts,
            samples: config.max_samples,
            bytes: config.max_aggregate_bytes,
        }
    }
}

#[cfg(test)]
mod tests;
