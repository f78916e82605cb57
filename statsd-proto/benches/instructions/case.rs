//! The ways to record a metric that have a budget.

use std::hint::black_box;
use std::time::{Duration, Instant};

use statsd_proto::{Client, Config, Driver, Input, Metric, Output};

#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Records so many metrics.
    record: fn(&Client, usize),
}

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "count by name",
        record: |client, calls| {
            for _ in 0..calls {
                client.incr(black_box(COUNTER), black_box(1));
            }
        },
    },
    Case {
        name: "timing by name",
        record: |client, calls| {
            for _ in 0..calls {
                client.timing(black_box(TIMER), black_box(Duration::from_micros(48_250)));
            }
        },
    },
    Case {
        name: "tagged count by name",
        record: |client, calls| {
            for _ in 0..calls {
                let tags = black_box([("region", "eu-west-1"), ("method", "debit")]);
                let metric = Metric::counter(black_box(COUNTER), black_box(1));
                // The error is counted, and looked for in the end.
                let _ = client.record(&metric.tags(&tags));
            }
        },
    },
];

impl Case {
    pub(crate) fn named(name: &str) -> Result<&'static Self, String> {
        let mut cases = CASES.iter();
        let case = cases.find(|case| case.name == name);
        case.ok_or_else(|| format!("there is no case {name}"))
    }

    /// Records and sends, on one thread, so that each run takes the same way.
    pub(crate) fn run(&self, metrics: usize) {
        let now = now();
        // Time stands still, and nobody hangs up.
        let config = Config::new("127.0.0.1").settle_time(Duration::ZERO);
        let (client, mut driver) =
            Driver::with_seed(&config, move || now, 7).expect("the defaults work");
        for _ in 0..metrics / BURST {
            record_burst(self, &client);
            drop(client.flush());
            drive(&mut driver);
        }
        let stats = client.stats();
        assert_eq!(stats.sent, (metrics / BURST * BURST) as u64, "{stats:?}");
    }
}

/// Named, so that what happens in it can be told from the rest.
#[inline(never)]
fn record_burst(case: &Case, client: &Client) {
    (case.record)(client, BURST);
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

#[expect(clippy::disallowed_methods, reason = "somewhere time has to begin")]
fn now() -> Instant {
    Instant::now()
}

const COUNTER: &str = "checkout.service.orders.placed";
const TIMER: &str = "checkout.service.orders.timing";
const BURST: usize = 1000;
