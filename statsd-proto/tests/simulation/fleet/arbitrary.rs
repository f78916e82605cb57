//! Random settings, and what random threads do.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use statsd_proto::{Dialect, Transport};

use super::record::{Record, Sort, Spelling, Way};
use crate::arbitrary::{self, Event, event, length};
use crate::settings::{Settings, ms};
use crate::threads::THREADS;

/// Something that happens to a fleet.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Event(Event),
    Flush,
    Record {
        thread: usize,
        is_group: bool,
        records: Vec<Record>,
    },
}

/// Any settings for the transport of these.
pub(crate) fn settings(defaults: Settings) -> impl Strategy<Value = Settings> {
    let more = (
        option::of((1..3000_u64).prop_map(ms)),
        prop_oneof![Just(1), Just(2), Just(8192), Just(8192)],
        prop_oneof![3 => Just(16 << 20), 1 => Just(4096)],
        select(vec![1, 4, 16, 64]),
        any::<bool>(),
    );
    (arbitrary::settings(defaults), more).prop_map(|(settings, more)| {
        let (aggregate, max_series, max_aggregate_bytes, times, is_agent) = more;
        let is_agent = is_agent || settings.transport == Transport::UnixStream;
        // Sums are longer than their parts, and a gauge below zero takes two lines.
        let (least_datagram, least_lines) = match aggregate {
            Some(_) => (64, 2),
            None => (0, 0),
        };
        Settings {
            max_datagram: settings.max_datagram.max(least_datagram),
            max_queue_lines: settings.max_queue_lines.max(least_lines),
            dialect: if is_agent {
                Dialect::DogStatsd
            } else {
                Dialect::Statsd
            },
            // With the least there is one inlet for all threads.
            max_queue_bytes: times * settings.max_queue_bytes,
            aggregate,
            max_series,
            max_aggregate_bytes,
            ..settings
        }
    })
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let records = (0..THREADS, prop::bool::weighted(0.2), vec(record(), 1..12));
    prop_oneof![
        10 => records.prop_map(|(thread, is_group, records)| Step::Record {
            thread,
            is_group,
            records,
        }),
        2 => Just(Step::Flush),
        21 => event().prop_map(Step::Event),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    let sort = prop_oneof![
        4 => Just(Sort::Count),
        4 => Just(Sort::Level),
        2 => Just(Sort::Reset),
        2 => Just(Sort::Change),
        2 => Just(Sort::Marker),
        2 => Just(Sort::Member),
        2 => Just(Sort::Time),
    ];
    let way = select(vec![
        Way::Code,
        Way::CodeAsText,
        Way::Fresh,
        Way::Handle(0),
        Way::Handle(1),
        Way::Line,
        Way::Metric,
        Way::Metric,
        Way::Parsed,
        Way::Plain,
        Way::Plain,
        Way::Sampled,
        Way::Timestamp,
    ]);
    let spelling = select(vec![
        Spelling::Bare,
        Spelling::Bare,
        Spelling::BareAndReplaced,
        Spelling::LongTag,
        Spelling::Tags,
        Spelling::TagsBackward,
    ]);
    let rest = (0..2_usize, length(), any::<bool>());
    (sort, way, spelling, rest).prop_map(|(sort, way, spelling, (name, len, is_negative))| Record {
        sort,
        way,
        name,
        spelling,
        len,
        number: 0,
        is_negative,
    })
}
