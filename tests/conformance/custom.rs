//! Streams that the program opens itself, and everything that may go wrong with them.

use std::future::pending;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use statsd_proto::Config;
use tests::timeout::eventually;

use crate::own::Connects;
use crate::scripted::{Call, Fault, Script, Scripted, Seen};
use crate::world::{Running, World, count, counted};

const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(50);

pub(crate) fn lines_arrive_and_the_stream_is_shut_down_at_the_end<A: Connects>(world: &World<A>) {
    let script = Script::default();
    let statsd = start(world, config(), &script);
    count(&statsd.client(), 0..100);
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (100, 0));
    assert_eq!(script.lines(), counted(0..100));
    let [stream] = &script.streams()[..] else {
        panic!("{:?}", script.streams());
    };
    assert!(stream.is_shut_down && stream.is_dropped);
    assert_eq!(stream.flushed, stream.written.len());
}

pub(crate) fn a_connector_is_given_the_target_at_each_attempt<A: Connects>(world: &World<A>) {
    let script = Script::default();
    let targets = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&targets);
    let statsd = world.start_with(config(), move |target| {
        let mut targets = seen.lock().expect("nobody panicked");
        targets.push(target);
        let is_first = targets.len() == 1;
        let stream = script.open();
        async move {
            if is_first {
                return Err(io::Error::other("the handshake failed"));
            }
            Ok(stream)
        }
    });
    let client = statsd.client();
    let mut events = client.events();
    count(&client, 0..10);
    let report = statsd.stop();
    assert_eq!((report.sent, report.stats.connect_failures), (10, 1));
    let expected = ["stats.example:6514", "stats.example:6514"];
    assert_eq!(*targets.lock().expect("nobody panicked"), expected);
    let event = events
        .try_next()
        .expect("a failure is an event")
        .to_string();
    let words = "stats.example:6514: cannot connect: the handshake failed; retrying";
    assert_eq!(event, words);
}

pub(crate) fn a_connector_that_hangs_is_dropped_and_called_again<A: Connects>(world: &World<A>) {
    let script = Script::default();
    let opened = script.clone();
    let calls = AtomicUsize::new(0);
    let config = config().connect_timeout(SHORT);
    let statsd = world.start_with(config, move |_| {
        let stream = opened.open();
        let hangs = calls.fetch_add(1, Ordering::Relaxed) < 2;
        async move {
            if hangs {
                pending::<()>().await;
            }
            Ok(stream)
        }
    });
    count(&statsd.client(), 0..10);
    let report = statsd.stop();
    assert_eq!((report.sent, report.stats.connect_failures), (10, 2));
    assert!(script.streams().iter().all(|stream| stream.is_dropped));
    assert_eq!(script.streams().len(), 3);
}

pub(crate) fn stop_ends_while_a_connector_hangs<A: Connects>(world: &World<A>) {
    let config = config().connect_timeout(HOUR).close_timeout(SHORT);
    let statsd = world.start_with(config, |_| pending::<io::Result<Scripted>>());
    count(&statsd.client(), 0..10);
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (0, 10));
}

pub(crate) fn a_connector_that_panics_ends_the_connection_and_is_not_hidden<A: Connects>(
    world: &World<A>,
) {
    let connectors: [fn(String) -> io::Result<Scripted>; 2] = [
        |_| panic!("the connector's future does"),
        |_| panic!("so does the connector"),
    ];
    for (number, connector) in connectors.into_iter().enumerate() {
        let (client, connection) = A::connect_with(&config(), move |target| {
            let now = (number == 1).then(|| connector(target.clone()));
            async move { now.unwrap_or_else(|| connector(target)) }
        })
        .expect("the settings are good");
        count(&client, 0..10);
        let within = || world.runtime.within("a panic", connection);
        let panicked = catch_unwind(AssertUnwindSafe(within)).expect_err("it panics");
        assert!(
            panicked
                .downcast_ref::<&str>()
                .is_some_and(|words| words.contains("connector"))
        );
        assert!(client.is_closed());
        assert_eq!(client.stats().dropped.abandoned, 10);
        world.runtime.within("a flush", client.flush());
    }
}

pub(crate) fn a_stream_that_ends_is_replaced_before_anything_is_written<A: Connects>(
    world: &World<A>,
) {
    let script = Script::default();
    script.set(Fault::Ends);
    let statsd = start(world, config().settle_time(SHORT), &script);
    let client = statsd.client();
    count(&client, 0..10);
    eventually("three streams", || client.stats().disconnects >= 3);
    assert!(
        script
            .streams()
            .iter()
            .all(|stream| stream.written.is_empty())
    );
    script.set(None);
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (10, 0));
    assert_eq!(script.lines(), counted(0..10));
}

pub(crate) fn a_stream_that_fails_is_replaced<A: Connects>(world: &World<A>) {
    for call in [Call::Read, Call::Write, Call::Flush] {
        let script = Script::default();
        let statsd = start(world, config(), &script);
        let client = statsd.client();
        let mut events = client.events();
        eventually("a stream", || client.stats().connects == 1);
        script.set(Fault::Fails(call));
        count(&client, 0..10);
        eventually("a failure", || client.stats().disconnects >= 1);
        script.set(None);
        let report = statsd.stop();
        assert_eq!((report.sent, report.abandoned), (10, 0), "{call:?}");
        let events: Vec<_> = std::iter::from_fn(|| events.try_next()).collect();
        let is_told = |words: &String| words.contains(": the script says so");
        assert!(
            events
                .iter()
                .map(ToString::to_string)
                .any(|it| is_told(&it)),
            "{events:?}"
        );
        let streams = script.streams();
        let last = streams.last().expect("there are some");
        assert!(
            String::from_utf8_lossy(&last.written).ends_with("count:9|c\n"),
            "{streams:?}"
        );
    }
}

pub(crate) fn lines_count_as_sent_when_the_stream_has_flushed_them<A: Connects>(world: &World<A>) {
    let script = Script::default();
    script.set(Fault::Hangs(Call::Flush));
    let statsd = start(world, config(), &script);
    let client = statsd.client();
    count(&client, 0..10);
    let written = || {
        script
            .streams()
            .first()
            .map_or(0, |stream| stream.written.len())
    };
    eventually("a write", || written() > 0);
    // Long enough for many wake-ups: none of them writes anew or counts.
    for number in 10..20 {
        count(&client, number..number + 1);
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!((client.stats().sent, client.stats().in_flight), (0, 10));
    assert_eq!(written(), "count:0|c\n".len() * 10);
    script.set(None);
    let report = statsd.stop();
    assert_eq!((report.sent, report.stats.disconnects), (20, 0));
    assert_eq!(script.lines(), counted(0..20));
}

pub(crate) fn what_was_not_flushed_is_sent_again<A: Connects>(world: &World<A>) {
    let script = Script::default();
    script.set(Fault::Hangs(Call::Flush));
    let statsd = start(world, config(), &script);
    let client = statsd.client();
    count(&client, 0..10);
    eventually("a write", || {
        script
            .streams()
            .first()
            .is_some_and(|stream| !stream.written.is_empty())
    });
    script.set(Fault::Fails(Call::Flush));
    eventually("a failure", || client.stats().disconnects >= 1);
    script.set(None);
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (10, 0));
    let streams = script.streams();
    assert_eq!(streams[0].flushed, 0);
    assert_eq!(script.lines(), counted(0..10));
}

pub(crate) fn a_stream_that_takes_nothing_is_given_up_after_the_write_timeout<A: Connects>(
    world: &World<A>,
) {
    for call in [Call::Write, Call::Flush] {
        let script = Script::default();
        script.set(Fault::Hangs(call));
        let statsd = start(world, config().write_timeout(SHORT), &script);
        let client = statsd.client();
        count(&client, 0..10);
        eventually("two streams", || client.stats().disconnects >= 2);
        assert_eq!(client.stats().sent, 0);
        assert!(script.streams()[0].is_dropped && !script.streams()[0].is_shut_down);
        script.set(None);
        let report = statsd.stop();
        assert_eq!((report.sent, report.abandoned), (10, 0), "{call:?}");
        assert_eq!(script.lines(), counted(0..10));
    }
}

pub(crate) fn a_write_of_no_byte_is_a_failure_and_no_spin<A: Connects>(world: &World<A>) {
    let script = Script::default();
    script.set(Fault::TakesNothing);
    let statsd = start(world, config(), &script);
    let client = statsd.client();
    count(&client, 0..10);
    eventually("two streams", || client.stats().disconnects >= 2);
    script.set(None);
    let report = statsd.stop();
    assert_eq!((report.sent, report.abandoned), (10, 0));
    assert_eq!(script.lines(), counted(0..10));
}

pub(crate) fn stop_ends_while_a_stream_hangs<A: Connects>(world: &World<A>) {
    for call in [Call::Write, Call::Flush, Call::Shutdown] {
        let script = Script::default();
        let config = config().write_timeout(HOUR).close_timeout(SHORT);
        let statsd = start(world, config, &script);
        let client = statsd.client();
        count(&client, 0..10);
        statsd.flush();
        script.set(Fault::Hangs(call));
        count(&client, 10..20);
        let report = statsd.stop();
        let expected = if call == Call::Shutdown { 20 } else { 10 };
        assert_eq!(
            (report.sent, report.abandoned),
            (expected, 20 - expected),
            "{call:?}"
        );
        let streams = script.streams();
        assert!(
            streams[0].is_dropped && !streams[0].is_shut_down,
            "{call:?}"
        );
    }
}

pub(crate) fn a_shutdown_that_fails_loses_nothing<A: Connects>(world: &World<A>) {
    let script = Script::default();
    script.set(Fault::Fails(Call::Shutdown));
    let statsd = start(world, config().close_timeout(HOUR), &script);
    count(&statsd.client(), 0..10);
    let report = statsd.stop();
    assert_eq!((report.sent, report.stats.disconnects), (10, 0));
    assert_eq!(script.lines(), counted(0..10));
}

pub(crate) fn a_stream_that_is_old_is_shut_down_and_replaced<A: Connects>(world: &World<A>) {
    let script = Script::default();
    let config = config().max_connection_age(Some(SHORT));
    let statsd = start(world, config, &script);
    let client = statsd.client();
    let mut counted_up = 0;
    eventually("three streams", || {
        count(&client, counted_up..counted_up + 1);
        counted_up += 1;
        client.stats().connects >= 3
    });
    let report = statsd.stop();
    assert_eq!(
        (report.sent, report.stats.disconnects),
        (counted_up as u64, 0)
    );
    let is_over = |stream: &Seen| stream.is_shut_down && stream.is_dropped;
    assert!(script.streams().iter().all(is_over));
    assert_eq!(script.lines(), counted(0..counted_up));
}

pub(crate) fn a_restart_calls_the_connector_again<A: Connects>(world: &World<A>) {
    let script = Script::default();
    let statsd = start(world, config(), &script);
    count(&statsd.client(), 0..10);
    statsd.stop();
    statsd.restart();
    count(&statsd.client(), 10..20);
    assert_eq!(statsd.stop().sent, 10);
    assert_eq!(script.streams().len(), 2);
    assert_eq!(script.lines(), counted(0..20));
}

pub(crate) fn what_only_a_socket_of_the_kernel_can_keep_is_refused_by_name<A: Connects>(
    world: &World<A>,
) {
    for (config, setting) in [
        (config().keepalive(Some(HOUR)), "keepalive"),
        (config().send_buffer(Some(1 << 20)), "send_buffer"),
        (
            config().resend_unacknowledged(true),
            "resend_unacknowledged",
        ),
    ] {
        let refused = A::connect_with(&config, |_| pending::<io::Result<Scripted>>());
        let error = refused.err().expect("it cannot work").to_string();
        assert!(error.starts_with(&format!("{setting} is ")), "{error}");
    }
    let config = config().transport(statsd_proto::Transport::CustomStream);
    let error = world
        .runtime
        .start(config)
        .err()
        .expect("nothing connects it");
    let words = "transport is \"custom_stream\", but must be ";
    assert!(error.to_string().starts_with(words), "{error}");
}

fn start<'a, A: Connects>(world: &'a World<A>, config: Config, script: &Script) -> Running<'a, A> {
    let script = script.clone();
    world.start_with(config, move |_| {
        let stream = script.open();
        async { Ok(stream) }
    })
}

fn config() -> Config {
    let millisecond = Duration::from_millis(1);
    Config::new("stats.example")
        .port(6514)
        .backoff(millisecond, millisecond * 10)
        .settle_time(Duration::ZERO)
        .flush_interval(millisecond)
}
