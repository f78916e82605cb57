//! Random worlds: any settings, any trouble, any order; the invariants and the oracle hold in all.

use std::io::ErrorKind;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::RngAlgorithm;
use statsd_proto::{Input, Overflow, Pace, RecordError, Transport};

use crate::network::{Cut, Refusal, address};
use crate::settings::{Settings, ms, secs};
use crate::world::{World, server};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_stream_of_events_breaks_the_guarantees_over_tcp(
        settings in settings(Transport::Tcp),
        seed: u64,
        steps in vec(step(), 0..40),
        is_healed: bool,
    ) {
        live(settings, seed, steps, is_healed);
    }

    #[test]
    fn no_stream_of_events_breaks_the_guarantees_over_udp(
        settings in settings(Transport::Udp),
        seed: u64,
        steps in vec(step(), 0..40),
        is_healed: bool,
    ) {
        live(settings, seed, steps, is_healed);
    }
}

/// Something that happens in a world.
#[derive(Clone, Debug)]
enum Step {
    Advance(Duration),
    Break(ErrorKind, usize),
    Close,
    ConnectDelay(Option<Duration>),
    Cut(Cut),
    Dead(Vec<u8>),
    Flush,
    Found(Option<Vec<u8>>),
    HangUp(Option<Duration>),
    Lag(Duration),
    LookupDelay(Option<Duration>),
    MaxWrite(usize),
    Mtu(usize),
    Poll { back: Duration },
    Record { count: usize, len: usize },
    RecordPair(usize),
    Refusal(Refusal),
    Stray(Input),
    Up(bool),
    Window(usize),
    WriteErrors(ErrorKind, usize),
}

/// Half of the 10,000 worlds for each transport, unless `PROPTEST_CASES` says otherwise.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: if std::env::var_os("PROPTEST_CASES").is_some() {
            default.cases
        } else {
            5000
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
        world.net.heal();
        world.lag = Duration::ZERO;
        world.advance(secs(600));
        assert_eq!(world.stats().queued, 0, "it wakes up by itself");
    }
    let report = world.finish();
    assert!(
        !is_healed || !has_time || report.abandoned == 0,
        "{report:?}"
    );
}

fn take(world: &mut World, step: Step) {
    let addresses = |last: Vec<u8>| last.into_iter().map(address).collect();
    match step {
        Step::Advance(time) => world.advance(time),
        Step::Break(kind, loses) => world.break_link(kind, loses),
        Step::Close => world.session.close(),
        Step::ConnectDelay(delay) => world.net.connect_delay = delay,
        Step::Cut(cut) => world.net.cuts.push_back(cut),
        Step::Dead(last) => world.net.dead = addresses(last),
        Step::Flush => world.session.flush(),
        Step::Found(found) => world.net.found = found.map(addresses),
        Step::HangUp(after) => world.net.hang_up_after = after,
        Step::Lag(lag) => world.lag = lag,
        Step::LookupDelay(delay) => world.net.lookup_delay = delay,
        Step::MaxWrite(max) => world.net.max_write = max,
        Step::Mtu(mtu) => world.net.mtu = mtu,
        Step::Poll { back } => world.poll_at(world.now - back),
        Step::Record { count, len } => (0..count).for_each(|_| record(world, len, 1)),
        Step::RecordPair(len) => record(world, len, 2),
        Step::Refusal(refusal) => world.net.refusal = refusal,
        Step::Stray(input) => world.handle_stray(input),
        Step::Up(is_up) => {
            world.net.is_up = is_up;
            if !is_up && !world.settings.is_udp() {
                world.break_link(ErrorKind::ConnectionReset, 0);
            }
        }
        Step::Window(window) => world.net.window = window,
        Step::WriteErrors(kind, count) => {
            world
                .net
                .write_errors
                .extend(std::iter::repeat_n(kind, count));
        }
    }
    // The driver is slow to notice what is recorded, so that several steps may come in between.
    if !world.session.wants_poll() {
        world.settle();
    }
}

/// Records one line, or a pair, and judges whether there was room for it.
fn record(world: &mut World, len: usize, lines: u64) {
    let (before, bytes) = (world.stats(), outstanding_bytes(world));
    let result = match lines {
        1 => world.record(len),
        _ => world.record_pair(len),
    };
    let Settings {
        max_queue_bytes,
        max_queue_lines,
        overflow,
        ..
    } = world.settings;
    let most = max_queue_lines as u64;
    let too_many = before.queued + before.in_flight + lines > most;
    match (result, overflow) {
        (Ok(()), Overflow::DropOldest) => {
            let after = world.stats();
            assert!(after.queued + after.in_flight <= most);
        }
        (Ok(()), _) => assert!(!too_many, "{before:?}"),
        (Err(RecordError::Closed), _) => assert!(world.session.is_closed()),
        (Err(RecordError::QueueFull), Overflow::DropOldest) => {
            // There is always an older payload to drop, unless hardly a line fits at all.
            assert!(most < 20 && too_many, "{before:?}");
        }
        (Err(RecordError::QueueFull), _) => {
            let record = lines as usize * (len + "n00000:-5|g\n".len());
            let is_full = bytes + record > max_queue_bytes && !world.settings.is_udp();
            assert!(too_many || is_full, "{before:?} {bytes}");
        }
        (Err(error), _) => panic!("{error}"),
    }
}

/// How long the lines are that are queued or on their way, when none is ever dropped.
fn outstanding_bytes(world: &World) -> usize {
    let stats = world.stats();
    let count = (stats.queued + stats.in_flight) as usize;
    let lines = world.accepted.iter().rev().take(count);
    lines.map(|line| line.len() + 1).sum()
}

fn settings(transport: Transport) -> impl Strategy<Value = Settings> {
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
    );
    (sizes, times).prop_map(move |(sizes, times)| {
        let (max_datagram, max_queue_lines, overflow, pace, is_named) = sizes;
        let (flush, (initial, more), settle, connect, write, close_timeout) = times;
        let is_udp = transport == Transport::Udp;
        Settings {
            host: if is_named {
                "metrics.internal"
            } else {
                "192.0.2.1"
            },
            transport,
            max_datagram,
            // The smallest that can be.
            max_queue_bytes: if is_udp { 4 * 65_507 } else { 16 * 1024 },
            max_queue_lines,
            overflow,
            pace,
            flush_interval: ms(flush),
            backoff: (ms(initial), ms(initial + more)),
            settle_time: if is_udp { ms(0) } else { ms(settle) },
            connect_timeout: ms(connect),
            write_timeout: ms(write),
            close_timeout,
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => time().prop_map(Step::Advance),
        8 => (1..12_usize, length()).prop_map(|(count, len)| Step::Record { count, len }),
        2 => (0..120_usize).prop_map(Step::RecordPair),
        2 => Just(Step::Flush),
        3 => any::<bool>().prop_map(Step::Up),
        8 => trouble(),
        2 => poke(),
    ]
}

/// What goes wrong.
fn trouble() -> impl Strategy<Value = Step> {
    let broken = prop_oneof![
        Just(ErrorKind::ConnectionReset),
        Just(ErrorKind::UnexpectedEof)
    ];
    let failed = prop_oneof![
        Just(ErrorKind::NetworkUnreachable),
        Just(ErrorKind::InvalidInput)
    ];
    let cut = (0..200_usize, 0..50_usize);
    let refusal = prop_oneof![
        Just(Refusal::NextWrite),
        Just(Refusal::Unheard),
        (0..80_u64).prop_map(|delay| Refusal::Read(ms(delay))),
    ];
    let amount = || prop_oneof![0..50_usize, Just(usize::MAX)];
    prop_oneof![
        2 => (broken, 0..50_usize).prop_map(|(kind, loses)| Step::Break(kind, loses)),
        4 => cut.prop_map(|(takes, loses)| Step::Cut(Cut { takes, loses })),
        1 => (failed, 1..5_usize).prop_map(|(kind, count)| Step::WriteErrors(kind, count)),
        2 => amount().prop_map(|max| Step::MaxWrite(max.max(1))),
        2 => amount().prop_map(Step::Window),
        1 => option::of(time()).prop_map(Step::ConnectDelay),
        1 => option::of(time()).prop_map(Step::LookupDelay),
        1 => option::of(time()).prop_map(Step::HangUp),
        1 => option::of(vec(1..5_u8, 0..4)).prop_map(Step::Found),
        1 => vec(1..5_u8, 0..4).prop_map(Step::Dead),
        1 => prop_oneof![50..200_usize, Just(usize::MAX)].prop_map(Step::Mtu),
        2 => refusal.prop_map(Step::Refusal),
    ]
}

/// What a driver may do beside its work.
fn poke() -> impl Strategy<Value = Step> {
    let stray = prop_oneof![
        Just(Input::Connected),
        Just(Input::Disconnected(ErrorKind::ConnectionRefused)),
        Just(Input::Resolved(vec![])),
        Just(Input::Resolved(vec![server(9)])),
        (0..2000_usize).prop_map(Input::Written),
    ];
    prop_oneof![
        4 => stray.prop_map(Step::Stray),
        2 => time().prop_map(|back| Step::Poll { back }),
        1 => prop_oneof![Just(ms(0)), time()].prop_map(Step::Lag),
        1 => Just(Step::Close),
    ]
}

fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![Just(0), 1..60_u64, 50..300_u64, 300..5000_u64].prop_map(ms)
}

/// How much a name is filled up: mostly little, sometimes beyond a datagram or to the longest line.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![24 => 0..8_usize, 8 => 8..120_usize, 1 => Just(4000)]
}

/// Longer than all that can happen in a world.
const LONG: Duration = secs(3600);
