//! The session for programs with an event loop of their own: state machine and one inlet.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Core, Inlet, Levels, Pending, Record};
use crate::config::Config;
use crate::dogstatsd;
use crate::encode::{Encoder, SeriesKey};
use crate::error::{ConfigError, RecordError};
use crate::metric::{Metric, Value};
use crate::session::aggregate::{Added, Drained, FastLookup, Lookup, Put};
use crate::session::event::Event;
use crate::session::instruction::{Input, Output};
use crate::session::prepared::Prepared;
use crate::session::stats::Stats;

/// A StatsD client without sockets, clock or tasks.
///
/// A driver calls [`poll`](Self::poll), executes the instruction, passes its result to [`handle`](Self::handle), and
/// polls again. The [module](crate::driver#driving-a-session) shows the loop.
///
/// | instruction | what to do | what to answer |
/// |---|---|---|
/// | [`Resolve`](Output::Resolve) | look up the name, concurrently with everything else | [`Resolved`](Input::Resolved), with the lookup's number |
/// | [`Connect`](Output::Connect) | open the socket | [`Connected`](Input::Connected) or [`Disconnected`](Input::Disconnected) |
/// | [`Transmit`](Output::Transmit) | write once: a part of the stream, one datagram, or [several](crate::driver::Segmentation) | [`Written`](Input::Written) or [`Disconnected`](Input::Disconnected) |
/// | [`Disconnect`](Output::Disconnect) | cancel the pending operation and close the socket gracefully | nothing |
/// | [`Wait`](Output::Wait) | wait for the pending operation, the time, or [`wants_poll`](Self::wants_poll) | the result of the pending operation |
/// | [`Finished`](Output::Finished) | end the loop | nothing |
///
/// Pass every result to `handle` before the next poll. A poll after the refusal window (50 ms) counts the last datagram
/// as sent, so a driver that wakes up checks its socket before it polls. While an operation is pending,
/// [`Wait`](Output::Wait) returns its deadline; the poll at that time cancels it.
///
/// A socket can break, or its peer can close it, at any time. A driver keeps a read pending to notice, and answers
/// [`Disconnected`](Input::Disconnected). It reads at most [`MAX_READS`](crate::driver::MAX_READS) times in a row.
/// [`Input::failed`] classifies the error. A socket that has failed is never used again, for datagrams as well as for
/// streams. Where [`Connect`](crate::driver::Connect) asks for it, a driver reports the
/// [unacknowledged](Input::Unacknowledged) bytes before each poll, and once more before `Disconnected`. Closing a stream
/// with unread data resets the connection. To close it gracefully, a driver shuts it down for writing and reads it to
/// its end first.
///
/// At most one operation is pending on the socket. [`Disconnect`](Output::Disconnect) cancels it; its result is then not
/// reported. At most one lookup is pending at the same time. A late answer to an earlier lookup is recognized by its
/// number.
#[derive(Debug)]
pub struct Session {
    core: Core,
    inlet: Inlet,
    encoder: Arc<Encoder>,
}

impl Session {
    /// Creates a session with an empty queue.
    ///
    /// `seed` decides jitter and sampling. Give each process another seed, such as `RandomState::new().hash_one(0)` of
    /// [`std::hash`]; with the same seed all clients of a fleet reconnect at the same time.
    ///
    /// With [`Config::enabled`] set to false, the session accepts no metrics and is finished from the start.
    ///
    /// ```
    /// use std::hash::{BuildHasher, RandomState};
    /// use statsd_proto::Config;
    /// use statsd_proto::driver::Session;
    ///
    /// let seed = RandomState::new().hash_one(0);
    /// let session = Session::new(&Config::new("127.0.0.1"), seed)?;
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first invalid setting.
    pub fn new(config: &Config, seed: u64) -> Result<Self, ConfigError> {
        let mut core = Core::new(config, seed)?;
        let mut inlet = core.inlet();
        if core.is_closed() {
            inlet.close();
        }
        Ok(Self {
            encoder: Arc::clone(core.encoder()),
            core,
            inlet,
        })
    }

    /// Encodes a metric and adds it to the queue. Never waits, and never reads a clock.
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// # let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
    /// session.record(&Metric::counter("requests", 1).tags(&[("route", "home")]))?;
    /// assert_eq!(session.stats().accepted, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Why the metric was refused. The refusal is counted in [`Stats::refused`].
    #[inline]
    pub fn record(&mut self, metric: &Metric<'_>) -> Result<(), RecordError> {
        if self.core.aggregates() {
            if let Some(result) = self.aggregate(metric) {
                return result;
            }
        }
        self.record_line(metric)
    }

    /// Adds an event for the Datadog agent to the queue, as [`record`](Self::record) adds a metric.
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// use statsd_proto::dogstatsd::Event;
    ///
    /// # let mut session = Session::new(&Config::dogstatsd("127.0.0.1"), 7)?;
    /// session.record_event(&Event::new("Deployed", "version 7"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Why the event was refused. The refusal is counted in [`Stats::refused`].
    pub fn record_event(&mut self, event: &dogstatsd::Event<'_>) -> Result<(), RecordError> {
        self.record_line(event)
    }

    /// Adds a service check for the Datadog agent to the queue, as [`record`](Self::record) adds a metric.
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// use statsd_proto::dogstatsd::{ServiceCheck, Status};
    ///
    /// # let mut session = Session::new(&Config::dogstatsd("127.0.0.1"), 7)?;
    /// session.record_service_check(&ServiceCheck::new("db.up", Status::Ok))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Why the check was refused. The refusal is counted in [`Stats::refused`].
    pub fn record_service_check(
        &mut self,
        check: &dogstatsd::ServiceCheck<'_>,
    ) -> Result<(), RecordError> {
        self.record_line(check)
    }

    /// Encodes name, tags and rate of a metric once, so that recording a value costs less. The value of `metric` is
    /// not used.
    ///
    /// ```
    /// use statsd_proto::{Config, Metric};
    /// use statsd_proto::driver::Session;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
    /// let logins = session.prepare(&Metric::counter("logins", 0).tags(&[("method", "card")]))?;
    /// session.record_prepared(&logins, 1)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Why the metric would be refused, whatever its value.
    pub fn prepare(&mut self, metric: &Metric<'_>) -> Result<Prepared, RecordError> {
        Prepared::new(&mut self.core, &self.encoder, metric)
    }

    /// Adds a value of a [prepared](Self::prepare) metric to the queue.
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// # let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
    /// let load = session.prepare(&Metric::gauge("load", 0))?;
    /// session.record_prepared(&load, 0.5)?;
    /// session.record_prepared(&load, 0.75)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Why the value was refused. The refusal is counted in [`Stats::refused`].
    #[inline]
    pub fn record_prepared<'a>(
        &mut self,
        prepared: &Prepared,
        value: impl Into<Value<'a>>,
    ) -> Result<(), RecordError> {
        let value = value.into();
        let value = match prepared.aggregate(&self.encoder, value) {
            Ok(Put::Refused(error)) => {
                self.inlet.count_call(|| prepared.class());
                return Err(self.inlet.refuse(error));
            }
            Ok(put) => {
                if let (Put::First, Some(series)) = (put, prepared.series()) {
                    self.core.add_pending(series);
                }
                return Ok(());
            }
            Err(value) => value,
        };
        if self.core.aggregates() && prepared.is_level() {
            self.send_level_before(Some(prepared.key()))?;
        }
        self.record_line(&prepared.with(value))
    }

    /// Records the time from `started` to `ended` as a timing.
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// use std::time::Instant;
    ///
    /// # let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
    /// let started = Instant::now();
    /// // … work …
    /// session.record_time("work", started, Instant::now())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Why the timing was refused. The refusal is counted in [`Stats::refused`].
    pub fn record_time(
        &mut self,
        path: &str,
        started: Instant,
        ended: Instant,
    ) -> Result<(), RecordError> {
        let elapsed: Duration = ended.saturating_duration_since(started);
        self.record(&Metric::timing(path, elapsed))
    }

    /// Releases everything recorded so far for sending, without waiting for the flush interval.
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// # let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
    /// session.record(&Metric::counter("requests", 1))?;
    /// session.flush();
    /// assert!(session.wants_poll());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn flush(&mut self) {
        self.core.collect(&mut self.inlet);
        self.drain();
        self.core.flush();
    }

    /// Flushes, and asks for polls until the refusal window of the last datagram is over. Over UDP that takes about 50
    /// ms.
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// # let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
    /// session.record(&Metric::counter("requests", 1))?;
    /// session.flush_confirmed();
    /// assert!(session.wants_poll());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn flush_confirmed(&mut self) {
        self.flush();
        self.core.flush_confirmed();
    }

    /// Closes the session: it refuses further metrics, sends the queue within the close timeout, and ends.
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// # let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
    /// session.close();
    /// assert!(session.record(&Metric::counter("late", 1)).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&mut self) {
        if !self.core.is_closed() {
            self.inlet.close();
            self.core.close_series();
            self.flush();
            self.core.close();
        }
    }

    /// Ends the session at once. Queued lines count as abandoned.
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// # let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
    /// session.record(&Metric::counter("requests", 1))?;
    /// session.abandon();
    /// assert_eq!(session.stats().dropped.abandoned, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn abandon(&mut self) {
        self.close();
        self.core.abandon();
    }

    /// Handles an input. An input that does not fit the state is ignored.
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// use std::time::Instant;
    /// use statsd_proto::driver::{Input, Output};
    ///
    /// # let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
    /// let Output::Connect(connect) = session.poll(Instant::now()) else { unreachable!() };
    /// session.handle(Input::Connected);
    /// assert_eq!(session.stats().connects, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle(&mut self, input: Input) {
        self.core.handle(input);
    }

    /// Returns the next instruction for this time.
    ///
    /// Extra polls, late polls and polls with an earlier time than before are harmless.
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// use std::time::Instant;
    /// use statsd_proto::driver::Output;
    ///
    /// # let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
    /// assert!(matches!(session.poll(Instant::now()), Output::Connect(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn poll(&mut self, now: Instant) -> Output {
        let now = self.core.latest(now);
        if self.core.wants_losses(now) {
            self.core.take_counts(&mut self.inlet);
            self.core.end_losses(now);
        }
        loop {
            if self.core.wants_aggregates(now) {
                self.core.start_interval(now);
                self.core.collect(&mut self.inlet);
                self.core.end_collect();
                self.drain();
                self.core.end_drain();
            } else if self.core.wants_lines(now) {
                self.core.collect(&mut self.inlet);
                self.core.end_collect();
            }
            if self.core.wants_rest(now) {
                self.trim();
            }
            let output = self.core.poll(now);
            self.inlet.set_sampling_level(self.core.sampling_level());
            // The poll may have made room in the queue or confirmed the last datagram. Then a drain is possible.
            if matches!(output, Output::Wait(_)) && self.core.wants_poll() {
                continue;
            }
            if matches!(output, Output::Finished(_)) {
                return Output::Finished(self.stats().into());
            }
            return output;
        }
    }

    /// Whether something has happened since the last poll that makes the next one due at once.
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// use std::time::Instant;
    ///
    /// # let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
    /// assert!(session.wants_poll());
    /// let _ = session.poll(Instant::now());
    /// assert!(!session.wants_poll());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn wants_poll(&self) -> bool {
        self.core.wants_poll()
    }

    /// Takes the oldest event that has not been taken. At most 32 are kept; beyond that the oldest are dropped. The
    /// last event accompanies [`Output::Finished`].
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// # let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
    /// while let Some(event) = session.poll_event() {
    ///     eprintln!("{event}");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn poll_event(&mut self) -> Option<Event> {
        self.core.poll_event()
    }

    /// Counts of recorded, sent and lost lines so far.
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// # let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
    /// session.record(&Metric::counter("requests", 1))?;
    /// assert_eq!(session.stats().queued, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core.stats_with([&self.inlet])
    }

    /// Whether metrics are refused because the session is closing or closed.
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// # let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
    /// session.close();
    /// assert!(session.is_closed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.core.is_closed()
    }

    /// Whether the session has ended.
    ///
    /// ```
    /// # use statsd_proto::driver::Session;
    /// # use statsd_proto::{Config, Metric};
    /// # let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
    /// assert!(!session.is_finished());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.core.is_finished()
    }

    /// Aggregates a metric. Returns `None` if the metric has to be sent as lines of its own.
    fn aggregate(&mut self, metric: &Metric<'_>) -> Option<Result<(), RecordError>> {
        let lookup = FastLookup::new(&self.encoder, metric);
        if lookup.is_some_and(|lookup| {
            self.inlet
                .try_aggregate(&self.encoder, &lookup, metric.class())
        }) {
            return Some(Ok(()));
        }
        let Some(lookup) = Lookup::new(&self.encoder, metric) else {
            return self.aggregate_not(metric);
        };
        let (parts, random) = self.inlet.aggregator()?;
        let mut added = parts.add(&self.encoder, lookup, metric, random);
        if added == Ok(Added::Unknown) {
            added = self
                .core
                .aggregate_new(&self.encoder, &mut self.inlet, lookup, metric);
        }
        if matches!(added, Ok(Added::Not | Added::Unknown)) {
            return self.aggregate_not(metric);
        }
        self.inlet.count_call(|| metric.class());
        if added == Ok(Added::First) {
            self.core.on_aggregated();
        }
        Some(match added {
            Ok(_) => Ok(()),
            Err(error) => Err(self.inlet.refuse(error)),
        })
    }

    /// Prepares for sending the metric as a line of its own. Returns `Some` if it is refused, because a level that has
    /// to precede it has no room.
    #[cold]
    fn aggregate_not(&mut self, metric: &Metric<'_>) -> Option<Result<(), RecordError>> {
        let is_level = metric.is_level();
        let key = is_level.then(|| self.encoder.gauge_series(metric));
        let error = self.send_level_before(key?).err()?;
        self.inlet.count_call(|| metric.class());
        Some(Err(error))
    }

    /// Sends the pending level of a gauge, because a value of the same gauge is about to be sent as a line of its own.
    #[cold]
    fn send_level_before(&mut self, key: Option<SeriesKey>) -> Result<(), RecordError> {
        let Some(key) = key else {
            return Ok(());
        };
        let sent = self
            .core
            .send_level_before(&self.encoder, &mut self.inlet, &key, &Alone);
        match sent {
            Ok(Err(error)) => Err(self.inlet.refuse(error)),
            // A session has a single inlet, so no other one has lines of the gauge.
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    #[inline(always)]
    fn record_line(&mut self, record: &impl Record) -> Result<(), RecordError> {
        let line = record.fast_line(&self.encoder);
        if line.is_some_and(|line| self.inlet.try_record(&self.encoder, &line, &Alone)) {
            return Ok(());
        }
        self.record_slowly(record)
    }

    #[cold]
    fn record_slowly(&mut self, record: &dyn Record) -> Result<(), RecordError> {
        self.inlet.count_call(|| record.class());
        match self.inlet.record(&self.encoder, record, &Alone) {
            Ok(result) => result,
            Err(Pending::Room | Pending::Owner(_)) => {
                let result = self.core.exchange(&mut self.inlet);
                result.map_err(|error| self.inlet.refuse(error))
            }
        }
    }

    /// Releases spare memory.
    fn trim(&mut self) {
        self.inlet.start_trim();
        while self.inlet.trim_parts() {}
        self.core.start_trim();
        while self.core.trim_series() {}
        self.core.rest();
    }

    /// Drains aggregated values into the queue, as far as it has room.
    fn drain(&mut self) {
        self.core.start_drain();
        while self.core.collect_parts(&mut self.inlet) {}
        self.core.start_writing();
        while self.core.write_series(&|_| None) == Drained::Series {}
        while self.core.sweep_series() {}
    }
}

/// Levels of a session, whose single inlet has the lines of all gauges.
struct Alone;

impl Levels for Alone {
    #[inline(always)]
    fn claim(&self, _: &[u8]) -> Result<(), usize> {
        Ok(())
    }
}
