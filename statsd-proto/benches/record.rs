//! Cost of a metric for its caller, while a driver sends what is recorded.
//!
//! The driver's transport is instant, so that the figures are the crate's own: formatting, the lock,
//! and the driver's share of it.

use std::pin::{Pin, pin};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use divan::{Bencher, black_box};
use statsd_proto::driver::{Driver, Input, Output};
use statsd_proto::{Client, Config, Metric, RecordError};

fn main() {
    divan::main();
}

#[divan::bench(threads = [1, 2, 8], sample_count = 200, sample_size = 5000)]
fn count(bencher: Bencher<'_, '_>) {
    bench(bencher, || {
        record(&Metric::counter(black_box("checkout.orders.completed"), 1));
    });
}

#[divan::bench(threads = [1, 2, 8], sample_count = 200, sample_size = 5000)]
fn timing(bencher: Bencher<'_, '_>) {
    let elapsed = Duration::from_micros(48_250);
    bench(bencher, || {
        let metric = Metric::timing(black_box("checkout.orders.duration"), black_box(elapsed));
        record(&metric);
    });
}

#[divan::bench(threads = [1, 2, 8], sample_count = 200, sample_size = 5000)]
fn tagged(bencher: Bencher<'_, '_>) {
    bench(bencher, || {
        let tags = black_box([("region", "eu-west-1"), ("method", "card")]);
        record(&Metric::counter(black_box("checkout.orders.completed"), 1).tags(&tags));
    });
}

/// Starts each benchmark with an empty queue.
fn bench(bencher: Bencher<'_, '_>, call: impl Fn() + Sync) {
    wait(pin!(CLIENT.flush()), None);
    bencher.bench(call);
}

/// Waits where a producer that never rests has to, so that every metric is paid for.
fn record(metric: &Metric<'_>) {
    while let Err(error) = CLIENT.record(metric) {
        assert_eq!(error, RecordError::QueueFull);
        wait(pin!(CLIENT.ready()), None);
    }
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
                    wait(pin!(driver.woken()), until);
                    continue;
                }
                Output::Disconnect | Output::Finished(_) | Output::Resolve(_) => return,
            };
            driver.handle(input);
        }
    });
}

/// Sleeps until something happens, or its time has come.
fn wait(mut event: Pin<&mut impl Future<Output = ()>>, until: Option<Instant>) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    while event
        .as_mut()
        .poll(&mut Context::from_waker(&waker))
        .is_pending()
    {
        let Some(until) = until else {
            thread::park();
            continue;
        };
        let rest = until.saturating_duration_since(now());
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
