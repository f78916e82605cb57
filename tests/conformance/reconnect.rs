//! Servers that go, break and come back.

use std::ops::Range;
use std::thread;
use std::time::Duration;

use statsd_proto::Client;
use tests::adapter::Adapter;
use tests::fault::{Fault, Unanswered};
use tests::server::Server;
use tests::skip::skipped;
use tests::timeout::eventually;

use crate::world::{World, always, assert_ascending, count, counted, numbers};

const SHORT: Duration = Duration::from_millis(200);

/// Time in which a busy machine closes a connection.
const SETTLE: Duration = Duration::from_millis(500);

pub(crate) fn fifty_lines_recorded_while_disconnected_arrive_in_order<A: Adapter>(
    world: &World<A>,
) {
    let mut server = world.server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    count(&client, 0..10);
    server.wait_for(10);
    server.stop();
    notice(world, &client, 1);
    count(&client, 10..60);
    server.restart();
    assert_eq!(server.wait_for(60), counted(0..60));
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (60, 0));
    assert_eq!(server.wait_for_end(60), counted(0..60));
}

/// Waits until the client knows that its stream has broken; a datagram has to find that out.
fn notice<A: Adapter>(world: &World<A>, client: &Client, times: u64) {
    if world.is_stream() {
        eventually("a broken link", || client.stats().disconnects == times);
    }
}

pub(crate) fn a_restarted_server_is_found_again_and_again<A: Adapter>(world: &World<A>) {
    let mut server = world.server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    for round in 0..5 {
        let from = round * 20;
        count(&client, from..from + 10);
        assert_eq!(server.wait_for(from + 10), counted(0..from + 10));
        server.stop();
        notice(world, &client, round as u64 + 1);
        count(&client, from + 10..from + 20);
        server.restart();
        assert_eq!(server.wait_for(from + 20), counted(0..from + 20));
    }
    assert_eq!(statsd.stop().sent, 100);
}

pub(crate) fn a_reset_is_followed_by_a_new_connection<A: Adapter>(world: &World<A>) {
    breaks_are_followed_by_a_new_connection(world, Server::reset);
}

pub(crate) fn an_orderly_end_is_followed_by_a_new_connection<A: Adapter>(world: &World<A>) {
    breaks_are_followed_by_a_new_connection(world, Server::hang_up);
}

fn breaks_are_followed_by_a_new_connection<A: Adapter>(world: &World<A>, cut: fn(&Server)) {
    let server = world.server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    for round in 0..3 {
        let from = round * 10;
        count(&client, from..from + 10);
        assert_eq!(server.wait_for(from + 10), counted(0..from + 10));
        cut(&server);
        eventually("a broken link", || {
            client.stats().disconnects == round as u64 + 1
        });
    }
    count(&client, 30..40);
    let report = statsd.stop();
    assert_eq!((report.sent, report.stats.connects), (40, 4));
    assert_eq!(server.wait_for_end(40), counted(0..40));
}

pub(crate) fn a_half_closed_connection_is_given_up<A: Adapter>(world: &World<A>) {
    let server = world.faulty_server(|number| (number == 0).then_some(Fault::HalfClose));
    let statsd = world.start(server.config().settle_time(SETTLE));
    count(&statsd.client(), 0..10);
    let report = statsd.stop();
    assert_eq!((report.sent, report.stats.disconnects), (10, 1));
    assert_eq!(server.wait_for_end(10), counted(0..10));
    assert_eq!(server.chunks()[0].bytes, b"");
}

pub(crate) fn a_closed_connection_is_noticed_before_the_next_write<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    count(&client, 0..1);
    server.wait_for(1);
    server.hang_up();
    // Nothing is recorded in between, so no write reveals the end of the connection.
    eventually("a broken link", || client.stats().disconnects == 1);
    count(&client, 1..2);
    assert_eq!(server.wait_for(2), counted(0..2));
    assert_eq!(statsd.stop().sent, 2);
}

pub(crate) fn accept_then_close_is_neither_flooded_nor_written_to<A: Adapter>(world: &World<A>) {
    let server = world.faulty_server(always(Fault::Close));
    let config = server.config().settle_time(SETTLE);
    let statsd = world.start(config.close_timeout(Duration::ZERO));
    count(&statsd.client(), 0..100);
    thread::sleep(Duration::from_secs(3));
    let accepted = server.accepted();
    assert!(
        (2..=10).contains(&accepted),
        "{accepted} connections in 3 s"
    );
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (0, 100));
    assert_eq!(report.stats.bytes, 0);
}

pub(crate) fn a_server_that_stops_accepting_and_closing_gets_everything<A: Adapter>(
    world: &World<A>,
) {
    let server = world.faulty_server(always(Fault::Close));
    let statsd = world.start(server.config().settle_time(SETTLE));
    count(&statsd.client(), 0..100);
    eventually("three connections", || server.accepted() >= 3);
    server.recover();
    assert_eq!(server.wait_for(100), counted(0..100));
    assert_eq!(statsd.stop().sent, 100);
}

pub(crate) fn a_connect_without_an_answer_is_given_up<A: Adapter>(world: &World<A>) {
    let Some(server) = Unanswered::new(world.carrier).expect("the system has sockets") else {
        skipped("this system answers even with a full backlog");
        return;
    };
    let config = server.config().connect_timeout(Duration::from_millis(50));
    let statsd = world.start(config.close_timeout(SHORT));
    let client = statsd.client();
    eventually("two attempts", || client.stats().connect_failures >= 2);
    assert_eq!(client.stats().connects, 0);
    statsd.stop();
}

pub(crate) fn an_old_link_gives_way_to_a_new_one_and_nothing_is_lost<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let config = server.config().settle_time(Duration::ZERO);
    let config = config.flush_interval(Duration::from_millis(5));
    let statsd = world.start(config.max_connection_age(Some(SHORT / 4)));
    let client = statsd.client();
    let mut counted_up = 0;
    eventually("ten links", || {
        count(&client, counted_up..counted_up + 20);
        counted_up += 20;
        client.stats().connects >= 10
    });
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (counted_up as u64, 0));
    assert_eq!(report.stats.disconnects, 0);
    assert_eq!(server.wait_for_end(counted_up), counted(0..counted_up));
    assert_eq!(server.resets(), 0);
}

pub(crate) fn refused_datagrams_are_resent<A: Adapter>(world: &World<A>) {
    let mut server = world.absent_server();
    let config = server.config();
    let statsd = world.start(config.backoff(SHORT / 10, SHORT / 4));
    let client = statsd.client();
    for number in 0..5 {
        count(&client, number..number + 1);
        eventually("a refusal", || client.stats().disconnects > number as u64);
    }
    assert_eq!(client.stats().sent, 0);
    server.restart();
    assert_eq!(server.wait_for(5), counted(0..5));
    assert_eq!(statsd.stop().sent, 5);
}

/// Nobody refuses the datagram that comes after a server's last read and before its end.
pub(crate) fn an_outage_costs_at_most_one_datagram<A: Adapter>(world: &World<A>) {
    let mut server = world.server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    flow(&client, 0..500);
    server.stop();
    flow(&client, 500..2500);
    server.restart();
    flow(&client, 2500..3000);
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (3000, 0));
    eventually("the last line", || {
        server.lines().last() == counted(2999..3000).last()
    });
    let received = numbers(&server.lines());
    assert_ascending(&received);
    let lost: Vec<_> = (0..3000)
        .filter(|number| received.binary_search(number).is_err())
        .collect();
    let bytes: usize = lost
        .iter()
        .map(|number| format!("count:{number}|c\n").len())
        .sum();
    assert!(bytes <= world.carrier.most() + 1, "{lost:?} are lost");
}

/// A thousand metrics a second.
fn flow(client: &Client, numbers: Range<usize>) {
    for number in numbers {
        count(client, number..number + 1);
        thread::sleep(Duration::from_millis(1));
    }
}
