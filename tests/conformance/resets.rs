//! Streams that break while more is recorded than the server takes.

use std::ops::Range;
use std::thread;
use std::time::Duration;

use statsd_proto::{Client, Config, Metric};
use tests::adapter::Adapter;
use tests::carrier::Carrier;
use tests::fault::Fault;
use tests::server::Server;
use tests::timeout::{TIMEOUT, eventually};

use crate::world::{World, assert_ascending, counted, numbers, without_prefix};

const SHORT: Duration = Duration::from_millis(200);

pub(crate) fn resets_in_mid_line_neither_repeat_reorder_nor_tear<A: Adapter>(world: &World<A>) {
    const RESETS: usize = 10;
    let server = world.faulty_server(|number| {
        let bytes = 10_000 + 137 * number;
        (number < RESETS).then_some(Fault::ResetAfter(bytes))
    });
    let config = patient(&server).max_queue_bytes(128 * 1024);
    let statsd = world.start(config.backoff(Duration::from_millis(1), SHORT));
    let client = statsd.client();
    let counting = count_until(world, &client, || server.accepted() > RESETS);
    count_more(world, &client, counting..counting + 1000);
    let report = statsd.stop();
    assert_eq!(report.sent, counting as u64 + 1000, "{report:?}");

    wait_for_last(&server, counting + 999);
    let arrived = numbers(&server.lines());
    assert_ascending(&arrived);
    assert_eq!(arrived[arrived.len() - 1000..][0], counting);
    assert_eq!(report.stats.disconnects, RESETS as u64);

    let chunks = server.chunks();
    let torn = chunks.iter().filter(|chunk| chunk.is_torn());
    assert!(torn.count() >= RESETS / 2, "the cuts are in mid-line");
}

pub(crate) fn closed_connections_under_load_neither_repeat_nor_reorder<A: Adapter>(
    world: &World<A>,
) {
    const HANG_UPS: usize = 10;
    let server = world.server();
    let config = patient(&server).max_queue_bytes(128 * 1024);
    let statsd = world.start(config.backoff(Duration::from_millis(1), SHORT));
    let client = statsd.client();
    let mut seen = 0;
    let counting = count_until(world, &client, || {
        let lines = server.line_count();
        if server.open() > 0 && lines > seen && server.accepted() <= HANG_UPS {
            seen = lines;
            server.hang_up();
        }
        server.accepted() > HANG_UPS
    });
    count_more(world, &client, counting..counting + 1000);
    let report = statsd.stop();
    assert_eq!(report.sent, counting as u64 + 1000, "{report:?}");

    wait_for_last(&server, counting + 999);
    assert_ascending(&numbers(&server.lines()));
}

pub(crate) fn a_server_that_reads_nothing_is_given_up<A: Adapter>(world: &World<A>) {
    let server = world.faulty_server(|number| (number == 0).then_some(Fault::Stall));
    let config = patient(&server).max_queue_bytes(128 * 1024);
    // Longer than a server that reads is kept waiting for a processor, or it would be given up as well.
    let statsd = world.start(config.write_timeout(Duration::from_secs(2)));
    let client = statsd.client();
    let counting = count_until(world, &client, || client.stats().disconnects > 0);
    count_more(world, &client, counting..counting + 1000);
    let report = statsd.stop();
    assert_eq!(report.sent, counting as u64 + 1000, "{report:?}");
    wait_for_last(&server, counting + 999);
    assert_ascending(&numbers(&server.lines()));
}

/// A stop has as long as the test, however slow the machine is.
fn patient(server: &Server) -> Config {
    server.config().close_timeout(TIMEOUT)
}

fn wait_for_last(server: &Server, number: usize) {
    let last = counted(number..number + 1);
    eventually("the last line", || server.lines().last() == last.last());
}

/// Records, as fast as there is room, until `is_enough`. Returns how many lines.
fn count_until<A: Adapter>(
    world: &World<A>,
    client: &Client,
    mut is_enough: impl FnMut() -> bool,
) -> usize {
    let mut number = 0;
    eventually("enough lines", || {
        count_more(world, client, number..number + 500);
        number += 500;
        is_enough()
    });
    number
}

/// Records, and waits for room where there is none.
fn count_more<A: Adapter>(world: &World<A>, client: &Client, numbers: Range<usize>) {
    for number in numbers {
        let metric = Metric::raw("count", number as u64, "c");
        while client.record(&metric).is_err() {
            world.runtime.within("room", client.ready());
        }
    }
}

pub(crate) fn a_cut_line_is_resent_from_its_start<A: Adapter>(world: &World<A>) {
    const RESETS: usize = 4;
    let prefix = "p".repeat(300);
    // Linux takes what is short whole or not at all: only a long frame can be torn.
    let (size, enough) = match world.carrier {
        Carrier::UnixFrames => (60_000, 100_000),
        Carrier::Tcp | Carrier::Udp | Carrier::UnixDatagram | Carrier::UnixStream => (8192, 20_000),
    };
    let server = world.faulty_server(move |number| {
        (number < RESETS).then_some(Fault::StallAfter(enough + 137 * number))
    });
    let config = server.config().max_queue_bytes(256 * 1024);
    let config = config
        .max_datagram(size)
        .send_buffer(Some(16 * 1024))
        .settle_time(Duration::from_millis(500));
    let statsd = world.start(config.prefix(&prefix));
    let client = statsd.client();
    let mut next = 0;
    let mut resumed = vec![0..=0];
    for reset in 0..RESETS {
        next = count_until_stalled(&client, next);
        let sent = client.stats().sent;
        server.reset();
        eventually("a broken link", || {
            client.stats().disconnects > reset as u64
        });
        resumed.push(sent..=client.stats().sent);
    }
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (next as u64, 0));

    eventually("the end of all connections", || server.open() == 0);
    let chunks = server.chunks();
    assert_eq!(chunks.len(), resumed.len());
    for (chunk, resumed) in chunks.iter().zip(&resumed) {
        let arrived = numbers(&without_prefix(&prefix, &chunk.lines()));
        let first = arrived[0];
        assert!(resumed.contains(&(first as u64)), "{first} of {resumed:?}");
        assert_eq!(arrived, (first..first + arrived.len()).collect::<Vec<_>>());
    }
    let last = without_prefix(&prefix, &chunks[RESETS].lines());
    assert_eq!(last.last(), counted(next - 1..next).last());
}

/// Records until the kernel and the queue take no more. Returns the next number.
fn count_until_stalled(client: &Client, mut next: usize) -> usize {
    let start = client.stats().bytes;
    eventually("a stall", || {
        while client
            .record(&Metric::raw("count", next as u64, "c"))
            .is_ok()
        {
            next += 1;
        }
        let before = client.stats().bytes;
        thread::sleep(SHORT);
        before > start && client.stats().bytes == before
    });
    next
}
