//! The state machine: it takes metrics and input, and returns instructions.

pub(crate) mod aggregate;
pub(crate) mod backoff;
pub(crate) mod calls;
mod closing;
mod connecting;
mod drain;
mod embedded;
pub(crate) mod event;
mod exchange;
pub(crate) mod failure;
pub(crate) mod flush;
mod group_buffer;
pub(crate) mod in_flight;
mod inlet;
pub(crate) mod instruction;
pub(crate) mod link;
pub(crate) mod pacer;
pub(crate) mod payload;
pub(crate) mod prepared;
pub(crate) mod queue;
mod record;
mod reporting;
pub(crate) mod sampling;
pub(crate) mod segmentation;
mod self_report;
mod sending;
pub(crate) mod stats;
pub(crate) mod telemetry;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::encode::Encoder;
use crate::error::ConfigError;
use crate::random::Random;
use crate::session::aggregate::{Interval, Limits, Store};
use crate::session::calls::Calls;
use crate::session::event::{Event, Journal};
use crate::session::flush::Flusher;
use crate::session::in_flight::InFlight;
use crate::session::instruction::{Input, Output};
use crate::session::link::{Link, Step};
use crate::session::pacer::Pacer;
use crate::session::payload::Grant;
use crate::session::queue::Queue;
use crate::session::sampling::SamplingLevel;
use crate::session::stats::Stats;
use crate::session::telemetry::{Lost, Reporter};
pub use embedded::Session;
pub(crate) use group_buffer::GroupBuffer;
pub(crate) use inlet::{Inlet, Levels, Pending};
pub(crate) use record::Record;

/// State machine without the recording half: queue, connection, timers and counts.
///
/// Its input is batches of lines and whole records. [`Session`] adds an [`Inlet`], and with it the encoding of
/// metrics.
#[derive(Debug)]
pub(crate) struct Core {
    encoder: Arc<Encoder>,
    sampler: Random,
    queue: Queue,
    in_flight: InFlight,
    link: Link,
    flusher: Flusher,
    pacer: Pacer,
    journal: Journal,
    phase: Phase,
    stats: Stats,
    /// Whether a datagram was refused and none has been confirmed since. Meanwhile datagrams leave one at a time.
    is_probing: bool,
    /// Whether a transmission may have several datagrams, of which all but the last are padded.
    is_segmented: bool,
    /// Sequence number of the last line in the payload in flight. Sequence numbers count accepted lines, from 1.
    flight_end: u64,
    /// Sequence number of the last line that a confirmed flush waits for.
    flush_target: u64,
    /// Whether the next poll would return something other than a wait.
    wants_poll: bool,
    /// Amount of pending data that makes a poll worthwhile, or `None` if no amount does.
    wake_threshold: Option<Grant>,
    /// All series and the interval in which they are drained, or `None` if metrics are not aggregated.
    aggregates: Option<(Store, Interval)>,
    /// Scratch buffer for records of the client itself. A record is encoded here first; then the queue is asked for
    /// room.
    record: Vec<u8>,
    /// Whether all inlets have been collected for the next poll.
    is_collected: bool,
    /// Whether the inlets have released their memory and have recorded nothing since.
    is_trimmed: bool,
    /// Time at which spare memory is released, or `None` while metrics are being recorded.
    rest_at: Option<Instant>,
    /// Time at which datagrams return to the configured size, or `None` if they have it. They shrink after the kernel
    /// refuses one as too large.
    regrow_at: Option<Instant>,
    sampling_level: SamplingLevel,
    /// Whether the sampling level follows the load of the queue.
    is_sampling_adaptive: bool,
    /// Calls that recorded a value, but for values that handles have aggregated.
    calls: Calls,
    /// Sender of the client's own telemetry, or `None` if telemetry is off.
    reporter: Option<Box<Reporter>>,
    /// Datagrams that the kernel refused to send and that were dropped.
    unsendable: Lost,
    /// Latest time passed to a poll, or `None` before the first. Earlier times count as this one.
    now: Option<Instant>,
    write_timeout: Duration,
    close_timeout: Duration,
    /// Whether bytes that the peer's kernel has not acknowledged are resent after a reconnect.
    resends: bool,
}

/// Progress of the session's own end.
#[derive(Debug)]
enum Phase {
    Open,
    /// Queued lines are being sent until this deadline. The first poll after the close sets it.
    Closing(Option<Instant>),
    /// No more lines are sent. The connection is being closed, until this deadline, or at once without one.
    Ending(Option<Instant>),
    Finished,
}

impl Phase {
    fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }
}

impl Core {
    /// Creates a machine with an empty queue. `seed` decides jitter and sampling.
    pub(crate) fn new(config: &Config, seed: u64) -> Result<Self, ConfigError> {
        config.check()?;
        let mut random = Random::new(seed);
        let link_random = random.fork();
        let store = Store::new(Limits::new(config), random.fork());
        Ok(Self {
            encoder: Arc::new(Encoder::new(config)),
            sampler: random,
            queue: Queue::new(config),
            in_flight: InFlight::new(config.effective_transport().is_lossy()),
            link: Link::new(config, link_random),
            flusher: Flusher::new(config.flush_interval),
            pacer: Pacer::new(
                config
                    .pace
                    .filter(|_| config.effective_transport().is_lossy()),
            ),
            journal: Journal::new(config),
            phase: if config.enabled {
                Phase::Open
            } else {
                Phase::Closing(None)
            },
            stats: Stats::default(),
            is_probing: false,
            is_segmented: config.segmentation,
            flight_end: 0,
            flush_target: 0,
            wants_poll: true,
            wake_threshold: None,
            aggregates: config
                .aggregate
                .map(|length| (store, Interval::new(length))),
            record: Vec::new(),
            is_collected: false,
            is_trimmed: true,
            rest_at: None,
            regrow_at: None,
            sampling_level: SamplingLevel::new(config.rate),
            is_sampling_adaptive: config.adaptive_sampling,
            calls: Calls::default(),
            reporter: Reporter::new(config).map(Box::new),
            unsendable: Lost::default(),
            now: None,
            write_timeout: config.write_timeout,
            close_timeout: config.close_timeout,
            resends: config.resends(),
        })
    }

    /// Releases every queued line for sending, before the flush interval is over.
    pub(crate) fn flush(&mut self) {
        self.flusher.release(self.stats.accepted);
        self.wants_poll = true;
    }

    /// Flushes, and asks for polls until the refusal window of the last datagram is over.
    pub(crate) fn flush_confirmed(&mut self) {
        self.flush();
        self.flush_target = self.stats.accepted;
    }

    /// Handles an input. An input that does not fit the state is ignored.
    pub(crate) fn handle(&mut self, input: Input) {
        // The acknowledgement check has a timer of its own, which already causes a poll.
        self.wants_poll |= !matches!(input, Input::Unacknowledged(_));
        match input {
            Input::Connected => self.on_connected(),
            Input::Disconnected(failure) => self.on_disconnected(failure),
            Input::Resolved { id, found } => self.on_resolved(id, found),
            Input::Unacknowledged(bytes) => self.on_unacknowledged(bytes),
            Input::Written(bytes) => self.on_written(bytes),
        }
        self.update_in_flight();
    }

    /// Returns the next instruction for this time.
    ///
    /// Extra polls, late polls and polls with an earlier time than before are harmless.
    pub(crate) fn poll(&mut self, now: Instant) -> Output {
        let now = self.latest(now);
        self.now = Some(now);
        self.wants_poll = false;
        self.wake_threshold = None;
        self.pacer.resume(now);
        self.confirm(now);
        let output = match self.poll_phase(now) {
            Some(output) => output,
            None => self.poll_link(now),
        };
        self.is_collected = false;
        self.update_in_flight();
        self.update_sampling_level();
        // This poll may have made the room that a drain waits for.
        self.wants_poll |= matches!(output, Output::Wait(_)) && self.wants_aggregates(now);
        if self.wake_threshold.is_none() && !self.journal.is_filling() {
            self.wake_threshold = Some(self.queue.half_full());
        }
        output
    }

    /// Later one of this time and the latest time passed to a poll.
    pub(crate) fn latest(&self, now: Instant) -> Instant {
        self.now.map_or(now, |latest| now.max(latest))
    }

    /// Whether something has happened since the last poll that makes the next one due at once.
    #[inline]
    pub(crate) fn wants_poll(&self) -> bool {
        self.wants_poll
    }

    /// Takes the oldest event that has not been taken. At most [`MAX_EVENTS`](event::MAX_EVENTS) are kept; beyond that
    /// the oldest are dropped. The last event accompanies [`Output::Finished`].
    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        self.journal.pop()
    }

    /// Number of events taken since the session began.
    pub(crate) fn events(&self) -> u64 {
        self.journal.taken()
    }

    /// Counts of recorded, sent and lost lines so far.
    pub(crate) fn stats(&self) -> Stats {
        Stats {
            queued: self.queue.lines() as u64,
            queued_bytes: self.queue.bytes() as u64,
            queued_bytes_peak: self.queue.peak(0) as u64,
            in_flight: self.in_flight.lines() as u64,
            unacknowledged: self.stats.unacknowledged
                + self.in_flight.unacknowledged_lines() as u64,
            ..self.stats
        }
    }

    /// Whether metrics are refused because the session is closing or closed.
    pub(crate) fn is_closed(&self) -> bool {
        !self.phase.is_open()
    }

    /// Whether the session has ended.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Finished)
    }

    /// Encoder that turns metrics into lines.
    pub(crate) fn encoder(&self) -> &Arc<Encoder> {
        &self.encoder
    }

    /// Sequence number up to which every accepted line was given to the kernel or dropped. A server may still refuse
    /// the last datagram of them.
    pub(crate) fn taken(&self) -> u64 {
        match self.in_flight.unwritten_lines() as u64 {
            0 => self.stats.accepted - self.queue.lines() as u64,
            lines => self.flight_end - lines,
        }
    }

    /// Sequence number up to which every accepted line was sent or dropped, and can no longer be refused.
    pub(crate) fn completed(&self) -> u64 {
        match self.in_flight.lines() as u64 {
            0 => self.stats.accepted - self.queue.lines() as u64,
            lines => self.flight_end - lines,
        }
    }

    /// Whether at most half of the queue is used.
    pub(crate) fn has_room(&self) -> bool {
        self.queue.has_room()
    }

    /// Whether a caller that was refused by a full queue may try again.
    pub(crate) fn is_ready(&self) -> bool {
        self.queue.is_ready()
    }

    /// Current level of adaptive sampling, which follows the load of the queue.
    pub(crate) fn sampling_level(&self) -> SamplingLevel {
        self.sampling_level
    }

    pub(super) fn update_in_flight(&mut self) {
        let (bytes, lines) = self.in_flight.outside();
        self.queue.set_in_flight(bytes, lines);
    }

    pub(super) fn update_sampling_level(&mut self) {
        if self.is_sampling_adaptive {
            self.sampling_level = self.sampling_level.at(self.queue.fill());
        }
    }

    fn poll_link(&mut self, now: Instant) -> Output {
        self.poll_journal(now);
        let has_outside = self.queue.has_granted();
        let is_up = self.link.is_up();
        if self.flusher.deadline().is_some() {
            self.rest_at = None;
        }
        self.flusher
            .poll(now, self.stats.accepted, has_outside, is_up);
        if let Some((_, interval)) = &mut self.aggregates {
            interval.poll(now);
        }
        if self.regrow_at.is_some_and(|at| now >= at) {
            self.regrow_at = None;
            self.queue.restore_datagrams();
        }
        self.poll_reporter(now);
        if let Some(failure) = self.link.poll_timeout(now) {
            self.on_unresolved(failure);
        }
        match self.link.poll(now) {
            Step::Connect(connect) => Output::Connect(connect),
            Step::End => self.end_connection(now, now + self.write_timeout),
            Step::Resolve(resolve) => Output::Resolve(resolve),
            Step::TimedOut => self.give_up(),
            Step::Usable => self.poll_usable(now),
            Step::Wait(until) => self.wait(until),
        }
    }

    fn wait(&self, until: Instant) -> Output {
        self.wait_until(&[Some(until)])
    }

    fn wait_until(&self, times: &[Option<Instant>]) -> Output {
        let close = match self.phase {
            Phase::Closing(deadline) => deadline,
            Phase::Open | Phase::Ending(_) | Phase::Finished => None,
        };
        let beside = [close, self.journal.deadline(), self.link.lookup_deadline()];
        Output::Wait(times.iter().copied().chain(beside).flatten().min())
    }
}

/// Smallest amount of pending data that wakes the driver: one byte, one line.
const ANY: Grant = Grant { bytes: 1, lines: 1 };
