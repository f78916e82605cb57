//! The ways to record a metric that have a budget.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use statsd_proto::{Client, Config, Driver, Input, Metric, Output, Refused};

#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    prepare: fn(&Client) -> Record,
    adds_up: bool,
    /// On another thread than the first that records.
    is_further: bool,
}

/// Records so many metrics.
type Record = Box<dyn Fn(usize) + Send>;

pub(crate) const CASES: &[Case] = &[
    line("count by name", count),
    line("timing by name", timing),
    line("tagged count by name", tagged),
    line("fluent tagged count by name", fluent),
    line("prepared count", prepared_count),
    line("prepared timing", prepared_timing),
    line("prepared tagged count", prepared_tagged),
    further(line("count by name, further thread", count)),
    further(line("prepared count, further thread", prepared_count)),
    sum("added count by name", count),
    sum("added timing by name", timing),
    sum("added tagged count by name", tagged),
    sum("added prepared count", prepared_count),
    sum("added prepared timing", prepared_timing),
    further(sum("added count by name, further thread", count)),
];

const fn line(name: &'static str, prepare: fn(&Client) -> Record) -> Case {
    Case {
        name,
        prepare,
        adds_up: false,
        is_further: false,
    }
}

const fn sum(name: &'static str, prepare: fn(&Client) -> Record) -> Case {
    Case {
        adds_up: true,
        ..line(name, prepare)
    }
}

const fn further(case: Case) -> Case {
    Case {
        is_further: true,
        ..case
    }
}

fn count(client: &Client) -> Record {
    let client = client.clone();
    repeat(move || client.incr(black_box(COUNTER), black_box(1)))
}

fn timing(client: &Client) -> Record {
    let client = client.clone();
    repeat(move || client.timing(black_box(TIMER), black_box(ELAPSED)))
}

fn tagged(client: &Client) -> Record {
    let client = client.clone();
    repeat(move || {
        let tags = black_box(TAGS);
        let metric = Metric::counter(black_box(COUNTER), black_box(1));
        // What is refused is looked for in the end.
        let _ = client.record(&metric.tags(&tags));
    })
}

fn fluent(client: &Client) -> Record {
    let client = client.clone();
    repeat(move || {
        let [region, method] = black_box(TAGS);
        let count = client.count(black_box(COUNTER), black_box(1));
        let count = count.tag(region.0, region.1);
        count.tag(method.0, method.1).send();
    })
}

fn prepared_count(client: &Client) -> Record {
    let counter = client.prepare(COUNTER).counter();
    let counter = counter.expect("the name is valid");
    repeat(move || black_box(&counter).add(black_box(1)))
}

fn prepared_timing(client: &Client) -> Record {
    let timing = client.prepare(TIMER).timing().expect("the name is valid");
    repeat(move || black_box(&timing).record(black_box(ELAPSED)))
}

fn prepared_tagged(client: &Client) -> Record {
    let [region, method] = TAGS;
    let counter = client.prepare(COUNTER).tag(region.0, region.1);
    let counter = counter.tag(method.0, method.1).counter();
    let counter = counter.expect("the tags are valid");
    repeat(move || black_box(&counter).add(black_box(1)))
}

fn repeat(call: impl Fn() + Send + 'static) -> Record {
    Box::new(move |calls| {
        for _ in 0..calls {
            call();
        }
    })
}

impl Case {
    pub(crate) fn named(name: &str) -> Result<&'static Self, String> {
        let mut cases = CASES.iter();
        let case = cases.find(|case| case.name == name);
        case.ok_or_else(|| format!("there is no case {name}"))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "time has to begin somewhere, and a further thread to be one"
    )]
    pub(crate) fn run(&self, metrics: usize) {
        let now = Instant::now();
        // Time stands still, and nobody hangs up.
        let config = Config::new("127.0.0.1")
            .settle_time(Duration::ZERO)
            .aggregate(self.adds_up.then_some(Duration::from_millis(100)));
        let (client, driver) =
            Driver::with_seed(&config, move || now, 7).expect("the settings work");
        let record = (self.prepare)(&client);
        if self.is_further {
            record(1);
            let further = thread::spawn(move || rounds(&*record, &client, driver, metrics));
            further.join().expect("nothing is refused");
        } else {
            rounds(&*record, &client, driver, metrics);
        }
    }
}

/// Records and sends in turns, so that each run takes the same way.
fn rounds(record: &dyn Fn(usize), client: &Client, mut driver: Driver, metrics: usize) {
    for _ in 0..metrics / BURST {
        record_burst(record);
        drop(client.flush());
        drive(&mut driver);
    }
    let stats = client.stats();
    assert_eq!(stats.refused, Refused::default());
    assert!(stats.sent > 0 && stats.queued == 0, "{stats:?}");
}

/// Named, so that what happens in it can be told from the rest.
#[inline(never)]
fn record_burst(record: &dyn Fn(usize)) {
    record(BURST);
}

/// A transport that takes everything at once, until there is nothing to do.
fn drive(driver: &mut Driver) {
    loop {
        let input = match driver.poll() {
            Output::Connect(_) => Input::Connected,
            Output::Transmit(transmit) => Input::Written(transmit.data.len()),
            Output::Wait(_) => return,
            Output::Disconnect | Output::Finished(_) | Output::Resolve(_) => {
                unreachable!("the address is known, and nothing fails or ends")
            }
        };
        driver.handle(input);
    }
}

const COUNTER: &str = "checkout.service.orders.placed";
const TIMER: &str = "checkout.service.orders.timing";
const TAGS: [(&str, &str); 2] = [("region", "eu-west-1"), ("method", "debit")];
const ELAPSED: Duration = Duration::from_micros(48_250);
const BURST: usize = 1000;
