//! Groups of metrics that are recorded together, under one lock.

use std::time::Duration;

use crate::client::Client;
use crate::encode::Single;
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Number, Section};
use crate::session::GroupBuffer;

/// Metrics that are queued together; see [`Client::group`].
///
/// After each [`send`](Self::send) the group is empty and reuses its memory. Metrics that were not sent are discarded
/// when the group is dropped.
#[derive(Debug)]
#[must_use = "nothing is recorded before `send` or `try_send`"]
pub struct Group {
    client: Client,
    /// Encoded metrics, or `None` if the client sends nothing or aggregates each metric at once.
    buffer: Option<GroupBuffer>,
    /// Reason for the first refusal since the last `send`, or `None` if no metric was refused.
    error: Option<RecordError>,
}

impl Group {
    pub(crate) fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            buffer: client.entry().and_then(|entry| entry.group_buffer()),
            error: None,
        }
    }

    /// Adds an amount to a counter, like [`Client::incr`].
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let mut group = client.group();
    /// group.incr("requests", 1);
    /// group.send();
    /// assert_eq!(recorder.lines(), ["requests:1|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn incr(&mut self, path: &str, amount: impl Into<Number>) {
        self.push_number(Kind::Counter, path, amount.into());
    }

    /// Sets the level of a gauge, like [`Client::gauge`].
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let mut group = client.group();
    /// group.gauge("sessions", 17);
    /// group.send();
    /// assert_eq!(recorder.lines(), ["sessions:17|g"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn gauge(&mut self, path: &str, level: impl Into<Number>) {
        self.push_number(Kind::Gauge, path, level.into());
    }

    /// Records a duration as a timing, like [`Client::timing`].
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use std::time::Duration;
    ///
    /// let mut group = client.group();
    /// group.timing("db.query", Duration::from_millis(12));
    /// group.send();
    /// assert_eq!(recorder.lines(), ["db.query:12|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn timing(&mut self, path: &str, elapsed: Duration) {
        self.record(&Metric::timing(path, elapsed));
    }

    /// Adds a metric of any kind to the group. An invalid metric is left out; [`Stats::refused`](crate::Stats::refused)
    /// counts it, and [`try_send`](Self::try_send) returns the reason.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// let mut group = client.group();
    /// group.record(&Metric::counter("requests", 1).tags(&[("route", "home")]));
    /// group.send();
    /// assert_eq!(recorder.lines(), ["requests:1|c|#route:home"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn record(&mut self, metric: &Metric<'_>) {
        let Some(entry) = self.client.entry() else {
            return;
        };
        let result = match &mut self.buffer {
            Some(buffer) => entry.push(buffer, metric),
            None => entry.record(metric),
        };
        self.error = self.error.or_else(|| result.err());
    }

    /// Queues all metrics of the group in their order, without other metrics between them. They may span two payloads.
    /// If the queue has no room for all of them, all are refused.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let mut group = client.group();
    /// group.incr("requests", 1);
    /// group.gauge("bytes", 512);
    /// group.send();
    /// assert_eq!(recorder.lines(), ["requests:1|c", "bytes:512|g"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send(&mut self) {
        // `Stats::refused` counts the error. A lost metric must not fail the caller.
        let _ = self.try_send();
    }

    /// Queues all metrics like [`send`](Self::send), and returns the reason of a refusal.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let mut group = client.group();
    /// group.incr("requests", 1);
    /// group.try_send()?;
    /// assert_eq!(recorder.lines(), ["requests:1|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the whole group was refused. If the group was queued, the reason why its first invalid metric was
    /// left out.
    pub fn try_send(&mut self) -> Result<(), RecordError> {
        let first = self.error.take();
        if let (Some(entry), Some(buffer)) = (self.client.entry(), &mut self.buffer) {
            let result = entry.record_group(buffer);
            buffer.clear();
            result?;
        }
        first.map_or(Ok(()), Err)
    }

    #[inline]
    fn push_number(&mut self, kind: Kind, name: &str, number: Number) {
        let Some(entry) = self.client.entry() else {
            return;
        };
        let single = Single {
            kind,
            section: Section::of(kind),
            name,
            number,
        };
        let result = match &mut self.buffer {
            Some(buffer) => entry.push_number(buffer, &single),
            None => entry.record_number(&single),
        };
        self.error = self.error.or_else(|| result.err());
    }
}

#[cfg(test)]
mod tests;
