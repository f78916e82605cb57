//! Handles on metrics that are recorded again and again: all but the value is rendered once.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Number, Rate, Value};
use crate::session::aggregate::{Put, Sum};
use crate::session::prepared::Prepared;

/// A handle in the making; see [`Client::prepare`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Prepare<'a> {
    client: &'a Client,
    name: &'a str,
    tags: Vec<(&'a str, &'a str)>,
    rate: Rate,
    is_plain: bool,
}

impl<'a> Prepare<'a> {
    pub(crate) fn new(client: &'a Client, name: &'a str) -> Self {
        Self {
            client,
            name,
            tags: Vec::new(),
            rate: Rate::Always,
            is_plain: false,
        }
    }

    /// Adds a tag. An empty value makes a bare one.
    pub fn tag(mut self, key: &'a str, value: &'a str) -> Self {
        self.tags.push((key, value));
        self
    }

    /// Records only this share of the calls, chosen at random, and tells the server so; see
    /// [`Metric::rate`].
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = Rate::Sample(rate);
        self
    }

    /// Puts only the prefix before the name, as [`Client::record`] does, and never `counters.`, `gauges.`
    /// or `timers.`.
    pub fn plain(mut self) -> Self {
        self.is_plain = true;
        self
    }
}

impl Prepare<'_> {
    /// A handle on a counter.
    ///
    /// # Errors
    ///
    /// Why such a metric can never be recorded.
    pub fn counter(self) -> Result<Counter, RecordError> {
        Ok(Counter(self.handle(Kind::Counter)?))
    }

    /// A handle on a distribution.
    ///
    /// # Errors
    ///
    /// Why such a metric can never be recorded.
    pub fn distribution(self) -> Result<Distribution, RecordError> {
        Ok(Distribution(self.handle(Kind::Distribution)?))
    }

    /// A handle on a gauge's level.
    ///
    /// # Errors
    ///
    /// Why such a metric can never be recorded.
    pub fn gauge(self) -> Result<Gauge, RecordError> {
        Ok(Gauge(self.handle(Kind::Gauge)?))
    }

    /// A handle on changes of a gauge.
    ///
    /// # Errors
    ///
    /// Why such a metric can never be recorded.
    pub fn gauge_delta(self) -> Result<GaugeDelta, RecordError> {
        Ok(GaugeDelta(self.handle(Kind::GaugeDelta)?))
    }

    /// A handle on a histogram.
    ///
    /// # Errors
    ///
    /// Why such a metric can never be recorded.
    pub fn histogram(self) -> Result<Histogram, RecordError> {
        Ok(Histogram(self.handle(Kind::Histogram)?))
    }

    /// A handle on a meter.
    ///
    /// # Errors
    ///
    /// Why such a metric can never be recorded.
    pub fn meter(self) -> Result<Meter, RecordError> {
        Ok(Meter(self.handle(Kind::Meter)?))
    }

    /// A handle on a set.
    ///
    /// # Errors
    ///
    /// Why such a metric can never be recorded.
    pub fn set(self) -> Result<Set, RecordError> {
        Ok(Set(self.handle(Kind::Set)?))
    }

    /// A handle on a timing.
    ///
    /// # Errors
    ///
    /// Why such a metric can never be recorded.
    pub fn timing(self) -> Result<Timing, RecordError> {
        Ok(Timing(self.handle(Kind::Timing)?))
    }

    fn handle(self, kind: Kind) -> Result<Handle, RecordError> {
        let metric = Metric::blank(self.name, kind).tags(&self.tags);
        let metric = if self.is_plain {
            metric
        } else {
            metric.with_kind_prefix()
        };
        let metric = Metric {
            rate: self.rate,
            ..metric
        };
        let shared = self.client.shared();
        let prepared = shared.map(|shared| shared.prepare(&metric)).transpose()?;
        Ok(Handle {
            client: self.client.clone(),
            sum: prepared.as_ref().and_then(Prepared::sum).cloned(),
            prepared,
        })
    }
}

/// What all handles are.
#[derive(Clone)]
struct Handle {
    client: Client,
    /// `None` if the client does nothing.
    prepared: Option<Prepared>,
    /// Of a counter that is aggregated, its sum.
    sum: Option<Arc<Sum>>,
}

impl Handle {
    /// Adds to a counter: an atomic addition, if it is aggregated.
    #[inline]
    fn count(&self, amount: Number) {
        match &self.sum {
            Some(sum) => match sum.add(amount) {
                Put::Kept => {}
                put @ (Put::First | Put::Not | Put::Overflowing(_) | Put::Refused(_)) => {
                    self.follow_up(amount, put);
                }
            },
            None => self.record_number(amount),
        }
    }

    #[cold]
    fn follow_up(&self, amount: Number, put: Put) {
        if let (Some(shared), Some(prepared)) = (self.client.shared(), &self.prepared) {
            let _ = shared.finish_count(prepared, amount, put);
        }
    }

    #[inline]
    fn record_number(&self, number: Number) {
        if let (Some(shared), Some(prepared)) = (self.client.shared(), &self.prepared) {
            // The error is counted, and a metric is no reason to fail the caller.
            let _ = shared.record_prepared_number(prepared, number);
        }
    }

    #[inline]
    fn record(&self, value: Value<'_>) {
        if let (Some(shared), Some(prepared)) = (self.client.shared(), &self.prepared) {
            // The error is counted, and a metric is no reason to fail the caller.
            let _ = shared.record_prepared(prepared, &value);
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("prepared", &self.prepared)
            .finish_non_exhaustive()
    }
}

macro_rules! handles {
    ($($(#[$docs:meta])+ $name:ident)+) => {$(
        $(#[$docs])+
        ///
        /// A handle, cheap to clone and to keep, usable from any thread. As long as there is one, the
        /// session stays open.
        #[derive(Clone, Debug)]
        pub struct $name(Handle);
    )+};
}

handles! {
    /// Adds to a counter.
    Counter
    /// Records values in a distribution.
    Distribution
    /// Sets the level of a gauge.
    Gauge
    /// Moves a gauge up and down.
    GaugeDelta
    /// Records values in a histogram.
    Histogram
    /// Counts events with a meter.
    Meter
    /// Adds members to a set.
    Set
    /// Records how long something took.
    Timing
}

impl Counter {
    /// Adds one.
    #[inline]
    pub fn incr(&self) {
        self.0.count(Number::Int(1));
    }

    /// Adds an amount; a negative one counts down.
    #[inline]
    pub fn add(&self, amount: impl Into<Number>) {
        self.0.count(amount.into());
    }
}

impl Distribution {
    /// Records a value.
    #[inline]
    pub fn record(&self, value: impl Into<Number>) {
        self.0.record_number(value.into());
    }
}

impl Gauge {
    /// Sets the level.
    #[inline]
    pub fn set(&self, level: impl Into<Number>) {
        self.0.record_number(level.into());
    }
}

impl GaugeDelta {
    /// Moves the gauge up, or down by a negative change.
    #[inline]
    pub fn add(&self, change: impl Into<Number>) {
        self.0.record_number(change.into());
    }
}

impl Histogram {
    /// Records a value.
    #[inline]
    pub fn record(&self, value: impl Into<Number>) {
        self.0.record_number(value.into());
    }
}

impl Meter {
    /// Counts an amount of events.
    #[inline]
    pub fn add(&self, amount: impl Into<Number>) {
        self.0.record_number(amount.into());
    }
}

impl Set {
    /// Adds a member.
    #[inline]
    pub fn insert(&self, member: &str) {
        self.0.record(Value::Text(member));
    }
}

impl Timing {
    /// Records how long something took.
    #[inline]
    pub fn record(&self, elapsed: Duration) {
        self.0.record(Value::Elapsed(elapsed));
    }

    /// Records how many milliseconds something took.
    #[inline]
    pub fn record_ms(&self, milliseconds: impl Into<Number>) {
        self.0.record_number(milliseconds.into());
    }

    /// Times until the guard is dropped, also by an error or a panic.
    #[must_use = "the time ends when the guard is dropped"]
    pub fn time(&self) -> TimingGuard<'_> {
        TimingGuard {
            timing: self,
            started: self.0.client.now(),
        }
    }
}

/// A time that is taken and recorded when it is dropped; see [`Timing::time`].
#[derive(Debug)]
pub struct TimingGuard<'a> {
    timing: &'a Timing,
    /// None for a client that sends nothing.
    started: Option<Instant>,
}

impl Drop for TimingGuard<'_> {
    fn drop(&mut self) {
        if let (Some(started), Some(now)) = (self.started, self.timing.0.client.now()) {
            self.timing.record(now.saturating_duration_since(started));
        }
    }
}
