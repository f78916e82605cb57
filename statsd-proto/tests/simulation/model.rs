//! Random worlds: any settings, any trouble, any order; the invariants and the oracle hold in all.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngAlgorithm;
use statsd_proto::{Dialect, Overflow, RecordError};

use crate::arbitrary::{LONG, Step, settings, step};
use crate::settings::Settings;
use crate::world::World;

proptest! {
    #![proptest_config(config(5000))]

    #[test]
    fn no_stream_of_events_breaks_the_guarantees_over_tcp(
        settings in settings(Settings::tcp()),
        seed: u64,
        steps in vec(step(), 0..40),
        is_healed: bool,
    ) {
        live(settings, seed, steps, is_healed);
    }

    #[test]
    fn no_stream_of_events_breaks_the_guarantees_over_udp(
        settings in settings(Settings::udp()),
        seed: u64,
        steps in vec(step(), 0..40),
        is_healed: bool,
    ) {
        live(settings, seed, steps, is_healed);
    }

    #[test]
    fn no_stream_of_events_breaks_the_guarantees_over_custom_datagrams(
        settings in settings(Settings::custom_datagram()),
        seed: u64,
        steps in vec(step(), 0..40),
        is_healed: bool,
    ) {
        live(settings, seed, steps, is_healed);
    }

    #[test]
    fn no_stream_of_events_breaks_the_guarantees_over_a_custom_stream(
        settings in settings(Settings::custom_stream()),
        seed: u64,
        steps in vec(step(), 0..40),
        is_healed: bool,
    ) {
        live(settings, seed, steps, is_healed);
    }

    #[test]
    fn no_stream_of_events_breaks_the_guarantees_over_frames(
        settings in settings(Settings::frames()),
        seed: u64,
        steps in vec(step(), 0..40),
        is_healed: bool,
    ) {
        live(settings, seed, steps, is_healed);
    }

    #[test]
    fn no_stream_of_events_breaks_the_guarantees_over_unix_datagrams(
        settings in settings(Settings::unix_datagram()),
        seed: u64,
        steps in vec(step(), 0..40),
        is_healed: bool,
    ) {
        live(settings, seed, steps, is_healed);
    }

    #[test]
    fn no_stream_of_events_breaks_the_guarantees_where_the_server_decides_the_type(
        settings in (0..2_usize).prop_flat_map(|index| settings(Settings::open_types()[index].clone())),
        seed: u64,
        steps in vec(step(), 0..40),
        is_healed: bool,
    ) {
        live(settings, seed, steps, is_healed);
    }
}

/// So many worlds for each transport, unless `PROPTEST_CASES` says otherwise.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: if std::env::var_os("PROPTEST_CASES").is_some() {
            default.cases
        } else {
            cases
        },
        failure_persistence: None,
        // The default is fit for secrets, and takes a third of the time.
        rng_algorithm: RngAlgorithm::XorShift,
        ..default
    }
}

fn live(settings: Settings, seed: u64, steps: Vec<Step>, is_healed: bool) {
    let has_time = settings.close_timeout >= LONG;
    let mut world = World::with_seed(settings, seed);
    for step in steps {
        take(&mut world, step);
    }
    if is_healed {
        world.heal();
    }
    let report = world.finish();
    if is_healed && has_time {
        let left = (report.abandoned, report.stats.unacknowledged);
        assert_eq!(left, (0, 0), "{report:?}");
    }
}

fn take(world: &mut World, step: Step) {
    match step {
        Step::Event(event) => world.suffer(event),
        Step::Flush => world.session.flush(),
        Step::Record { count, len } => (0..count).for_each(|_| record(world, len, 1)),
        Step::RecordPair(len) => record(world, len, 2),
    }
    world.follow();
}

/// Records one line, or a pair, and judges whether there was room for it.
fn record(world: &mut World, len: usize, lines: u64) {
    let (before, bytes) = (world.stats(), outstanding_bytes(world));
    let result = match lines {
        1 => world.record(len),
        _ => world.record_pair(len),
    };
    let Settings {
        max_datagram,
        max_queue_bytes,
        max_queue_lines,
        overflow,
        dialect,
        ..
    } = world.settings;
    // Some servers have a word for a gauge below zero.
    let lines = if dialect == Dialect::Statsd { lines } else { 1 };
    let record = lines as usize * (len + "n00000:-5|g\n".len());
    let most = max_queue_lines as u64;
    let too_many = before.queued + before.in_flight + before.unacknowledged + lines > most;
    match (result, overflow) {
        (Ok(()), Overflow::DropOldest) => {
            let after = world.stats();
            assert!(after.queued + after.in_flight + after.unacknowledged <= most);
        }
        (Ok(()), _) => assert!(!too_many, "{before:?}"),
        (Err(RecordError::Closed), _) => assert!(world.session.is_closed()),
        (Err(RecordError::QueueFull), Overflow::DropOldest) => {
            // There is always an older payload to drop, unless hardly a line fits at all, or lines that may be
            // resent fill the queue.
            let is_tight = most < 20 && too_many;
            assert!(is_tight || before.unacknowledged > 0, "{before:?}");
        }
        (Err(RecordError::QueueFull), _) => {
            // Datagrams and frames have padding, which takes room too.
            let settings = &world.settings;
            let is_padded = settings.is_datagram() || settings.is_framed() || settings.is_type_open;
            let is_full = bytes + record > max_queue_bytes;
            assert!(too_many || is_full || is_padded, "{before:?} {bytes}");
        }
        (Err(RecordError::LineTooLong), _) => {
            let is_long = world.settings.has_path() && record > max_datagram;
            // The record would not fit into an empty queue.
            let is_never = lines > most;
            assert!(is_long || is_never, "{record}");
        }
        (Err(error), _) => panic!("{error}"),
    }
}

/// Length of the lines that are queued, in flight, or may return to the queue, if no line is ever dropped.
fn outstanding_bytes(world: &World) -> usize {
    let stats = world.stats();
    let count = (stats.queued + stats.in_flight + stats.unacknowledged) as usize;
    let lines = world.accepted.iter().rev().take(count);
    lines.map(|line| line.len() + 1).sum()
}
