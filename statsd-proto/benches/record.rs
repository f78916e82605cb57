//! What a metric costs its caller, while a driver takes away what is recorded.
//!
//! The driver's transport is instant, so that the figures are the crate's own: formatting, the lock,
//! and the driver's share of it.

use std::sync::LazyLock;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use std::{future::Future, pin::pin, sync::Arc};

use divan::{Bencher, black_box};
use statsd_proto::{Client, Config, Driver, Input, Metric, Output};

fn main() {
    divan::main();
    let refused = CLIENT.stats().refused.total();
    assert_eq!(
        refused, 0,
        "a metric that was refused costs less than one that was not"
    );
}

#[divan::bench(threads = [1, 2, 8], sample_count = 200, sample_size = 5000)]
fn count(bencher: Bencher<'_, '_>) {
    bencher.bench(|| CLIENT.incr(black_box("checkout.orders.completed"), 1));
}

#[divan::bench(threads = [1, 2, 8], sample_count = 200, sample_size = 5000)]
fn timing(bencher: Bencher<'_, '_>) {
    let elapsed = Duration::from_micros(48_250);
    bencher.bench(|| CLIENT.timing(black_box("checkout.orders.duration"), black_box(elapsed)));
}

#[divan::bench(threads = [1, 2, 8], sample_count = 200, sample_size = 5000)]
fn tagged(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        let tags = black_box([("region", "eu-west-1"), ("method", "card")]);
        CLIENT.record(&Metric::counter(black_box("checkout.orders.completed"), 1).tags(&tags))
    });
}

/// The yardstick: a lock and its release with nothing in between.
#[divan::bench]
fn lock(bencher: Bencher<'_, '_>) {
    let lock = std::sync::Mutex::new(0_u64);
    bencher.bench(|| *black_box(&lock).lock().expect("nobody panics") += 1);
}

static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let (client, driver) = Driver::new(&Config::new("127.0.0.1"), now).expect("the defaults work");
    spawn(driver);
    client
});

#[expect(clippy::disallowed_methods, reason = "a benchmark runs in real time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the driver runs beside what is measured"
)]
fn spawn(mut driver: Driver) {
    thread::spawn(move || {
        loop {
            let input = match driver.poll() {
                Output::Connect(_) => Input::Connected,
                Output::Transmit(transmit) => Input::Written(black_box(transmit).data.len()),
                Output::Wait(until) => {
                    park(&mut driver, until);
                    continue;
                }
                Output::Disconnect | Output::Finished(_) | Output::Resolve(_) => return,
            };
            driver.handle(input);
        }
    });
}

/// Sleeps until the driver is woken or its time has come.
fn park(driver: &mut Driver, until: Option<Instant>) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut woken = pin!(driver.woken());
    while woken.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending {
        let rest = until.map_or(Duration::MAX, |until| {
            until.saturating_duration_since(now())
        });
        if rest.is_zero() {
            return;
        }
        thread::park_timeout(rest);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
