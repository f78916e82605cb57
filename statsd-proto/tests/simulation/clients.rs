//! Clients with their driver.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::Instant;

use statsd_proto::driver::{Driver, Input, Output};
use statsd_proto::{Client, Config, Stats};

use crate::settings::origin;
use crate::subject::Subject;

#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) client: Client,
    driver: Driver,
    /// Time of the driver's clock.
    now: Arc<Mutex<Instant>>,
    /// Drains since these were taken last.
    pub(crate) drains: Vec<Drain>,
}

/// Lines that entered the queue without being recorded at that moment: those of series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drain {
    pub(crate) lines: u64,
    /// Counts before and after.
    pub(crate) before: Stats,
    pub(crate) after: Stats,
}

impl Clients {
    /// Releases everything recorded so far for sending.
    pub(crate) fn flush(&mut self) {
        self.watch(|clients| drop(clients.client.flush()));
    }

    /// Notes what is drained meanwhile.
    fn watch<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.client.stats();
        let result = work(self);
        let after = self.client.stats();
        let lines = after.accepted - before.accepted;
        if lines > 0 || after.refused != before.refused {
            self.drains.push(Drain {
                lines,
                before,
                after,
            });
        }
        result
    }
}

impl Subject for Clients {
    fn new(config: &Config, seed: u64) -> Self {
        let now = Arc::new(Mutex::new(origin()));
        let clock = Arc::clone(&now);
        let clock = move || *clock.lock().unwrap_or_else(PoisonError::into_inner);
        let (client, driver) =
            Driver::with_seed(config, clock, seed).expect("the settings can work");
        Self {
            client,
            driver,
            now,
            drains: Vec::new(),
        }
    }

    fn poll(&mut self, now: Instant) -> Output {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
        self.watch(|clients| clients.driver.poll())
    }

    fn handle(&mut self, input: Input) {
        self.driver.handle(input);
    }

    fn wants_poll(&mut self) -> bool {
        let woken = pin!(self.driver.woken());
        woken
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    }

    fn stats(&self) -> Stats {
        self.client.stats()
    }

    fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    fn close(&mut self) {
        self.watch(|clients| clients.client.close());
    }
}
