//! Unix sockets: files that stay and go, and servers that are waited for.

use std::thread;
use std::time::Duration;

use statsd_proto::{Client, Metric, Pace};
use tests::adapter::Adapter;
use tests::carrier::Carrier;
use tests::fault::Fault;
use tests::patience::eventually;
use tests::server::Server;

use crate::world::{World, always, count, counted};

const SHORT: Duration = Duration::from_millis(50);

pub(crate) fn a_socket_file_is_found_again_whether_it_stayed_or_went<A: Adapter>(world: &World<A>) {
    let mut server = world.server();
    let statsd = world.start(server.config().flush_interval(Duration::ZERO));
    let client = statsd.client();
    for round in 0..4 {
        let from = round * 20;
        count(&client, from..from + 10);
        assert_eq!(server.wait_for(from + 10), counted(0..from + 10));
        let failures = client.stats().connect_failures;
        server.stop();
        if round % 2 == 0 {
            server.remove_file();
        }
        count(&client, from + 10..from + 20);
        eventually("a failure to connect", || {
            client.stats().connect_failures > failures
        });
        server.restart();
        assert_eq!(server.wait_for(from + 20), counted(0..from + 20));
    }
    let report = statsd.stop();
    assert_eq!((report.sent, report.stats.disconnects), (80, 4));
    assert_eq!(server.lines(), counted(0..80));
}

pub(crate) fn a_refused_datagram_waits_and_those_before_it_do_not_come_again<A: Adapter>(
    world: &World<A>,
) {
    let mut server = world.server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    for number in 0..3 {
        count(&client, number..number + 1);
        statsd.flush();
        assert_eq!(client.stats().sent, number as u64 + 1, "nobody doubts it");
    }
    assert_eq!(server.wait_for(3), counted(0..3));
    server.stop();
    count(&client, 3..10);
    eventually("a refusal", || client.stats().disconnects == 1);
    let stats = client.stats();
    assert_eq!((stats.sent, stats.queued + stats.in_flight), (3, 7));
    count(&client, 10..20);
    server.restart();
    assert_eq!(server.wait_for(20), counted(0..20));
    assert_eq!(statsd.stop().sent, 20);
    assert_eq!(server.lines(), counted(0..20));
}

pub(crate) fn a_full_receive_queue_that_stays_full_is_given_up_and_costs_nothing<A: Adapter>(
    world: &World<A>,
) {
    let server = world.faulty_server(always(Fault::Stall));
    let config = server.config().write_timeout(SHORT);
    let config = config.backoff(SHORT / 10, SHORT).max_queue_bytes(64 * 1024);
    let statsd = world.start(config);
    let client = statsd.client();
    let mut accepted = 0;
    eventually("two stalls", || {
        accepted = fill(&client, accepted);
        client.stats().disconnects >= 2
    });
    server.recover();
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (accepted as u64, 0));
    assert_eq!(server.wait_for(accepted), counted(0..accepted));
    assert_eq!(server.line_count(), accepted);
}

pub(crate) fn a_server_that_goes_while_a_datagram_waits_for_it_is_noticed<A: Adapter>(
    world: &World<A>,
) {
    let mut server = world.faulty_server(always(Fault::Stall));
    let statsd = world.start(server.config().max_queue_bytes(64 * 1024));
    let client = statsd.client();
    let mut accepted = 0;
    eventually("a full receive queue", || {
        let sent = client.stats().sent;
        accepted = fill(&client, accepted);
        thread::sleep(SHORT);
        sent > 0 && client.stats().sent == sent
    });
    let stats = client.stats();
    assert_eq!(stats.disconnects, 0);
    server.stop();
    // Nothing is recorded in between: it is the waiting one that tells.
    eventually("a broken link", || client.stats().disconnects == 1);
    server.recover();
    server.restart();
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (accepted as u64, 0));
    // What the kernel had taken went with the server.
    let sent = usize::try_from(stats.sent).expect("it is few");
    assert_eq!(server.wait_for(accepted - sent), counted(sent..accepted));
}

/// Records until the queue takes no more. Returns the next number.
fn fill(client: &Client, mut next: usize) -> usize {
    while client
        .record(&Metric::raw("count", next as u64, "c"))
        .is_ok()
    {
        next += 1;
    }
    next
}

pub(crate) fn datagrams_on_this_machine_are_not_paced<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let pace = Pace { burst: 1, rate: 1 };
    let statsd = world.start(server.config().pace(Some(pace)));
    count(&statsd.client(), 0..10_000);
    assert_eq!(statsd.stop().sent, 10_000);
    assert_eq!(server.wait_for(10_000), counted(0..10_000));
}

pub(crate) fn a_socket_of_another_kind_is_no_server<A: Adapter>(world: &World<A>) {
    let is_datagram = world.carrier == Carrier::UnixDatagram;
    let server = Server::start(if is_datagram {
        Carrier::UnixStream
    } else {
        Carrier::UnixDatagram
    });
    let config = if is_datagram {
        server.config().unix_datagram(server.path())
    } else {
        server.config().unix_stream(server.path())
    };
    let statsd = world.start(config.close_timeout(SHORT));
    let client = statsd.client();
    count(&client, 0..10);
    eventually("two failures", || client.stats().connect_failures >= 2);
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (0, 10));
    assert_eq!((server.accepted(), server.line_count()), (0, 0));
}
