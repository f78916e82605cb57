//! Clients on several threads: any settings, any way to record, any fault. Aggregated values are complete, the last
//! level is the last one set, a series takes one line an interval, and every metric is accounted for.

mod arbitrary;
mod delivery;
mod ledger;
mod pending;
mod reading;
mod record;
mod refusal;

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use statsd_proto::{Client, Refused, Stats};

use crate::clients::Clients;
use crate::model::config;
use crate::settings::{Settings, secs};
use crate::subject::Subject;
use crate::threads::on_thread;
use crate::world::World;
use arbitrary::{Step, settings, step};
use ledger::Ledger;
use record::{Handles, Record};
use refusal::Judge;

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn clients_on_several_threads_add_up_over_tcp(
        settings in settings(Settings::tcp()),
        seed: u64,
        steps in vec(step(), 0..40),
        is_healed: bool,
    ) {
        live(settings, seed, steps, is_healed);
    }

    #[test]
    fn clients_on_several_threads_add_up_over_udp(
        settings in settings(Settings::udp()),
        seed: u64,
        steps in vec(step(), 0..40),
        is_healed: bool,
    ) {
        live(settings, seed, steps, is_healed);
    }

    #[test]
    fn clients_on_several_threads_add_up_over_frames(
        settings in settings(Settings::frames()),
        seed: u64,
        steps in vec(step(), 0..40),
        is_healed: bool,
    ) {
        live(settings, seed, steps, is_healed);
    }

    #[test]
    fn clients_on_several_threads_add_up_over_unix_datagrams(
        settings in settings(Settings::unix_datagram()),
        seed: u64,
        steps in vec(step(), 0..40),
        is_healed: bool,
    ) {
        live(settings, seed, steps, is_healed);
    }
}

fn live(settings: Settings, seed: u64, steps: Vec<Step>, is_healed: bool) {
    let mut fleet = Fleet::new(settings, seed);
    for step in steps {
        fleet.take(step);
    }
    if is_healed {
        fleet.heal();
    }
    fleet.finish();
}

/// A world of clients, and what it has to come to.
struct Fleet {
    world: World<Clients>,
    handles: Handles,
    ledger: Ledger,
    judge: Judge,
    /// The number of the next record.
    next: u64,
}

/// Changes by a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// Lines that were accepted.
    pub(crate) lines: u64,
    pub(crate) refused: Refused,
    pub(crate) before: Stats,
}

impl Fleet {
    fn new(settings: Settings, seed: u64) -> Self {
        let mut world = World::<Clients>::with_seed(settings, seed);
        if world.settings.aggregate.is_some() {
            world.accepted_lines = None;
        }
        Self {
            ledger: Ledger::new(&world.settings),
            judge: Judge::default(),
            world,
            handles: Handles::default(),
            next: 1,
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Event(event) => self.world.suffer(event),
            Step::Flush => {
                self.note_drains();
                self.world.session.flush();
                self.ledger.flushes += 1;
            }
            Step::Record {
                thread,
                is_group,
                records,
            } => self.record(thread, is_group, records),
        }
        self.note_drains();
        self.world.follow();
        self.note_drains();
    }

    fn record(&mut self, thread: usize, is_group: bool, mut records: Vec<Record>) {
        let dialect = self.world.settings.dialect;
        for record in &mut records {
            record.number = self.next;
            *record = record.in_dialect(dialect);
            self.next += 1;
        }
        let client = self.world.session.client.clone();
        let handles = Arc::clone(&self.handles);
        let is_buffered = is_group && self.world.settings.aggregate.is_none();
        let taken = records.clone();
        let outcomes = on_thread(thread, move || {
            if is_group {
                take_group(&client, &taken, is_buffered)
            } else {
                let take = |record: &Record| take_one(&client, &handles, record);
                taken.iter().map(take).collect()
            }
        });
        for (record, outcome) in records.into_iter().zip(outcomes) {
            self.judge
                .check(&self.world, &record, &outcome, is_buffered);
            self.ledger.note(thread, record, &outcome);
            let is_taken = outcome.refused == Refused::default();
            if let (Some(lines), true) = (&mut self.world.accepted_lines, is_taken) {
                *lines += record.lines(dialect);
            }
        }
    }

    fn note_drains(&mut self) {
        for drain in std::mem::take(&mut self.world.session.drains) {
            self.ledger.note_drain(&self.world.settings, &drain);
        }
    }

    /// Ends all trouble: what waits has to leave by itself, unless the queue is so small that it takes hours.
    fn heal(&mut self) {
        self.world.heal();
        for _ in 0..24 {
            let before = self.world.stats();
            self.world.advance(secs(600));
            if self.world.stats() == before {
                break;
            }
        }
        self.note_drains();
        if !self.world.session.is_closed() {
            self.ledger.check_drained();
            self.check_arrived();
        }
    }

    fn finish(mut self) {
        self.note_drains();
        let report = self.world.end();
        self.note_drains();
        let mut stats = self.world.stats();
        assert_eq!(stats.refused, self.ledger.refused, "every refusal is noted");
        // Metrics after the end were refused, and change nothing else.
        stats.refused = report.stats.refused;
        assert_eq!(stats, report.stats);
        let recorded = stats.accepted + stats.resent;
        assert_eq!(recorded, stats.sent + stats.dropped.total());
        delivery::check_lines(&self.world);
        self.check_arrived();
    }

    fn check_arrived(&self) {
        let (lines, is_whole) = delivery::delivered(&self.world);
        let is_whole = is_whole && self.world.stats().dropped.total() == 0;
        self.ledger.check(&lines, is_whole);
    }
}

fn take_one(client: &Client, handles: &Handles, record: &Record) -> Outcome {
    let mut result = None;
    let outcome = watch(client, || result = record.take(client, handles));
    let is_taken = outcome.refused == Refused::default();
    assert!(
        result.is_none_or(|result| result.is_ok() == is_taken),
        "{outcome:?}"
    );
    outcome
}

/// A group that is buffered is taken as a whole, or refused as a whole.
fn take_group(client: &Client, records: &[Record], is_buffered: bool) -> Vec<Outcome> {
    let mut group = client.group();
    let add = |record: &Record| watch(client, || record.add_to(&mut group));
    let mut outcomes = records.iter().map(add).collect::<Vec<_>>();
    let mut result = Ok(());
    let sent = watch(client, || result = group.try_send());
    let is_taken = sent.refused == Refused::default();
    let are_added = outcomes
        .iter()
        .all(|added| added.refused == Refused::default());
    assert_eq!(result.is_ok(), is_taken && are_added, "{sent:?}");
    if !is_buffered {
        assert!(is_taken && sent.lines == 0);
        return outcomes;
    }
    let mut refused = sent.refused;
    for outcome in &mut outcomes {
        assert_eq!(outcome.lines, 0, "a group is queued when it is sent");
        outcome.before = sent.before;
        if outcome.refused == Refused::default() {
            outcome.refused = refusal::take_first(&mut refused);
        }
    }
    assert_eq!(refused, Refused::default(), "each metric is refused once");
    if let (true, Some(first)) = (is_taken, outcomes.first_mut()) {
        // Whose lines they are does not matter.
        first.lines = sent.lines;
    }
    outcomes
}

fn watch(client: &Client, work: impl FnOnce()) -> Outcome {
    let before = client.stats();
    work();
    let after = client.stats();
    Outcome {
        lines: after.accepted - before.accepted,
        refused: refusal::since(after.refused, before.refused),
        before,
    }
}
