//! Handles of metrics that are refused.

use metrics::{CounterFn, GaugeFn, HistogramFn};

use crate::client::Client;
use crate::error::RecordError;

/// Handle of a key for which the registry had no space. All its values are refused and counted.
pub(super) struct Refused(pub(super) Client);

impl Refused {
    fn refuse(&self) {
        if let Some(entry) = self.0.entry() {
            let _ = entry.refuse(RecordError::QueueFull);
        }
    }
}

impl CounterFn for Refused {
    fn increment(&self, _: u64) {
        self.refuse();
    }

    fn absolute(&self, _: u64) {
        self.refuse();
    }
}

impl GaugeFn for Refused {
    fn increment(&self, _: f64) {
        self.refuse();
    }

    fn decrement(&self, _: f64) {
        self.refuse();
    }

    fn set(&self, _: f64) {
        self.refuse();
    }
}

impl HistogramFn for Refused {
    fn record(&self, _: f64) {
        self.refuse();
    }
}
