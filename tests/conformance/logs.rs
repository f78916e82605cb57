//! What a log says while things fail.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use statsd_proto::{Client, Config, Stats};
use tests::adapter::Adapter;
use tests::patience::eventually;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::world::{World, count};

/// What is logged on a connection to nobody from now until `is_over`.
fn log_of<A: Adapter>(
    world: &World<A>,
    config: &Config,
    record: impl FnOnce(&Client),
    is_over: fn(&Stats) -> bool,
) -> Vec<String> {
    let log = Log::default();
    let (client, connection) = A::connect(config).expect("the settings are good");
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
    messages.clone()
}

pub(crate) fn a_failing_server_is_logged_in_few_words<A: Adapter>(world: &World<A>) {
    let server = world.absent_server();
    let millisecond = Duration::from_millis(1);
    let config = server.config().backoff(millisecond, millisecond);
    let log = log_of(
        world,
        &config,
        |_| {},
        |stats| stats.connect_failures >= 100,
    );
    assert!((1..=3).contains(&log.len()), "{log:?}");
    assert!(log[0].contains("cannot connect"), "{log:?}");
}

pub(crate) fn a_full_queue_is_logged_in_few_words<A: Adapter>(world: &World<A>) {
    let server = world.absent_server();
    let config = server
        .config()
        .max_queue_lines(10)
        .close_timeout(Duration::ZERO);
    let fill = |client: &Client| count(client, 0..2010);
    let log = log_of(world, &config, fill, |stats| stats.connect_failures > 0);
    let losses: Vec<_> = log.iter().filter(|line| line.contains("lost")).collect();
    assert!((1..=2).contains(&losses.len()), "{log:?}");
    assert!(
        losses[0].contains("2000 refused by a full queue"),
        "{log:?}"
    );
}

/// Keeps the messages of all events.
#[derive(Clone, Default)]
struct Log {
    messages: Arc<Mutex<Vec<String>>>,
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
