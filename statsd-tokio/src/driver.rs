//! Driver loop: one await, one timer.

use std::time::Instant;

use tokio::task::consume_budget;

use statsd_proto::Report;
use statsd_proto::driver::{Driver, Output};

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
        report_unacknowledged(&mut driver, &mut socket);
        match driver.poll() {
            Output::Connect(connect) => socket = Socket::connect(connect),
            Output::Disconnect => socket = Socket::CLOSED,
            Output::Finished(report) => return report,
            Output::Resolve(name) => lookup.start(name),
            Output::Transmit(transmit) => socket.transmit(transmit),
            Output::Wait(until) => {
                let is_busy = socket.is_busy();
                let input = tokio::select! {
                    // An event of the socket precedes a timer that has expired at the same time.
                    biased;
                    input = socket.next() => Some(input),
                    input = lookup.next() => Some(input),
                    () = ring_for(&mut bell, driver.woken()) => None,
                    () = watch.reached(until, is_busy) => None,
                };
                report_unacknowledged(&mut driver, &mut socket);
                if let Some(input) = input {
                    driver.handle(input);
                }
                // Yields, because a socket that is always ready would starve other tasks.
                consume_budget().await;
            }
        }
    }
}

/// Time of the runtime's clock, which a test may pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn report_unacknowledged(driver: &mut Driver, socket: &mut Socket) {
    if let Some(input) = socket.unacknowledged() {
        driver.handle(input);
    }
}
