//! Every end: by stop, by the last client, by cancelling.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use statsd_proto::{Metric, RecordError};
use tests::adapter::Adapter;
use tests::fault::{Fault, Unanswered};
use tests::skip::skipped;
use tests::timeout::eventually;

use crate::world::{World, always, assert_accounted, count, counted};

const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(200);

pub(crate) fn stop_sends_what_is_queued<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config().flush_interval(HOUR));
    count(&statsd.client(), 0..100);
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (100, 0));
    assert_eq!(server.wait_for_end(100), counted(0..100));
}

pub(crate) fn stop_closes_the_connection<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    eventually("a connection", || server.open() == 1);
    statsd.stop();
    eventually("its end", || server.open() == 0);
    assert_eq!(server.accepted(), 1);
}

pub(crate) fn stop_with_nothing_queued_needs_no_server<A: Adapter>(world: &World<A>) {
    let server = world.absent_server();
    let statsd = world.start(server.config().close_timeout(HOUR));
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (0, 0));
}

pub(crate) fn stop_without_a_server_gives_up_after_the_close_timeout<A: Adapter>(world: &World<A>) {
    let server = world.absent_server();
    let statsd = world.start(server.config().close_timeout(SHORT));
    count(&statsd.client(), 0..10);
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (0, 10));
}

pub(crate) fn stop_connects_again_to_send_what_is_queued<A: Adapter>(world: &World<A>) {
    let mut server = world.absent_server();
    let statsd = world.start(server.config().close_timeout(HOUR));
    let client = statsd.client();
    count(&client, 0..100);
    let report = thread::scope(|scope| {
        let stopping = scope.spawn(|| statsd.stop());
        eventually("the beginning of the end", || client.is_closed());
        let failures = || client.stats().connect_failures + client.stats().disconnects;
        let before = failures();
        eventually("another attempt", || failures() > before);
        server.restart();
        stopping.join().expect("a stop does not panic")
    });
    assert_eq!((report.sent, report.abandoned), (100, 0));
    assert_eq!(server.wait_for_end(100), counted(0..100));
}

pub(crate) fn stop_ends_while_a_connect_hangs<A: Adapter>(world: &World<A>) {
    let Some(server) = Unanswered::new(world.carrier).expect("the system has sockets") else {
        skipped("this system answers even with a full backlog");
        return;
    };
    let statsd = world.start(server.config().connect_timeout(HOUR).close_timeout(SHORT));
    count(&statsd.client(), 0..10);
    thread::sleep(SHORT);
    assert_eq!(statsd.client().stats().connects, 0);
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (0, 10));
}

pub(crate) fn stop_ends_while_the_server_does_not_read<A: Adapter>(world: &World<A>) {
    let server = world.faulty_server(always(Fault::Stall));
    let config = server.config().write_timeout(HOUR);
    let statsd = world.start(config.close_timeout(SHORT));
    let client = statsd.client();
    let name = "n".repeat(1000);
    while client.record(&Metric::counter(&name, 1)).is_ok() {}
    let report = statsd.stop();
    assert!(report.abandoned > 0, "{report:?}");
    let arrived = report.stats.bytes / 1014;
    assert!(report.sent <= arrived, "{report:?}");
}

pub(crate) fn stop_twice_gives_the_same_report<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    count(&statsd.client(), 0..10);
    let report = statsd.stop();
    assert_eq!(report.sent, 10);
    assert_eq!(statsd.stop(), report);
}

pub(crate) fn stop_from_many_threads_gives_the_same_report<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    count(&statsd.client(), 0..10);
    let reports = thread::scope(|scope| {
        let stops = [(); 4].map(|()| scope.spawn(|| statsd.stop()));
        stops.map(|stop| stop.join().expect("a stop does not panic"))
    });
    assert_eq!(reports[0].sent, 10);
    assert_eq!(reports, [reports[0]; 4]);
}

pub(crate) fn restart_after_stop_sends_again<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    let old = statsd.client();
    count(&old, 0..10);
    statsd.stop();
    statsd.restart();
    count(&statsd.client(), 10..20);
    count(&old, 90..100);
    let report = statsd.stop();
    assert_eq!((report.sent, old.stats().refused.closed), (10, 10));
    assert_eq!(server.wait_for_end(20), counted(0..20));
}

pub(crate) fn restart_while_running_changes_nothing<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    count(&statsd.client(), 0..10);
    statsd.restart();
    count(&statsd.client(), 10..20);
    let report = statsd.stop();
    assert_eq!((report.sent, report.stats.connects), (20, 1));
    assert_eq!(server.wait_for_end(20), counted(0..20));
}

pub(crate) fn metrics_after_a_stop_are_refused_and_counted<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config());
    let client = statsd.client();
    count(&client, 0..1);
    let report = statsd.stop();
    assert!(client.is_closed());
    let refused = client.record(&Metric::counter("late", 1));
    assert_eq!(refused, Err(RecordError::Closed));
    client.incr("late", 1);
    client.timer("late").start().stop().send();
    assert_eq!(client.stats().refused.closed, 3);
    assert_eq!(client.stats().accepted, report.stats.accepted);
    assert_eq!(server.wait_for_end(1), counted(0..1));
}

pub(crate) fn dropping_the_last_client_ends_the_connection<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let config = server.config().flush_interval(HOUR);
    let (client, task) = world.runtime.spawn(&config).expect("the settings are good");
    let clone = client.clone();
    count(&client, 0..5);
    drop(client);
    count(&clone, 5..10);
    drop(clone);
    let report = world.runtime.within("the connection's end", A::join(task));
    assert_accounted(&report);
    assert_eq!((report.sent, report.abandoned), (10, 0));
    assert_eq!(server.wait_for_end(10), counted(0..10));
}

pub(crate) fn any_client_may_wait_for_the_end<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let config = server.config().flush_interval(HOUR);
    let (client, task) = world.runtime.spawn(&config).expect("the settings are good");
    count(&client, 0..10);
    let closed = client.closed();
    let told = thread::scope(|scope| {
        let told = scope.spawn(|| world.runtime.within("the end", closed));
        thread::sleep(Duration::from_millis(50));
        assert!(!told.is_finished(), "nobody has closed it");
        client.close();
        told.join().expect("waiting does not panic")
    });
    assert_eq!(told.sent, 10);
    let report = world.runtime.within("the connection's end", A::join(task));
    assert_eq!(report, told);
    assert_eq!(server.wait_for_end(10), counted(0..10));
}

pub(crate) fn a_cancelled_connection_releases_those_who_wait<A: Adapter>(world: &World<A>) {
    let server = world.absent_server();
    let config = server.config().max_queue_lines(10);
    let (client, task) = world.runtime.spawn(&config).expect("the settings are good");
    count(&client, 0..10);
    let (flushed, ready) = (client.flush_confirmed(), client.ready());
    thread::scope(|scope| {
        let flushed = scope.spawn(|| world.runtime.within("a flush", flushed));
        let ready = scope.spawn(|| world.runtime.within("room", ready));
        thread::sleep(Duration::from_millis(50));
        assert!(!flushed.is_finished() && !ready.is_finished());
        A::cancel(task);
    });
    assert!(client.is_closed());
    let refused = client.record(&Metric::counter("late", 1));
    assert_eq!(refused, Err(RecordError::Closed));
    let stats = client.stats();
    assert_accounted(&stats.into());
    assert_eq!((stats.dropped.abandoned, stats.refused.closed), (10, 1));
    world.runtime.within("a later flush", client.flush());
    world.runtime.within("the end", client.closed());
}

pub(crate) fn stop_ends_after_the_runtime_has_gone<A: Adapter>(world: &World<A>) {
    let server = world.absent_server();
    let gone = A::new();
    let connector = gone.start(server.config().close_timeout(SHORT));
    let connector = connector.expect("the settings are good");
    count(&A::client(&connector), 0..10);
    drop(gone);
    let report = world.runtime.within("a stop", A::stop(&connector));
    assert_accounted(&report);
    assert_eq!((report.sent, report.abandoned), (0, 10));
}

pub(crate) fn a_server_that_said_something_is_not_reset<A: Adapter>(world: &World<A>) {
    let server = world.faulty_server(always(Fault::Talk));
    let (client, connection) = A::connect(&server.config()).expect("the settings are good");
    world.runtime.within("a connection", async {
        let mut connection = pin!(connection);
        poll_fn(|context| {
            assert!(connection.as_mut().poll(context).is_pending());
            if client.stats().connects == 1 {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        // Data that the server sends now is read only when the connection is closed.
        eventually("a greeting", || server.accepted() == 1);
        thread::sleep(Duration::from_millis(20));
    });
    eventually("the end", || server.open() == 0);
    assert_eq!(server.resets(), 0);
}

pub(crate) fn a_connection_dropped_before_it_ran_counts_what_it_lost<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let (client, connection) = A::connect(&server.config()).expect("the settings are good");
    count(&client, 0..10);
    drop(connection);
    assert!(client.is_closed());
    assert_accounted(&client.stats().into());
    assert_eq!(client.stats().dropped.abandoned, 10);
    assert_eq!(server.line_count(), 0);
}
