//! Lines arrive: once each, in order, in time.

use std::thread;
use std::time::Duration;

use statsd_proto::{Metric, RecordError};
use tests::adapter::Adapter;
use tests::timeout::eventually;

use crate::world::{
    World, assert_accounted, assert_ascending, count, counted, numbers, without_prefix,
};

pub(crate) fn metrics_arrive_once_each_in_the_order_recorded<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    count(&statsd.client(), 0..1000);
    let report = statsd.stop();
    assert_eq!(server.wait_for_end(1000), counted(0..1000));
    assert_eq!((report.sent, report.abandoned), (1000, 0));
}

pub(crate) fn metrics_recorded_before_the_server_exists_arrive_once_it_starts<A: Adapter>(
    world: &World<A>,
) {
    let mut server = world.absent_server();
    let statsd = world.start(server.config());
    count(&statsd.client(), 0..100);
    eventually("a refusal", || {
        let stats = statsd.client().stats();
        stats.connect_failures + stats.disconnects > 0
    });
    count(&statsd.client(), 100..200);
    server.restart();
    assert_eq!(server.wait_for(200), counted(0..200));
    let report = statsd.stop();
    assert_eq!(report.sent, 200);
    assert_eq!(server.line_count(), 200);
}

pub(crate) fn start_returns_before_it_is_connected<A: Adapter>(world: &World<A>) {
    let server = world.absent_server();
    let statsd = world.start(server.config().close_timeout(Duration::ZERO));
    let client = statsd.client();
    client.incr("early", 1);
    assert!(!client.is_closed());
    let stats = client.stats();
    assert_eq!((stats.accepted, stats.sent), (1, 0));
}

pub(crate) fn a_line_leaves_by_itself_after_the_flush_interval<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    for number in 0..3 {
        count(&statsd.client(), number..number + 1);
        assert_eq!(server.wait_for(number + 1), counted(0..number + 1));
    }
}

pub(crate) fn flush_does_not_wait_for_the_interval<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let hour = Duration::from_secs(3600);
    let statsd = world.start(server.config().flush_interval(hour));
    for number in 0..3 {
        count(&statsd.client(), number..number + 1);
        statsd.flush();
        assert_eq!(server.wait_for(number + 1), counted(0..number + 1));
    }
}

pub(crate) fn flush_ends_when_the_lines_are_with_the_kernel<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    count(&client, 0..50);
    statsd.flush();
    let stats = client.stats();
    assert_eq!((stats.sent + stats.in_flight, stats.queued), (50, 0));
}

pub(crate) fn a_confirmed_flush_ends_when_nothing_can_be_refused_any_more<A: Adapter>(
    world: &World<A>,
) {
    let mut server = world.absent_server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    count(&client, 0..50);
    server.restart();
    statsd.flush_confirmed();
    let stats = client.stats();
    assert_eq!((stats.sent, stats.queued, stats.in_flight), (50, 0, 0));
    assert_eq!(server.wait_for(50), counted(0..50));
}

pub(crate) fn each_of_many_threads_keeps_its_order<A: Adapter>(world: &World<A>) {
    const EACH: usize = 500;
    let server = world.server();
    let statsd = world.start(server.config());
    let names = ["a", "b", "c", "d"];
    thread::scope(|scope| {
        for name in names {
            let client = statsd.client();
            scope.spawn(move || {
                for number in 0..EACH {
                    client.inject_metric(name, number as u64, "c");
                }
            });
        }
    });
    statsd.stop();
    let lines = server.wait_for_end(names.len() * EACH);
    for name in names {
        let own = lines
            .iter()
            .filter_map(|line| line.strip_prefix(&format!("{name}:")));
        let expected: Vec<String> = (0..EACH).map(|number| format!("{number}|c")).collect();
        assert_eq!(own.collect::<Vec<_>>(), expected, "of {name}");
    }
}

pub(crate) fn a_burst_that_waits_for_room_loses_nothing<A: Adapter>(world: &World<A>) {
    const LINES: usize = 200_000;
    let prefix = "x".repeat(230);
    let server = world.server();
    let config = server.config().max_queue_bytes(1024 * 1024);
    let statsd = world.start(config.prefix(&prefix));
    let client = statsd.client();
    for number in 0..LINES {
        let metric = Metric::raw("count", number as u64, "c");
        while let Err(error) = client.record(&metric) {
            assert_eq!(error, RecordError::QueueFull);
            world.runtime.within("room in the queue", client.ready());
        }
    }
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (LINES as u64, 0));
    assert!(report.stats.queued_bytes_peak <= 1024 * 1024);

    let lines = without_prefix(&prefix, &server.wait_for_end(LINES));
    assert_eq!(lines.len(), LINES);
    assert_ascending(&numbers(&lines));
}

pub(crate) fn a_connection_awaited_beside_others_sends<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let (client, connection) = A::connect(&server.config()).expect("the settings are good");
    count(&client, 0..10);
    drop(client);
    let report = world.runtime.within("the end of a connection", connection);
    assert_accounted(&report);
    assert_eq!(report.sent, 10);
    assert_eq!(server.wait_for_end(10), counted(0..10));
}

pub(crate) fn a_client_that_records_nothing_sends_nothing<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config().flush_interval(Duration::ZERO));
    eventually("a connection", || statsd.client().stats().connects == 1);
    for _ in 0..3 {
        statsd.flush();
        thread::sleep(Duration::from_millis(30));
    }
    let report = statsd.stop();
    assert_eq!((report.stats.bytes, report.stats.payloads), (0, 0));
    assert!(server.chunks().iter().all(|chunk| chunk.bytes.is_empty()));
}
