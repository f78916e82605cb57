//! The state machine: metrics and input go in, instructions come out.

mod aggregates;
mod embed;
mod exchange;
mod inlet;
mod record;
mod sending;
mod telling;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::aggregate::{Interval, Limits, Store};
use crate::config::{Config, Transport};
use crate::encode::Encoder;
use crate::error::ConfigError;
use crate::event::{Event, News};
use crate::flight::Flight;
use crate::flusher::Flusher;
use crate::instruction::{Input, Output};
use crate::link::{Link, Step};
use crate::pacer::Pacer;
use crate::payload::Grant;
use crate::pressure::Thinning;
use crate::queue::Queue;
use crate::random::Random;
use crate::stats::Stats;
use crate::telemetry::{Lost, Reporter};
pub use embed::Session;
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
    flight: Flight,
    link: Link,
    flusher: Flusher,
    pacer: Pacer,
    news: News,
    phase: Phase,
    stats: Stats,
    /// A datagram was refused: the next goes alone, until nobody refuses it.
    is_probing: bool,
    /// The line after the last one of the payload in flight, counted from the first ever accepted.
    flight_end: u64,
    /// Somebody waits for the lines before this one, counted likewise, to be settled.
    wanted: u64,
    /// A poll would have something to say.
    wants_poll: bool,
    /// What must wait for a poll to have something to say. `None` if it has nothing to say however much waits.
    wake_at: Option<Grant>,
    /// All series and when they leave. `None` if every metric is a line.
    aggregates: Option<(Store, Interval)>,
    /// Where a record of the session's own is written before it is known whether there is room for it.
    record: Vec<u8>,
    /// Whether inlets have given back their memory, and have recorded nothing since.
    is_trimmed: bool,
    /// When memory is given back unless something is recorded before. `None` while something is.
    rest_at: Option<Instant>,
    /// When datagrams may have their usual size again, which one was too large for.
    regrow_at: Option<Instant>,
    /// None if the sample rate follows nothing but the caller.
    thinning: Option<Thinning>,
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
            flight: Flight::new(config.effective_transport() == Transport::Udp),
            link: Link::new(config, link_random),
            flusher: Flusher::new(config.flush_interval),
            pacer: Pacer::new(
                config
                    .pace
                    .filter(|_| config.effective_transport() == Transport::Udp),
            ),
            news: News::default(),
            phase: if config.enabled {
                Phase::Open
            } else {
                Phase::Closing(None)
            },
            stats: Stats::default(),
            is_probing: false,
            flight_end: 0,
            wanted: 0,
            wants_poll: true,
            wake_at: None,
            aggregates: config
                .aggregate
                .map(|length| (store, Interval::new(length))),
            record: Vec::new(),
            is_trimmed: true,
            rest_at: None,
            regrow_at: None,
            thinning: config.adaptive_sampling.then_some(Thinning::NONE),
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
        self.wanted = self.stats.accepted;
        self.flusher.release(self.wanted);
        self.wants_poll = true;
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

    /// Takes news from outside. What does not fit the state is passed over.
    pub(crate) fn handle(&mut self, input: Input) {
        // Whoever waits for an acknowledgement has set a time to look for it.
        self.wants_poll |= !matches!(input, Input::Unacknowledged(_));
        match input {
            Input::Connected => self.on_connected(),
            Input::Disconnected(kind) => self.on_disconnected(kind),
            Input::Resolved(found) if found.is_empty() => {
                if self.link.is_resolving() {
                    self.on_disconnected(io::ErrorKind::NotFound);
                }
            }
            Input::Resolved(found) => self.link.on_resolved(found),
            Input::Unacknowledged(bytes) => self.on_unacknowledged(bytes),
            Input::Written(bytes) => self.on_written(bytes),
        }
        self.follow_flight();
    }

    /// Tells what to do at this time.
    ///
    /// Polling more often, later, or with a time before the last does no harm.
    pub(crate) fn poll(&mut self, now: Instant) -> Output {
        let now = self.now.map_or(now, |latest| now.max(latest));
        self.now = Some(now);
        self.wants_poll = false;
        self.wake_at = None;
        self.pacer.resume(now);
        self.confirm(now);
        let output = match self.poll_phase(now) {
            Some(output) => output,
            None => self.poll_link(now),
        };
        self.follow_flight();
        self.follow_pressure();
        output
    }

    /// Whether something happened since the last poll that the next one should not wait for its time.
    #[inline]
    pub(crate) fn wants_poll(&self) -> bool {
        self.wants_poll
    }

    /// The oldest news that has not been taken. Of much that is not taken, the latest is kept; the last
    /// of all comes with [`Output::Finished`].
    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        self.news.pop()
    }

    /// What was recorded, sent and lost so far.
    pub(crate) fn stats(&self) -> Stats {
        Stats {
            queued: self.queue.lines() as u64,
            queued_bytes: self.queue.bytes() as u64,
            queued_bytes_peak: self.queue.peak(0) as u64,
            in_flight: self.flight.lines() as u64,
            unacknowledged: self.stats.unacknowledged + self.flight.unacknowledged_lines() as u64,
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

    /// How many of all accepted lines, from the first on, have been sent or dropped.
    pub(crate) fn settled(&self) -> u64 {
        match self.flight.lines() as u64 {
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
    pub(crate) fn thinning(&self) -> Thinning {
        self.thinning.unwrap_or_default()
    }

    pub(super) fn follow_flight(&mut self) {
        let (bytes, lines) = self.flight.outside();
        self.queue.set_in_flight(bytes, lines);
    }

    pub(super) fn follow_pressure(&mut self) {
        let fill = self.queue.fill();
        self.thinning = self.thinning.map(|thinning| thinning.at(fill));
    }

    /// The session's own end comes before everything else.
    fn poll_phase(&mut self, now: Instant) -> Option<Output> {
        match &mut self.phase {
            Phase::Open => return None,
            Phase::Closing(deadline) => {
                let deadline = *deadline.get_or_insert(now + self.close_timeout);
                let is_drained = self.queue.lines() == 0 && self.flight.outside().1 == 0;
                if now < deadline && !is_drained {
                    return None;
                }
                self.finish();
            }
            Phase::Ending | Phase::Finished => {}
        }
        self.news.on_stats(now, &self.stats, true);
        if self.link.is_idle() {
            self.phase = Phase::Finished;
            return Some(Output::Finished(self.stats().into()));
        }
        self.link.on_disconnected();
        Some(Output::Disconnect)
    }

    fn poll_link(&mut self, now: Instant) -> Output {
        self.news.on_stats(now, &self.stats, false);
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
        Output::Wait(times.iter().copied().chain([close]).flatten().min())
    }

    /// What is under way takes too long.
    fn give_up(&mut self) -> Output {
        self.on_disconnected(io::ErrorKind::TimedOut);
        Output::Disconnect
    }

    fn on_connected(&mut self) {
        if !self.link.on_connected() {
            return;
        }
        self.flight.on_connected();
        self.stats.connects += 1;
        let is_renewal = self.link.take_renewal();
        if let Some(now) = self.now.filter(|_| !is_renewal) {
            self.news.on_connected(now);
        }
    }

    /// Queues again what did not arrive, in its old place.
    fn on_disconnected(&mut self, kind: io::ErrorKind) {
        if self.link.is_idle() {
            return;
        }
        if let Some(now) = self.now {
            if self.link.is_up() {
                self.news.on_disconnected(now, kind);
            } else {
                self.news
                    .on_connect_failed(now, kind, self.link.is_resolving());
            }
        }
        if self.link.is_up() {
            self.stats.disconnects += 1;
            self.recall(kind);
        } else {
            self.stats.connect_failures += 1;
        }
        self.link.on_disconnected();
    }

    fn finish(&mut self) {
        let progress = self.flight.confirm();
        self.on_progress(progress);
        let rest = self.flight.lines() + self.queue.clear();
        self.stats.dropped.abandoned += rest as u64;
        self.stats.unacknowledged = self.flight.unacknowledged_lines() as u64;
        self.flight.clear();
        self.phase = Phase::Ending;
        self.wants_poll = true;
    }
}

/// The first byte and the first line.
const ANY: Grant = Grant { bytes: 1, lines: 1 };
