//! The loop: one await, one timer.

use std::time::Instant;

use tokio::task::consume_budget;

use statsd_proto::{Driver, Output, Report};

use crate::doorbell::{Bell, ring_for};
use crate::lookup::Lookup;
use crate::runtime::check_runtime;
use crate::socket::Socket;
use crate::watch::Watch;

pub(crate) async fn drive(mut driver: Driver) -> Report {
    check_runtime();
    let mut bell = Bell::default();
    let watch = Watch::start();
    let mut socket = Socket::CLOSED;
    let mut lookup = Lookup::default();
    loop {
        tell_unacknowledged(&mut driver, &mut socket);
        match driver.poll() {
            Output::Connect(connect) => socket = Socket::connect(connect),
            Output::Disconnect => socket = Socket::CLOSED,
            Output::Finished(report) => return report,
            Output::Resolve(name) => lookup.start(name),
            Output::Transmit(transmit) => socket.transmit(transmit),
            Output::Wait(until) => {
                let is_busy = socket.is_busy();
                let input = tokio::select! {
                    // News of the socket must not wait behind a time that has come as well.
                    biased;
                    input = socket.next() => Some(input),
                    input = lookup.next() => Some(input),
                    () = ring_for(&mut bell, driver.woken()) => None,
                    () = watch.reached(until, is_busy) => None,
                };
                tell_unacknowledged(&mut driver, &mut socket);
                if let Some(input) = input {
                    driver.handle(input);
                }
                // A socket that is always ready would never let other tasks run.
                consume_budget().await;
            }
        }
    }
}

/// The runtime's clock, which stands still where a test has paused it.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn tell_unacknowledged(driver: &mut Driver, socket: &mut Socket) {
    if let Some(input) = socket.unacknowledged() {
        driver.handle(input);
    }
}
