//! Handles on metrics that are recorded again and again: all but the value is rendered once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::Client;
use crate::client::timer::TimerGuard;
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Number, Rate, Section, Value};
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
    has_final_name: bool,
}

impl<'a> Prepare<'a> {
    pub(crate) fn new(client: &'a Client, name: &'a str) -> Self {
        Self {
            client,
            name,
            tags: Vec::new(),
            rate: Rate::Always,
            has_final_name: false,
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

    /// Takes the name as it is, without a kind prefix: another library has made it.
    #[cfg(feature = "metrics")]
    pub(crate) fn with_final_name(mut self) -> Self {
        self.has_final_name = true;
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
        let metric = Metric {
            rate: self.rate,
            section: if self.has_final_name {
                Section::None
            } else {
                metric.section
            },
            ..metric
        };
        let entry = self.client.entry();
        let prepared = entry.map(|entry| entry.prepare(&metric)).transpose()?;
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
    fn count(&self, amount: Number) -> Result<(), RecordError> {
        match &self.sum {
            Some(sum) => match sum.add(amount) {
                Put::Kept => Ok(()),
                put @ (Put::First | Put::Not | Put::Overflowing(_) | Put::Refused(_)) => {
                    self.follow_up(amount, put)
                }
            },
            None => self.record_number(amount),
        }
    }

    #[cold]
    fn follow_up(&self, amount: Number, put: Put) -> Result<(), RecordError> {
        match (self.client.entry(), &self.prepared) {
            (Some(entry), Some(prepared)) => entry.finish_count(prepared, amount, put),
            (None, _) | (_, None) => Ok(()),
        }
    }

    #[inline]
    fn record_number(&self, number: Number) -> Result<(), RecordError> {
        match (self.client.entry(), &self.prepared) {
            (Some(entry), Some(prepared)) => entry.record_prepared_number(prepared, number),
            (None, _) | (_, None) => Ok(()),
        }
    }

    #[inline]
    fn record(&self, value: Value<'_>) -> Result<(), RecordError> {
        match (self.client.entry(), &self.prepared) {
            (Some(entry), Some(prepared)) => entry.record_prepared(prepared, &value),
            (None, _) | (_, None) => Ok(()),
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

/// A method that records a number, and its twin that tells why it could not.
macro_rules! numbers {
    ($($name:ident by $by:ident { $(#[$docs:meta])+ $record:ident / $try_record:ident })+) => {$(
        impl $name {
            $(#[$docs])+
            #[inline]
            pub fn $record(&self, number: impl Into<Number>) {
                // `Stats::refused` counts the error. A lost metric must not fail the caller.
                let _ = self.0.$by(number.into());
            }

            $(#[$docs])+
            ///
            /// # Errors
            ///
            /// Why it could not.
            #[inline]
            pub fn $try_record(&self, number: impl Into<Number>) -> Result<(), RecordError> {
                self.0.$by(number.into())
            }
        }
    )+};
}

numbers! {
    Counter by count {
        /// Adds an amount; a negative one counts down.
        add / try_add
    }
    Distribution by record_number {
        /// Records a value.
        record / try_record
    }
    Gauge by record_number {
        /// Sets the level.
        set / try_set
    }
    GaugeDelta by record_number {
        /// Moves the gauge up, or down by a negative change.
        add / try_add
    }
    Histogram by record_number {
        /// Records a value.
        record / try_record
    }
    Meter by record_number {
        /// Counts an amount of events.
        #[doc(alias = "mark")]
        add / try_add
    }
    Timing by record_number {
        /// Records how many milliseconds something took.
        record_ms / try_record_ms
    }
}

impl Counter {
    /// Adds one.
    #[doc(alias = "increment")]
    #[inline]
    pub fn incr(&self) {
        self.add(1);
    }

    /// Takes one.
    #[doc(alias = "decrement")]
    #[inline]
    pub fn decr(&self) {
        self.add(-1);
    }

    /// Takes an amount.
    #[inline]
    pub fn sub(&self, amount: impl Into<Number>) {
        self.add(amount.into().negated());
    }
}

impl Distribution {
    /// Records a duration, in milliseconds.
    #[inline]
    pub fn record_duration_ms(&self, elapsed: Duration) {
        // `Stats::refused` counts the error.
        let _ = self.0.record(Value::Elapsed(elapsed));
    }
}

impl GaugeDelta {
    /// Moves the gauge down.
    #[inline]
    pub fn sub(&self, change: impl Into<Number>) {
        self.add(change.into().negated());
    }
}

impl Set {
    /// Adds a member.
    #[inline]
    pub fn insert(&self, member: &str) {
        let _ = self.0.record(Value::Text(member));
    }

    /// Adds a member.
    ///
    /// # Errors
    ///
    /// Why it could not.
    #[inline]
    pub fn try_insert(&self, member: &str) -> Result<(), RecordError> {
        self.0.record(Value::Text(member))
    }
}

impl Timing {
    /// Records how long something took.
    #[inline]
    pub fn record(&self, elapsed: Duration) {
        let _ = self.0.record(Value::Elapsed(elapsed));
    }

    /// Records how long something took.
    ///
    /// # Errors
    ///
    /// Why it could not.
    #[inline]
    pub fn try_record(&self, elapsed: Duration) -> Result<(), RecordError> {
        self.0.record(Value::Elapsed(elapsed))
    }

    /// Times until the guard is dropped, also by an error or a panic.
    pub fn time(&self) -> TimerGuard<'_> {
        TimerGuard::of_handle(self)
    }

    /// The same with a guard that can be kept in a struct or moved into a task.
    pub fn time_owned(&self) -> TimerGuard<'static> {
        TimerGuard::owned(self.clone())
    }

    /// Times a future from its first poll, also if it fails, or is dropped before it ends. With a tag that is made of
    /// its output, [`Client::measure`] does so.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// # let query = async { 7 };
    /// # let _ = async move {
    /// let timing = client.prepare("db.query").timing()?;
    /// let rows = timing.measure(query).await;
    /// # Ok::<_, statsd_proto::RecordError>(rows) };
    /// ```
    pub fn measure<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        let timing = self.clone();
        async move {
            let _guard = TimerGuard::owned(timing);
            future.await
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }
}
