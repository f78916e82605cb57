//! What was reported, and what is to be: the state of the connection, of the queue, and the losses.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection::{Connection, Outage};
use super::throttle::Throttle;
use super::{About, Backlog, Event, EventKind};
use crate::config::Config;
use crate::session::stats::{Dropped, Stats};

/// Collects events and lets few through.
#[derive(Debug)]
pub(crate) struct Journal {
    about: Arc<About>,
    events: VecDeque<Event>,
    connection: Connection,
    queue: Filling,
    lost: Throttle,
    /// What the last [`EventKind::Lost`] had counted up to.
    reported: Losses,
    /// What has been lost by now.
    losses: Losses,
}

/// Whether the queue is half full, and whether a log says so.
#[derive(Debug, Default)]
struct Filling {
    is_filling: bool,
    is_reported: bool,
    throttle: Throttle,
    /// When to look whether a full queue has refused anything, which is counted where it is recorded.
    schedule_ack_check: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Losses {
    full: u64,
    invalid: u64,
    dropped: Dropped,
}

impl Journal {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            about: Arc::new(About::new(config)),
            events: VecDeque::new(),
            connection: Connection::default(),
            queue: Filling::default(),
            lost: Throttle::default(),
            reported: Losses::default(),
            losses: Losses::default(),
        }
    }

    /// Takes what has been lost by now, and reports what is due.
    pub(crate) fn poll(&mut self, now: Instant, stats: &Stats, backlog: Backlog) {
        self.losses = Losses::of(stats);
        if let Some(kind) = self.connection.poll(now) {
            self.push(kind);
        }
        if self.losses != self.reported && self.lost.admit(now) {
            self.report_losses(backlog);
        }
    }

    /// Reports everything: nothing will come after.
    pub(crate) fn finish(&mut self, stats: &Stats, backlog: Backlog) {
        self.losses = Losses::of(stats);
        if let Some(kind) = self.connection.finish() {
            self.push(kind);
        }
        if self.losses != self.reported {
            self.report_losses(backlog);
        }
    }

    /// Reports that the driver was dropped, which lost so many lines.
    pub(crate) fn on_cancelled(&mut self, abandoned: u64) {
        self.push(EventKind::Cancelled { abandoned });
        self.reported.dropped.abandoned += abandoned;
    }

    /// Reports that a connector was dropped without a stop.
    pub(crate) fn on_unstopped(&mut self, pending: u64) {
        self.push(EventKind::Unstopped { pending });
    }

    /// The server is reached.
    pub(crate) fn on_up(&mut self, now: Instant, peer: Option<SocketAddr>) {
        self.connection.on_up(now, peer);
        if let Some(kind) = self.connection.poll(now) {
            self.push(kind);
        }
    }

    /// The server is away, and another attempt has to wait.
    pub(crate) fn on_down(&mut self, now: Instant, outage: Outage) {
        self.connection.on_down(now, outage);
        if let Some(kind) = self.connection.poll(now) {
            self.push(kind);
        }
    }

    /// The queue is full to this part.
    pub(crate) fn on_fill(&mut self, now: Instant, fill: f64, backlog: Backlog) {
        let queue = &mut self.queue;
        if fill <= 0.25 {
            // `schedule_ack_check` stays for a last look.
            queue.is_filling = false;
            if std::mem::take(&mut queue.is_reported) {
                self.push(EventKind::QueueDrained);
            }
        } else if fill > 0.5 && !queue.is_filling {
            queue.is_filling = true;
            queue.schedule_ack_check = Some(now + LOOK);
            queue.is_reported = queue.throttle.admit(now);
            if queue.is_reported {
                self.push(EventKind::QueueHalfFull { backlog });
            }
        }
    }

    /// Whether it is time to bring in what inlets have refused.
    pub(crate) fn wants_counts(&self, now: Instant) -> bool {
        self.queue.schedule_ack_check.is_some_and(|at| now >= at)
    }

    /// What inlets have refused was brought in.
    pub(crate) fn on_counts(&mut self, now: Instant) {
        let next = (now + LOOK).max(self.lost.until().unwrap_or(now));
        self.queue.schedule_ack_check = self.queue.is_filling.then_some(next);
    }

    /// Whether the queue is known to be half full.
    pub(crate) fn is_filling(&self) -> bool {
        self.queue.is_filling
    }

    /// When the next report is due that was held back, or `None` if the last ones say how things are.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let has_losses = self.losses != self.reported;
        let lost = self.lost.until().filter(|_| has_losses);
        [
            lost,
            self.queue.schedule_ack_check,
            self.connection.deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// How long the server has been away, or that it was never there; `None` if it is there.
    pub(crate) fn outage(&self, now: Instant) -> Option<Backlog> {
        self.connection.outage(now)
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn report_losses(&mut self, backlog: Backlog) {
        let Losses {
            full,
            invalid,
            dropped,
        } = self.losses;
        let reported = std::mem::replace(&mut self.reported, self.losses);
        self.push(EventKind::Lost {
            full: full - reported.full,
            invalid: invalid - reported.invalid,
            dropped: dropped.since(reported.dropped),
            backlog,
        });
    }

    fn push(&mut self, kind: EventKind) {
        if self.events.len() == MAX_EVENTS {
            self.events.pop_front();
        }
        let about = Arc::clone(&self.about);
        self.events.push_back(Event { about, kind });
    }
}

impl Losses {
    fn of(stats: &Stats) -> Self {
        Self {
            full: stats.refused.full,
            invalid: stats.refused.invalid + stats.refused.too_long,
            dropped: stats.dropped,
        }
    }
}

/// How soon after the queue is half full it may have refused something.
const LOOK: Duration = Duration::from_secs(1);

/// What is kept for a caller who never asks.
pub(crate) const MAX_EVENTS: usize = 32;
