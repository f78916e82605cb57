//! What became of every line.

use statsd_proto::Stats;

use crate::options::Subject;
use crate::oracle::Oracle;

pub(crate) const HEADER: &str = "\
| adapter | carrier | faults | accepted | sent | dropped | refused | arrived | missing | duplicate | reconnects | peak RSS |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|";

#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) stats: Stats,
    pub(crate) oracle: Oracle,
    pub(crate) faults: u64,
    /// Memory in KiB, or `None` if the system does not report it.
    pub(crate) peak: Option<u64>,
}

impl Account {
    pub(crate) fn row(&self, subject: Subject) -> String {
        let Self {
            stats,
            oracle,
            faults,
            peak,
        } = self;
        let peak = peak.map_or("unknown".to_owned(), |peak| format!("{} MiB", peak / 1024));
        format!(
            "| {} | {} | {faults} | {} | {} | {} | {} | {} | {} | {} | {} | {peak} |",
            subject.adapter,
            subject.carrier_name(),
            stats.accepted,
            stats.sent,
            stats.dropped.total(),
            stats.refused.total(),
            oracle.arrived,
            stats.sent.saturating_sub(oracle.arrived),
            oracle.duplicates,
            stats.connects.saturating_sub(1),
        )
    }

    pub(crate) fn violations(&self) -> &[String] {
        &self.oracle.violations
    }
}
