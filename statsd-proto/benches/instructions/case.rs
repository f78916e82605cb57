//! The ways to record a metric that have a budget.

use std::cell::RefCell;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use statsd_proto::driver::{Driver, Input, Output, Session};
use statsd_proto::{Client, Config, Metric, Refused};

#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    way: Way,
    aggregates: bool,
    /// On another thread than the first that records.
    is_further: bool,
}

#[derive(Clone, Copy)]
enum Way {
    Client(fn(&Client) -> Record),
    Session(fn(&mut Session)),
}

/// Records so many metrics.
type Record = Box<dyn Fn(usize) + Send>;

pub(crate) const CASES: &[Case] = &[
    line("count by name", count),
    line("timing by name", timing),
    line("tagged count by name", tagged),
    line("fluent tagged count by name", fluent),
    line("count in a group of ten", group),
    line("gauge by name", gauge),
    line("set by name", set),
    line("line by others", raw),
    line("prepared count", prepared_count),
    line("prepared timing", prepared_timing),
    line("prepared tagged count", prepared_tagged),
    session("session, count by name", |session| {
        let metric = Metric::counter(black_box(COUNTER), black_box(1));
        let _ = session.record(&metric);
    }),
    session("session, tagged count by name", |session| {
        let metric = Metric::counter(black_box(COUNTER), black_box(1));
        let _ = session.record(&metric.tags(&black_box(TAGS)));
    }),
    further(line("count by name, further thread", count)),
    further(line("prepared count, further thread", prepared_count)),
    sum("aggregated count by name", count),
    sum("aggregated timing by name", timing),
    sum("aggregated tagged count by name", tagged),
    sum("aggregated prepared count", prepared_count),
    sum("aggregated prepared timing", prepared_timing),
    further(sum("aggregated count by name, further thread", count)),
];

const fn line(name: &'static str, prepare: fn(&Client) -> Record) -> Case {
    Case {
        name,
        way: Way::Client(prepare),
        aggregates: false,
        is_further: false,
    }
}

const fn session(name: &'static str, record: fn(&mut Session)) -> Case {
    Case {
        name,
        way: Way::Session(record),
        aggregates: false,
        is_further: false,
    }
}

const fn sum(name: &'static str, prepare: fn(&Client) -> Record) -> Case {
    Case {
        aggregates: true,
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
        // Refusals are checked at the end.
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

fn group(client: &Client) -> Record {
    let client = client.clone();
    Box::new(move |calls| {
        let mut group = client.group();
        for _ in 0..calls / 10 {
            for _ in 0..10 {
                group.incr(black_box(COUNTER), black_box(1));
            }
            group.send();
        }
    })
}

fn gauge(client: &Client) -> Record {
    let client = client.clone();
    repeat(move || client.gauge(black_box(COUNTER), black_box(17)))
}

fn set(client: &Client) -> Record {
    let client = client.clone();
    repeat(move || client.set(black_box(COUNTER), black_box("anna")))
}

fn raw(client: &Client) -> Record {
    let client = client.clone();
    repeat(move || {
        let _ = client.record_line(black_box(LINE));
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
        // Time does not pass, and the connection stays open.
        let config = Config::new("127.0.0.1")
            .settle_time(Duration::ZERO)
            .aggregate(self.aggregates.then_some(Duration::from_millis(100)));
        let prepare = match self.way {
            Way::Client(prepare) => prepare,
            Way::Session(record) => return session_rounds(&config, record, now, metrics),
        };
        let (client, driver) =
            Driver::with_seed(&config, move || now, 7).expect("the settings work");
        let record = prepare(&client);
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

/// The same of a session that is driven by its owner.
fn session_rounds(config: &Config, record: fn(&mut Session), now: Instant, metrics: usize) {
    let session = Session::new(config, 7).expect("the settings work");
    let session = RefCell::new(session);
    for _ in 0..metrics / BURST {
        record_burst(&|calls| {
            let mut session = session.borrow_mut();
            (0..calls).for_each(|_| record(&mut session));
        });
        let mut session = session.borrow_mut();
        session.flush();
        while let Some(input) = answer(session.poll(now)) {
            session.handle(input);
        }
    }
    let stats = session.borrow().stats();
    assert_eq!(stats.refused, Refused::default());
    assert!(stats.sent > 0 && stats.queued == 0, "{stats:?}");
}

/// Has a name of its own, so that its instructions can be counted apart from the rest.
#[inline(never)]
fn record_burst(record: &dyn Fn(usize)) {
    record(BURST);
}

/// A transport that takes everything at once, until there is nothing to do.
fn drive(driver: &mut Driver) {
    while let Some(input) = answer(driver.poll()) {
        driver.handle(input);
    }
}

fn answer(output: Output) -> Option<Input> {
    match output {
        Output::Connect(_) => Some(Input::Connected),
        Output::Transmit(transmit) => Some(Input::Written(transmit.data.len())),
        Output::Wait(_) => None,
        Output::Disconnect | Output::Finished(_) | Output::Resolve(_) => {
            unreachable!("the address is known, and nothing fails or ends")
        }
    }
}

const COUNTER: &str = "checkout.service.orders.placed";
const LINE: &str = "checkout.service.orders.placed:1|c|#region:eu-west-1";
const TIMER: &str = "checkout.service.orders.timing";
const TAGS: [(&str, &str); 2] = [("region", "eu-west-1"), ("method", "debit")];
const ELAPSED: Duration = Duration::from_micros(48_250);
const BURST: usize = 1000;
