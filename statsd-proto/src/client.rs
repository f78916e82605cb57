//! The handle that programs record with.

pub(crate) mod blocking;
pub(crate) mod driver;
pub(crate) mod group;
pub(crate) mod handle;
pub(crate) mod recording;
pub(crate) mod shared;
pub(crate) mod timer;
pub(crate) mod waiters;

use std::sync::Arc;
use std::time::Duration;

use crate::client::blocking::wait_for;
use crate::client::group::Group;
use crate::client::handle::Prepare;
use crate::client::recording::Recording;
use crate::client::shared::{Entry, Shared, Wait};
use crate::client::timer::{Measurement, Stopwatch, Timer, TimerGuard};
use crate::client::waiters::Until;
use crate::dogstatsd;
use crate::encode::Encoder;
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Number, Section, TagList, Value};
use crate::session::Core;
use crate::session::stats::{Report, Stats};

/// Records metrics, from any thread.
///
/// A client is cheap to clone and never blocks: recording formats the metric into the queue and
/// returns. Nor does it fail the program: the methods named after kinds of metrics return nothing, and
/// what they could not record is counted in [`Stats::refused`]. [`record`](Self::record) tells.
///
/// What one thread records leaves in the order recorded. So do the levels of gauges, and their changes,
/// from whichever threads they come; and what was recorded before a [`flush`](Self::flush) leaves before
/// what is recorded after it. Other metrics of different threads, of which servers add up or collect the
/// values, may overtake each other within a flush interval, because the threads do not wait for each other.
///
/// Recording takes a lock for a moment, so a signal handler must not record: the thread that it interrupts may hold
/// that lock.
///
/// When the last client is dropped, the session is closed as by [`close`](Self::close).
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// None: there is nobody to send to.
    handle: Option<Arc<Handle>>,
}

/// What the clones of a client have in common.
#[derive(Debug)]
struct Handle {
    entry: Entry,
    open: Arc<Open>,
}

/// Closes the session when the last client of it is gone, of whichever scope.
#[derive(Debug)]
struct Open(Arc<Shared>);

impl Client {
    /// A client that does nothing, for where metrics are turned off.
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

    /// A client for a part of the program, whose metrics have more before their names: for `db` behind the prefix
    /// `shop`, `queries` is `shop.db.queries`. It has the same queue and connection. Handles that are
    /// [prepared](Self::prepare) with it are of the part as well.
    ///
    /// What the server could not read of the prefix is replaced, or refused with each metric.
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
    #[doc(alias("with_prefix", "sub_client", "child"))]
    #[must_use]
    pub fn scoped(&self, prefix: &str) -> Self {
        self.within(|encoder, id| encoder.with_prefix(id, prefix))
    }

    /// A client whose metrics have more tags, with the same queue and connection.
    ///
    /// Tags may be there twice, since several values of one key mean something to Datadog: within a call, and within
    /// one `tagged`, all stay as they are. Otherwise the nearest wins: a tag of the call replaces those of the same key
    /// that its client has, and a tag of the client those of the client that it was made from, and of the
    /// [configuration](crate::Config::tag). Tags without a value replace none, and are not replaced.
    ///
    /// | server | what it makes of a key with two values |
    /// |---|---|
    /// | Datadog agent | both values |
    /// | statsd_exporter, OpenTelemetry Collector, Telegraf | the last value |
    ///
    /// Where the dialect has no tags, or not such, each metric is refused as
    /// [`InvalidTag`](crate::RecordError::InvalidTag).
    #[doc(alias("with_tags", "with_tag"))]
    #[must_use]
    pub fn tagged<'t>(&self, tags: impl Into<TagList<'t>>) -> Self {
        let tags = tags.into();
        self.within(|encoder, id| encoder.with_tags(id, tags.pairs()))
    }

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

    /// Adds to a counter: `counters.<path>`.
    #[inline]
    pub fn incr(&self, path: &str, amount: impl Into<Number>) {
        self.send_number(Kind::Counter, path, amount.into());
    }

    /// Takes from a counter: `counters.<path>`.
    #[inline]
    pub fn decr(&self, path: &str, amount: impl Into<Number>) {
        self.send_number(Kind::Counter, path, amount.into().negated());
    }

    /// Sets a gauge: `gauges.<path>`.
    #[inline]
    pub fn gauge(&self, path: &str, level: impl Into<Number>) {
        self.send_number(Kind::Gauge, path, level.into());
    }

    /// Moves a gauge up or down: `gauges.<path>`.
    #[inline]
    pub fn gauge_delta(&self, path: &str, change: impl Into<Number>) {
        self.send_number(Kind::GaugeDelta, path, change.into());
    }

    /// Records how long something took: `timers.<path>`.
    #[inline]
    pub fn timing(&self, path: &str, elapsed: Duration) {
        self.send(&Metric::timing(path, elapsed));
    }

    /// Records how many milliseconds something took: `timers.<path>`.
    #[inline]
    pub fn timing_ms(&self, path: &str, milliseconds: impl Into<Number>) {
        self.send(&Metric::timing_ms(path, milliseconds));
    }

    /// Starts to take a time, for a metric whose tags are known at the end only. What it gives borrows nothing.
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

    /// Times a future from its first poll, with a tag that is made of its output: `timers.<path>`. Of one that is
    /// dropped before it ends, the time is recorded without the tag.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// # let query = async { Ok::<u32, String>(7) };
    /// # let _ = async move {
    /// let rows = client
    ///     .measure("db.query", query, |result| ("ok", result.is_ok().to_string()))
    ///     .await;
    /// # rows };
    /// ```
    pub async fn measure<F: Future>(
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

    /// A timer that is started and stopped by hand, for `timers.<path>`.
    pub fn timer<'a>(&'a self, path: &'a str) -> Timer<'a> {
        Timer::new(self, path)
    }

    /// Times until the guard is dropped, also by an error or a panic, for `timers.<path>`.
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

    /// Records a value in a histogram.
    #[inline]
    pub fn histogram(&self, path: &str, value: impl Into<Number>) {
        self.send(&Metric::histogram(path, value));
    }

    /// Records a value in a distribution.
    #[inline]
    pub fn distribution(&self, path: &str, value: impl Into<Number>) {
        self.send(&Metric::distribution(path, value));
    }

    /// Records a duration in a distribution, in milliseconds.
    #[inline]
    pub fn distribution_ms(&self, path: &str, elapsed: Duration) {
        self.send(&Metric::distribution_ms(path, elapsed));
    }

    /// Counts events with a meter.
    #[inline]
    pub fn meter(&self, path: &str, amount: impl Into<Number>) {
        self.send(&Metric::meter(path, amount));
    }

    /// Adds a member to a set.
    #[inline]
    pub fn set(&self, path: &str, member: &str) {
        self.send(&Metric::set(path, member));
    }

    /// Records a metric of any type by its code on the wire. The path gets the prefix, and no [kind
    /// prefix](crate::Config::kind_prefixes).
    #[inline]
    pub fn inject_metric<'a>(&self, path: &'a str, value: impl Into<Value<'a>>, code: &'a str) {
        self.send(&Metric::raw(path, value, code));
    }

    /// Begins a metric of any kind, to which tags, a rate or a timestamp can be added before it is sent.
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

    /// Begins a count of events, to which tags or a rate can be added before it is sent; without any,
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

    /// Gathers several metrics, to record them together: in order, next to each other, or none of them.
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
    /// With [`Config::aggregate`](crate::Config::aggregate) each metric is aggregated at once.
    #[doc(alias("batch", "pipeline"))]
    pub fn group(&self) -> Group {
        Group::new(self)
    }

    /// Records a metric with tags or a rate, or tells why it could not. Its name is the same as by the methods
    /// named after kinds.
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
    /// Why the metric was not taken.
    #[inline]
    pub fn record(&self, metric: &Metric<'_>) -> Result<(), RecordError> {
        match &self.handle {
            Some(handle) => handle.entry.record(metric),
            None => Ok(()),
        }
    }

    /// Prepares a metric that is recorded again and again: name, tags and rate are rendered once, and
    /// what the server would not understand is told once, here. A call then copies two pieces of text
    /// and writes a number; with [`Config::aggregate`](crate::Config::aggregate) counting is an atomic
    /// addition.
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
    pub fn prepare<'a>(&'a self, name: &'a str) -> Prepare<'a> {
        Prepare::new(self, name)
    }

    /// Records a line that somebody else has written, byte for byte: no prefix, no tag is added.
    ///
    /// Checked all the same: it must be one whole line, `name:value|type[|@rate][|#tags]` in this
    /// order, of text that the dialect allows, so that it cannot forge another. For
    /// [`Dialect::DogStatsd`](crate::Dialect::DogStatsd) several values, `1:2:3`, and the fields
    /// `|c:<container>` and `|T<time>` may be in it.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// client.record_line("shop.requests:1|c|@0.1|#route:home")?;
    /// # Ok::<(), statsd_proto::RecordError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Why the line was not taken.
    pub fn record_line(&self, line: &str) -> Result<(), RecordError> {
        self.record(&Metric::line(line))
    }

    /// Records an event for the Datadog agent, or tells why it could not.
    ///
    /// # Errors
    ///
    /// Why the event was not taken.
    pub fn event(&self, event: &dogstatsd::Event<'_>) -> Result<(), RecordError> {
        self.entry()
            .map_or(Ok(()), |entry| entry.record_apart(event))
    }

    /// Records a service check for the Datadog agent, or tells why it could not.
    ///
    /// # Errors
    ///
    /// Why the check was not taken.
    pub fn service_check(&self, check: &dogstatsd::ServiceCheck<'_>) -> Result<(), RecordError> {
        self.entry()
            .map_or(Ok(()), |entry| entry.record_apart(check))
    }

    /// Sends what is queued without waiting for the flush interval.
    ///
    /// The future ends when all that was recorded before this call has been given to the kernel or
    /// dropped, which takes as long as the server is away. It need not be awaited.
    pub fn flush(&self) -> impl Future<Output = ()> + Send + use<> {
        finished(self.flush_until(Core::flush, Until::Taken))
    }

    /// The same, and the future ends only when no server can refuse any of it any more. Over UDP that is
    /// some 50 ms later, the time that a refusal may take; else it makes no difference. A
    /// [`close`](Self::close) waits for that as well.
    pub fn flush_confirmed(&self) -> impl Future<Output = ()> + Send + use<> {
        finished(self.flush_until(Core::flush_confirmed, Until::Completed))
    }

    /// Does the same on this thread, for programs without a runtime, for `Drop` and for panic hooks. Returns whether it
    /// has ended within this time.
    ///
    /// Something else has to drive: a runtime with threads of its own, or a thread as in `examples/blocking.rs`. On the only
    /// thread of a runtime it waits in vain, and for no longer than the timeout.
    #[doc(alias = "flush_sync")]
    pub fn flush_blocking(&self, timeout: Duration) -> bool {
        wait_for(self.flush(), timeout).is_some()
    }

    /// Waits until at least half of the queue is free, or the client is closed: what a program does
    /// that would rather wait than lose metrics.
    pub fn ready(&self) -> impl Future<Output = ()> + Send + use<> {
        let wait = self
            .handle
            .as_ref()
            .map(|handle| Wait::new(Arc::clone(&handle.entry.shared), Until::Room));
        finished(wait)
    }

    /// Closes the session for all clients: nothing more is taken, and the driver ends when what is
    /// queued has been sent, or when the [close timeout](crate::Config::close_timeout) is over.
    pub fn close(&self) {
        if let Some(handle) = &self.handle {
            handle.entry.shared.end(Core::close);
        }
    }

    /// Waits until the session is over, and tells how it ended: after [`close`](Self::close) what is
    /// queued is sent first. For a [`noop`](Self::noop) client there is nothing to wait for.
    pub fn closed(&self) -> impl Future<Output = Report> + Send + use<> {
        let shared = self
            .handle
            .as_ref()
            .map(|handle| Arc::clone(&handle.entry.shared));
        async move {
            let Some(shared) = shared else {
                return Report::default();
            };
            Wait::new(Arc::clone(&shared), Until::Finished).await;
            shared.stats().into()
        }
    }

    /// [Closes](Self::close) the session, and waits on this thread until it is over. Returns `None` if that takes longer than
    /// the timeout; see [`flush_blocking`](Self::flush_blocking).
    #[doc(alias("stop_blocking", "stop"))]
    pub fn close_blocking(&self, timeout: Duration) -> Option<Report> {
        self.close();
        wait_for(self.closed(), timeout)
    }

    /// Reports, with the feature `tracing` in a log, what is lost if the program ends now, unless the client is
    /// closed. For a connector that is dropped without a stop, on a runtime that ends with the program and so drops
    /// no driver.
    pub fn report_unstopped(&self) {
        if let Some(handle) = &self.handle {
            handle.entry.shared.flush(Core::report_unstopped);
        }
    }

    /// Whether no more metrics are taken. A [`noop`](Self::noop) client is never closed.
    pub fn is_closed(&self) -> bool {
        self.handle
            .as_ref()
            .is_some_and(|handle| handle.entry.shared.with(|core| core.is_closed()))
    }

    /// Whether this is a [`noop`](Self::noop) client, as of a configuration that is not enabled.
    pub fn is_noop(&self) -> bool {
        self.handle.is_none()
    }

    /// What was recorded, sent and lost so far.
    pub fn stats(&self) -> Stats {
        self.handle
            .as_ref()
            .map_or_else(Stats::default, |handle| handle.entry.shared.stats())
    }

    /// Where metrics come in. `None` if there is no server to send to.
    #[inline]
    pub(crate) fn entry(&self) -> Option<&Entry> {
        self.handle.as_ref().map(|handle| &handle.entry)
    }

    /// The time by the driver's clock, which timers measure by; none for a [`noop`](Self::noop) client.
    pub fn now(&self) -> Option<std::time::Instant> {
        self.handle.as_ref().map(|handle| handle.entry.shared.now())
    }

    fn flush_until(&self, flush: fn(&mut Core), until: fn(u64) -> Until) -> Option<Wait> {
        let handle = self.handle.as_ref()?;
        let recorded = handle.entry.shared.flush(flush);
        Some(Wait::new(Arc::clone(&handle.entry.shared), until(recorded)))
    }

    #[inline]
    fn send_number(&self, kind: Kind, path: &str, number: Number) {
        if let Some(handle) = &self.handle {
            // The error is counted, and a metric is no reason to fail the caller.
            let _ = handle
                .entry
                .record_number(kind, Section::of(kind), path, number);
        }
    }

    #[inline]
    fn send(&self, metric: &Metric<'_>) {
        // The error is counted, and a metric is no reason to fail the caller.
        let _ = self.record(metric);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.end(Core::close);
    }
}

async fn finished(wait: Option<Wait>) {
    if let Some(wait) = wait {
        wait.await;
    }
}

#[cfg(test)]
mod tests;
