//! Several metrics under one lock.

use std::time::Duration;

use crate::client::Client;
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Number, Section};
use crate::session::{Gathered, Plain};

/// Metrics that are sent together; see [`Client::group`].
///
/// Its memory is used again after each [`send`](Self::send). What is dropped unsent is not recorded.
#[derive(Debug)]
#[must_use = "nothing is recorded before `send` or `try_send`"]
pub struct Group {
    client: Client,
    /// `None` if the client does nothing, or if metrics are aggregated, which needs no lines.
    gathered: Option<Gathered>,
    /// Why the first metric that was refused since the last `send` was.
    error: Option<RecordError>,
}

impl Group {
    pub(crate) fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            gathered: client.entry().and_then(|entry| entry.gathered()),
            error: None,
        }
    }

    /// Adds to a counter, as [`Client::incr`] does.
    #[inline]
    pub fn incr(&mut self, path: &str, amount: impl Into<Number>) {
        self.push_number(Kind::Counter, path, amount.into());
    }

    /// Sets a gauge, as [`Client::gauge`] does.
    #[inline]
    pub fn gauge(&mut self, path: &str, level: impl Into<Number>) {
        self.push_number(Kind::Gauge, path, level.into());
    }

    /// Records how long something took, as [`Client::timing`] does.
    #[inline]
    pub fn timing(&mut self, path: &str, elapsed: Duration) {
        self.record(&Metric::timing(path, elapsed));
    }

    /// Adds a metric of any kind. One that the server could not read is left out and counted in
    /// [`Stats::refused`](crate::Stats::refused); [`try_send`](Self::try_send) tells.
    #[inline]
    pub fn record(&mut self, metric: &Metric<'_>) {
        let Some(entry) = self.client.entry() else {
            return;
        };
        let result = match &mut self.gathered {
            Some(gathered) => entry.gather(gathered, metric),
            None => entry.record(metric),
        };
        self.error = self.error.or_else(|| result.err());
    }

    /// Records all metrics: in their order, next to each other, parted only where a payload ends, or none of them if the
    /// queue has no room for all.
    pub fn send(&mut self) {
        // `Stats::refused` counts the error. A lost metric must not fail the caller.
        let _ = self.try_send();
    }

    /// The same, and tells why metrics were not taken.
    ///
    /// # Errors
    ///
    /// Why none were, or else why the first one that was left out was.
    pub fn try_send(&mut self) -> Result<(), RecordError> {
        let first = self.error.take();
        if let (Some(entry), Some(gathered)) = (self.client.entry(), &mut self.gathered) {
            let result = entry.record_gathered(gathered);
            gathered.clear();
            result?;
        }
        first.map_or(Ok(()), Err)
    }

    #[inline]
    fn push_number(&mut self, kind: Kind, name: &str, number: Number) {
        let (section, Some(entry)) = (Section::of(kind), self.client.entry()) else {
            return;
        };
        let plain = Plain {
            kind,
            section,
            name,
            number,
        };
        let result = match &mut self.gathered {
            Some(gathered) => entry.gather_number(gathered, plain),
            None => entry.record_number(kind, section, name, number),
        };
        self.error = self.error.or_else(|| result.err());
    }
}

#[cfg(test)]
mod tests;
