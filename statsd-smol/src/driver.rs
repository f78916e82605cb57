//! Driver loop: one await, one timer.

use std::future::pending;
use std::time::Instant;

use smol::Timer;
use smol::future::{or, yield_now};

use statsd_proto::Report;
use statsd_proto::driver::{Driver, Output};

use crate::lookup::Lookup;
use crate::socket::Socket;

pub(crate) async fn drive(mut driver: Driver) -> Report {
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
                // An event of the socket precedes a timer that has expired at the same time.
                let input = or(
                    async { Some(or(socket.next(), lookup.next()).await) },
                    or(none_after(driver.woken()), none_after(reached(until))),
                )
                .await;
                report_unacknowledged(&mut driver, &mut socket);
                if let Some(input) = input {
                    driver.handle(input);
                }
                // Yields, because a socket that is always ready would starve other tasks.
                yield_now().await;
            }
        }
    }
}

/// Time of the clock that smol's timers use.
pub(crate) fn now() -> Instant {
    Instant::now()
}

fn report_unacknowledged(driver: &mut Driver, socket: &mut Socket) {
    if let Some(input) = socket.unacknowledged() {
        driver.handle(input);
    }
}

async fn reached(until: Option<Instant>) {
    match until {
        Some(until) => _ = Timer::at(until).await,
        None => pending().await,
    }
}

async fn none_after<T>(event: impl Future<Output = ()>) -> Option<T> {
    event.await;
    None
}
