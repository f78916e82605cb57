//! Lines that the server's kernel has not acknowledged when the connection breaks.

use std::thread;
use std::time::Duration;

use statsd_proto::{Client, Config, Metric};
use tests::acknowledged::unacknowledged;
use tests::adapter::Adapter;
use tests::fault::Fault;
use tests::server::Server;
use tests::skip::skipped;
use tests::timeout::eventually;

use crate::world::{Running, World, count, counted, numbers};

const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(200);

pub(crate) fn unacknowledged_lines_are_resent_if_so_configured<A: Adapter>(world: &World<A>) {
    for resends in [false, true] {
        let server = world.faulty_server(|number| (number == 0).then_some(Fault::Stall));
        let config = server.config().max_queue_bytes(512 * 1024);
        let statsd = world.start(config.resend_unacknowledged(resends));
        let client = statsd.client();
        let next = count_until_stalled(&client);
        let before = client.stats();
        let unsafe_bytes = if resends {
            unacknowledged(server.address()).unwrap_or(0)
        } else {
            0
        };
        server.reset();
        let report = statsd.stop();
        assert_eq!(report.abandoned, 0);

        // From the start of the first line that was not acknowledged whole, or did not leave whole.
        let text = counted(0..next).join("\n") + "\n";
        let safe = &text[..before.bytes as usize - unsafe_bytes];
        let first = (before.sent - report.stats.resent) as usize;
        // A probe of the full buffer may have brought a little more since.
        assert!(first >= safe.matches('\n').count(), "{report:?}");
        let lines = server.wait_for_end(next - first);
        assert_eq!(numbers(&lines), (first..next).collect::<Vec<_>>());
        assert_eq!(report.sent, next as u64 + report.stats.resent);
        let is_known = unsafe_bytes > 0;
        assert_eq!(report.stats.resent > 0, is_known, "{report:?}");
    }
}

pub(crate) fn lines_are_resent_after_any_number_of_resets<A: Adapter>(world: &World<A>) {
    const RESETS: usize = 10;
    let server = world.faulty_server(|number| {
        let bytes = 10_000 + 137 * number;
        (number < RESETS).then_some(Fault::ResetAfter(bytes))
    });
    let config = resending(&server).backoff(Duration::from_millis(1), SHORT);
    let statsd = world.start(config);
    let client = statsd.client();
    let mut next = 0;
    eventually("enough resets", || {
        while client.record(&line(next)).is_ok() {
            next += 1;
        }
        server.accepted() > RESETS
    });
    let report = statsd.stop();
    let left = (report.abandoned, report.stats.unacknowledged);
    assert_eq!(left, (0, 0), "{report:?}");
    assert_eq!(report.sent, next as u64 + report.stats.resent);
    eventually("the end of all connections", || server.open() == 0);
    // On each connection nothing is torn, repeated or left out.
    let mut end = 0;
    for chunk in server.chunks() {
        let numbers = numbers(&chunk.lines());
        let first = numbers[0];
        end = first + numbers.len();
        assert_eq!(numbers, (first..end).collect::<Vec<_>>());
    }
    assert_eq!(end, next);
}

pub(crate) fn stop_waits_for_what_is_not_acknowledged<A: Adapter>(world: &World<A>) {
    let server = world.faulty_server(|_| Some(Fault::Stall));
    let statsd = world.start(resending(&server).close_timeout(HOUR));
    let Some(next) = count_until_unacknowledged(&server, &statsd) else {
        return;
    };
    let report = thread::scope(|scope| {
        let stopping = scope.spawn(|| statsd.stop());
        thread::sleep(SHORT);
        assert!(!stopping.is_finished(), "the server has not read");
        server.recover();
        stopping.join().expect("a stop does not panic")
    });
    assert_eq!((report.sent, report.abandoned), (next as u64, 0));
    assert_eq!((report.stats.unacknowledged, report.stats.resent), (0, 0));
    assert_eq!(server.wait_for_end(next), counted(0..next));
}

pub(crate) fn stop_reports_unacknowledged_lines<A: Adapter>(world: &World<A>) {
    let server = world.faulty_server(|_| Some(Fault::Stall));
    let statsd = world.start(resending(&server).close_timeout(SHORT));
    let Some(next) = count_until_unacknowledged(&server, &statsd) else {
        return;
    };
    let waiting = unacknowledged(server.address()).unwrap_or(0);
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (next as u64, 0));
    let text = counted(0..next).join("\n") + "\n";
    let lines = text[text.len() - waiting..].matches('\n').count();
    let left = report.stats.unacknowledged;
    assert!((1..=lines as u64).contains(&left), "{left} of {lines}");
}

pub(crate) fn no_carrier_but_tcp_sends_again_what_has_left<A: Adapter>(world: &World<A>) {
    let mut server = world.server();
    let statsd = world.start(resending(&server));
    let client = statsd.client();
    count(&client, 0..100);
    server.wait_for(100);
    server.restart();
    count(&client, 100..200);
    let report = statsd.stop();
    assert_eq!((report.stats.resent, report.stats.unacknowledged), (0, 0));
    assert_eq!(report.sent, 200);
}

fn resending(server: &Server) -> Config {
    let config = server.config().max_queue_bytes(512 * 1024);
    config.resend_unacknowledged(true)
}

fn line(number: usize) -> Metric<'static> {
    Metric::raw("count", number as u64, "c")
}

/// Records until the kernel and the queue take no more. Returns the next number.
fn count_until_stalled(client: &Client) -> usize {
    let mut next = 0;
    eventually("a stall", || {
        while client.record(&line(next)).is_ok() {
            next += 1;
        }
        let before = client.stats().bytes;
        thread::sleep(SHORT);
        before > 0 && client.stats().bytes == before
    });
    next
}

/// Records lines that the client's kernel accepts, until the server's kernel does not. Returns the next number, or `None`
/// if the system does not report acknowledgements.
fn count_until_unacknowledged<A: Adapter>(
    server: &Server,
    statsd: &Running<'_, A>,
) -> Option<usize> {
    let (client, mut next) = (statsd.client(), 0);
    if unacknowledged(server.address()).is_none() {
        skipped("this system does not tell what is acknowledged");
        return None;
    }
    // The kernel takes another write only while less than that waits.
    let is_full = || unacknowledged(server.address()) > Some(1024);
    eventually("a full receive buffer", || {
        count(&client, next..next + 200);
        next += 200;
        statsd.flush();
        if !is_full() {
            return false;
        }
        // An acknowledgement may be on its way.
        thread::sleep(SHORT);
        is_full()
    });
    Some(next)
}
