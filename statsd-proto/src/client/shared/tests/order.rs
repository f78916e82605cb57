//! Order of records: those of one thread, and the levels of one gauge from all threads, are sent as they were recorded.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use crate::client::Client;
use crate::config::{Config, Transport};
use crate::dogstatsd::{Event, ServiceCheck, Status};
use crate::encode::dialect::Dialect;
use crate::metric::Metric;
use crate::sync::as_thread;
use crate::testing::{Recorder, recorder_with_inlets};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_thread_keeps_its_order_and_a_gauge_has_one_for_all(
        config in config(),
        inlets in select(vec![1_usize, 2, 4]),
        steps in prop::collection::vec((0..4_usize, select(WAYS.to_vec())), 1..40),
    ) {
        let (client, server) = recorder_with_inlets(config, inlets).unwrap();
        let mut world = World { client, server, recorded: Numbers::new(), next: 0 };
        for (thread, way) in steps {
            as_thread(thread, || world.step(thread, way));
        }
        world.check()?;
    }
}

/// Numbers recorded by each thread, and to the shared gauge, by name.
type Numbers = BTreeMap<String, Vec<u32>>;

#[derive(Clone, Copy, Debug)]
enum Way {
    Count,
    Event,
    Group,
    Held,
    Level,
    SharedLevel,
    Line,
    Long,
    Check,
    Values,
    // Steps that record no metric.
    Flush,
    Moment,
    Down,
    Up,
}

const WAYS: [Way; 14] = [
    Way::Count,
    Way::Event,
    Way::Group,
    Way::Held,
    Way::Level,
    Way::SharedLevel,
    Way::Line,
    Way::Long,
    Way::Check,
    Way::Values,
    Way::Flush,
    Way::Moment,
    Way::Down,
    Way::Up,
];

struct World {
    client: Client,
    server: Recorder,
    recorded: Numbers,
    next: u32,
}

impl World {
    /// Carries out a step. Each record contains the name of its thread and a number larger than all earlier ones.
    fn step(&mut self, thread: usize, way: Way) {
        let (first, client) = (self.next, &self.client);
        let name = format!("t{thread}");
        let text = format!("{name}-{first}");
        let before = client.stats().refused.total();
        let numbers = match way {
            Way::Flush => return drop(client.flush()),
            Way::Moment => return self.server.advance(Duration::from_millis(40)),
            Way::Down => return self.server.set_up(false),
            Way::Up => return self.server.set_up(true),
            Way::Group => {
                let level = 4 * (first + 1) + thread as u32;
                let mut group = client.group();
                group.record(&Metric::counter(&name, first));
                group.record(&Metric::gauge(SHARED, level));
                let _ = group.try_send();
                first..first + 2
            }
            Way::Values => {
                let values: Vec<f64> = (first..first + 5).map(f64::from).collect();
                let _ = client.record(&Metric::timings_ms(&name, &values));
                first..first + 5
            }
            Way::Count
            | Way::Event
            | Way::Held
            | Way::Level
            | Way::SharedLevel
            | Way::Line
            | Way::Long
            | Way::Check => {
                let _ = match way {
                    Way::Count => client.record(&Metric::counter(&name, first)),
                    Way::Event => client.event(&Event::new(&text, "-")),
                    Way::Held => {
                        let prepared = client.prepare(&name).timing();
                        prepared.map(|timing| timing.record_ms(first))
                    }
                    Way::Level => client.record(&Metric::gauge(&format!("level.{name}"), first)),
                    Way::SharedLevel => {
                        let level = 4 * first + thread as u32;
                        client.record(&Metric::gauge(SHARED, level))
                    }
                    Way::Line => client.record_line(&format!("{name}:{first}|c")),
                    Way::Check => client.service_check(&ServiceCheck::new(&text, Status::Ok)),
                    Way::Long
                    | Way::Group
                    | Way::Values
                    | Way::Flush
                    | Way::Moment
                    | Way::Down
                    | Way::Up => client.record(&Metric::counter(&format!("{name}.{LONG}"), first)),
                };
                first..first + 1
            }
        };
        self.next = numbers.end;
        if client.stats().refused.total() == before {
            if let Way::SharedLevel | Way::Group = way {
                let last = numbers.end - 1;
                self.recorded.entry(SHARED.into()).or_default().push(last);
            }
            self.recorded.entry(name).or_default().extend(numbers);
        }
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
        self.client.close();
        self.server.set_up(true);
        self.server.advance(Duration::from_secs(3600));
        let mut arrived = Numbers::new();
        for line in self.server.lines() {
            if let Some(level) = line.strip_prefix("shared:") {
                let level: u32 = level.strip_suffix("|g").unwrap().parse().unwrap();
                let thread = format!("t{}", level % 4);
                for name in [SHARED, &thread] {
                    arrived.entry(name.into()).or_default().push(level / 4);
                }
                continue;
            }
            let name = line
                .find('t')
                .map(|at| line[at..at + 2].to_owned())
                .unwrap();
            let (_, rest) = line.split_once(&name).unwrap();
            let number = |text: &str| text.parse::<u32>().ok();
            // A service check ends with its status, which is no recorded number.
            let rest = rest.strip_suffix("|0").unwrap_or(rest);
            let numbers: Vec<_> = rest.split([':', '-', '|']).filter_map(number).collect();
            arrived.entry(name).or_default().extend(numbers);
        }
        prop_assert_eq!(&arrived, &self.recorded);
        Ok(())
    }
}

/// Gauge that all threads set. Each level encodes the number of its thread.
const SHARED: &str = "shared";

const LONG: &str = match std::str::from_utf8(&[b'l'; 500]) {
    Ok(name) => name,
    Err(_) => unreachable!(),
};

fn config() -> impl Strategy<Value = Config> {
    let dialects = select(vec![
        Dialect::DogStatsd,
        Dialect::Statsd,
        Dialect::StatsdExporter,
    ]);
    let lines = select(vec![usize::MAX, 6, 40]);
    let datagrams = select(vec![None, Some(512_usize), Some(1432)]);
    (dialects, lines, datagrams).prop_map(|(dialect, lines, datagram)| {
        let config = Config::new("192.0.2.1")
            .dialect(dialect)
            .kind_prefixes(false)
            .max_queue_lines(lines)
            .settle_time(Duration::ZERO);
        match datagram {
            None => config.transport(Transport::Tcp),
            Some(size) => config.transport(Transport::Udp).max_datagram(size),
        }
    })
}
