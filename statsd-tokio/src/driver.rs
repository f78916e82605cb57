//! Driver loop: one await, one timer.

use std::io;
use std::time::Instant;

use tokio::task::consume_budget;

use statsd_proto::Report;
use statsd_proto::driver::{Connect, Driver, Output};

use crate::doorbell::{Bell, ring_for};
use crate::link::{Link, OpenSocket};
use crate::lookup::Lookup;
use crate::runtime::check_runtime;
use crate::watch::Watch;

/// Drives a session, with sockets that `open` opens.
pub(crate) async fn drive<S, F>(mut driver: Driver, mut open: impl FnMut(Connect) -> F) -> Report
where
    S: OpenSocket,
    F: Future<Output = io::Result<S>> + Send + 'static,
{
    check_runtime();
    let mut bell = Bell::default();
    let watch = Watch::start();
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
                let is_busy = matches!(link, Link::Opening(_) | Link::Open(_, Some(_)));
                let input = tokio::select! {
                    // An event of the socket precedes a timer that has expired at the same time.
                    biased;
                    input = link.next() => Some(input),
                    input = lookup.next() => Some(input),
                    () = ring_for(&mut bell, driver.woken()) => None,
                    () = watch.reached(until, is_busy) => None,
                };
                report_unacknowledged(&mut driver, &mut link);
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

fn report_unacknowledged(driver: &mut Driver, link: &mut Link<impl OpenSocket>) {
    if let Some(input) = link.unacknowledged() {
        driver.handle(input);
    }
}
