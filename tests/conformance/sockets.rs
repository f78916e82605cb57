//! Unix sockets: files that stay and go, and servers that are waited for.

use std::thread;
use std::time::Duration;

use statsd_proto::{Client, Config, Dialect, Metric, Pace};
use tests::adapter::Adapter;
use tests::carrier::Carrier;
use tests::fault::Fault;
use tests::server::Server;
use tests::timeout::eventually;

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

pub(crate) fn a_refused_datagram_waits_and_earlier_ones_are_not_resent<A: Adapter>(
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
    // Nothing is recorded in between, so only the waiting line reveals the new server.
    eventually("a broken link", || client.stats().disconnects == 1);
    server.recover();
    server.restart();
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (accepted as u64, 0));
    // Datagrams in the kernel were lost with the server.
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

/// The agent listens for datagrams, and hands out `unix://` for it.
pub(crate) fn the_address_that_the_agent_hands_out_is_one_of_datagrams<A: Adapter>(
    world: &World<A>,
) {
    let server = world.server();
    let url = format!("unix://{}", server.path().display());
    let by_variable = |name| Config::from_dd_vars([(name, &url)]).expect("it is an address");
    let by_socket =
        Config::from_dd_vars([("DD_DOGSTATSD_SOCKET", server.path().to_string_lossy())]);
    for config in [
        by_variable("DD_DOGSTATSD_URL"),
        by_variable("DD_DOGSTATSD_SOCKET"),
        by_socket.expect("it is a path"),
        Config::dogstatsd(&*url),
        Config::new(&*url).dialect(Dialect::DogStatsd),
    ] {
        let statsd = world.start(config.origin_detection(false));
        statsd.client().incr("a", 1);
        assert_eq!(statsd.stop().abandoned, 0);
    }
    assert_eq!(server.wait_for_end(5), ["a:1|c"; 5]);
}

/// It has a name, and no file.
#[cfg(target_os = "linux")]
pub(crate) fn an_abstract_socket_is_reached<A: Adapter>(world: &World<A>) {
    use std::io::Read;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};

    let name = format!("statsd-{}-{:?}", std::process::id(), thread::current().id());
    let address = SocketAddr::from_abstract_name(&name).expect("it is short");
    let patience = Some(Duration::from_secs(30));
    let receive = if world.carrier == Carrier::UnixDatagram {
        let socket = UnixDatagram::bind_addr(&address).expect("it is free");
        socket.set_read_timeout(patience).expect("it is above zero");
        thread::spawn(move || {
            let mut data = vec![0; 100];
            let len = socket.recv(&mut data).expect("a datagram comes");
            data.truncate(len);
            data
        })
    } else {
        let listener = UnixListener::bind_addr(&address).expect("it is free");
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("it connects");
            stream.set_read_timeout(patience).expect("it is above zero");
            let mut data = Vec::new();
            stream.read_to_end(&mut data).expect("the stream ends");
            data
        })
    };
    let scheme = if world.carrier == Carrier::UnixDatagram {
        "unixgram"
    } else {
        "unixstream"
    };
    let config = Config::new(format!("{scheme}://@{name}"));
    let statsd = world.start(config.kind_prefixes(false));
    statsd.client().incr("a", 1);
    assert_eq!(statsd.stop().abandoned, 0);
    let data = receive.join().expect("it has received");
    let text = String::from_utf8(data).expect("it is text");
    assert_eq!(text.trim_end(), "a:1|c");
}
