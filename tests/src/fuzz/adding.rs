//! Counts that are added up arrive, all of them and once, whatever happens in between.

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use statsd_proto::testing::{Recorder, recorder};
use statsd_proto::{Client, Config, Counter, Transport};

/// Counts by name and by handle, through rounds, flushes and outages, to the end.
///
/// # Panics
///
/// If a count is lost or arrives twice.
pub fn adding(data: &[u8]) {
    // Bytes that are too few make no case.
    let _ = add(&mut Unstructured::new(data));
}

fn add(input: &mut Unstructured<'_>) -> Result<()> {
    let transport = *input.choose(&[Transport::Tcp, Transport::Udp])?;
    let interval = Duration::from_millis(input.int_in_range(1..=3000)?);
    let config = Config::new("192.0.2.1")
        .kind_prefixes(false)
        .transport(transport)
        .aggregate(Some(interval))
        .max_contexts(input.int_in_range(1..=3)?)
        .flush_interval(Duration::from_millis(input.int_in_range(0..=300)?));
    let (client, recorder) = recorder(config).expect("the settings are good");
    let handles = NAMES.map(|name| client.prepare(name).counter().expect("the name is good"));
    let mut world = World {
        client,
        recorder,
        handles,
        counted: [0; 3],
        arrived: [0; 3],
    };
    while !input.is_empty() {
        world.step(input)?;
    }
    world.end();
    Ok(())
}

struct World {
    client: Client,
    recorder: Recorder,
    handles: [Counter; 3],
    counted: [i128; 3],
    arrived: [i128; 3],
}

impl World {
    fn step(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let place = input.int_in_range(0..=NAMES.len() - 1)?;
        match input.int_in_range(0..=7)? {
            0 | 1 => self.count(place, input.int_in_range(-3..=3)?, true),
            2 | 3 => self.count(place, input.int_in_range(-3..=3)?, false),
            // Amounts that a cell or a sum has no room for go by themselves.
            4 => self.count(place, input.arbitrary()?, input.arbitrary()?),
            5 => {
                let time = Duration::from_millis(input.int_in_range(0..=4000)?);
                self.recorder.advance(time);
            }
            6 => drop(self.client.flush()),
            _ => self.recorder.set_up(input.arbitrary()?),
        }
        self.take();
        Ok(())
    }

    fn count(&mut self, place: usize, amount: i64, by_handle: bool) {
        if by_handle {
            self.handles[place].add(amount);
        } else {
            self.client.incr(NAMES[place], amount);
        }
        self.counted[place] += i128::from(amount);
    }

    /// Takes what has arrived until now, without letting time pass.
    fn take(&mut self) {
        for payload in self.recorder.payloads() {
            for line in payload.lines().filter(|line| !line.is_empty()) {
                let (name, value) = line.split_once(':').expect("a line has a name");
                let value = value.strip_suffix("|c").expect("it is a count");
                let place = NAMES.iter().position(|known| *known == name);
                let place = place.expect("the name is as it was recorded");
                self.arrived[place] += value.parse::<i128>().expect("counts are whole");
            }
        }
    }

    /// The server is back for good: what was added up comes with the rounds, and the rest with the end.
    fn end(&mut self) {
        self.recorder.set_up(true);
        self.recorder.advance(Duration::from_secs(60));
        self.take();
        assert_eq!(self.arrived, self.counted, "the rounds bring all");
        self.count(0, 1, true);
        self.count(1, 1, false);
        self.client.close();
        self.count(2, 1, true);
        self.count(2, 1, false);
        self.recorder.advance(Duration::from_secs(60));
        self.take();
        self.counted[2] -= 2;
        assert_eq!(self.arrived, self.counted, "the end brings the rest");
        let stats = self.recorder.stats();
        assert_eq!((stats.refused.closed, stats.refused.total()), (2, 2));
        assert_eq!((stats.accepted, stats.dropped.total()), (stats.sent, 0));
    }
}

const NAMES: [&str; 3] = ["a", "b", "c"];
