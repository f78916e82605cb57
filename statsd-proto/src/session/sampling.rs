//! A lower sample rate while the queue is under pressure.

use crate::encode::Encoder;
use crate::metric::{Code, Kind, Metric, Rate};

/// Share of the calls that is recorded: that of the configuration, halved up to [`MOST`] times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SamplingLevel {
    rate: f64,
    halved: u8,
}

/// 1 in 16: what is left of a flood is few enough to pass, and enough to tell a rate by.
const MOST: u8 = 4;

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

    /// As it is for a queue that is full to this part. It is halved once more where half of what was free
    /// is taken: at 1/2, 3/4, 7/8 and 15/16. It is doubled where the step before began, and becomes whole
    /// at 1/4, so that a queue that is filled and drained around a step does not flap.
    pub(crate) fn at(self, fill: f64) -> Self {
        let mut times = self.halved;
        let step = |times: u8| 1.0 - share(times);
        while times < MOST && fill > step(times + 1) {
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

    /// The rate to choose by, and the one to tell, of a metric. `None` if it is not to be left out.
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

    /// The rate to choose by, and the one to tell, of what has this rate already.
    pub(crate) fn rates(self, rate: Rate) -> Option<(Rate, f64)> {
        let share = self.share();
        let (chosen, told) = match rate {
            Rate::Always => (share, share),
            Rate::Sample(rate) => (share * rate, share * rate),
            Rate::Sampled(rate) => (share, share * rate),
        };
        // A rate that makes no sense goes on as it is, to be refused.
        (told > 0.0 && told <= share).then_some((Rate::Sample(chosen), told))
    }
}

/// Whether metrics of a kind may be left out, so that the server makes up for it.
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
