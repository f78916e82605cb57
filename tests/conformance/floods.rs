//! Servers that send data without end.

use std::io;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use statsd_proto::Transport;
use tests::adapter::Adapter;
use tests::fault::Fault;
use tests::timeout::{TIMEOUT, eventually};

use crate::world::{World, always, count, counted};

const SHORT: Duration = Duration::from_millis(200);

pub(crate) fn metrics_arrive_at_a_server_that_talks_without_end<A: Adapter>(world: &World<A>) {
    let server = world.faulty_server(always(Fault::Flood));
    let statsd = world.start(server.config());
    let client = statsd.client();
    for round in 0..5 {
        let from = round * 100;
        count(&client, from..from + 50);
        statsd.flush();
        count(&client, from + 50..from + 100);
        // By themselves, after the flush interval.
        assert_eq!(server.wait_for(from + 100), counted(0..from + 100));
    }
    let report = statsd.stop();
    assert_eq!((report.sent, report.stats.connects), (500, 1));
}

pub(crate) fn stop_ends_while_a_server_talks_and_does_not_read<A: Adapter>(world: &World<A>) {
    let server = world.faulty_server(always(Fault::FloodAndStall));
    let config = server.config().write_timeout(Duration::from_secs(3600));
    let statsd = world.start(config.close_timeout(SHORT).max_queue_bytes(1 << 20));
    let client = statsd.client();
    eventually("a connection", || client.stats().connects == 1);
    while client.stats().refused.full == 0 {
        count(&client, 0..1000);
    }
    let report = statsd.stop();
    assert!(report.abandoned > 0, "{report:?}");
}

pub(crate) fn datagrams_arrive_at_a_server_that_talks_without_end<A: Adapter>(world: &World<A>) {
    let server = UdpSocket::bind("127.0.0.1:0").expect("there is a loopback");
    server
        .set_read_timeout(Some(TIMEOUT))
        .expect("it is not zero");
    let port = server.local_addr().expect("it is bound").port();
    let config = world
        .config_for("127.0.0.1", port)
        .transport(Transport::Udp);
    let statsd = world.start(config);
    let client = statsd.client();
    let is_over = AtomicBool::new(false);
    let mut data = [0; 2000];
    count(&client, 0..1);
    let (_, peer) = server.recv_from(&mut data).expect("it comes soon");
    let flood = || {
        while !is_over.load(Ordering::Relaxed) {
            // It fails where the buffer is full, or the client is gone.
            let _: io::Result<usize> = server.send_to(&[b'?'; 512], peer);
        }
    };
    thread::scope(|scope| {
        scope.spawn(flood);
        let _over = SetOnDrop(&is_over);
        for number in 1..10 {
            count(&client, number..number + 1);
            let len = server.recv(&mut data).expect("it comes soon");
            assert_eq!(data[..len], *format!("count:{number}|c").as_bytes());
        }
        let report = statsd.stop();
        assert_eq!((report.sent, report.abandoned), (10, 0));
    });
}

/// Ends the flood also where an assertion fails.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
