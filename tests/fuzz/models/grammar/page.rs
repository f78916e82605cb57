//! The page on servers: each of them takes what a client sends that was configured as it says there.

use std::time::Duration;

use statsd_proto::testing::recorder;
use statsd_proto::{Config, Dialect, Metric, RecordError, Transport};

use super::Grammar;
use super::rows::{CLOUDWATCH, METRICBEAT, NEW_RELIC, VECTOR};

/// A row of the page's first table.
struct Row {
    server: &'static str,
    written: &'static str,
    config: Config,
    grammar: &'static Grammar,
}

macro_rules! row {
    ($server:literal, $config:expr, $grammar:expr) => {
        Row {
            server: $server,
            written: stringify!($config),
            config: $config,
            grammar: $grammar,
        }
    };
}

#[test]
fn each_server_of_the_page_takes_what_is_written_for_it() {
    let rows = rows();
    let table = PAGE.split("\n\n").find(|text| text.starts_with("| server"));
    let lines: Vec<_> = table.expect("it has a table").lines().skip(2).collect();
    assert_eq!(lines.len(), rows.len());
    for (line, row) in lines.into_iter().zip(rows) {
        // A call is broken into two, so that the column stays narrow.
        let line = line.replace("` `", "");
        let start = format!("| {}", row.server);
        let code = format!("| `{}` |", row.written);
        assert!(line.starts_with(&start) && line.contains(&code), "{line}");
        for interval in [None, Some(Duration::from_secs(2))] {
            check(&row, row.config.clone().aggregate(interval));
        }
    }
}

/// Records metrics of each kind, and parses the lines that the server gets.
fn check(row: &Row, config: Config) {
    let (client, mut server) = recorder(config).expect("the page says what can work");
    let tags = [("route", "home page"), ("zone", "a:b")];
    let plain = [
        Metric::counter("orders", 2),
        Metric::gauge("depth", 7.5),
        Metric::gauge("level", -5),
        Metric::gauge_delta("depth", 1),
        Metric::timing_ms("time", 1.5),
        Metric::timings_ms("times", &[1.5, 2.0, 0.25]),
        Metric::histogram("size", 10),
        Metric::distribution("latency", 10),
        Metric::meter("rate", 3),
        Metric::set("users", "ann"),
    ];
    let mut taken = 0;
    for metric in plain {
        for metric in [metric, metric.tags(&tags), metric.sampled_at(0.5)] {
            match client.record(&metric) {
                Ok(()) => taken += 1,
                Err(
                    RecordError::Unsupported(_)
                    | RecordError::InvalidTag
                    | RecordError::InvalidRate,
                ) => {}
                Err(error) => panic!("{}: {metric:?}: {error}", row.server),
            }
        }
    }
    assert!(taken >= 8, "{} takes {taken}", row.server);
    server.advance(Duration::from_secs(5));
    let lines = server.lines();
    assert!(lines.len() >= 8, "{} gets {lines:?}", row.server);
    for line in lines {
        let read = row.grammar.read(&line);
        let read = read.unwrap_or_else(|error| panic!("{} of {line}: {error}", row.server));
        assert!(row.grammar.knows(read.code), "{} of {line}", row.server);
    }
}

/// Datagrams, a stream and frames of a dialect are all that its row lets through.
#[test]
fn a_dialect_goes_over_what_its_servers_listen_on_and_nothing_else() {
    for dialect in super::DIALECTS.into_iter().chain([Dialect::OpenTelemetry]) {
        for transport in [
            Transport::Tcp,
            Transport::Udp,
            Transport::UnixDatagram,
            Transport::UnixStream,
        ] {
            let config = Config::new("192.0.2.1").unix_stream("/run/statsd.sock");
            let config = config.dialect(dialect).transport(transport);
            let listens = Grammar::of(dialect).transports.contains(&transport);
            assert_eq!(config.check().is_ok(), listens, "{dialect:?} {transport:?}");
        }
    }
}

fn rows() -> Vec<Row> {
    let of = Grammar::of;
    vec![
        row!(
            "Etsy/statsd",
            Config::new("stats.example"),
            of(Dialect::Statsd)
        ),
        row!(
            "Datadog agent",
            Config::dogstatsd("10.0.0.7"),
            of(Dialect::DogStatsd)
        ),
        row!(
            "OpenTelemetry Collector",
            Config::new("10.0.0.7").dialect(Dialect::OpenTelemetry),
            of(Dialect::OpenTelemetry)
        ),
        row!(
            "Prometheus statsd_exporter",
            Config::new("10.0.0.7").dialect(Dialect::StatsdExporter),
            of(Dialect::StatsdExporter)
        ),
        row!(
            "Grafana Alloy",
            Config::new("10.0.0.7").dialect(Dialect::StatsdExporter),
            of(Dialect::StatsdExporter)
        ),
        row!(
            "Telegraf",
            Config::new("10.0.0.7").dialect(Dialect::Influx),
            of(Dialect::Influx)
        ),
        row!(
            "Amazon CloudWatch agent",
            Config::new("udp://127.0.0.1").kind_prefixes(false),
            &CLOUDWATCH
        ),
        row!(
            "Vector",
            Config::new("tcp://10.0.0.7:8125").kind_prefixes(false),
            &VECTOR
        ),
        row!(
            "Metricbeat",
            Config::new("udp://10.0.0.7").kind_prefixes(false),
            &METRICBEAT
        ),
        row!(
            "New Relic",
            Config::new("udp://10.0.0.7").kind_prefixes(false),
            &NEW_RELIC
        ),
        row!(
            "netdata",
            Config::new("10.0.0.7").dialect(Dialect::Netdata),
            of(Dialect::Netdata)
        ),
        row!(
            "collectd",
            Config::new("10.0.0.7").dialect(Dialect::Collectd),
            of(Dialect::Collectd)
        ),
        row!(
            "SignalFx",
            Config::new("10.0.0.7").dialect(Dialect::SignalFx),
            of(Dialect::SignalFx)
        ),
        row!(
            "Graphite 1.1",
            Config::new("stats.example").dialect(Dialect::Graphite),
            of(Dialect::Graphite)
        ),
        row!(
            "Librato",
            Config::new("stats.example").dialect(Dialect::Librato),
            of(Dialect::Librato)
        ),
    ]
}

const PAGE: &str = include_str!("../../../../statsd-proto/SERVERS.md");
