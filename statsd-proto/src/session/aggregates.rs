//! Values that are added up, and the rounds in which they become lines.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use super::Session;
use crate::aggregate::{Added, Limits, Rounds, Sink, Sought, Table};
use crate::config::Config;
use crate::error::RecordError;
use crate::line::Encoder;
use crate::metric::{Metric, Rate};
use crate::payload::Record;

#[derive(Debug)]
pub(super) struct Aggregates {
    table: Table,
    pub(super) rounds: Rounds,
    limits: Limits,
    /// How many more contexts may be kept, here and outside.
    room: Arc<AtomicUsize>,
    /// Whether rounds are started outside, where values are added up as well.
    is_shared: bool,
}

impl Aggregates {
    pub(super) fn new(config: &Config) -> Option<Self> {
        let limits = Limits::new(config);
        let room = Arc::new(AtomicUsize::new(limits.contexts));
        config.aggregate.map(|interval| Self {
            table: Table::new(limits, Arc::clone(&room)),
            rounds: Rounds::new(interval),
            limits,
            room,
            is_shared: false,
        })
    }
}

impl Session {
    /// Adds a metric up. None if it goes as a line of its own.
    #[inline]
    pub(crate) fn aggregate(&mut self, metric: &Metric<'_>) -> Option<Result<(), RecordError>> {
        let aggregates = self.aggregates.as_mut().filter(|_| self.phase.is_open())?;
        let sought = Sought::new(&self.encoder, metric)?;
        let table = &mut aggregates.table;
        match table.add(&self.encoder, sought, metric, &mut self.sampler) {
            Ok(Added::First) => self.on_added(),
            Ok(Added::More) => {}
            Ok(Added::Not) => return None,
            Err(error) => {
                self.stats.refused.count(error);
                return Some(Err(error));
            }
        }
        Some(Ok(()))
    }

    /// Something was added, here or outside, for which a round has to take place.
    pub(crate) fn on_added(&mut self) {
        if let Some(aggregates) = &mut self.aggregates {
            self.wants_poll |= aggregates.rounds.add();
        }
    }

    /// A table to add up in outside; none if every metric is a line.
    pub(crate) fn outer_table(&self) -> Option<Table> {
        let aggregates = self.aggregates.as_ref()?;
        Some(Table::new(aggregates.limits, Arc::clone(&aggregates.room)))
    }

    /// How many values of a context are kept; none if every metric is a line.
    pub(crate) fn max_samples(&self) -> Option<usize> {
        Some(self.aggregates.as_ref()?.limits.samples)
    }

    /// Leaves it to the caller to start rounds, to which it brings what is added up outside. Whether
    /// anything is added up.
    pub(crate) fn share_rounds(&mut self) -> bool {
        if let Some(aggregates) = &mut self.aggregates {
            aggregates.is_shared = true;
        }
        self.aggregates.is_some()
    }

    /// Starts a round in a poll, if nobody else does.
    pub(super) fn start_own_round(&mut self, now: Instant) {
        let is_shared = |aggregates: &Aggregates| aggregates.is_shared;
        if !self.aggregates.as_ref().is_some_and(is_shared) {
            self.start_round(now);
        }
    }

    /// Whether a round is to take place at this time. While the link is down, or the queue is full, values
    /// are held where they are.
    pub(super) fn wants_round(&self, now: Instant) -> bool {
        let is_due = |aggregates: &Aggregates| aggregates.rounds.is_due(now);
        self.aggregates.as_ref().is_some_and(is_due) && self.link.is_up() && self.has_room()
    }

    /// Starts a round, if it is time for one: makes lines of what was added up here.
    pub(crate) fn start_round(&mut self, now: Instant) -> bool {
        let is_due = self.wants_round(now);
        if let Some(aggregates) = self.aggregates.as_mut().filter(|_| is_due) {
            aggregates.rounds.start(now);
            self.drain_aggregates();
            self.end_round();
        }
        is_due
    }

    /// The lines of a round, also those from outside, have waited long enough.
    pub(crate) fn end_round(&mut self) {
        self.flusher.release(self.stats.accepted);
    }

    /// Makes lines of all that was added up here.
    pub(super) fn drain_aggregates(&mut self) {
        if let Some(mut aggregates) = self.aggregates.take() {
            if aggregates.table.drain(self) {
                aggregates.rounds.add();
            }
            self.aggregates = Some(aggregates);
        }
    }

    /// Forgets what was added up here and the queue had no room for, since there are no more rounds.
    pub(super) fn lose_aggregates(&mut self) {
        if let Some(mut aggregates) = self.aggregates.take() {
            aggregates.table.clear(self);
            self.aggregates = Some(aggregates);
        }
    }

    /// When the next round is to take place; none if there is nothing for it.
    pub(super) fn next_round(&self) -> Option<Instant> {
        let deadline = self.aggregates.as_ref()?.rounds.deadline()?;
        // One that has passed waits for room in the queue, not for time.
        self.now.filter(|now| deadline > *now).and(Some(deadline))
    }
}

impl Sink for Session {
    fn take(
        &mut self,
        write: impl FnOnce(&Encoder, &mut Record<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        let result = self.try_record(Rate::Always, write);
        if let Err(error) = result {
            if error != RecordError::QueueFull {
                self.stats.refused.count(error);
            }
        }
        result
    }

    fn lose(&mut self) {
        self.stats.refused.count(RecordError::QueueFull);
    }
}
