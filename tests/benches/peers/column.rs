//! Columns of figures, and the best client in each.

use crate::campaign::Campaign;
use crate::figures::Figures;
use crate::subject::{ENTRIES, Way};
use crate::workload::Workload;

#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) workload: Workload,
    figure: fn(&Figures) -> f64,
    order: Order,
}

/// Order of figures by quality.
#[derive(Clone, Copy)]
enum Order {
    Less,
    More,
    /// Neither is better: the client trades this for other figures.
    None,
}

impl Column {
    /// Cost of a metric for its caller.
    pub(crate) const CALLER: [Self; 7] = [
        Self::caller("count, 1 thread", Workload::COUNT[0]),
        Self::caller("2 threads", Workload::COUNT[1]),
        Self::caller("8 threads", Workload::COUNT[2]),
        Self::caller("timing", Workload::TIMING),
        Self::caller("2 tags", Workload::TAGGED),
        Self::caller("bursts, 1 thread", Workload::BURSTS[0]),
        Self::caller("2 threads", Workload::BURSTS[1]),
    ];
    /// Total cost, and what it buys.
    pub(crate) const IN_ALL: [Self; 5] = [
        Self::less("CPU, no rest (ns)", Workload::COUNT[0], |run| run.cpu),
        Self::less("CPU, bursts (ns)", Workload::BURSTS[0], |run| run.cpu),
        Self {
            title: "end to end (M/s)",
            workload: Workload::COUNT[0],
            figure: |run| run.rate / 1e6,
            order: Order::More,
        },
        Self::latency("arrival, p50 (ms)", |run| run.latency),
        Self::latency("p99 (ms)", |run| run.slow_latency),
    ];

    const fn caller(title: &'static str, workload: Workload) -> Self {
        Self::less(title, workload, |run| run.caller)
    }

    /// How long a client holds a metric back is how it saves the rest.
    const fn latency(title: &'static str, figure: fn(&Figures) -> f64) -> Self {
        Self {
            title,
            workload: Workload::TRICKLE,
            figure,
            order: Order::None,
        }
    }

    const fn less(title: &'static str, workload: Workload, figure: fn(&Figures) -> f64) -> Self {
        Self {
            title,
            workload,
            figure,
            order: Order::Less,
        }
    }

    pub(crate) fn cell(&self, campaign: &Campaign, subject: usize) -> Option<Cell> {
        let spread = campaign.spread(subject, self.workload, self.figure)?;
        Some(Cell {
            median: spread.median,
            half_range: spread.half_range,
            delivered: campaign.delivered(subject, self.workload),
        })
    }

    /// The median of the best peer that does the same with metrics, and loses none of them.
    pub(crate) fn best(&self, campaign: &Campaign, way: Way) -> Option<f64> {
        let places = campaign.subjects.iter();
        let medians = places
            .filter(|place| !ENTRIES[**place].is_ours && ENTRIES[**place].way == way)
            .filter_map(|place| self.cell(campaign, *place))
            .filter(|cell| !cell.is_lossy())
            .map(|cell| cell.median);
        match self.order {
            Order::Less => medians.reduce(f64::min),
            Order::More => medians.reduce(f64::max),
            Order::None => None,
        }
    }

    /// How many times as good as another figure this one is.
    pub(crate) fn ratio(&self, one: f64, other: f64) -> f64 {
        match self.order {
            Order::Less => other / one,
            Order::More | Order::None => one / other,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) median: f64,
    pub(crate) half_range: f64,
    pub(crate) delivered: f64,
}

impl Cell {
    /// A client that loses metrics may be fast because it does.
    pub(crate) fn is_lossy(&self) -> bool {
        self.delivered < ALL
    }
}

/// The share that counts as all. Values that were chosen from more come with a rate, which is rounded.
pub(crate) const ALL: f64 = 0.9999;
