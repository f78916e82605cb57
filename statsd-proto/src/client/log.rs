//! Log of the session's events, by the feature `tracing`.

use crate::session::event::Event;

/// Logs an event, with the fields that the documentation of [`Event`] lists.
#[cfg(feature = "tracing")]
pub(super) fn log(event: &Event) {
    // Every level has a call site of its own, which is why this is a macro.
    macro_rules! log {
        ($level:ident) => {
            tracing::$level!(
                target: "statsd",
                server = event.server(),
                event = event.name(),
                error = event.failure().map(tracing::field::display),
                peer = event.peer().map(tracing::field::display),
                away_ms = event.away().map(|away| away.as_millis() as u64),
                lost = event.lost(),
                "{event}"
            )
        };
    }
    if event.is_warning() {
        log!(warn);
    } else {
        log!(info);
    }
}

#[cfg(not(feature = "tracing"))]
pub(super) fn log(_: &Event) {}

#[cfg(all(test, feature = "tracing"))]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

    use crate::config::Config;
    use crate::testing::recorder;

    type Fields = BTreeMap<&'static str, String>;
    type Entry = (&'static str, Level, Fields);

    #[test]
    fn a_log_has_one_target_and_fields_beside_the_text() {
        let log = Log::default();
        // With a single subscriber, tracing asks only the thread that first reaches a log statement whether it is of
        // interest, and other tests have none. With two, it asks each.
        let _other = Dispatch::new(Log::default());
        tracing::subscriber::with_default(log.clone(), || {
            let config = Config::new("10.0.0.7").max_queue_lines(10);
            let (client, mut recorder) = recorder(config).unwrap();
            client.incr("a", 1);
            recorder.advance(Duration::from_secs(1));
            recorder.set_up(false);
            for _ in 0..15 {
                client.incr("a", 1);
            }
            recorder.advance(Duration::from_secs(60));
            recorder.set_up(true);
            recorder.advance(Duration::from_secs(60));
        });
        let entries = std::mem::take(&mut *log.0.lock().unwrap());
        for (target, level, fields) in &entries {
            assert_eq!(*target, "statsd");
            assert_eq!(fields["server"], "tcp://10.0.0.7:8125");
            let is_good = ["connected", "queue_drained"].contains(&&*fields["event"]);
            assert_eq!(*level == Level::INFO, is_good, "{fields:?}");
            assert!(fields["message"].starts_with("tcp://10.0.0.7:8125: "));
        }
        let of = |event: &str| {
            let mut entries = entries.iter().map(|(_, _, fields)| fields);
            let found = entries.rfind(|fields| fields["event"] == event);
            found.unwrap_or_else(|| panic!("no {event} in {entries:?}"))
        };
        assert_eq!(of("disconnected")["error"], "closed by the server");
        assert_eq!(of("connect_failed")["error"], "refused");
        assert_eq!(of("lost")["lost"], "5");
        assert_eq!(of("queue_half_full").get("lost"), None);
        let away: u64 = of("connected")["away_ms"].parse().unwrap();
        assert!((60_000..62_000).contains(&away), "{away}");
        assert_eq!(of("queue_drained").get("error"), None);
    }

    /// What was logged: target, level and fields.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<Entry>>>);

    impl Subscriber for Log {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut fields = Visited::default();
            event.record(&mut fields);
            let metadata = event.metadata();
            let entry = (metadata.target(), *metadata.level(), fields.0);
            self.0.lock().expect("nobody panicked").push(entry);
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[derive(Default)]
    struct Visited(Fields);

    impl Visit for Visited {
        fn record_str(&mut self, field: &Field, value: &str) {
            self.0.insert(field.name(), value.to_owned());
        }

        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            self.0.insert(field.name(), format!("{value:?}"));
        }
    }
}
