//! Handles for metrics that are recorded often: name, tags and rate are encoded once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::Client;
use crate::client::timer::TimerGuard;
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Number, Rate, Section, TagList, Value};
use crate::session::aggregate::{Put, Sum};
use crate::session::prepared::Prepared;

/// Builder of a handle; see [`Client::prepare`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Prepare<'a> {
    client: &'a Client,
    name: &'a str,
    tags: Vec<(&'a str, &'a str)>,
    rate: Rate,
    /// Whether the name gets no kind prefix.
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

    /// Adds a tag. An empty value makes a tag without a value.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.prepare("logins").tag("method", "card").tag("beta", "").counter()?.incr();
    /// assert_eq!(recorder.lines(), ["logins:1|c|#method:card,beta"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias("with_tag", "add_tag"))]
    pub fn tag(mut self, key: &'a str, value: &'a str) -> Self {
        self.tags.push((key, value));
        self
    }

    /// Adds tags, as [`tag`](Self::tag) adds one.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let tags = [("region", String::from("eu"))];
    /// client.prepare("logins").tags(&tags).counter()?.incr();
    /// assert_eq!(recorder.lines(), ["logins:1|c|#region:eu"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias("with_tags", "add_tags"))]
    pub fn tags(mut self, tags: impl Into<TagList<'a>>) -> Self {
        self.tags.extend(tags.into().pairs());
        self
    }

    /// Sets the sample rate, from above 0 to 1: only this share of the calls is recorded, chosen at random; see
    /// [`Metric::rate`]. Default: every call is recorded.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, _recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let logins = client.prepare("logins").rate(0.1).counter()?;
    /// logins.incr();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = Rate::Sample(rate);
        self
    }

    /// Keeps the name without a kind prefix, because another library has chosen it.
    #[cfg(feature = "metrics")]
    pub(crate) fn with_final_name(mut self) -> Self {
        self.has_final_name = true;
        self
    }
}

impl Prepare<'_> {
    /// Builds a handle for a counter.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let logins = client.prepare("logins").counter()?;
    /// logins.incr();
    /// assert_eq!(recorder.lines(), ["logins:1|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the metric would always be refused, such as an invalid name or tag.
    pub fn counter(self) -> Result<Counter, RecordError> {
        Ok(Counter(self.handle(Kind::Counter)?))
    }

    /// Builds a handle for a distribution.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let bytes = client.prepare("bytes").distribution()?;
    /// bytes.record(512);
    /// assert_eq!(recorder.lines(), ["bytes:512|d"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the metric would always be refused, such as an invalid name or tag.
    pub fn distribution(self) -> Result<Distribution, RecordError> {
        Ok(Distribution(self.handle(Kind::Distribution)?))
    }

    /// Builds a handle for the level of a gauge.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let sessions = client.prepare("sessions").gauge()?;
    /// sessions.set(17);
    /// assert_eq!(recorder.lines(), ["sessions:17|g"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the metric would always be refused, such as an invalid name or tag.
    pub fn gauge(self) -> Result<Gauge, RecordError> {
        Ok(Gauge(self.handle(Kind::Gauge)?))
    }

    /// Builds a handle for changes of a gauge.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::new("localhost"))?;
    /// let sessions = client.prepare("sessions").gauge_delta()?;
    /// sessions.add(1);
    /// assert_eq!(recorder.lines(), ["gauges.sessions:+1|g"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the metric would always be refused, such as an invalid name or tag.
    pub fn gauge_delta(self) -> Result<GaugeDelta, RecordError> {
        Ok(GaugeDelta(self.handle(Kind::GaugeDelta)?))
    }

    /// Builds a handle for a histogram.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let bytes = client.prepare("bytes").histogram()?;
    /// bytes.record(512);
    /// assert_eq!(recorder.lines(), ["bytes:512|h"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the metric would always be refused, such as an invalid name or tag.
    pub fn histogram(self) -> Result<Histogram, RecordError> {
        Ok(Histogram(self.handle(Kind::Histogram)?))
    }

    /// Builds a handle for a meter.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::new("localhost").dialect(statsd_proto::Dialect::Netdata))?;
    /// let requests = client.prepare("requests").meter()?;
    /// requests.add(1);
    /// assert_eq!(recorder.lines(), ["requests:1|m"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the metric would always be refused, such as an invalid name or tag.
    pub fn meter(self) -> Result<Meter, RecordError> {
        Ok(Meter(self.handle(Kind::Meter)?))
    }

    /// Builds a handle for a set.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let visitors = client.prepare("visitors").set()?;
    /// visitors.insert("anna");
    /// assert_eq!(recorder.lines(), ["visitors:anna|s"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the metric would always be refused, such as an invalid name or tag.
    pub fn set(self) -> Result<Set, RecordError> {
        Ok(Set(self.handle(Kind::Set)?))
    }

    /// Builds a handle for a timing.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let query = client.prepare("db.query").timing()?;
    /// query.record_ms(12);
    /// assert_eq!(recorder.lines(), ["db.query:12|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the metric would always be refused, such as an invalid name or tag.
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

/// State that handles of all kinds share.
#[derive(Clone)]
struct Handle {
    client: Client,
    /// Encoded metric, or `None` for a client that sends nothing.
    prepared: Option<Prepared>,
    /// Sum of an aggregated counter, or `None` for all other metrics.
    sum: Option<Arc<Sum>>,
}

impl Handle {
    /// Adds to a counter. For an aggregated counter, this is one atomic addition.
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

    /// Handles an amount that the sum did not simply add.
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
        /// A handle is cheap to clone, can be kept in a struct, and may be used from any thread. While a handle
        /// exists, the session stays open.
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
    /// Changes the level of a gauge.
    GaugeDelta
    /// Records values in a histogram.
    Histogram
    /// Adds events to a meter.
    Meter
    /// Adds members to a set.
    Set
    /// Records durations.
    Timing
}

/// Defines a method that records a number, and a `try_` method that also returns the error.
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
            /// Reason why the metric was refused. [`Stats::refused`](crate::Stats::refused) counts the refusal.
            #[inline]
            pub fn $try_record(&self, number: impl Into<Number>) -> Result<(), RecordError> {
                self.0.$by(number.into())
            }
        }
    )+};
}

numbers! {
    Counter by count {
        /// Adds an amount to the counter. A negative amount decreases it.
        ///
        /// ```
        /// # use statsd_proto::{Config, testing::recorder};
        /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
        /// let logins = client.prepare("logins").counter()?;
        /// logins.add(2);
        /// logins.try_add(-1)?;
        /// assert_eq!(recorder.lines(), ["logins:2|c", "logins:-1|c"]);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        add / try_add
    }
    Distribution by record_number {
        /// Records a value of the distribution.
        ///
        /// ```
        /// # use statsd_proto::{Config, testing::recorder};
        /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
        /// let bytes = client.prepare("bytes").distribution()?;
        /// bytes.record(512);
        /// bytes.try_record(0.5)?;
        /// assert_eq!(recorder.lines(), ["bytes:512|d", "bytes:0.5|d"]);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        record / try_record
    }
    Gauge by record_number {
        /// Sets the level of the gauge.
        ///
        /// ```
        /// # use statsd_proto::{Config, testing::recorder};
        /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
        /// let sessions = client.prepare("sessions").gauge()?;
        /// sessions.set(17);
        /// sessions.try_set(18)?;
        /// assert_eq!(recorder.lines(), ["sessions:17|g", "sessions:18|g"]);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        set / try_set
    }
    GaugeDelta by record_number {
        /// Increases the gauge. A negative amount decreases it.
        ///
        /// ```
        /// # use statsd_proto::{Config, testing::recorder};
        /// # let (client, mut recorder) = recorder(Config::new("localhost"))?;
        /// let sessions = client.prepare("sessions").gauge_delta()?;
        /// sessions.add(1);
        /// sessions.try_add(-1)?;
        /// assert_eq!(recorder.lines(), ["gauges.sessions:+1|g", "gauges.sessions:-1|g"]);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        add / try_add
    }
    Histogram by record_number {
        /// Records a value of the histogram.
        ///
        /// ```
        /// # use statsd_proto::{Config, testing::recorder};
        /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
        /// let bytes = client.prepare("bytes").histogram()?;
        /// bytes.record(512);
        /// bytes.try_record(0.5)?;
        /// assert_eq!(recorder.lines(), ["bytes:512|h", "bytes:0.5|h"]);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        record / try_record
    }
    Meter by record_number {
        /// Adds a number of events to the meter.
        ///
        /// ```
        /// # use statsd_proto::{Config, testing::recorder};
        /// # let (client, mut recorder) = recorder(Config::new("localhost").dialect(statsd_proto::Dialect::Netdata))?;
        /// let requests = client.prepare("requests").meter()?;
        /// requests.add(1);
        /// requests.try_add(2)?;
        /// assert_eq!(recorder.lines(), ["requests:1|m", "requests:2|m"]);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[doc(alias = "mark")]
        add / try_add
    }
    Timing by record_number {
        /// Records a duration that is given as a number of milliseconds.
        ///
        /// ```
        /// # use statsd_proto::{Config, testing::recorder};
        /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
        /// let query = client.prepare("db.query").timing()?;
        /// query.record_ms(12);
        /// query.try_record_ms(1.5)?;
        /// assert_eq!(recorder.lines(), ["db.query:12|ms", "db.query:1.5|ms"]);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        record_ms / try_record_ms
    }
}

impl Counter {
    /// Adds one to the counter.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let logins = client.prepare("logins").counter()?;
    /// logins.incr();
    /// assert_eq!(recorder.lines(), ["logins:1|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "increment")]
    #[inline]
    pub fn incr(&self) {
        self.add(1);
    }

    /// Subtracts one from the counter.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let credits = client.prepare("credits").counter()?;
    /// credits.decr();
    /// assert_eq!(recorder.lines(), ["credits:-1|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "decrement")]
    #[inline]
    pub fn decr(&self) {
        self.add(-1);
    }

    /// Subtracts an amount from the counter.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let credits = client.prepare("credits").counter()?;
    /// credits.sub(5);
    /// assert_eq!(recorder.lines(), ["credits:-5|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn sub(&self, amount: impl Into<Number>) {
        self.add(amount.into().negated());
    }
}

impl Distribution {
    /// Records a duration as a value of the distribution, in milliseconds.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use std::time::Duration;
    ///
    /// let query = client.prepare("db.query").distribution()?;
    /// query.record_duration_ms(Duration::from_micros(1500));
    /// assert_eq!(recorder.lines(), ["db.query:1.5|d"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn record_duration_ms(&self, elapsed: Duration) {
        // `Stats::refused` counts the error.
        let _ = self.try_record_duration_ms(elapsed);
    }

    /// Records a duration like [`record_duration_ms`](Self::record_duration_ms), and returns the reason if it is refused.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use std::time::Duration;
    ///
    /// let query = client.prepare("db.query").distribution()?;
    /// query.try_record_duration_ms(Duration::from_micros(1500))?;
    /// assert_eq!(recorder.lines(), ["db.query:1.5|d"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the duration was refused. [`Stats::refused`](crate::Stats::refused) counts the refusal.
    #[inline]
    pub fn try_record_duration_ms(&self, elapsed: Duration) -> Result<(), RecordError> {
        self.0.record(Value::Elapsed(elapsed))
    }
}

impl GaugeDelta {
    /// Decreases the gauge by an amount.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::new("localhost"))?;
    /// let sessions = client.prepare("sessions").gauge_delta()?;
    /// sessions.sub(1);
    /// assert_eq!(recorder.lines(), ["gauges.sessions:-1|g"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn sub(&self, change: impl Into<Number>) {
        self.add(change.into().negated());
    }
}

impl Set {
    /// Adds a member to the set.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let visitors = client.prepare("visitors").set()?;
    /// visitors.insert("anna");
    /// assert_eq!(recorder.lines(), ["visitors:anna|s"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn insert(&self, member: &str) {
        let _ = self.0.record(Value::Text(member));
    }

    /// Adds a member to the set, and returns the reason if it is refused.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let visitors = client.prepare("visitors").set()?;
    /// visitors.try_insert("anna")?;
    /// assert_eq!(recorder.lines(), ["visitors:anna|s"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the member was refused. [`Stats::refused`](crate::Stats::refused) counts the refusal.
    #[inline]
    pub fn try_insert(&self, member: &str) -> Result<(), RecordError> {
        self.0.record(Value::Text(member))
    }
}

impl Timing {
    /// Records a duration. It is sent in milliseconds, with the precision of a nanosecond.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use std::time::Duration;
    ///
    /// let query = client.prepare("db.query").timing()?;
    /// query.record(Duration::from_micros(1500));
    /// assert_eq!(recorder.lines(), ["db.query:1.5|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn record(&self, elapsed: Duration) {
        let _ = self.0.record(Value::Elapsed(elapsed));
    }

    /// Records a duration, and returns the reason if it is refused.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use std::time::Duration;
    ///
    /// let query = client.prepare("db.query").timing()?;
    /// query.try_record(Duration::from_micros(1500))?;
    /// assert_eq!(recorder.lines(), ["db.query:1.5|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the duration was refused. [`Stats::refused`](crate::Stats::refused) counts the refusal.
    #[inline]
    pub fn try_record(&self, elapsed: Duration) -> Result<(), RecordError> {
        self.0.record(Value::Elapsed(elapsed))
    }

    /// Starts a guard that records the elapsed time when it is dropped, including by an early return or a panic.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let parse = client.prepare("parse").timing()?;
    /// let number: i32 = {
    ///     let _guard = parse.time();
    ///     "42".parse()?
    /// };
    /// # assert_eq!(number, 42);
    /// assert_eq!(recorder.lines(), ["parse:0|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn time(&self) -> TimerGuard<'_> {
        TimerGuard::of_handle(self)
    }

    /// Starts a guard like [`time`](Self::time). The guard borrows nothing, so a struct or a task may own it.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, _recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let request = client.prepare("request").timing()?;
    /// let guard = request.time_owned();
    /// let thread = std::thread::spawn(move || drop(guard));
    /// # thread.join().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn time_owned(&self) -> TimerGuard<'static> {
        TimerGuard::owned(self.clone())
    }

    /// Records the duration of a future from its first poll, also if the future fails or is dropped before it
    /// completes. [`Client::measure_with`] adds a tag made from the output.
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
