//! Driver loop: one await, one timer.

use std::future::pending;
use std::io;
use std::time::Instant;

use async_io::Timer;
use futures_lite::future::{or, yield_now};

use statsd_proto::Report;
use statsd_proto::driver::{Connect, Driver, Output};

use crate::link::{Link, OpenSocket};
use crate::lookup::Lookup;

/// Drives a session, with sockets that `open` opens.
pub(crate) async fn drive<S, F>(mut driver: Driver, mut open: impl FnMut(Connect) -> F) -> Report
where
    S: OpenSocket,
    F: Future<Output = io::Result<S>> + Send + 'static,
{
    let mut link = Link::CLOSED;
    let mut lookup = Lookup::default();
    loop {
        report_unacknowledged(&mut driver, &mut link);
        match driver.poll() {
            Output::Connect(connect) => link = Link::open(open(connect)),
            Output::Disconnect => link = Link::CLOSED,
            Output::Finished(report) => return report,
            Output::Resolve(name) => lookup.start(name),
            Output::Transmit(transmit) => link.transmit(transmit),
            Output::Wait(until) => {
                // An event of the socket precedes a timer that has expired at the same time.
                let input = or(
                    async { Some(or(link.next(), lookup.next()).await) },
                    or(none_after(driver.woken()), none_after(reached(until))),
                )
                .await;
                report_unacknowledged(&mut driver, &mut link);
                if let Some(input) = input {
                    driver.handle(input);
                }
                // Yields, because a socket that is always ready would starve other tasks.
                yield_now().await;
            }
        }
    }
}

/// Time of the clock that async-std's timers use.
pub(crate) fn now() -> Instant {
    Instant::now()
}

fn report_unacknowledged(driver: &mut Driver, link: &mut Link<impl OpenSocket>) {
    if let Some(input) = link.unacknowledged() {
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
