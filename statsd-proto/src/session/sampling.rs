//! Adaptive sampling: a lower sample rate while the queue is filling.

use crate::encode::Encoder;
use crate::metric::{Code, Kind, Metric, Rate};

/// Sampling level: the configured sample rate, halved up to [`MAX_LEVEL`] times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SamplingLevel {
    rate: f64,
    halved: u8,
}

/// Highest level: 1 in 16. That is low enough to let a flood pass, and high enough to estimate a rate by.
const MAX_LEVEL: u8 = 4;

impl SamplingLevel {
    #[cfg(test)]
    pub(crate) const NONE: Self = Self::new(1.0);

    pub(crate) const fn new(rate: f64) -> Self {
        Self { rate, halved: 0 }
    }

    /// Whether any call is left out.
    pub(crate) fn leaves_out(self) -> bool {
        self.share() < 1.0
    }

    fn share(self) -> f64 {
        self.rate * share(self.halved)
    }

    /// Level for a queue that is filled to `fill`, from 0 to 1. The level rises at 1/2, 3/4, 7/8 and 15/16. It falls
    /// again where the step before began, and to none at 1/4, so that it does not oscillate at a step.
    pub(crate) fn at(self, fill: f64) -> Self {
        let mut times = self.halved;
        let step = |times: u8| 1.0 - share(times);
        while times < MAX_LEVEL && fill > step(times + 1) {
            times += 1;
        }
        while times > 0 && fill <= step(times - 1).max(0.25) {
            times -= 1;
        }
        Self {
            halved: times,
            ..self
        }
    }

    /// Rate at which a metric is kept, and rate written in its line. `None` if the metric is always kept.
    pub(crate) fn rates_of(self, encoder: &Encoder, metric: &Metric<'_>) -> Option<(Rate, f64)> {
        let Code::Known(kind) = metric.code else {
            return None;
        };
        let has_time = metric
            .extras
            .is_some_and(|extras| extras.timestamp.is_some());
        if has_time || !may_be_sampled(encoder, kind) {
            return None;
        }
        self.rates(metric.rate)
    }

    /// Rate at which a metric of this rate is kept, and rate written in its line. `None` if the rate is invalid.
    pub(crate) fn rates(self, rate: Rate) -> Option<(Rate, f64)> {
        let share = self.share();
        let (chosen, written) = match rate {
            Rate::Always => (share, share),
            Rate::Sample(rate) => (share * rate, share * rate),
            Rate::Sampled(rate) => (share, share * rate),
        };
        // An invalid rate is passed on, to be refused.
        (written > 0.0 && written <= share).then_some((Rate::Sample(chosen), written))
    }
}

/// Whether servers scale metrics of this kind up by their sample rate, so that some may be left out.
pub(crate) fn may_be_sampled(encoder: &Encoder, kind: Kind) -> bool {
    let may = matches!(
        kind,
        Kind::Counter | Kind::Distribution | Kind::Histogram | Kind::Timing
    );
    may && encoder.takes_rate(kind)
}

fn share(times: u8) -> f64 {
    0.5_f64.powi(times.into())
}

#[cfg(test)]
mod tests;
