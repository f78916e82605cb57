//! Order of levels: after any sequence of levels and changes, recorded in any way, the server has the last level of
//! each gauge.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use crate::client::Client;
use crate::client::handle::{Gauge, GaugeDelta};
use crate::config::{Config, Transport};
use crate::dogstatsd::Cardinality;
use crate::encode::dialect::Dialect;
use crate::encode::tests::servers;
use crate::error::RecordError;
use crate::metric::{Metric, Value};
use crate::session::prepared::Prepared;
use crate::sync::as_thread;
use crate::testing::{Recorder, recorder_with_inlets};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_last_level_is_the_last_set(settings in settings(), steps in steps()) {
        let mut world = World::new(&settings);
        for step in &steps {
            as_thread(step.thread, || world.step(step));
            world.check_account()?;
        }
        world.check_levels()?;
    }
}

#[derive(Clone)]
struct Settings {
    config: Config,
    inlets: usize,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = &self.config;
        let (dialect, transport) = (config.dialect, config.effective_transport());
        let bounds = (config.max_series, config.max_queue_lines);
        let aggregate = config.aggregate;
        write!(
            f,
            "{dialect:?} {transport:?} {aggregate:?} {bounds:?} {} inlets",
            self.inlets
        )
    }
}

/// Step of a test: a level or change is recorded, or time passes, or the connection fails.
#[derive(Clone)]
struct Step {
    thread: usize,
    name: &'static str,
    tags: Tags,
    way: Way,
    level: i64,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            thread,
            name,
            tags,
            way,
            level,
        } = self;
        write!(f, "thread {thread}, {name:?} {tags:?}: {way:?} {level}")
    }
}

/// Tags of a series: none, or the same two tags in one of two orders.
#[derive(Clone, Copy, Debug)]
enum Tags {
    None,
    Forward,
    Backward,
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Named,
    NamedChange,
    /// Level with a cardinality, which only the Datadog agent reads.
    Cardinality,
    Code,
    CodeAsText,
    CodeAsSignedText,
    Handle(usize),
    HandleOfChange(usize),
    Line,
    LineOfChange,
    Parsed,
    ParsedExponent,
    Prepared(usize),
    PreparedText(usize),
    Sampled,
    Timestamp,
    // Steps that record no level.
    Count,
    Flush,
    Interval,
    Moment,
    Down,
    Up,
}

struct World {
    client: Client,
    server: Recorder,
    dialect: Dialect,
    handles: Vec<Handles>,
    expected: Levels,
}

/// Handles of one name and list of tags, built when they are first used.
struct Handles {
    name: &'static str,
    tags: &'static [(&'static str, &'static str)],
    level: [Gauge; 2],
    change: Option<[GaugeDelta; 2]>,
    prepared: [Prepared; 2],
}

/// Level of each series on the server.
type Levels = BTreeMap<(String, Vec<(String, String)>), f64>;

const FORWARD: &[(&str, &str)] = &[("k", "v"), ("l", "w")];
const BACKWARD: &[(&str, &str)] = &[("l", "w"), ("k", "v")];

/// Names of gauges. The second is sanitized into the first, so both name one gauge. The last is longer than some
/// datagrams.
const NAMES: [&str; 4] = ["room_a", "room a", "b", LONG];
const LONG: &str = match std::str::from_utf8(&[b'l'; 500]) {
    Ok(name) => name,
    Err(_) => unreachable!(),
};

impl World {
    fn new(settings: &Settings) -> Self {
        let (client, server) =
            recorder_with_inlets(settings.config.clone(), settings.inlets).unwrap();
        let dialect = settings.config.dialect;
        Self {
            client,
            server,
            dialect,
            handles: Vec::new(),
            expected: Levels::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        let Some(is_change) = self.record(step) else {
            return;
        };
        let key = key(&step.name.replace(' ', "_"), self.tags(step.tags));
        let known = self.expected.entry(key).or_default();
        *known = step.level as f64 + if is_change { *known } else { 0.0 };
    }

    /// Carries out a step. Returns whether the server reads the record as a change, or `None` if no level was recorded.
    fn record(&mut self, step: &Step) -> Option<bool> {
        let second = Duration::from_secs(1);
        let (name, tags, level) = (step.name, self.tags(step.tags), step.level);
        let text = level.to_string();
        let signed = format!("{level:+}");
        // Servers read a level with a sign as a change. The Datadog agent reads it as a level.
        let rules = self.dialect.rules();
        let (is_change, is_signed_change) =
            (level < 0 && !rules.negative_gauge, !rules.negative_gauge);
        let metric = Metric::gauge(name, level).tags(tags);
        let before = self.client.stats().refused.total();
        let (result, is_change) = match step.way {
            Way::Named => (self.client.record(&metric), false),
            Way::NamedChange => {
                let change = Metric::gauge_delta(name, level).tags(tags);
                (self.client.record(&change), true)
            }
            Way::Cardinality => {
                let metric = metric.cardinality(Cardinality::Low);
                (self.client.record(&metric), false)
            }
            Way::Sampled => (self.client.record(&metric.sampled_at(0.5)), false),
            Way::Timestamp => (self.client.record(&metric.timestamp(7)), false),
            Way::Code => (self.raw(step, level.into()), is_change),
            Way::CodeAsText => (self.raw(step, (&*text).into()), is_change),
            Way::CodeAsSignedText => {
                let result = self.raw(step, (&*signed).into());
                (result, is_signed_change)
            }
            Way::Line => {
                let line = self.line(name, &text, tags);
                (self.client.record_line(&line), is_change)
            }
            Way::LineOfChange => {
                let line = self.line(name, &signed, tags);
                (self.client.record_line(&line), is_signed_change)
            }
            Way::Parsed => (self.parse(name, &text, tags), is_change),
            Way::ParsedExponent => (self.parse(name, &format!("{text}e0"), tags), is_change),
            Way::Handle(at) => {
                self.handles(name, tags)?.level[at].set(level);
                (Ok(()), false)
            }
            Way::HandleOfChange(at) => {
                self.handles(name, tags)?.change.as_ref()?[at].add(level);
                (Ok(()), true)
            }
            Way::Prepared(at) => {
                let prepared = self.handles(name, tags)?.prepared[at].clone();
                (self.record_prepared(&prepared, level.into()), false)
            }
            Way::PreparedText(at) => {
                let prepared = self.handles(name, tags)?.prepared[at].clone();
                let result = self.record_prepared(&prepared, (&*text).into());
                (result, is_change)
            }
            Way::Count => {
                self.client.incr(name, 1);
                return None;
            }
            Way::Flush => {
                drop(self.client.flush());
                return None;
            }
            Way::Interval => return self.pass(|server| server.advance(second * 3)),
            Way::Moment => return self.pass(|server| server.advance(second / 20)),
            Way::Down => return self.pass(|server| server.set_up(false)),
            Way::Up => return self.pass(|server| server.set_up(true)),
        };
        let is_refused = self.client.stats().refused.total() > before;
        assert!(result.is_ok() || is_refused, "{result:?}");
        (!is_refused).then_some(is_change)
    }

    fn pass(&mut self, pass: impl FnOnce(&mut Recorder)) -> Option<bool> {
        pass(&mut self.server);
        None
    }

    fn raw(&self, step: &Step, value: Value<'_>) -> Result<(), RecordError> {
        let metric = Metric::raw(step.name, value, "g");
        self.client.record(&metric.tags(self.tags(step.tags)))
    }

    fn parse(&self, name: &str, text: &str, tags: &[(&str, &str)]) -> Result<(), RecordError> {
        let line = self.line(name, text, tags);
        let metric = Metric::parse(&line).unwrap();
        self.client.record(&metric)
    }

    fn record_prepared(&self, prepared: &Prepared, value: Value<'_>) -> Result<(), RecordError> {
        self.client
            .entry()
            .unwrap()
            .record_prepared(prepared, &value)
    }

    /// Line of a gauge, encoded as by another program, with tags in the syntax of the dialect.
    fn line(&self, name: &str, value: &str, tags: &[(&str, &str)]) -> String {
        let name = name.replace(' ', "_");
        let Some(syntax) = self.dialect.rules().tags.filter(|_| !tags.is_empty()) else {
            return format!("{name}:{value}|g");
        };
        let (assign, separator) = (char::from(syntax.assign), char::from(syntax.separator));
        let tags: Vec<_> = tags
            .iter()
            .map(|(key, value)| format!("{key}{assign}{value}"))
            .collect();
        let tags = tags.join(&separator.to_string());
        let (open, close) = (syntax.open, syntax.close);
        if syntax.in_name {
            format!("{name}{open}{tags}{close}:{value}|g")
        } else {
            format!("{name}:{value}|g{open}{tags}{close}")
        }
    }

    fn tags(&self, tags: Tags) -> &'static [(&'static str, &'static str)] {
        match tags {
            _ if self.dialect.rules().tags.is_none() => &[],
            Tags::None => &[],
            Tags::Forward => FORWARD,
            Tags::Backward => BACKWARD,
        }
    }

    /// Handles of a name and tags, or `None` if they cannot be built.
    fn handles(
        &mut self,
        name: &'static str,
        tags: &'static [(&'static str, &'static str)],
    ) -> Option<&Handles> {
        let is_it = |handles: &Handles| handles.name == name && handles.tags == tags;
        if let Some(at) = self.handles.iter().position(is_it) {
            return self.handles.get(at);
        }
        let prepare = || {
            let prepare = self.client.prepare(name);
            tags.iter()
                .fold(prepare, |prepare, (key, value)| prepare.tag(key, value))
        };
        let metric = Metric::gauge(name, 0).tags(tags);
        let shared = self.client.entry()?;
        let handles = Handles {
            name,
            tags,
            level: [prepare().gauge().ok()?, prepare().gauge().ok()?],
            change: prepare()
                .gauge_delta()
                .ok()
                .map(|change| [change, prepare().gauge_delta().unwrap()]),
            // The second has a timestamp, or else a sample rate, if the dialect allows one, so it is not aggregated.
            prepared: [
                shared.prepare(&metric).ok()?,
                shared
                    .prepare(&metric.timestamp(7))
                    .or_else(|_| shared.prepare(&metric.sampled_at(0.5)))
                    .or_else(|_| shared.prepare(&metric))
                    .ok()?,
            ],
        };
        self.handles.push(handles);
        self.handles.last()
    }

    /// Checks that every accepted line is counted as sent, dropped, queued or in flight.
    fn check_account(&self) -> Result<(), TestCaseError> {
        let stats = self.client.stats();
        prop_assert_eq!(
            stats.accepted + stats.resent,
            stats.sent + stats.dropped.total() + stats.queued + stats.in_flight
        );
        Ok(())
    }

    fn check_levels(&mut self) -> Result<(), TestCaseError> {
        self.server.set_up(true);
        for _ in 0..24 {
            self.server.advance(Duration::from_secs(3600));
        }
        let mut levels = Levels::new();
        for line in self.server.lines() {
            let reading = servers::read(self.dialect, &line);
            if reading.code != "g" {
                continue;
            }
            let tags: Vec<_> = reading
                .tags
                .iter()
                .map(|(key, value)| (&**key, &**value))
                .collect();
            let known = levels.entry(key(&reading.name, &tags)).or_default();
            let [value] = &reading.values[..] else {
                prop_assert!(false, "{line:?} has several values");
                continue;
            };
            let is_change = value.starts_with(['+', '-']);
            let number: f64 = value.parse().unwrap();
            if is_change && !self.dialect.rules().negative_gauge {
                *known += number;
            } else {
                *known = number;
            }
        }
        prop_assert_eq!(&levels, &self.expected);
        prop_assert_eq!(self.client.stats().queued, 0);
        Ok(())
    }
}

fn key(name: &str, tags: &[(&str, &str)]) -> (String, Vec<(String, String)>) {
    let tags = tags.iter();
    let mut tags: Vec<_> = tags
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    tags.sort();
    (name.to_owned(), tags)
}

fn settings() -> impl Strategy<Value = Settings> {
    let dialects = select(Dialect::ALL.to_vec());
    let intervals = select(vec![None, Some(1), Some(2000)]);
    let contexts = select(vec![1_usize, 2, 8192]);
    let lines = select(vec![usize::MAX, usize::MAX, 2, 3, 40]);
    let inlets = select(vec![1_usize, 2, 4]);
    let datagrams = select(vec![512_usize, 1432]);
    (
        dialects,
        intervals,
        contexts,
        lines,
        inlets,
        datagrams,
        any::<bool>(),
    )
        .prop_map(
            |(dialect, interval, contexts, lines, inlets, datagram, is_udp)| {
                let config = Config::new("192.0.2.1")
                    .dialect(dialect)
                    .kind_prefixes(false);
                let transports = dialect.rules().transports;
                let is_tcp = !is_udp && transports.contains(&Transport::Tcp);
                let config = if is_tcp {
                    config.transport(Transport::Tcp)
                } else {
                    config.transport(Transport::Udp).max_datagram(datagram)
                };
                Settings {
                    config: config
                        .aggregate(interval.map(Duration::from_millis))
                        .max_series(contexts)
                        .max_queue_lines(lines)
                        .settle_time(Duration::ZERO),
                    inlets,
                }
            },
        )
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ways = select(vec![
        Way::Named,
        Way::NamedChange,
        Way::Cardinality,
        Way::Code,
        Way::CodeAsText,
        Way::CodeAsSignedText,
        Way::Handle(0),
        Way::Handle(1),
        Way::HandleOfChange(0),
        Way::HandleOfChange(1),
        Way::Line,
        Way::LineOfChange,
        Way::Parsed,
        Way::ParsedExponent,
        Way::Prepared(0),
        Way::Prepared(1),
        Way::PreparedText(0),
        Way::PreparedText(1),
        Way::Sampled,
        Way::Timestamp,
        Way::Count,
        Way::Flush,
        Way::Interval,
        Way::Moment,
        Way::Down,
        Way::Up,
    ]);
    let tags = select(vec![Tags::None, Tags::Forward, Tags::Backward]);
    let step = (0..4_usize, select(NAMES.to_vec()), tags, ways, -9..=9_i64).prop_map(
        |(thread, name, tags, way, level)| Step {
            thread,
            name,
            tags,
            way,
            level,
        },
    );
    prop::collection::vec(step, 1..24)
}

#[test]
fn two_handles_of_one_gauge_set_one_level() {
    let config = Config::new("h").kind_prefixes(false);
    let config = config.aggregate(Some(Duration::from_secs(2)));
    let (client, mut server) = recorder_with_inlets(config, 4).unwrap();
    let handle = || client.prepare("g").gauge().unwrap();
    let (one, other) = (handle(), handle());
    one.set(1);
    other.set(2);
    as_thread(1, || one.set(3));
    server.advance(Duration::from_secs(5));
    assert_eq!(server.lines(), ["g:3|g"]);
}
