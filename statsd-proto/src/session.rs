//! The state machine: metrics and input go in, instructions come out.

pub(crate) mod aggregate;
pub(crate) mod backoff;
mod connecting;
mod drain;
mod embedded;
pub(crate) mod event;
mod exchange;
pub(crate) mod failure;
pub(crate) mod flush;
mod gathered;
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

use crate::config::{Config, Transport};
use crate::encode::Encoder;
use crate::error::ConfigError;
use crate::random::Random;
use crate::session::aggregate::{Interval, Limits, Store};
use crate::session::event::{Backlog, Event, Journal};
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
pub(crate) use gathered::Gathered;
pub(crate) use inlet::{Inlet, Pending};
pub(crate) use record::{Plain, Record};

/// The machine behind the inlets: queue, link, timers, and what has been counted.
///
/// It takes batches and whole records only; see [`Session`] for the one that also records.
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
    /// A datagram was refused: the next goes alone, until nobody refuses it.
    is_probing: bool,
    /// The line after the last one of the payload in flight, counted from the first ever accepted.
    flight_end: u64,
    /// Sequence number of the last line that a confirmed flush waits for.
    flush_target: u64,
    /// A poll would have something to say.
    wants_poll: bool,
    /// What must wait for a poll to have something to say. `None` if it has nothing to say however much waits.
    wake_threshold: Option<Grant>,
    /// All series and when they leave. `None` if every metric is a line.
    aggregates: Option<(Store, Interval)>,
    /// Where a record of the session's own is written before it is known whether there is room for it.
    record: Vec<u8>,
    /// Whether all inlets have been collected for the next poll.
    is_collected: bool,
    /// Whether inlets have given back their memory, and have recorded nothing since.
    is_trimmed: bool,
    /// When memory is given back unless something is recorded before. `None` while something is.
    rest_at: Option<Instant>,
    /// When datagrams may have their usual size again, which one was too large for.
    regrow_at: Option<Instant>,
    sampling_level: SamplingLevel,
    /// Whether the sampling level follows the load.
    is_sampling_adaptive: bool,
    /// None if the session tells nothing of itself.
    reporter: Option<Box<Reporter>>,
    /// What the kernel would not send.
    unsendable: Lost,
    /// The latest time that a poll brought.
    now: Option<Instant>,
    write_timeout: Duration,
    close_timeout: Duration,
    /// Whether what the peer's kernel has not acknowledged is sent again.
    resends: bool,
}

/// How far the session is with its own end.
#[derive(Debug)]
enum Phase {
    Open,
    /// What is queued is being sent, until a time that the next poll sets.
    Closing(Option<Instant>),
    /// Nothing more is to be sent, and the link is to be closed.
    Ending,
    Finished,
}

impl Phase {
    fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }
}

impl Core {
    /// A machine that has nothing yet.
    pub(crate) fn new(config: &Config, seed: u64) -> Result<Self, ConfigError> {
        config.check()?;
        let mut random = Random::new(seed);
        let link_random = random.fork();
        let store = Store::new(Limits::new(config), random.fork());
        Ok(Self {
            encoder: Arc::new(Encoder::new(config)),
            sampler: random,
            queue: Queue::new(config),
            in_flight: InFlight::new(config.effective_transport() == Transport::Udp),
            link: Link::new(config, link_random),
            flusher: Flusher::new(config.flush_interval),
            pacer: Pacer::new(
                config
                    .pace
                    .filter(|_| config.effective_transport() == Transport::Udp),
            ),
            journal: Journal::new(config),
            phase: if config.enabled {
                Phase::Open
            } else {
                Phase::Closing(None)
            },
            stats: Stats::default(),
            is_probing: false,
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
            reporter: Reporter::new(config).map(Box::new),
            unsendable: Lost::default(),
            now: None,
            write_timeout: config.write_timeout,
            close_timeout: config.close_timeout,
            resends: config.resends(),
        })
    }

    /// Lets all that is in the queue leave without waiting for the flush interval.
    pub(crate) fn flush(&mut self) {
        self.flusher.release(self.stats.accepted);
        self.wants_poll = true;
    }

    /// The same, and asks to be polled until no server can refuse the last datagram any more.
    pub(crate) fn flush_confirmed(&mut self) {
        self.flush();
        self.flush_target = self.stats.accepted;
    }

    /// Takes no more batches, sends what is queued as long as the close timeout allows, and ends.
    pub(crate) fn close(&mut self) {
        if self.phase.is_open() {
            self.flush();
            self.lose_aggregates();
            self.phase = Phase::Closing(None);
        }
    }

    /// Ends at once: what is queued is abandoned.
    pub(crate) fn abandon(&mut self) {
        if !matches!(self.phase, Phase::Ending | Phase::Finished) {
            self.close();
            self.finish();
        }
        self.phase = Phase::Finished;
    }

    /// Ends at once, because the driver is gone; reports that, unless nobody asked for anything any more.
    pub(crate) fn cancel(&mut self) {
        if !matches!(self.phase, Phase::Ending | Phase::Finished) {
            let was_open = self.phase.is_open();
            self.close();
            let backlog = self.backlog();
            let rest = self.drop_rest();
            if was_open || rest > 0 {
                self.journal.on_cancelled(rest);
            }
            self.end(backlog);
        }
        self.phase = Phase::Finished;
    }

    /// Takes news from outside. What does not fit the state is passed over.
    pub(crate) fn handle(&mut self, input: Input) {
        // Whoever waits for an acknowledgement has set a time to look for it.
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

    /// Tells what to do at this time.
    ///
    /// Polling more often, later, or with a time before the last does no harm.
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
        self.update_in_flight();
        self.update_sampling_level();
        if self.wake_threshold.is_none() && !self.journal.is_filling() {
            self.wake_threshold = Some(self.queue.half_full());
        }
        output
    }

    /// This time, or the latest that a poll brought.
    pub(crate) fn latest(&self, now: Instant) -> Instant {
        self.now.map_or(now, |latest| now.max(latest))
    }

    /// Whether something happened since the last poll that the next one should not wait for its time.
    #[inline]
    pub(crate) fn wants_poll(&self) -> bool {
        self.wants_poll
    }

    /// The oldest news that has not been taken. Of much that is not taken, the latest is kept; the last
    /// of all comes with [`Output::Finished`].
    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        self.journal.pop()
    }

    /// What was recorded, sent and lost so far.
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

    /// Whether no more metrics are taken.
    pub(crate) fn is_closed(&self) -> bool {
        !self.phase.is_open()
    }

    /// Whether everything is over.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Finished)
    }

    /// What writes metrics as lines.
    pub(crate) fn encoder(&self) -> &Arc<Encoder> {
        &self.encoder
    }

    /// How many of all accepted lines, from the first on, have been given to the kernel or dropped. A server may
    /// yet refuse the last datagram of them.
    pub(crate) fn taken(&self) -> u64 {
        match self.in_flight.unwritten_lines() as u64 {
            0 => self.stats.accepted - self.queue.lines() as u64,
            lines => self.flight_end - lines,
        }
    }

    /// How many of all accepted lines, from the first on, have been sent or dropped.
    pub(crate) fn completed(&self) -> u64 {
        match self.in_flight.lines() as u64 {
            0 => self.stats.accepted - self.queue.lines() as u64,
            lines => self.flight_end - lines,
        }
    }

    /// Whether there is room for a good deal more.
    pub(crate) fn has_room(&self) -> bool {
        self.queue.has_room()
    }

    /// Whether one who was refused may try again.
    pub(crate) fn is_ready(&self) -> bool {
        self.queue.is_ready()
    }

    /// How many metrics are left out, as the queue is.
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

    /// The session's own end comes before everything else.
    fn poll_phase(&mut self, now: Instant) -> Option<Output> {
        match &mut self.phase {
            Phase::Open => return None,
            Phase::Closing(deadline) => {
                let deadline = *deadline.get_or_insert(now + self.close_timeout);
                let is_drained = self.queue.lines() == 0 && self.in_flight.outside().1 == 0;
                if now < deadline && !is_drained {
                    self.hurry(deadline - now);
                    return None;
                }
                self.finish();
            }
            Phase::Ending | Phase::Finished => {}
        }
        if !self.link.has_socket() {
            self.phase = Phase::Finished;
            return Some(Output::Finished(self.stats().into()));
        }
        self.link.on_disconnected(false);
        Some(Output::Disconnect)
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
            Phase::Open | Phase::Ending | Phase::Finished => None,
        };
        let beside = [close, self.journal.deadline(), self.link.lookup_deadline()];
        Output::Wait(times.iter().copied().chain(beside).flatten().min())
    }

    fn finish(&mut self) {
        let backlog = self.backlog();
        self.drop_rest();
        self.end(backlog);
    }

    /// Returns how many lines were still waiting.
    fn drop_rest(&mut self) -> u64 {
        // After a refusal, silence that was not waited for is no consent.
        if !self.is_probing {
            let progress = self.in_flight.confirm();
            self.on_progress(progress);
        }
        let rest = (self.in_flight.lines() + self.queue.clear()) as u64;
        self.stats.dropped.abandoned += rest;
        self.stats.unacknowledged = self.in_flight.unacknowledged_lines() as u64;
        self.in_flight.clear();
        rest
    }

    fn end(&mut self, backlog: Backlog) {
        self.journal.finish(&self.stats, backlog);
        self.phase = Phase::Ending;
        self.wants_poll = true;
    }
}

/// The first byte and the first line.
const ANY: Grant = Grant { bytes: 1, lines: 1 };
