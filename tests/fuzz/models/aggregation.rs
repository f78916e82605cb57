//! Aggregated values arrive completely and once, with any events in between.

mod server;

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use statsd_proto::testing::{Recorder, recorder};
use statsd_proto::{
    Client, Config, Counter, Dialect, Gauge, GaugeDelta, Kind, Metric, Set, Timing, Transport,
};

use self::server::Server;
use super::grammar::{Counts, Grammar};

/// Counts, measures and gathers by name and by handle, through rounds, flushes, outages and full queues, to
/// the end.
///
/// # Panics
///
/// If something is lost, arrives twice, or counts for more or less than it is.
pub(crate) fn aggregation(data: &[u8]) {
    // Bytes that are too few make no case.
    let _ = add(&mut Unstructured::new(data));
}

fn add(input: &mut Unstructured<'_>) -> Result<()> {
    let transport = *input.choose(&[Transport::Tcp, Transport::Udp])?;
    let interval = Duration::from_millis(input.int_in_range(1..=3000)?);
    let config = Config::new("192.0.2.1")
        .kind_prefixes(false)
        .aggregate(Some(interval))
        .max_series(input.int_in_range(1..=3)?)
        .flush_interval(Duration::from_millis(input.int_in_range(0..=300)?));
    let (dialect, transport) = Grammar::pair(*input.choose(&DIALECTS)?, transport);
    let config = config
        .dialect(dialect)
        .transport(transport)
        .max_samples(*input.choose(&[512, 1, 3])?)
        .max_queue_lines(*input.choose(&[usize::MAX, 2, 3, 40])?);
    let mut world = World::new(config, Grammar::of(dialect));
    while !input.is_empty() {
        world.step(input)?;
    }
    world.end();
    Ok(())
}

struct World {
    client: Client,
    recorder: Recorder,
    grammar: &'static Grammar,
    handles: Handles,
    /// State of a server that has received every accepted metric.
    meant: Server,
    server: Server,
}

struct Handles {
    counters: [Counter; 3],
    level: Gauge,
    change: Option<GaugeDelta>,
    members: Option<Set>,
    times: Timing,
}

impl World {
    fn new(config: Config, grammar: &'static Grammar) -> Self {
        let (client, recorder) = recorder(config).expect("the settings are good");
        let has = |kind| grammar.code(kind).is_some();
        let handles = Handles {
            counters: COUNTS.map(|name| client.prepare(name).counter().expect("a good name")),
            level: client.prepare("level").gauge().expect("a good name"),
            change: has(Kind::GaugeDelta)
                .then(|| client.prepare("change").gauge_delta().expect("a good name")),
            members: has(Kind::Set).then(|| client.prepare("set").set().expect("a good name")),
            times: client.prepare("time").timing().expect("a good name"),
        };
        Self {
            client,
            recorder,
            grammar,
            handles,
            meant: Server::default(),
            server: Server::default(),
        }
    }

    fn step(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let place = input.int_in_range(0..=COUNTS.len() - 1)?;
        match input.int_in_range(0..=11)? {
            0 | 1 => self.count(place, input.int_in_range(-3..=3)?, true),
            2 | 3 => self.count(place, input.int_in_range(-3..=3)?, false),
            // Amounts that a cell or a sum has no room for go by themselves.
            4 => self.count(place, input.arbitrary()?, input.arbitrary()?),
            5 => {
                let time = Duration::from_millis(input.int_in_range(0..=4000)?);
                self.recorder.advance(time);
            }
            6 => drop(self.client.flush()),
            7 => self.recorder.set_up(input.arbitrary()?),
            8 => self.set_level(input.arbitrary()?, input.arbitrary()?),
            9 => self.change_level(input.arbitrary()?, input.arbitrary()?),
            10 => self.insert(input.int_in_range(0..=9)?, input.arbitrary()?),
            _ => {
                let (first, by_handle) = (input.int_in_range(0..=9)?, input.arbitrary()?);
                let times = input.int_in_range(1..=40)?;
                (0..times).for_each(|time| self.time(first + time, by_handle));
            }
        }
        self.take();
        Ok(())
    }

    fn count(&mut self, place: usize, amount: i64, by_handle: bool) {
        // Such a server cannot count down.
        let amount = match self.grammar.counts {
            Counts::Up => amount.saturating_abs(),
            Counts::Any | Counts::Whole => amount,
        };
        let name = COUNTS[place];
        let is_taken = self.is_taken(|world| {
            if by_handle {
                world.handles.counters[place].add(amount);
            } else {
                world.client.incr(name, amount);
            }
        });
        if is_taken {
            self.meant.count(name, amount.into());
        }
    }

    fn set_level(&mut self, level: i32, by_handle: bool) {
        let name = if by_handle { "level" } else { "named.level" };
        let is_taken = self.is_taken(|world| {
            if by_handle {
                world.handles.level.set(level);
            } else {
                world.client.gauge(name, level);
            }
        });
        if is_taken {
            self.meant.set_level(name, level.into());
        }
    }

    /// A gauge that is changed by its name may have been set as well.
    fn change_level(&mut self, change: i8, by_handle: bool) {
        let name = if by_handle { "change" } else { "named.level" };
        let is_taken = self.is_taken(|world| match &world.handles.change {
            Some(handle) if by_handle => handle.add(change),
            Some(_) | None => world.client.gauge_delta(name, change),
        });
        if is_taken && self.handles.change.is_some() {
            self.meant.change_level(name, change.into());
        }
    }

    fn insert(&mut self, member: u32, by_handle: bool) {
        let name = if by_handle { "set" } else { "named.set" };
        let member = format!("m{member}");
        let is_taken = self.is_taken(|world| match &world.handles.members {
            Some(handle) if by_handle => handle.insert(&member),
            Some(_) | None => world.client.set(name, &member),
        });
        if is_taken && self.handles.members.is_some() {
            self.meant.insert(name, &member);
        }
    }

    fn time(&mut self, time: u32, by_handle: bool) {
        let name = if by_handle { "time" } else { "named.time" };
        let is_taken = self.is_taken(|world| {
            if by_handle {
                world.handles.times.record_ms(time);
            } else {
                // The error is counted as well.
                let _ = world.client.record(&Metric::timing_ms(name, time));
            }
        });
        if is_taken {
            self.meant.time(name, time, 1.0);
        }
    }

    /// Whether nothing is refused of what is recorded.
    fn is_taken(&mut self, record: impl FnOnce(&mut Self)) -> bool {
        let before = self.recorder.stats().refused;
        record(self);
        self.recorder.stats().refused == before
    }

    /// Takes what has arrived until now, without letting time pass.
    fn take(&mut self) {
        for payload in self.recorder.payloads() {
            for line in payload.lines().filter(|line| !line.is_empty()) {
                self.server.read(line, self.grammar);
            }
        }
    }

    /// The server stays up from now on: aggregated values arrive at their intervals, and the rest at the end.
    fn end(&mut self) {
        self.recorder.set_up(true);
        for _ in 0..PATIENCE {
            self.recorder.advance(Duration::from_secs(3600));
            self.take();
            if self.server.has_all(&self.meant) {
                break;
            }
        }
        self.server.check_all(&self.meant);
        self.count(0, 1, true);
        self.count(1, 1, false);
        let refused = self.recorder.stats().refused.full;
        self.client.close();
        self.count(2, 1, true);
        self.count(2, 1, false);
        self.recorder.advance(Duration::from_secs(60));
        self.take();
        let stats = self.recorder.stats();
        // Two may be more than the queue has room for.
        let lost = i128::from(stats.refused.full - refused);
        assert_eq!(self.server.total() + lost, self.meant.total());
        assert_eq!((stats.refused.closed, stats.refused.too_long), (2, 0));
        assert_eq!((stats.accepted, stats.dropped.total()), (stats.sent, 0));
    }
}

/// How many hours the rest may take, if one line of it leaves in each round.
const PATIENCE: usize = 24;

const COUNTS: [&str; 3] = ["a", "b", "d"];

const DIALECTS: [Dialect; 9] = [
    Dialect::Statsd,
    Dialect::Collectd,
    Dialect::DogStatsd,
    Dialect::Graphite,
    Dialect::Influx,
    Dialect::Librato,
    Dialect::Netdata,
    Dialect::SignalFx,
    Dialect::StatsdExporter,
];
