//! More than the server takes.

use std::thread;
use std::time::Duration;

use statsd_proto::{Metric, Overflow, RecordError};
use tests::adapter::Adapter;
use tests::fault::Fault;
use tests::timeout::eventually;

use crate::world::{World, always, assert_ascending, count, counted, numbers, without_prefix};

pub(crate) fn a_full_queue_refuses_the_newest_and_keeps_the_earlier<A: Adapter>(world: &World<A>) {
    let mut server = world.absent_server();
    let statsd = world.start(server.config().max_queue_lines(10));
    let client = statsd.client();
    count(&client, 0..25);
    let refused = client.record(&Metric::counter("one.more", 1));
    assert_eq!(refused, Err(RecordError::QueueFull));
    let stats = client.stats();
    assert_eq!((stats.accepted, stats.refused.full), (10, 16));
    server.restart();
    assert_eq!(server.wait_for(10), counted(0..10));
    // Datagrams that may be refused take room.
    statsd.flush_confirmed();
    count(&client, 10..20);
    let report = statsd.stop();
    assert_eq!(server.wait_for_end(20), counted(0..20));
    assert_eq!((report.sent, report.stats.dropped.total()), (20, 0));
}

pub(crate) fn a_full_queue_that_drops_the_oldest_keeps_the_newest<A: Adapter>(world: &World<A>) {
    let mut server = world.absent_server();
    let config = server.config().max_queue_lines(100);
    let statsd = world.start(config.overflow(Overflow::DropOldest));
    let client = statsd.client();
    count(&client, 0..1000);
    let stats = client.stats();
    assert_eq!((stats.accepted, stats.refused.total()), (1000, 0));
    server.restart();
    statsd.flush();
    let report = statsd.stop();
    assert_eq!(report.sent + report.stats.dropped.overflow, 1000);
    let kept = numbers(&server.wait_for_end(usize::try_from(report.sent).expect("it is few")));
    assert_eq!(kept.len() as u64, report.sent);
    assert_ascending(&kept);
    assert!((50..=100).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept.last(), Some(&999));
}

pub(crate) fn a_server_that_never_reads_costs_bounded_memory<A: Adapter>(world: &World<A>) {
    const BOUND: usize = 256 * 1024;
    let server = world.faulty_server(always(Fault::Stall));
    let config = server.config().max_queue_bytes(BOUND);
    let statsd = world.start(config.close_timeout(Duration::from_millis(100)));
    let client = statsd.client();
    let name = "n".repeat(1000);
    let metric = Metric::counter(&name, 1);
    // The kernel's buffers of a connection are bounded as well.
    eventually("a stall", || {
        while client.record(&metric).is_ok() {}
        let before = client.stats();
        thread::sleep(Duration::from_millis(300));
        before.connects == 1 && client.stats().bytes == before.bytes
    });
    let stats = client.stats();
    assert!(stats.queued_bytes_peak <= BOUND as u64, "{stats:?}");
    assert!(stats.refused.full > 0);
    let report = statsd.stop();
    assert!(report.abandoned > 0);
    assert_eq!(report.stats.disconnects, 0, "{report:?}");
}

/// It would lose all of that if it were killed. Its own kernel takes 128 KiB by default; the one here takes a
/// write while less than 1 KiB waits.
#[cfg(target_os = "linux")]
pub(crate) fn a_server_that_never_reads_is_given_what_its_kernel_holds_and_a_write<A: Adapter>(
    world: &World<A>,
) {
    let server = world.faulty_server(always(Fault::Stall));
    let statsd = world.start(server.config().close_timeout(Duration::ZERO));
    let client = statsd.client();
    let mut accepted = 0;
    eventually("a stall", || {
        while client.stats().queued < 20_000 {
            count(&client, accepted..accepted + 1000);
            accepted += 1000;
        }
        let before = client.stats().bytes;
        thread::sleep(Duration::from_millis(300));
        before > 0 && client.stats().bytes == before
    });
    let given = client.stats().bytes;
    assert!(given <= (128 + 1 + 16) * 1024, "{given} bytes");
    statsd.stop();
}

pub(crate) fn a_stalled_server_that_reads_again_gets_everything<A: Adapter>(world: &World<A>) {
    let prefix = "p".repeat(500);
    let server = world.faulty_server(always(Fault::Stall));
    let config = server.config().max_queue_bytes(512 * 1024);
    let statsd = world.start(config.prefix(&prefix));
    let client = statsd.client();
    let mut accepted = 0;
    eventually("a full queue", || {
        while client
            .record(&Metric::raw("count", accepted as u64, "c"))
            .is_ok()
        {
            accepted += 1;
        }
        client.stats().refused.full >= 3 && client.stats().bytes > 0
    });
    server.recover();
    let report = statsd.stop();
    assert_eq!(report.sent, accepted as u64);
    let lines = without_prefix(&prefix, &server.wait_for_end(accepted));
    assert_eq!(lines, counted(0..accepted));
    assert_eq!(report.stats.connects, 1);
}

pub(crate) fn ready_waits_while_the_queue_is_full<A: Adapter>(world: &World<A>) {
    let mut server = world.absent_server();
    let statsd = world.start(server.config().max_queue_lines(10));
    let client = statsd.client();
    world
        .runtime
        .within("room in an empty queue", client.ready());
    count(&client, 0..10);
    let waiting = client.ready();
    thread::scope(|scope| {
        let ready = scope.spawn(|| world.runtime.within("room", waiting));
        thread::sleep(Duration::from_millis(100));
        assert!(!ready.is_finished(), "there is no room yet");
        server.restart();
        ready
            .join()
            .expect("there is room once the server takes lines");
    });
    assert!(client.stats().queued <= 5);
    statsd.stop();
    assert_eq!(server.wait_for_end(10), counted(0..10));
}

pub(crate) fn a_queue_bounded_in_lines_does_not_wait_for_the_flush_interval<A: Adapter>(
    world: &World<A>,
) {
    for bound in [1, 10, 1000] {
        let server = world.server();
        let config = server.config().max_queue_lines(bound);
        let statsd = world.start(config.flush_interval(Duration::from_secs(3600)));
        let client = statsd.client();
        for number in 0..2 * bound {
            let metric = Metric::raw("count", number as u64, "c");
            while client.record(&metric).is_err() {
                world.runtime.within("room", client.ready());
            }
        }
        statsd.stop();
        assert_eq!(server.wait_for_end(2 * bound), counted(0..2 * bound));
    }
}

pub(crate) fn many_clients_may_wait_for_room<A: Adapter>(world: &World<A>) {
    const EACH: usize = 200;
    let server = world.server();
    let statsd = world.start(server.config().max_queue_lines(20));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let client = statsd.client();
                for number in 0..EACH {
                    let metric = Metric::raw("count", number as u64, "c");
                    while client.record(&metric).is_err() {
                        world.runtime.within("room", client.ready());
                    }
                }
            });
        }
    });
    let report = statsd.stop();
    assert_eq!(report.sent, 4 * EACH as u64);
    let mut arrived = numbers(&server.wait_for_end(4 * EACH));
    arrived.sort_unstable();
    let expected: Vec<usize> = (0..4 * EACH).map(|index| index / 4).collect();
    assert_eq!(arrived, expected);
}
