//! The machine with an inlet of its own, for programs that drive it themselves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Core, Inlet, Pending, Record};
use crate::config::Config;
use crate::dogstatsd;
use crate::encode::{Encoder, SeriesKey};
use crate::error::{ConfigError, RecordError};
use crate::metric::{Metric, Value};
use crate::session::aggregate::{Added, Drained, Lookup, Put};
use crate::session::event::Event;
use crate::session::instruction::{Input, Output};
use crate::session::prepared::Prepared;
use crate::session::stats::Stats;

/// A StatsD client without sockets, clock or tasks.
///
/// Call [`poll`](Self::poll), do what it says, tell [`handle`](Self::handle) what came of it, and poll
/// again; see the [crate's documentation](crate) for the loop.
///
/// | instruction | what to do | what to answer |
/// |---|---|---|
/// | [`Resolve`](Output::Resolve) | look the name up, beside everything else | [`Resolved`](Input::Resolved), with its number |
/// | [`Connect`](Output::Connect) | open the socket | [`Connected`](Input::Connected) or [`Disconnected`](Input::Disconnected) |
/// | [`Transmit`](Output::Transmit) | write once; of datagrams one, or [more](crate::Segmentation) | [`Written`](Input::Written) or [`Disconnected`](Input::Disconnected) |
/// | [`Disconnect`](Output::Disconnect) | give up what is under way, close the socket in an orderly way | nothing |
/// | [`Wait`](Output::Wait) | wait for what is under way, for the time, and for [`wants_poll`](Self::wants_poll) | what is under way |
/// | [`Finished`](Output::Finished) | end | nothing |
///
/// What has happened is to be told before the next poll, which takes silence for consent: after a
/// wake-up, look at the socket first. While something is under way, [`Wait`](Output::Wait) brings the
/// time by which it has to be done; the poll at that time takes it back.
///
/// A socket that breaks, or whose peer hangs up, is [`Disconnected`](Input::Disconnected) at any time;
/// a driver keeps a read pending to notice, and reads at most [`MAX_READS`](crate::MAX_READS) times in a turn. What an error means is known to [`Input::failed`]; a socket that
/// has failed is never used again, datagrams' no less than a stream's. Where a [`Connect`](crate::Connect) asks for it,
/// what is [not acknowledged](Input::Unacknowledged) is told before each poll, and before the end. A stream that is closed while
/// something in it is unread resets the server: it is shut down for writing and read empty first. At most one instruction is under way for the socket; the next poll may
/// take it back by [`Disconnect`](Output::Disconnect), and what comes of it then is not answered. At most one
/// lookup is under way beside that. A late answer, to a lookup that was given up, is known by its number.
#[derive(Debug)]
pub struct Session {
    core: Core,
    inlet: Inlet,
    encoder: Arc<Encoder>,
}

impl Session {
    /// A session that has nothing yet.
    ///
    /// `seed` decides on jitter and sampling. Programs of which there are many need one each, such as
    /// `RandomState::new().hash_one(0)` of [`std::hash`], or they all come back at once.
    ///
    /// A session of a configuration that is not enabled takes nothing, and is finished.
    ///
    /// # Errors
    ///
    /// The first setting that cannot work.
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

    /// Takes a metric into the queue. Never waits and never reads a clock.
    ///
    /// # Errors
    ///
    /// The metric was not taken, and counted as refused.
    #[inline]
    pub fn record(&mut self, metric: &Metric<'_>) -> Result<(), RecordError> {
        if self.core.aggregates() {
            if let Some(result) = self.aggregate(metric) {
                return result;
            }
        }
        self.record_line(metric)
    }

    /// Takes an event for the Datadog agent into the queue, as [`record`](Self::record) does a metric.
    ///
    /// # Errors
    ///
    /// The event was not taken, and counted as refused.
    pub fn record_event(&mut self, event: &dogstatsd::Event<'_>) -> Result<(), RecordError> {
        self.record_line(event)
    }

    /// Takes a service check for the Datadog agent into the queue, as [`record`](Self::record) does a
    /// metric.
    ///
    /// # Errors
    ///
    /// The check was not taken, and counted as refused.
    pub fn record_service_check(
        &mut self,
        check: &dogstatsd::ServiceCheck<'_>,
    ) -> Result<(), RecordError> {
        self.record_line(check)
    }

    /// Prepares a metric that is recorded again and again: name, tags and rate are encoded once. Its value is not
    /// used.
    ///
    /// ```
    /// use statsd_proto::{Config, Metric, Session};
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
    /// Why such a metric can never be recorded.
    pub fn prepare(&mut self, metric: &Metric<'_>) -> Result<Prepared, RecordError> {
        Prepared::new(&mut self.core, &self.encoder, metric)
    }

    /// Takes a value of a [prepared](Self::prepare) metric into the queue.
    ///
    /// # Errors
    ///
    /// The value was not taken, and counted as refused.
    #[inline]
    pub fn record_prepared<'a>(
        &mut self,
        prepared: &Prepared,
        value: impl Into<Value<'a>>,
    ) -> Result<(), RecordError> {
        let value = value.into();
        let value = match prepared.aggregate(&self.encoder, value) {
            Ok(Put::Refused(error)) => return Err(self.inlet.refuse(error)),
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
    /// # Errors
    ///
    /// The timing was not taken, and counted as refused.
    pub fn record_time(
        &mut self,
        path: &str,
        started: Instant,
        ended: Instant,
    ) -> Result<(), RecordError> {
        let elapsed: Duration = ended.saturating_duration_since(started);
        self.record(&Metric::timing(path, elapsed))
    }

    /// Sends all that was recorded so far without waiting for the flush interval.
    pub fn flush(&mut self) {
        self.collect();
        self.drain();
        self.core.flush();
    }

    /// The same, and asks to be polled until no server can refuse the last datagram any more, which over UDP is
    /// some 50 ms later.
    pub fn flush_confirmed(&mut self) {
        self.flush();
        self.core.flush_confirmed();
    }

    /// Takes no more metrics, sends what is queued as long as the close timeout allows, and ends.
    pub fn close(&mut self) {
        if !self.core.is_closed() {
            self.inlet.close();
            self.core.close_series();
            self.flush();
            self.core.close();
        }
    }

    /// Ends at once: what is queued is abandoned.
    pub fn abandon(&mut self) {
        self.close();
        self.core.abandon();
    }

    /// Takes news from outside. What does not fit the state is passed over.
    pub fn handle(&mut self, input: Input) {
        self.core.handle(input);
    }

    /// Tells what to do at this time.
    ///
    /// Polling more often, later, or with a time before the last does no harm.
    pub fn poll(&mut self, now: Instant) -> Output {
        let now = self.core.latest(now);
        if self.core.wants_losses(now) {
            self.core.take_counts(&mut self.inlet);
            self.core.end_losses(now);
        }
        loop {
            if self.core.wants_aggregates(now) {
                self.core.start_interval(now);
                self.collect();
                self.drain();
                self.core.end_drain();
            } else if self.core.wants_lines(now) {
                self.collect();
            }
            if self.core.wants_rest(now) {
                self.inlet.trim();
                self.core.rest();
            }
            let output = self.core.poll(now);
            self.inlet.set_sampling_level(self.core.sampling_level());
            // The poll may have made room, or has seen that nobody refused the last datagram.
            if matches!(output, Output::Wait(_)) && self.core.wants_poll() {
                continue;
            }
            if matches!(output, Output::Finished(_)) {
                return Output::Finished(self.stats().into());
            }
            return output;
        }
    }

    /// Whether something happened since the last poll that the next one should not wait for its time.
    #[inline]
    pub fn wants_poll(&self) -> bool {
        self.core.wants_poll()
    }

    /// The oldest news that has not been taken. Of much that is not taken, the latest is kept; the last
    /// of all comes with [`Output::Finished`].
    pub fn poll_event(&mut self) -> Option<Event> {
        self.core.poll_event()
    }

    /// What was recorded, sent and lost so far.
    pub fn stats(&self) -> Stats {
        self.core.stats_with([&self.inlet])
    }

    /// Whether no more metrics are taken.
    pub fn is_closed(&self) -> bool {
        self.core.is_closed()
    }

    /// Whether everything is over.
    pub fn is_finished(&self) -> bool {
        self.core.is_finished()
    }

    /// Aggregates a metric. `None` if it is sent as lines of its own.
    fn aggregate(&mut self, metric: &Metric<'_>) -> Option<Result<(), RecordError>> {
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
        match added {
            Ok(Added::First) => self.core.on_aggregated(),
            Ok(Added::More) => {}
            Ok(Added::Not | Added::Unknown) => return self.aggregate_not(metric),
            Err(error) => return Some(Err(self.inlet.refuse(error))),
        }
        Some(Ok(()))
    }

    /// Prepares for a line of its own. `Some` if it is refused, since what has to come before it has no room.
    #[cold]
    fn aggregate_not(&mut self, metric: &Metric<'_>) -> Option<Result<(), RecordError>> {
        let is_level = metric.is_level();
        let key = is_level.then(|| self.encoder.gauge_series(metric));
        self.send_level_before(key?).err().map(Err)
    }

    /// Before a level that cannot be aggregated: sends the one that waits of the same gauge.
    #[cold]
    fn send_level_before(&mut self, key: Option<SeriesKey>) -> Result<(), RecordError> {
        let Some(key) = key else {
            return Ok(());
        };
        let sent = self
            .core
            .send_level_before(&self.encoder, &mut self.inlet, &key, &ADMIT);
        match sent {
            Ok(Err(error)) => Err(self.inlet.refuse(error)),
            // There is no other inlet.
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    #[inline(always)]
    fn record_line(&mut self, record: &impl Record) -> Result<(), RecordError> {
        if self.inlet.try_record(&self.encoder, record, |_| true) {
            return Ok(());
        }
        self.record_slowly(record)
    }

    #[cold]
    fn record_slowly(&mut self, record: &dyn Record) -> Result<(), RecordError> {
        match self.inlet.record(&self.encoder, record, &ADMIT) {
            Ok(result) => result,
            Err(Pending::Room | Pending::Owner(_)) => {
                let result = self.core.exchange(&mut self.inlet);
                result.map_err(|error| self.inlet.refuse(error))
            }
        }
    }

    fn collect(&mut self) {
        self.core.collect(&mut self.inlet);
        self.core.end_collect();
    }

    /// Makes lines of all that is aggregated, as far as the queue has room.
    fn drain(&mut self) {
        self.core.start_drain();
        while self.core.collect_parts(&mut self.inlet) {}
        self.core.start_writing();
        while self.core.write_series(&|_| None) == Drained::Series {}
    }
}

/// There is no other inlet that could have lines of a gauge.
const ADMIT: fn(&[u8]) -> Result<(), usize> = |_| Ok(());
