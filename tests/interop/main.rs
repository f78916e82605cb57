//! The reference StatsD server, fed by every adapter over TCP and UDP, and read back.
//!
//! These need Node.js and the server: install it into a folder, and name the folder:
//!
//! ```text
//! npm install --prefix FOLDER --no-audit --no-fund --omit=optional statsd@0.9.0
//! STATSD_INTEROP=FOLDER cargo test -p tests --test interop
//! ```

mod reference;

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use statsd_proto::{Client, Config, Metric, Report, Transport};
use tests::patience::eventually;

use crate::reference::Reference;

#[test]
fn counts_add_up_exactly_over_tcp() {
    counts_add_up(Transport::Tcp);
}

#[test]
fn counts_add_up_exactly_over_udp_into_its_default_buffer() {
    counts_add_up(Transport::Udp);
}

#[test]
fn every_kind_of_metric_is_read_as_it_is_meant() {
    let Some(server) = server() else { return };
    for (name, deliver) in ADAPTERS {
        for (transport, scheme) in [(Transport::Tcp, "tcp"), (Transport::Udp, "udp")] {
            let prefix = format!("{name}.{scheme}");
            let config = server.config(transport).prefix(&prefix);
            assert_delivered(&deliver(config, &record_each_kind));
            for (key, expected) in [
                ("counters.orders", 3.0),
                ("logins;method=card", 40.0),
                ("a_name_1_c", 1.0),
            ] {
                let key = format!("{prefix}.{key}");
                eventually(&key, || server.counter(&key) == Some(expected));
            }
            for (key, expected) in [("temperature", -4.5), ("queue", 12.0)] {
                let key = format!("{prefix}.gauges.{key}");
                eventually(&key, || server.gauge(&key) == Some(expected));
            }
            let timers = server.ask("timers");
            let key = format!("'{prefix}.timers.checkout': [ 48.25, 0.5 ]");
            assert!(timers.contains(&key), "{timers}");
        }
    }
    assert_eq!(server.counter("statsd.bad_lines_seen"), Some(0.0));
}

#[test]
fn no_text_brings_it_down() {
    let Some(server) = server() else { return };
    let config = server.config(Transport::Tcp);
    let report = on_tokio(config, &|client: &Client| {
        for name in [
            "constructor",
            "__proto__",
            "toString",
            "con,structor",
            "Ċ",
            "a:1|c\nb",
        ] {
            let metric = Metric::timing(name, Duration::from_millis(1));
            client.record(&metric).expect("the name is replaced");
            client
                .record(&Metric::set(name, name))
                .expect("the name is replaced");
        }
        client.inject_metric("last", 1, "c");
    });
    assert_delivered(&report);
    eventually("the last metric", || server.counter("last") == Some(1.0));
    assert_eq!(server.counter("statsd.bad_lines_seen"), Some(0.0));
}

const COUNTS: u32 = 100_000;

fn counts_add_up(transport: Transport) {
    let Some(server) = server() else { return };
    for (name, deliver) in ADAPTERS {
        let config = server.config(transport).prefix(name);
        let report = deliver(config, &|client: &Client| {
            for _ in 0..COUNTS {
                client.incr("requests", 1);
            }
        });
        assert_delivered(&report);
        let key = format!("{name}.counters.requests");
        eventually(&key, || server.counter(&key) == Some(f64::from(COUNTS)));
    }
    assert_eq!(server.counter("statsd.bad_lines_seen"), Some(0.0));
}

fn record_each_kind(client: &Client) {
    client.incr("orders", 5);
    client.decr("orders", 2);
    client.gauge("temperature", -4.5);
    client.gauge("queue", 10);
    client.gauge_delta("queue", 2);
    client.timing("checkout", Duration::from_micros(48_250));
    client.timing("checkout", Duration::from_micros(500));
    client.set("visitors", "anna");
    client.inject_metric("a name:1|c", 1, "c");
    let tags = [("method", "card")];
    let logins = Metric::counter("logins", 10).tags(&tags).sampled_at(0.25);
    client
        .record(&logins)
        .expect("the dialect has tags and rates");
}

#[track_caller]
fn assert_delivered(report: &Report) {
    let stats = report.stats;
    assert_eq!(
        (stats.sent, stats.refused.total()),
        (stats.accepted, 0),
        "{report:?}"
    );
}

/// The server, if it is installed. A test without it says so, and does nothing.
#[expect(
    clippy::print_stderr,
    reason = "a test that does nothing has to say so"
)]
fn server() -> Option<Reference> {
    let Some(folder) = env::var_os("STATSD_INTEROP") else {
        eprintln!(
            "SKIPPED: no reference server. `npm install --prefix FOLDER --omit=optional \
             statsd@0.9.0`, and set STATSD_INTEROP=FOLDER."
        );
        return None;
    };
    Some(Reference::start(&PathBuf::from(folder)))
}

/// Starts a connector, records, stops it.
type Deliver = fn(Config, &dyn Fn(&Client)) -> Report;

const ADAPTERS: [(&str, Deliver); 3] = [
    ("async_std", on_async_std),
    ("smol", on_smol),
    ("tokio", on_tokio),
];

fn on_async_std(config: Config, record: &dyn Fn(&Client)) -> Report {
    async_std::task::block_on(async {
        let connector = statsd_async_std::Connector::start(config).expect("the settings are good");
        record(&connector.client());
        connector.stop().await
    })
}

fn on_smol(config: Config, record: &dyn Fn(&Client)) -> Report {
    smol::block_on(async {
        let connector = statsd_smol::Connector::start(config).expect("the settings are good");
        record(&connector.client());
        connector.stop().await
    })
}

fn on_tokio(config: Config, record: &dyn Fn(&Client)) -> Report {
    let runtime = tokio::runtime::Runtime::new().expect("the system has threads");
    runtime.block_on(async {
        let connector = statsd_tokio::Connector::start(config).expect("the settings are good");
        record(&connector.client());
        connector.stop().await
    })
}
