//! Workloads of the subjects.

use crate::subject::Kind;

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Workload {
    pub(crate) kind: Kind,
    pub(crate) shape: Shape,
    pub(crate) threads: usize,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Shape {
    /// Bursts of 1000 metrics with rests of 1 ms.
    Bursts,
    /// Metric after metric.
    NoRest,
    /// One metric each millisecond.
    Trickle,
}

impl Workload {
    pub(crate) const COUNT: [Self; 3] = [
        Self::new(Kind::Count, Shape::NoRest, 1),
        Self::new(Kind::Count, Shape::NoRest, 2),
        Self::new(Kind::Count, Shape::NoRest, 8),
    ];
    pub(crate) const TIMING: Self = Self::new(Kind::Timing, Shape::NoRest, 1);
    pub(crate) const TAGGED: Self = Self::new(Kind::Tagged, Shape::NoRest, 1);
    pub(crate) const BURSTS: [Self; 2] = [
        Self::new(Kind::Count, Shape::Bursts, 1),
        Self::new(Kind::Count, Shape::Bursts, 2),
    ];
    pub(crate) const TRICKLE: Self = Self::new(Kind::Count, Shape::Trickle, 1);

    pub(crate) const ALL: [Self; 8] = [
        Self::COUNT[0],
        Self::COUNT[1],
        Self::COUNT[2],
        Self::TIMING,
        Self::TAGGED,
        Self::BURSTS[0],
        Self::BURSTS[1],
        Self::TRICKLE,
    ];

    const fn new(kind: Kind, shape: Shape, threads: usize) -> Self {
        Self {
            kind,
            shape,
            threads,
        }
    }

    /// How many metrics make a figure. A quick run is there to see that all works.
    pub(crate) const fn metrics(self, is_quick: bool) -> usize {
        match (self.shape, is_quick) {
            (Shape::Bursts, false) => 200_000,
            (Shape::Bursts, true) => 16_000,
            (Shape::NoRest, false) => 1_000_000,
            (Shape::NoRest, true) => 50_000,
            (Shape::Trickle, false) => 1000,
            (Shape::Trickle, true) => 500,
        }
    }
}

/// Number of metrics in a burst.
pub(crate) const BURST: usize = 1000;
