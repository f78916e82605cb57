//! A server that takes everything at once, and the loop that drives a session to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use shuttle::future::block_on;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::sync::{Condvar, Mutex};
use shuttle::thread::{self, JoinHandle};
use shuttle::{Config as Settings, Runner};
use statsd_proto::driver::{Driver, Input, Output};
use statsd_proto::{Client, Config, Report};

/// Runs `body` with its threads in many orders.
pub(crate) fn check(body: fn()) {
    run(RandomScheduler::new_from_seed(SEED, RUNS), body);
    run(PctScheduler::new_from_seed(SEED, CHANGES, RUNS), body);
}

/// A configuration without any time in it: every line leaves as soon as the driver comes to it.
pub(crate) fn config() -> Config {
    Config::new("192.0.2.1")
        .kind_prefixes(false)
        .flush_interval(Duration::ZERO)
        .settle_time(Duration::ZERO)
}

/// A client with its driver, and a server.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) driver: Driver,
    pub(crate) server: Server,
    clock: Arc<AtomicU64>,
}

impl World {
    pub(crate) fn new(config: &Config) -> Self {
        let origin = origin();
        let clock = Arc::new(AtomicU64::new(0));
        let time = Arc::clone(&clock);
        let now = move || origin + Duration::from_nanos(time.load(Ordering::Relaxed));
        let (client, driver) = Driver::with_seed(config, now, 0).expect("the settings are good");
        let server = Server::default();
        Self {
            client,
            driver,
            server,
            clock,
        }
    }

    /// Drives to the end on a thread that never wakes up by itself.
    pub(crate) fn drive(self) -> (Client, Server, JoinHandle<Report>) {
        let Self {
            client,
            mut driver,
            server,
            ..
        } = self;
        let at_server = server.clone();
        let thread = thread::spawn(move || {
            loop {
                if let Some(report) = step(&mut driver, &at_server, sleep) {
                    return report;
                }
            }
        });
        (client, server, thread)
    }

    /// Drives to the end on a thread for which time passes whenever it waits for that.
    pub(crate) fn drive_in_time(self) -> (Client, Server, JoinHandle<Report>) {
        let Self {
            client,
            mut driver,
            server,
            clock,
        } = self;
        let at_server = server.clone();
        let started = client.now().expect("the client is enabled");
        let thread = thread::spawn(move || {
            let wait = |driver: &mut Driver, until: Option<Instant>| match until {
                Some(until) => {
                    let time = (until - started).as_nanos() as u64;
                    clock.store(time, Ordering::Relaxed);
                    thread::yield_now();
                }
                None => sleep(driver, None),
            };
            loop {
                if let Some(report) = step(&mut driver, &at_server, wait) {
                    return report;
                }
            }
        });
        (client, server, thread)
    }
}

/// Does what the driver says, and waits by `wait` if it says so.
pub(crate) fn step(
    driver: &mut Driver,
    server: &Server,
    wait: impl Fn(&mut Driver, Option<Instant>),
) -> Option<Report> {
    let input = match driver.poll() {
        Output::Connect(_) => Input::Connected,
        Output::Disconnect => return None,
        Output::Finished(report) => return Some(report),
        Output::Resolve(name) => name.answer(Ok([([192, 0, 2, 1], 8125).into()])),
        Output::Transmit(transmit) => {
            server.receive(&transmit.data);
            Input::Written(transmit.data.len())
        }
        Output::Wait(until) => {
            wait(driver, until);
            return None;
        }
    };
    driver.handle(input);
    None
}

/// Waits until it is woken, without a deadline.
fn sleep(driver: &mut Driver, _: Option<Instant>) {
    block_on(driver.woken());
}

/// Lines that have arrived.
#[derive(Clone, Default)]
pub(crate) struct Server(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Server {
    /// Waits until the values of a metric have come to this sum.
    pub(crate) fn wait_for(&self, name: &str, sum: i64) {
        let (lines, arrived) = &*self.0;
        let mut lines = lines.lock().expect(SOUND);
        while values(&lines, name).iter().sum::<i64>() < sum {
            lines = arrived.wait(lines).expect(SOUND);
        }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.0.lock().expect(SOUND).clone()
    }

    /// Values of a metric, in the order of arrival.
    pub(crate) fn values(&self, name: &str) -> Vec<i64> {
        values(&self.lines(), name)
    }

    fn receive(&self, data: &[u8]) {
        let (lines, arrived) = &*self.0;
        let text = std::str::from_utf8(data).expect("lines are text");
        lines
            .lock()
            .expect(SOUND)
            .extend(text.lines().map(str::to_owned));
        arrived.notify_all();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "time needs one instant to start from"
)]
fn origin() -> Instant {
    Instant::now()
}

/// Waits for all of them.
pub(crate) fn join<T, const COUNT: usize>(threads: [JoinHandle<T>; COUNT]) {
    for thread in threads {
        thread.join().expect(SOUND);
    }
}

fn values(lines: &[String], name: &str) -> Vec<i64> {
    let value = |line: &String| {
        let (found, rest) = line.split_once(':').expect("a line has a name");
        let (value, _) = rest.split_once('|').expect("a line has a type");
        (found == name).then(|| value.parse().expect("values are whole"))
    };
    lines.iter().filter_map(value).collect()
}

fn run(scheduler: impl Scheduler + 'static, body: fn()) {
    let mut settings = Settings::new();
    settings.stack_size = STACK;
    Runner::new(scheduler, settings).run(body);
}

pub(crate) const SOUND: &str = "a thread that panics ends the test";

/// The same orders each time, so that what failed fails again.
const SEED: u64 = 0x5eed;

/// In how many orders each scheduler runs a test.
const RUNS: usize = 500;

/// Races that were found took two changes of priority.
const CHANGES: usize = 3;

/// Formatting a failure takes more than the default of 32 KiB.
const STACK: usize = 256 * 1024;
