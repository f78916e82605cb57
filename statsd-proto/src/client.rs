//! Client: records metrics for a program.

pub(crate) mod blocking;
pub(crate) mod driver;
pub(crate) mod events;
pub(crate) mod group;
pub(crate) mod handle;
mod lifecycle;
mod log;
pub(crate) mod recording;
pub(crate) mod shared;
pub(crate) mod timer;
pub(crate) mod waiters;

use std::sync::Arc;
use std::time::Duration;

use crate::client::events::Events;
use crate::client::group::Group;
use crate::client::handle::Prepare;
use crate::client::recording::Recording;
use crate::client::shared::{Entry, Shared};
use crate::client::timer::{Measurement, Stopwatch, Timer, TimerGuard};
use crate::dogstatsd;
use crate::encode::Encoder;
use crate::encode::Single;
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Number, Section, TagList, Value};
use crate::session::Core;
use crate::session::stats::Stats;

/// Records metrics, from any thread.
///
/// A client is cheap to clone. Recording never waits for the network: it encodes the metric into a queue in memory and
/// returns.
///
/// Methods named after a kind of metric, such as [`incr`](Self::incr), return no error; [`Stats::refused`] counts the
/// metrics that they could not record. [`record`](Self::record) and the `try_` methods return the reason.
///
/// # Order
///
/// - Metrics of one thread are sent in the order in which they were recorded.
/// - Levels and changes of one gauge are sent in the order in which they were recorded, by any threads.
/// - Metrics recorded before a [`flush`](Self::flush) are sent before metrics recorded after it.
/// - Other metrics of different threads may overtake each other within a flush interval. Servers aggregate these, so
///   their order has no effect.
///
/// # Signal handlers
///
/// Do not record in a signal handler. Recording takes a lock for a moment, and the interrupted thread may hold it.
///
/// # Close
///
/// Dropping the last client closes the session like [`close`](Self::close).
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// `None` for a client that sends nothing.
    handle: Option<Arc<Handle>>,
}

/// State that the clones of a client share.
#[derive(Debug)]
struct Handle {
    entry: Entry,
    open: Arc<Open>,
}

/// Closes the session when the last client of any scope is dropped.
#[derive(Debug)]
struct Open(Arc<Shared>);

impl Client {
    /// Creates a client that sends nothing, for programs that turn metrics off.
    ///
    /// ```
    /// let client = statsd_proto::Client::noop();
    /// client.incr("logins", 1);
    /// assert_eq!(client.stats().accepted, 0);
    /// ```
    #[doc(alias("nop", "disabled", "mock", "NopMetricSink"))]
    #[must_use]
    pub const fn noop() -> Self {
        Self { handle: None }
    }

    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            handle: Some(Arc::new(Handle {
                open: Arc::new(Open(Arc::clone(&shared))),
                entry: Entry::new(shared),
            })),
        }
    }

    /// Creates a client that adds a prefix to names, after the prefix of this client: with the prefixes `shop` and
    /// `db`, the name `queries` becomes `shop.db.queries`. Both clients share the queue and the connection. Handles
    /// that the new client [prepares](Self::prepare) have the prefix too.
    ///
    /// Characters of the prefix that the server would misread are replaced. If the [sanitize
    /// policy](crate::SanitizePolicy) is `Refuse`, each metric of the new client is refused instead.
    ///
    /// ```
    /// use statsd_proto::Config;
    /// use statsd_proto::testing::recorder;
    ///
    /// # fn main() -> Result<(), statsd_proto::ConfigError> {
    /// let (client, mut recorder) = recorder(Config::dogstatsd("localhost").prefix("shop"))?;
    /// let db = client.scoped("db").tagged(&[("shard", "3")]);
    /// db.incr("queries", 1);
    /// db.count("queries", 1).tag("table", "users").send();
    /// let lines = ["shop.db.queries:1|c|#shard:3", "shop.db.queries:1|c|#shard:3,table:users"];
    /// assert_eq!(recorder.lines(), lines);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias(
        "with_prefix",
        "sub_client",
        "child",
        "namespace",
        "with_namespace",
        "child_client"
    ))]
    #[must_use]
    pub fn scoped(&self, prefix: &str) -> Self {
        self.within(|encoder, id| encoder.with_prefix(id, prefix))
    }

    /// Creates a client that adds tags to its metrics. Both clients share the queue and the connection.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let client = client.tagged(&[("region", "eu"), ("tier", "free")]);
    /// client.count("logins", 1).tag("tier", "paid").send();
    /// assert_eq!(recorder.lines(), ["logins:1|c|#region:eu,tier:paid"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A tag replaces tags with the same key that come from further out: a tag of one call replaces tags of the
    /// client, and a tag of the client replaces tags of the client that it was created from and of the
    /// [configuration](crate::Config::tag). Tags without a value replace no tag, and are not replaced.
    ///
    /// Within one call, and within one `tagged`, several tags with the same key are all sent, because Datadog
    /// keeps several values of one key:
    ///
    /// | server | result for a key with two values |
    /// |---|---|
    /// | Datadog agent | both values |
    /// | statsd_exporter, OpenTelemetry Collector, Telegraf | the last value |
    ///
    /// If the dialect has no tags, or no tags without a value and one is given, each metric is refused with
    /// [`InvalidTag`](crate::RecordError::InvalidTag).
    #[doc(alias("with_tags", "with_tag", "global_tags"))]
    #[must_use]
    pub fn tagged<'t>(&self, tags: impl Into<TagList<'t>>) -> Self {
        let tags = tags.into();
        self.within(|encoder, id| encoder.with_tags(id, tags.pairs()))
    }

    /// Client of a scope within this one, which shares the session.
    fn within(&self, encoder: impl FnOnce(&Encoder, u32) -> Encoder) -> Self {
        Self {
            handle: self.handle.as_ref().map(|handle| {
                Arc::new(Handle {
                    entry: handle.entry.within(encoder),
                    open: Arc::clone(&handle.open),
                })
            }),
        }
    }

    /// Adds an amount to a counter. With [kind prefixes](crate::Config::kind_prefixes) the name begins with
    /// `counters.`.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.incr("logins", 1);
    /// assert_eq!(recorder.lines(), ["logins:1|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "increment")]
    #[inline]
    pub fn incr(&self, path: &str, amount: impl Into<Number>) {
        self.send_number(Kind::Counter, path, amount.into());
    }

    /// Subtracts an amount from a counter. With [kind prefixes](crate::Config::kind_prefixes) the name begins with
    /// `counters.`.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.decr("credits", 5);
    /// assert_eq!(recorder.lines(), ["credits:-5|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "decrement")]
    #[inline]
    pub fn decr(&self, path: &str, amount: impl Into<Number>) {
        self.send_number(Kind::Counter, path, amount.into().negated());
    }

    /// Sets the level of a gauge. With [kind prefixes](crate::Config::kind_prefixes) the name begins with `gauges.`.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.gauge("sessions", 17);
    /// assert_eq!(recorder.lines(), ["sessions:17|g"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn gauge(&self, path: &str, level: impl Into<Number>) {
        self.send_number(Kind::Gauge, path, level.into());
    }

    /// Changes the level of a gauge by an amount, which may be negative. With [kind
    /// prefixes](crate::Config::kind_prefixes) the name begins with `gauges.`. The dialects
    /// [`DogStatsd`](crate::Dialect::DogStatsd) and [`OpenTelemetry`](crate::Dialect::OpenTelemetry) refuse changes.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::new("localhost"))?;
    /// client.gauge_delta("sessions", -1);
    /// assert_eq!(recorder.lines(), ["gauges.sessions:-1|g"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias("increment_gauge", "decrement_gauge", "gauge_with_delta"))]
    #[inline]
    pub fn gauge_delta(&self, path: &str, change: impl Into<Number>) {
        self.send_number(Kind::GaugeDelta, path, change.into());
    }

    /// Records a duration as a timing, in milliseconds. With [kind prefixes](crate::Config::kind_prefixes) the name
    /// begins with `timers.`.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use std::time::Duration;
    ///
    /// client.timing("db.query", Duration::from_micros(1500));
    /// assert_eq!(recorder.lines(), ["db.query:1.5|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "time_duration")]
    #[inline]
    pub fn timing(&self, path: &str, elapsed: Duration) {
        self.send(&Metric::timing(path, elapsed));
    }

    /// Records a timing that is given as a number of milliseconds. With [kind prefixes](crate::Config::kind_prefixes)
    /// the name begins with `timers.`.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.timing_ms("db.query", 12.5);
    /// assert_eq!(recorder.lines(), ["db.query:12.5|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "time_in_milliseconds")]
    #[inline]
    pub fn timing_ms(&self, path: &str, milliseconds: impl Into<Number>) {
        self.send(&Metric::timing_ms(path, milliseconds));
    }

    /// Starts a stopwatch, for a timing whose tags are known only at its end. The stopwatch borrows nothing, so a
    /// struct or a task may own it.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// let timer = client.start();
    /// let status = "200";
    /// timer.timing("http.client").tag("status", status).send();
    /// ```
    #[doc(alias("start_timer", "stopwatch"))]
    pub fn start(&self) -> Stopwatch {
        Stopwatch::new(self)
    }

    /// Records the duration of a future as a timing, from its first poll, also if the future fails or is dropped before
    /// it completes.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// # futures::executor::block_on(async {
    /// let rows = client.measure("db.query", async { 7 }).await;
    /// # assert_eq!(rows, 7);
    /// # });
    /// assert_eq!(recorder.lines(), ["db.query:0|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias("time_future", "async_timer"))]
    pub async fn measure<F: Future>(&self, path: &str, future: F) -> F::Output {
        let _guard = self.time(path);
        future.await
    }

    /// Records the duration of a future like [`measure`](Self::measure), with a tag that `tag` makes from the output. If
    /// the future is dropped before it completes, the duration is recorded without the tag.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// # futures::executor::block_on(async {
    /// let query = async { "7".parse::<u32>() };
    /// let tag = |result: &Result<_, _>| ("ok", result.is_ok().to_string());
    /// let rows = client.measure_with("db.query", query, tag).await;
    /// # assert_eq!(rows, Ok(7));
    /// # });
    /// assert_eq!(recorder.lines(), ["db.query:0|ms|#ok:true"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn measure_with<F: Future>(
        &self,
        path: &str,
        future: F,
        tag: impl FnOnce(&F::Output) -> (&'static str, String),
    ) -> F::Output {
        let mut measurement = Measurement {
            stopwatch: self.start(),
            path,
            tag: None,
        };
        let output = future.await;
        measurement.tag = Some(tag(&output));
        output
    }

    /// Creates a timer that the caller starts, stops and sends.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let stopped = client.timer("request").start().stop();
    /// if stopped.elapsed().as_millis() < 100 {
    ///     stopped.send();
    /// }
    /// assert_eq!(recorder.lines(), ["request:0|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timer<'a>(&'a self, path: &'a str) -> Timer<'a> {
        Timer::new(self, path)
    }

    /// Starts a guard that records a timing when it is dropped, including by an early return or a panic.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// let result = {
    ///     let _guard = client.time("parse");
    ///     "42".parse::<i32>()
    /// };
    /// # assert_eq!(result, Ok(42));
    /// ```
    #[doc(alias("time_scope", "guard"))]
    pub fn time<'a>(&'a self, path: &'a str) -> TimerGuard<'a> {
        TimerGuard::of_name(self, path)
    }

    /// Records a value of a histogram: the server computes statistics per host.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.histogram("response.bytes", 512);
    /// assert_eq!(recorder.lines(), ["response.bytes:512|h"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn histogram(&self, path: &str, value: impl Into<Number>) {
        self.send(&Metric::histogram(path, value));
    }

    /// Records a value of a distribution: the server computes statistics over all hosts.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.distribution("response.bytes", 512);
    /// assert_eq!(recorder.lines(), ["response.bytes:512|d"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn distribution(&self, path: &str, value: impl Into<Number>) {
        self.send(&Metric::distribution(path, value));
    }

    /// Records a duration as a value of a distribution, in milliseconds.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use std::time::Duration;
    ///
    /// client.distribution_ms("db.query", Duration::from_micros(1500));
    /// assert_eq!(recorder.lines(), ["db.query:1.5|d"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn distribution_ms(&self, path: &str, elapsed: Duration) {
        self.send(&Metric::distribution_ms(path, elapsed));
    }

    /// Adds a number of events to a meter, from which the server computes a rate. Only the dialect
    /// [`Netdata`](crate::Dialect::Netdata) has meters; other dialects refuse them.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::new("localhost").dialect(statsd_proto::Dialect::Netdata))?;
    /// client.meter("requests", 1);
    /// assert_eq!(recorder.lines(), ["requests:1|m"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "mark")]
    #[inline]
    pub fn meter(&self, path: &str, amount: impl Into<Number>) {
        self.send(&Metric::meter(path, amount));
    }

    /// Adds a member to a set: the server counts distinct members.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.set("visitors", "anna");
    /// assert_eq!(recorder.lines(), ["visitors:anna|s"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias("unique", "add_to_set"))]
    #[inline]
    pub fn set(&self, path: &str, member: &str) {
        self.send(&Metric::set(path, member));
    }

    /// Records a metric with a type code of the caller's choice. The name gets the prefix of the client but no [kind
    /// prefix](crate::Config::kind_prefixes).
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.inject_metric("logins", 1, "c");
    /// assert_eq!(recorder.lines(), ["logins:1|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn inject_metric<'a>(&self, path: &'a str, value: impl Into<Value<'a>>, code: &'a str) {
        self.send(&Metric::raw(path, value, code));
    }

    /// Starts to build a metric of any kind, to which tags, a sample rate or a timestamp can be added.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// use statsd_proto::Metric;
    ///
    /// client.metric(Metric::gauge("depth", 3)).tag("queue", "mail").send();
    /// let result = client.metric(Metric::set("visitors", "anna")).tag("site", "shop").try_send();
    /// # let _ = result;
    /// ```
    #[doc(alias(
        "gauge_with_tags",
        "histogram_with_tags",
        "distribution_with_tags",
        "time_with_tags",
        "set_with_tags"
    ))]
    #[inline(always)]
    pub fn metric<'a>(&'a self, metric: Metric<'a>) -> Recording<'a> {
        Recording::new(self, metric)
    }

    /// Starts to build a count of events, to which tags or a sample rate can be added. For a count without these,
    /// [`incr`](Self::incr) is shorter.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// client.count("logins", 1).tag("method", "card").rate(0.1).send();
    /// ```
    #[doc(alias("count_with_tags", "incr_with_tags", "increment"))]
    #[inline(always)]
    pub fn count<'a>(&'a self, path: &'a str, amount: impl Into<Number>) -> Recording<'a> {
        Recording::new(self, Metric::counter(path, amount))
    }

    /// Creates a group of metrics, which are queued together: in order and next to each other, or, if the queue has no
    /// room for all, none.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// let mut group = client.group();
    /// for bytes in [512, 1024] {
    ///     group.incr("requests", 1);
    ///     group.gauge("bytes", bytes);
    ///     group.send();
    /// }
    /// ```
    ///
    /// With [`Config::aggregate`](crate::Config::aggregate), each metric is aggregated when it is added to the group.
    #[doc(alias("batch", "pipeline"))]
    pub fn group(&self) -> Group {
        Group::new(self)
    }

    /// Records a metric, and returns the reason if it is refused. The metric gets the same prefixes as by the methods
    /// named after kinds, such as [`incr`](Self::incr).
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::counter("requests", 1).tags(&[("route", "home")]).rate(0.1))?;
    /// # Ok::<(), statsd_proto::RecordError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the metric was refused. [`Stats::refused`] counts the refusal.
    #[inline]
    pub fn record(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
        match &self.handle {
            Some(handle) => handle.entry.record(metric),
            None => Ok(()),
        }
    }

    /// Starts to build a handle for a metric that is recorded often. Name, tags and rate are encoded once, and an
    /// invalid one is reported once, when the handle is built. Recording then copies a prefix and a suffix and writes a
    /// number. With [`Config::aggregate`](crate::Config::aggregate), counting is an atomic addition.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// struct Metrics {
    ///     logins: statsd_proto::Counter,
    ///     checkout: statsd_proto::Timing,
    /// }
    ///
    /// let metrics = Metrics {
    ///     logins: client.prepare("logins").tag("method", "card").counter()?,
    ///     checkout: client.prepare("checkout").timing()?,
    /// };
    /// let _guard = metrics.checkout.time();
    /// metrics.logins.incr();
    /// # Ok::<(), statsd_proto::RecordError>(())
    /// ```
    #[doc(alias("handle", "register"))]
    pub fn prepare<'a>(&'a self, name: &'a str) -> Prepare<'a> {
        Prepare::new(self, name)
    }

    /// Records a line that another program has encoded. The line is sent byte for byte, without an added prefix or tag.
    ///
    /// The line is checked, so that it cannot forge another metric: it must be a single line of the form
    /// `name:value|type[|@rate][|#tags]`, of characters that the dialect allows.
    /// [`Dialect::DogStatsd`](crate::Dialect::DogStatsd) also allows several values, `1:2:3`, and the fields
    /// `|c:<container>` and `|T<time>`.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// client.record_line("shop.requests:1|c|@0.1|#route:home")?;
    /// # Ok::<(), statsd_proto::RecordError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the line was refused.
    #[doc(alias("raw", "send_raw", "emit"))]
    pub fn record_line(&self, line: &str) -> Result<(), RecordError> {
        self.record(&Metric::line(line))
    }

    /// Records an event for the Datadog agent.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::Event;
    ///
    /// client.event(&Event::new("deploy", "version 7"))?;
    /// assert_eq!(recorder.lines(), ["_e{6,9}:deploy|version 7"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the event was refused.
    #[doc(alias = "simple_event")]
    pub fn event(&self, event: &dogstatsd::Event<'_>) -> Result<(), RecordError> {
        self.entry()
            .map_or(Ok(()), |entry| entry.record_slowly(event))
    }

    /// Records a service check for the Datadog agent.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::{ServiceCheck, Status};
    ///
    /// client.service_check(&ServiceCheck::new("db.up", Status::Ok))?;
    /// assert_eq!(recorder.lines(), ["_sc|db.up|0"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the service check was refused.
    #[doc(alias("check", "simple_service_check"))]
    pub fn service_check(&self, check: &dogstatsd::ServiceCheck<'_>) -> Result<(), RecordError> {
        self.entry()
            .map_or(Ok(()), |entry| entry.record_slowly(check))
    }

    /// Whether the session is closed, so that further metrics are refused. `false` for a [`noop`](Self::noop) client.
    ///
    /// ```
    /// assert!(!statsd_proto::Client::noop().is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.handle
            .as_ref()
            .is_some_and(|handle| handle.entry.shared.with(|core| core.is_closed()))
    }

    /// Whether this is a [`noop`](Self::noop) client. Drivers of a [disabled](crate::Config::enabled) configuration
    /// create such clients.
    ///
    /// ```
    /// assert!(statsd_proto::Client::noop().is_noop());
    /// ```
    #[must_use]
    pub fn is_noop(&self) -> bool {
        self.handle.is_none()
    }

    /// Counts of metrics recorded, sent and lost so far. All counts are zero for a [`noop`](Self::noop) client.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, _recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.incr("logins", 1);
    /// assert_eq!(client.stats().accepted, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias("telemetry", "get_telemetry", "drops"))]
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.handle
            .as_ref()
            .map_or_else(Stats::default, |handle| handle.entry.shared.stats())
    }

    /// Creates a reader of the session's events: outages, recoveries and losses, each with the server's address. The
    /// reader begins with the events that are still kept, at most the last 32. With the feature `tracing`, every event
    /// is also logged.
    ///
    /// ```no_run
    /// # async fn example(client: statsd_proto::Client) {
    /// let mut events = client.events();
    /// while let Some(event) = events.next().await {
    ///     eprintln!("{event}");
    /// }
    /// # }
    /// ```
    #[doc(alias("on_error", "error_handler", "errors", "callback"))]
    #[must_use]
    pub fn events(&self) -> Events {
        let shared = self.handle.as_ref();
        Events::new(shared.map(|handle| Arc::clone(&handle.entry.shared)))
    }

    /// Entry point for metrics, or `None` for a client that sends nothing.
    #[inline]
    pub(crate) fn entry(&self) -> Option<&Entry> {
        self.handle.as_ref().map(|handle| &handle.entry)
    }

    /// Current time of the driver's clock, which timers use. `None` for a [`noop`](Self::noop) client, which has no
    /// driver.
    ///
    /// ```
    /// assert_eq!(statsd_proto::Client::noop().now(), None);
    /// ```
    #[must_use]
    pub fn now(&self) -> Option<std::time::Instant> {
        self.handle.as_ref().map(|handle| handle.entry.shared.now())
    }

    #[inline]
    fn send_number(&self, kind: Kind, path: &str, number: Number) {
        if let Some(handle) = &self.handle {
            // `Stats::refused` counts the error. A lost metric must not fail the caller.
            let _ = handle.entry.record_number(&Single {
                kind,
                section: Section::of(kind),
                name: path,
                number,
            });
        }
    }

    #[inline]
    fn send(&self, metric: &Metric<'_>) {
        // `Stats::refused` counts the error. A lost metric must not fail the caller.
        let _ = self.record(metric);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.end(Core::close);
    }
}

#[cfg(test)]
mod tests;
