//! Text of an attacker: it neither becomes a metric of its own, nor crashes the server,
//! nor fills memory.

use statsd_proto::testing::recorder;
use statsd_proto::{Config, Dialect, Metric, RecordError, SanitizePolicy, Transport};

#[test]
fn no_text_of_a_caller_becomes_a_second_line() {
    for config in configs() {
        let (client, mut recorder) = recorder(config).expect("the settings are good");
        for text in INJECTIONS {
            let tags = [(text, text)];
            for metric in [
                Metric::counter(text, 1),
                Metric::set("x", text),
                Metric::counter("x", 1).tags(&tags),
            ] {
                client.record(&metric).expect("it is made safe");
                let lines = recorder.lines();
                assert_eq!(lines.len(), 1, "{lines:?} of {text:?}");
                assert!(!lines[0].contains(char::is_control), "{lines:?}");
                let fields = lines[0].split('|').count();
                let most = if lines[0].contains("|#") { 3 } else { 2 };
                assert_eq!(fields, most, "{lines:?} of {text:?}");
            }
            for metric in [Metric::raw("x", 1, text), Metric::raw("x", text, "c")] {
                assert!(client.record(&metric).is_err(), "{metric:?}");
            }
            assert_eq!(recorder.lines(), [""; 0]);
        }
    }
}

#[test]
fn text_that_could_forge_a_metric_can_be_refused() {
    for config in configs() {
        let config = config.sanitize_policy(SanitizePolicy::Refuse);
        let (client, mut recorder) = recorder(config).expect("the settings are good");
        for text in INJECTIONS {
            let tags = [("key", text)];
            for metric in [
                Metric::counter(text, 1),
                Metric::set("x", text),
                Metric::counter("x", 1).tags(&tags),
            ] {
                let refused = client.record(&metric);
                assert_eq!(refused, Err(RecordError::UnsafeText), "{metric:?}");
            }
        }
        assert_eq!(recorder.lines(), [""; 0]);
        let refused = recorder.stats().refused;
        assert_eq!(refused.invalid, 3 * INJECTIONS.len() as u64);
    }
}

#[test]
fn a_name_that_the_reference_server_dies_of_never_leaves() {
    for policy in [SanitizePolicy::Refuse, SanitizePolicy::Replace] {
        let config = Config::new("localhost")
            .kind_prefixes(false)
            .sanitize_policy(policy);
        let (client, mut recorder) = recorder(config).expect("the settings are good");
        for name in ["constructor", "__proto__", "toString", "con,structor"] {
            for metric in [Metric::timing_ms(name, 1), Metric::set(name, "m")] {
                let result = client.record(&metric);
                assert_eq!(result.is_ok(), policy == SanitizePolicy::Replace, "{name}");
            }
        }
        let safe = ["_constructor", "___proto__", "_toString", "_con,structor"];
        for name in recorder.names() {
            assert!(safe.contains(&&*name), "{name}");
        }
    }
}

#[test]
fn a_rate_or_a_value_that_a_server_misreads_never_leaves() {
    for config in configs() {
        let (client, mut recorder) = recorder(config).expect("the settings are good");
        for rate in [0.0, -0.5, 1.5, f64::NAN, f64::INFINITY] {
            let metric = Metric::counter("x", 1).sampled_at(rate);
            assert_eq!(client.record(&metric), Err(RecordError::InvalidRate));
        }
        for line in ["x:1|c|@+0.5x", "x:1|c|@Infinity", "x:1|c|@ 0.5", "x:NaN|c"] {
            assert!(Metric::parse(line).is_err(), "{line}");
        }
        // A valid number in another form is written in the form that all servers read.
        for (line, written) in [
            ("x:1|c|@+0.5", "x:1|c|@0.5"),
            ("x:1|c|@2e-1", "x:1|c|@0.2"),
            ("x:1e-05|ms", "x:0.00001|ms"),
        ] {
            let metric = Metric::parse(line).expect("it is a number");
            client.record(&metric).expect("it is valid");
            assert_eq!(recorder.lines(), [written]);
        }
    }
}

#[test]
fn a_name_of_a_megabyte_is_refused_and_leaves_nothing() {
    let name = "n".repeat(1 << 20);
    for config in configs() {
        let (client, recorder) = recorder(config).expect("the settings are good");
        let long_tags = [("key", &*name)];
        for metric in [
            Metric::counter(&name, 1),
            Metric::set("x", &name),
            Metric::counter("x", 1).tags(&long_tags),
            Metric::raw("x", 1, &name),
        ] {
            assert_eq!(client.record(&metric), Err(RecordError::LineTooLong));
        }
        let stats = recorder.stats();
        assert_eq!((stats.refused.too_long, stats.queued_bytes_peak), (4, 0));
    }
}

#[test]
fn names_used_once_make_nothing_grow() {
    for config in configs() {
        let bound = 4 * 65_507;
        let config = config.max_queue_bytes(bound);
        let (client, mut recorder) = recorder(config).expect("the settings are good");
        for round in 0..20 {
            for number in 0..2500 {
                client.incr(&format!("session.{round}.{number}"), 1);
            }
            assert_eq!(recorder.lines().len(), 2500);
        }
        let stats = recorder.stats();
        assert_eq!(stats.refused.total(), 0);
        assert!(stats.queued_bytes_peak <= bound as u64, "{stats:?}");
    }
}

/// Each dialect over each transport.
fn configs() -> impl Iterator<Item = Config> {
    let transports = [
        Transport::CustomDatagram,
        Transport::CustomStream,
        Transport::Tcp,
        Transport::Udp,
        Transport::UnixDatagram,
        Transport::UnixStream,
    ];
    transports.into_iter().flat_map(|transport| {
        [Dialect::DogStatsd, Dialect::Statsd].map(|dialect| {
            Config::new("localhost")
                .unix_stream("/run/statsd.sock")
                .transport(transport)
                .dialect(dialect)
        })
    })
}

const INJECTIONS: [&str; 6] = [
    "evil:1|c\nfake:1|c",
    "a|c\nfake:1",
    "a|c|#admin:true",
    "a\r\nfake:1|c",
    "a|@0.001",
    "|",
];
