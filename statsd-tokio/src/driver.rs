//! The loop: one await, one timer.

use std::future::pending;
use std::time::Instant;

use tokio::task::consume_budget;
use tokio::time::sleep_until;

use statsd_proto::{Driver, Output, Report};

use crate::lookup::Lookup;
use crate::socket::Socket;

pub(crate) async fn drive(mut driver: Driver) -> Report {
    let mut socket = Socket::CLOSED;
    let mut lookup = Lookup::NONE;
    loop {
        tell_unacknowledged(&mut driver, &mut socket);
        match driver.poll() {
            Output::Connect(connect) => socket = Socket::connect(connect),
            Output::Disconnect => socket = Socket::CLOSED,
            Output::Finished(report) => return report,
            Output::Resolve(name) => lookup = Lookup::start(name),
            Output::Transmit(transmit) => socket.transmit(transmit),
            Output::Wait(until) => {
                let input = tokio::select! {
                    // News of the socket must not wait behind a time that has come as well.
                    biased;
                    input = socket.next() => Some(input),
                    input = lookup.next() => Some(input),
                    () = driver.woken() => None,
                    () = reached(until) => None,
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

async fn reached(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until.into()).await,
        None => pending().await,
    }
}
