//! Journal of events: reported state and actual state of the connection, the queue and the losses.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection::{Connection, Outage, Peer};
use super::throttle::Throttle;
use super::{About, Backlog, Event, EventKind};
use crate::config::Config;
use crate::session::payload::Grant;
use crate::session::stats::{Dropped, Stats};

/// Collects events and throttles them.
#[derive(Debug)]
pub(crate) struct Journal {
    about: Arc<About>,
    events: VecDeque<Event>,
    /// Number of events that were taken.
    taken: u64,
    connection: Connection,
    queue: Filling,
    lost: Throttle,
    /// Losses that the last [`EventKind::Lost`] covered.
    reported: Losses,
    /// Losses up to now.
    losses: Losses,
    /// Cause of the backlog when the first loss that is not reported was noticed. It may be over when it is reported.
    cause: Backlog,
}

/// Whether the queue is half full, and whether that was reported.
#[derive(Debug, Default)]
struct Filling {
    is_filling: bool,
    is_reported: bool,
    throttle: Throttle,
    /// Time of the next check for refused metrics. Inlets count refusals; nothing informs the journal of them.
    loss_check_at: Option<Instant>,
    /// Cause of the backlog, or `None` if the queue is not and was not just half full.
    cause: Option<Backlog>,
}

impl Filling {
    /// Notes the cause of a backlog. A queue that an outage or the pace has filled is still full for a moment
    /// afterwards.
    fn note_cause(&mut self, backlog: Backlog) {
        self.cause = match (self.cause, backlog) {
            (Some(known), Backlog::Driver | Backlog::Server) => Some(known),
            (_, backlog) => Some(backlog),
        };
    }
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
            taken: 0,
            connection: Connection::default(),
            queue: Filling::default(),
            lost: Throttle::default(),
            reported: Losses::default(),
            losses: Losses::default(),
            cause: Backlog::Driver,
        }
    }

    /// Updates the losses. `backlog` is the cause of new ones.
    pub(crate) fn update_losses(&mut self, stats: &Stats, backlog: Backlog) {
        let losses = Losses::of(stats);
        if losses != self.losses && self.losses == self.reported {
            self.cause = self.queue.cause.unwrap_or(backlog);
        }
        self.losses = losses;
    }

    /// Reports what is due.
    pub(crate) fn poll(&mut self, now: Instant) {
        if let Some(kind) = self.connection.poll(now) {
            self.push(kind);
        }
        if self.losses != self.reported && self.lost.admit(now) {
            self.report_losses();
        }
    }

    /// Reports everything at once, as the session ends.
    pub(crate) fn finish(&mut self, stats: &Stats, backlog: Backlog) {
        self.update_losses(stats, backlog);
        self.cause = backlog;
        if let Some(kind) = self.connection.finish() {
            self.push(kind);
        }
        if self.losses != self.reported {
            self.report_losses();
        }
    }

    /// Reports that the driver was dropped, and the number of lines lost by that.
    pub(crate) fn on_cancelled(&mut self, abandoned: u64) {
        self.push(EventKind::Cancelled { abandoned });
        self.reported.dropped.abandoned += abandoned;
    }

    /// Reports that a connector was dropped without a stop.
    pub(crate) fn on_unstopped(&mut self, pending: u64) {
        self.push(EventKind::Unstopped { pending });
    }

    /// Handles a server that is reached.
    pub(crate) fn on_up(&mut self, now: Instant, peer: Peer) {
        self.connection.on_up(now, peer);
        if let Some(kind) = self.connection.poll(now) {
            self.push(kind);
        }
    }

    /// Handles an outage. The caller calls it when the next attempt has to wait.
    pub(crate) fn on_down(&mut self, now: Instant, outage: Outage) {
        self.connection.on_down(now, outage);
        if let Some(kind) = self.connection.poll(now) {
            self.push(kind);
        }
    }

    /// Handles the fill of the queue, from 0 to 1, and its load.
    pub(crate) fn on_fill(&mut self, now: Instant, fill: f64, load: Grant, backlog: Backlog) {
        let queue = &mut self.queue;
        if fill > 0.5 {
            queue.note_cause(backlog);
        }
        if fill <= 0.25 {
            if std::mem::take(&mut queue.is_filling) {
                queue.loss_check_at = Some(now + LAST_LOSS_CHECK);
            } else if queue.loss_check_at.is_none() {
                self.on_drained();
            }
        } else if fill > 0.5 && !queue.is_filling {
            queue.is_filling = true;
            queue.loss_check_at = Some(now + LOSS_CHECK);
            if !queue.is_reported && queue.throttle.admit(now) {
                queue.is_reported = true;
                self.push(EventKind::QueueHalfFull {
                    lines: load.lines as u64,
                    bytes: load.bytes as u64,
                    backlog,
                });
            }
        }
    }

    /// Whether the counts of refused metrics should be collected from the inlets.
    pub(crate) fn wants_counts(&self, now: Instant) -> bool {
        self.queue.loss_check_at.is_some_and(|at| now >= at)
    }

    /// Notes that the counts of refused metrics were collected from the inlets.
    pub(crate) fn on_counts(&mut self, now: Instant) {
        let next = (now + LOSS_CHECK).max(self.lost.until().unwrap_or(now));
        self.queue.loss_check_at = self.queue.is_filling.then_some(next);
    }

    /// Whether the queue was half full and has not drained since.
    pub(crate) fn is_filling(&self) -> bool {
        self.queue.is_filling
    }

    /// Time of the next report that is held back, or `None` if the log is up to date.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let has_losses = self.losses != self.reported;
        let lost = self.lost.until().filter(|_| has_losses);
        [lost, self.queue.loss_check_at, self.connection.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Length of the present outage, or that the server was never reached. `None` while it is reachable.
    pub(crate) fn outage(&self, now: Instant) -> Option<Backlog> {
        self.connection.outage(now)
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.taken += 1;
        Some(event)
    }

    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// Reports a queue that has drained, after the losses until then: a later report of them would look like new ones.
    fn on_drained(&mut self) {
        if std::mem::take(&mut self.queue.is_reported) {
            if self.losses != self.reported {
                self.report_losses();
            }
            self.push(EventKind::QueueDrained);
        }
        self.queue.cause = None;
    }

    fn report_losses(&mut self) {
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
            backlog: self.cause,
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

/// Time after which the last refused metrics are counted once the queue has drained: at once, since a timer has to be
/// later than now.
const LAST_LOSS_CHECK: Duration = Duration::from_millis(1);

/// Time between two checks for refused metrics while the queue is filling.
const LOSS_CHECK: Duration = Duration::from_secs(1);

/// Maximum number of events kept for a caller that does not take them. The oldest are dropped first.
pub(crate) const MAX_EVENTS: usize = 32;
