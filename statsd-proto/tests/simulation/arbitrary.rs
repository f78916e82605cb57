//! Random settings, and random events.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use statsd_proto::driver::{FailureKind, Input};
use statsd_proto::{Overflow, Pace};

use crate::network::{Cut, Refusal};
use crate::settings::{Settings, ms, secs};
use crate::world::server;

/// Something that happens in a world.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Event(Event),
    Flush,
    Record { count: usize, len: usize },
    RecordPair(usize),
}

/// What happens beside recording: time, trouble, and what a driver may do.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Advance(Duration),
    Break(FailureKind, usize),
    Close,
    ConnectDelay(Option<Duration>),
    Cut(Cut),
    Dead(Vec<u8>),
    Found(Option<Vec<u8>>),
    Shuffled(bool),
    HangUp(Option<Duration>),
    Lag(Duration),
    LookupDelay(Option<Duration>),
    MaxWrite(usize),
    Mtu(usize),
    Poll { back: Duration },
    Refusal(Refusal),
    Stray(Input),
    Unacknowledged(usize),
    Up(bool),
    Window(usize),
    WriteErrors(FailureKind, usize),
}

/// Any settings for the transport of these.
pub(crate) fn settings(defaults: Settings) -> impl Strategy<Value = Settings> {
    let pace = (1..500_usize, 200..20_000_u64).prop_map(|(burst, rate)| Pace { burst, rate });
    let sizes = (
        prop_oneof![16..100_usize, Just(1432)],
        prop_oneof![Just(1), Just(2), 3..40_usize, Just(usize::MAX)],
        prop_oneof![Just(Overflow::RefuseNewest), Just(Overflow::DropOldest)],
        option::of(pace),
        any::<bool>(),
    );
    let times = (
        prop_oneof![Just(0), Just(1), 2..300_u64],
        (1..200_u64, 0..2000_u64),
        prop_oneof![Just(0), Just(50), 1..500_u64],
        1..5000_u64,
        1..5000_u64,
        prop_oneof![Just(ms(0)), Just(ms(700)), Just(LONG), Just(LONG)],
        prop_oneof![3 => Just(None), 1 => (1..3000_u64).prop_map(|age| Some(ms(age)))],
        any::<bool>(),
    );
    let resolve_interval = option::of((1..3000_u64).prop_map(ms));
    (sizes, times, resolve_interval).prop_map(move |(sizes, times, resolve_interval)| {
        let (max_datagram, max_queue_lines, overflow, pace, is_named) = sizes;
        let (flush, (initial, more), settle, connect, write, close_timeout, age, resends) = times;
        Settings {
            host: if is_named {
                "metrics.internal"
            } else {
                "192.0.2.1"
            },
            max_datagram,
            // The smallest that can be.
            max_queue_bytes: if defaults.is_udp() {
                4 * 65_507
            } else {
                16 * 1024
            },
            max_queue_lines,
            overflow,
            pace,
            flush_interval: ms(flush),
            backoff: (ms(initial), ms(initial + more)),
            settle_time: if defaults.is_datagram() {
                ms(0)
            } else {
                ms(settle)
            },
            connect_timeout: ms(connect),
            write_timeout: ms(write),
            close_timeout,
            resolve_interval,
            max_connection_age: age,
            resend_unacknowledged: resends,
            ..defaults
        }
    })
}

/// Anything that may happen.
pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1..12_usize, length()).prop_map(|(count, len)| Step::Record { count, len }),
        2 => (0..120_usize).prop_map(Step::RecordPair),
        2 => Just(Step::Flush),
        21 => event().prop_map(Step::Event),
    ]
}

/// Anything that may happen beside recording.
pub(crate) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => time().prop_map(Event::Advance),
        3 => any::<bool>().prop_map(Event::Up),
        8 => trouble(),
        2 => poke(),
    ]
}

/// What goes wrong.
fn trouble() -> impl Strategy<Value = Event> {
    let broken = prop_oneof![Just(FailureKind::Reset), Just(FailureKind::PeerClosed)];
    let failed = prop_oneof![
        Just(FailureKind::Network),
        Just(FailureKind::Transient),
        Just(FailureKind::TooLarge)
    ];
    let cut = (0..200_usize, 0..50_usize);
    let refusal = prop_oneof![
        Just(Refusal::NextWrite),
        Just(Refusal::Unheard),
        (0..80_u64).prop_map(|delay| Refusal::Read(ms(delay))),
    ];
    let amount = || prop_oneof![0..50_usize, Just(usize::MAX)];
    prop_oneof![
        2 => (broken, 0..50_usize).prop_map(|(kind, loses)| Event::Break(kind, loses)),
        4 => cut.prop_map(|(takes, loses)| Event::Cut(Cut { takes, loses })),
        1 => (failed, 1..5_usize).prop_map(|(kind, count)| Event::WriteErrors(kind, count)),
        2 => amount().prop_map(|max| Event::MaxWrite(max.max(1))),
        2 => amount().prop_map(Event::Window),
        2 => amount().prop_map(Event::Unacknowledged),
        1 => option::of(time()).prop_map(Event::ConnectDelay),
        1 => option::of(time()).prop_map(Event::LookupDelay),
        1 => option::of(time()).prop_map(Event::HangUp),
        1 => option::of(vec(1..5_u8, 0..4)).prop_map(Event::Found),
        1 => any::<bool>().prop_map(Event::Shuffled),
        1 => vec(1..5_u8, 0..4).prop_map(Event::Dead),
        1 => prop_oneof![50..200_usize, Just(usize::MAX)].prop_map(Event::Mtu),
        2 => refusal.prop_map(Event::Refusal),
    ]
}

/// Inputs of a driver that answer no instruction.
fn poke() -> impl Strategy<Value = Event> {
    let stray = prop_oneof![
        Just(Input::Connected),
        Just(Input::Disconnected(FailureKind::Refused.into())),
        (0..20_u64).prop_map(|id| Input::Resolved {
            id,
            found: Ok(vec![server(9)]),
        }),
        Just(Input::Resolved {
            id: u64::MAX,
            found: Err(FailureKind::NotFound.into()),
        }),
        (0..2000_usize).prop_map(Input::Unacknowledged),
        (0..2000_usize).prop_map(Input::Written),
    ];
    prop_oneof![
        4 => stray.prop_map(Event::Stray),
        2 => time().prop_map(|back| Event::Poll { back }),
        1 => prop_oneof![Just(ms(0)), time()].prop_map(Event::Lag),
        1 => Just(Event::Close),
    ]
}

fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![Just(0), 1..60_u64, 50..300_u64, 300..5000_u64].prop_map(ms)
}

/// How much a name is filled up: mostly little, sometimes beyond a datagram or to the longest line.
pub(crate) fn length() -> impl Strategy<Value = usize> {
    prop_oneof![24 => 0..8_usize, 8 => 8..120_usize, 1 => Just(4000)]
}

/// Longer than all that can happen in a world.
pub(crate) const LONG: Duration = secs(3600);
