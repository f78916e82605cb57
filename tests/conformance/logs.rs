//! Log of failures.

use std::fmt;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use statsd_proto::{Client, Config, Stats};
use tests::adapter::Adapter;
use tests::carrier::Carrier;
use tests::server::Server;
use tests::timeout::eventually;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::world::{World, count, counted};

/// Log of a connection without a server from now until `is_over`. A reader of the client's events gets the same.
fn log_of<A: Adapter>(
    world: &World<A>,
    config: &Config,
    record: impl FnOnce(&Client),
    is_over: fn(&Stats) -> bool,
) -> Vec<String> {
    let log = Log::default();
    let (client, connection) = A::connect(config).expect("the settings are good");
    let mut events = client.events();
    record(&client);
    // A log is set for a thread, and this is the one to drive the connection.
    tracing::subscriber::with_default(log.clone(), || {
        thread::scope(|scope| {
            scope.spawn(|| {
                eventually("the end", || is_over(&client.stats()));
                client.close();
            });
            world.runtime.within("the connection's end", connection);
        });
    });
    let messages = log.messages.lock().expect("nobody panicked");
    let events = std::iter::from_fn(|| events.try_next());
    let events: Vec<_> = events.map(|event| event.to_string()).collect();
    assert_eq!(events, *messages);
    events
}

pub(crate) fn a_failing_server_is_logged_in_few_words<A: Adapter>(world: &World<A>) {
    let server = world.absent_server();
    let millisecond = Duration::from_millis(1);
    let config = server.config().backoff(millisecond, millisecond);
    let log = log_of(
        world,
        &config,
        |client| count(client, 0..1),
        |stats| stats.connect_failures + stats.disconnects >= 100,
    );
    assert!((2..=4).contains(&log.len()), "{log:?}");
    let refusals = ["Connection refused (os error 111)", "No such file"];
    let is_told = |line: &String| refusals.iter().any(|words| line.contains(words));
    assert!(!cfg!(target_os = "linux") || is_told(&log[0]), "{log:?}");
    assert!(
        !log.iter()
            .any(|line| line.contains("connected") || line.contains("sending"))
    );
    let last = &log[log.len() - 1];
    assert!(
        last.contains("1 metric dropped at shutdown, the server was never reached"),
        "{log:?}"
    );
}

pub(crate) fn a_host_that_is_not_found_is_logged_with_the_systems_words<A: Adapter>(
    world: &World<A>,
) {
    let config = world.config_for("statsd.typo.invalid", 8125);
    let log = log_of(world, &config, |_| {}, |stats| stats.connect_failures > 0);
    let expected = "://statsd.typo.invalid:8125: cannot look up the host: ";
    let words = log[0].split_once(expected).map(|(_, words)| words);
    // What exactly it says depends on the resolver.
    let words = words.and_then(|words| words.strip_suffix("; retrying"));
    assert!(words.is_some_and(|words| words.len() > 8), "{log:?}");
    assert!(!log[0].contains("lookup address information"), "{log:?}");
}

#[cfg(unix)]
pub(crate) fn a_socket_of_another_kind_is_logged_with_the_systems_words<A: Adapter>(
    world: &World<A>,
) {
    let is_datagram = world.carrier == Carrier::UnixDatagram;
    let server = Server::start(if is_datagram {
        Carrier::UnixStream
    } else {
        Carrier::UnixDatagram
    });
    let (scheme, config) = if is_datagram {
        ("unixgram", server.config().unix_datagram(server.path()))
    } else {
        ("unixstream", server.config().unix_stream(server.path()))
    };
    let log = log_of(world, &config, |_| {}, |stats| stats.connect_failures > 0);
    let path = server.path().display();
    assert!(
        log[0].starts_with(&format!("{scheme}://{path}: cannot connect: ")),
        "{log:?}"
    );
    let words = "Protocol wrong type for socket";
    assert!(
        !cfg!(target_os = "linux") || log[0].contains(words),
        "{log:?}"
    );
}

/// `unix://` leaves the type of the socket to the server, and is tried with the dialect's usual one first.
#[cfg(unix)]
pub(crate) fn the_type_of_a_socket_is_found_and_logged<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let address = format!("unix://{}", server.path().display());
    let config = Config::dogstatsd(&*address);
    let log = log_of(
        world,
        &config.origin_detection(false),
        |client| count(client, 0..1000),
        |stats| stats.sent == 1000,
    );
    assert_eq!(server.wait_for_end(1000), counted(0..1000));
    if cfg!(target_os = "linux") {
        assert_eq!(log, [format!("{address}: connected to a stream socket")]);
    }
}

pub(crate) fn a_name_whose_second_address_answers_is_no_outage<A: Adapter>(world: &World<A>) {
    let server = Server::start_at(Ipv4Addr::LOCALHOST.into(), world.carrier);
    // Where `::1` comes first, it is refused there.
    let config = world.config_for("localhost", server.address().port());
    let log = log_of(
        world,
        &config,
        |client| count(client, 0..10),
        |stats| stats.sent + stats.in_flight >= 10,
    );
    assert_eq!(server.wait_for(10), counted(0..10));
    assert!(log.len() <= 1, "{log:?}");
    assert!(
        log.iter().all(|line| line.contains(" to 127.0.0.1:")),
        "{log:?}"
    );
}

pub(crate) fn a_full_queue_is_logged_in_few_words<A: Adapter>(world: &World<A>) {
    let server = world.absent_server();
    let config = server
        .config()
        .max_queue_lines(10)
        .close_timeout(Duration::ZERO);
    let fill = |client: &Client| count(client, 0..2010);
    let log = log_of(world, &config, fill, |stats| stats.connect_failures > 0);
    let losses: Vec<_> = log
        .iter()
        .filter(|line| line.contains("refused by"))
        .collect();
    assert!((1..=2).contains(&losses.len()), "{log:?}");
    assert!(
        losses[0].contains("2000 metrics refused by a full queue, the server was never reached"),
        "{log:?}"
    );
}

pub(crate) fn a_connection_that_is_cut_off_is_logged_once<A: Adapter>(world: &World<A>) {
    let log = Log::of_all();
    let server = world.absent_server();
    let spawn = || {
        let spawned = world.runtime.spawn(&server.config());
        spawned.expect("the settings are good")
    };
    let (client, connection) = A::connect(&server.config()).expect("the settings are good");
    count(&client, 0..10);
    drop(connection);
    let is_told = |lines: usize| log.warnings(&server, "Connector::stop").len() == lines;
    assert!(is_told(1));

    let (client, task) = spawn();
    count(&client, 0..1);
    A::cancel(task);
    eventually("a second warning", || is_told(2));

    // A warning without a loss is for clients that could still record, and for no others.
    let (_client, task) = spawn();
    A::cancel(task);
    eventually("a third warning", || is_told(3));
    let (client, task) = spawn();
    client.close();
    world.runtime.within("the end", A::join(task));
    let (client, connection) = A::connect(&server.config()).expect("the settings are good");
    drop(client);
    drop(connection);
    let (_noop, connection) =
        A::connect(&server.config().enabled(false)).expect("the settings are good");
    drop(connection);

    let warnings = log.warnings(&server, "Connector::stop");
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    for (warning, what) in warnings.iter().zip([
        ": 10 lines lost: the connection was dropped",
        ": 1 line lost: the connection was dropped",
        ": metrics are refused from now on: the connection was dropped",
    ]) {
        assert!(warning.contains(what), "{warning}");
    }
}

pub(crate) fn a_connector_that_is_dropped_without_a_stop_is_logged_once<A: Adapter>(
    world: &World<A>,
) {
    let log = Log::of_all();
    let server = world.absent_server();
    let runtime = A::new();
    let config = server.config().close_timeout(Duration::from_secs(3600));
    let connector = runtime.start(config).expect("the settings are good");
    count(&A::client(&connector), 0..10);
    drop(connector);
    // As at the end of `main`.
    drop(runtime);
    let warnings = || log.warnings(&server, "Connector::stop");
    eventually("a warning", || !warnings().is_empty());
    assert_eq!(warnings().len(), 1, "{:?}", warnings());
    assert!(warnings()[0].contains("10 lines"), "{:?}", warnings());

    let connector = world.start(server.config().close_timeout(Duration::ZERO));
    count(&connector.client(), 0..10);
    connector.stop();
    drop(connector);
    assert_eq!(warnings().len(), 1, "{:?}", warnings());
}

pub(crate) fn a_log_that_records_what_it_logs_neither_hangs_nor_feeds_itself<A: Adapter>(
    world: &World<A>,
) {
    let server = world.absent_server();
    let millisecond = Duration::from_millis(1);
    let config = server.config().backoff(millisecond, millisecond);
    let config = config.max_queue_lines(10).close_timeout(millisecond);
    let log = Log::default();
    let (client, connection) = A::connect(&config).expect("the settings are good");
    log.records.set(client.clone()).expect("it is set once");
    tracing::subscriber::with_default(log.clone(), || {
        // Each event is refused too, which is a loss to report.
        count(&client, 0..100);
        thread::scope(|scope| {
            scope.spawn(|| {
                let failures = || client.stats().connect_failures + client.stats().disconnects;
                eventually("many failures", || failures() >= 100);
                client.close();
            });
            world.runtime.within("the connection's end", connection);
        });
        let (client, connection) = A::connect(&config).expect("the settings are good");
        count(&client, 0..1);
        drop(connection);
    });
    let messages = log.messages.lock().expect("nobody panicked");
    assert!((3..=8).contains(&messages.len()), "{messages:?}");
}

/// Keeps the messages of all events, and records each with a client, if it has one.
#[derive(Clone, Default)]
struct Log {
    messages: Arc<Mutex<Vec<String>>>,
    records: Arc<OnceLock<Client>>,
}

impl Log {
    /// The log of all threads that have none of their own, from the first call on.
    fn of_all() -> Self {
        static ALL: OnceLock<Log> = OnceLock::new();
        let set = || {
            let log = Self::default();
            let is_first = tracing::subscriber::set_global_default(log.clone());
            is_first.expect("no other test sets one");
            log
        };
        ALL.get_or_init(set).clone()
    }

    /// Events about a server that contain these words.
    fn warnings(&self, server: &Server, words: &str) -> Vec<String> {
        let messages = self.messages.lock().expect("nobody panicked");
        let place = match server.carrier() {
            Carrier::Tcp | Carrier::Udp => server.address().to_string(),
            Carrier::UnixDatagram | Carrier::UnixFrames | Carrier::UnixStream => {
                server.path().display().to_string()
            }
        };
        let about = format!("://{place}: ");
        let told = messages.iter();
        told.filter(|line| line.contains(&about) && line.contains(words))
            .cloned()
            .collect()
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("statsd")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Message(self));
        if let Some(client) = self.records.get() {
            client.incr("events", 1);
            client.gauge("events", client.stats().refused.full);
            drop(client.flush());
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Message<'a>(&'a Log);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let mut messages = self.0.messages.lock().expect("nobody panicked");
            messages.push(format!("{value:?}"));
        }
    }
}
