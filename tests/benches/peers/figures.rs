//! Figures of one run of one subject.

use std::fmt;
use std::str::FromStr;

/// An infinite figure, or one that is not a number, is missing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Time of a core at the callers, in nanoseconds per metric.
    pub(crate) caller: f64,
    /// Time of all threads of the process until the last metric has arrived, in nanoseconds per metric.
    pub(crate) cpu: f64,
    /// The share of the metrics that arrived.
    pub(crate) delivered: f64,
    /// Metrics per second from the first call until the last metric has arrived.
    pub(crate) rate: f64,
    /// From call to arrival, in milliseconds.
    pub(crate) latency: f64,
    /// The same of the slowest in a hundred.
    pub(crate) slow_latency: f64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} {} {} {}",
            self.caller, self.cpu, self.delivered, self.rate, self.latency, self.slow_latency
        )
    }
}

impl FromStr for Figures {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Option<Vec<f64>> = text
            .split_whitespace()
            .map(|word| word.parse().ok())
            .collect();
        match numbers.as_deref() {
            Some(&[caller, cpu, delivered, rate, latency, slow_latency]) => Ok(Self {
                caller,
                cpu,
                delivered,
                rate,
                latency,
                slow_latency,
            }),
            _ => Err(format!("these are no figures: {text}")),
        }
    }
}
