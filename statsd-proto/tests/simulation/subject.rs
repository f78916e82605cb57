//! Subject of a world: a session, or clients with their driver.

use std::time::Instant;

use statsd_proto::driver::{Input, Output, Session};
use statsd_proto::{Config, Stats};

/// A session, or clients with their driver.
pub(crate) trait Subject {
    fn new(config: &Config, seed: u64) -> Self;

    fn poll(&mut self, now: Instant) -> Output;

    fn handle(&mut self, input: Input);

    fn wants_poll(&mut self) -> bool;

    fn stats(&self) -> Stats;

    fn is_closed(&self) -> bool;

    fn close(&mut self);
}

impl Subject for Session {
    fn new(config: &Config, seed: u64) -> Self {
        Self::new(config, seed).expect("the settings can work")
    }

    fn poll(&mut self, now: Instant) -> Output {
        self.poll(now)
    }

    fn handle(&mut self, input: Input) {
        self.handle(input);
    }

    fn wants_poll(&mut self) -> bool {
        Self::wants_poll(self)
    }

    fn stats(&self) -> Stats {
        self.stats()
    }

    fn is_closed(&self) -> bool {
        self.is_closed()
    }

    fn close(&mut self) {
        self.close();
    }
}
