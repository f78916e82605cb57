use std::time::Duration;

use super::*;
use crate::config::Telemetry;
use crate::dogstatsd::Cardinality;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn what_a_file_leaves_out_has_its_default() {
    assert_eq!(toml(""), Ok(Config::new("")));
    assert_eq!(json("{}"), Ok(Config::new("")));
    assert_eq!(toml("host = 'a'"), Ok(Config::new("a")));
}

#[test]
fn every_setting_can_be_read_from_toml() {
    let config = toml(
        r#"
        host = "a.example"
        port = 9125
        path = "/run/s.sock"
        transport = "unix_stream"
        enabled = false
        prefix = "shop"
        kind_prefixes = false
        dialect = "dogstatsd"
        sanitize_policy = "refuse"
        max_line = 1000
        max_datagram = 4096
        segmentation = false
        max_queue_bytes = 1000000
        max_queue_lines = 5000
        overflow = "drop_oldest"
        flush_interval = "50ms"
        aggregate = "2s"
        max_series = 100
        max_samples = 50
        max_aggregate_bytes = 1000000
        settle_time = "0s"
        resolve_interval = "5m"
        connect_timeout = "2s 500ms"
        write_timeout = "1m"
        close_timeout = "1s"
        send_buffer = 4096
        keepalive = "1m"
        max_connection_age = "1h"
        resend_unacknowledged = true
        adaptive_sampling = true
        rate = 0.5

        [pace]
        burst = 2000
        rate = 1000

        [backoff]
        initial = "1s"
        max = "1m"

        [origin]
        container_id = "abc"
        cardinality = "low"
        detection = false

        [telemetry]
        name = "statsd.client"
        interval = "1m"

        [tags]
        env = "test"
        beta = ""
        "#,
    );
    assert_eq!(config, Ok(every_setting()));
}

#[test]
fn what_is_written_is_read_back() {
    let none = Config::new("a")
        .pace(None)
        .resolve_interval(None)
        .send_buffer(None);
    let agents = Config::dogstatsd("a").telemetry(Some(Telemetry::datadog()));
    let odd = Config::new("a").flush_interval(Duration::from_nanos(1_234_567_891));
    for config in [
        Config::new(""),
        Config::dogstatsd("b"),
        Config::dogstatsd("unix:///run/dsd.socket"),
        Config::new("unixgram://@statsd"),
        Config::new("udp://[::1]:9125").kind_prefixes(false),
        none,
        odd,
        agents,
        every_setting(),
    ] {
        let text = ::toml::to_string(&config).unwrap();
        assert_eq!(toml(&text), Ok(config.clone()), "{text}");
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(json(&text), Ok(config), "{text}");
    }
}

#[test]
fn only_what_differs_from_the_defaults_is_written() {
    let config = Config::new("a").flush_interval(SECOND).pace(None);
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(text, r#"{"host":"a","pace":"none","flush_interval":"1s"}"#);
}

#[test]
fn none_turns_off_what_can_be_turned_off() {
    let off = Config::new("").pace(None).resolve_interval(None);
    let off = Ok(off.send_buffer(None));
    let text = "pace = 'none'\nresolve_interval = 'none'\nsend_buffer = 'none'";
    assert_eq!(toml(text), off);
    let text = r#"{"pace": "none", "resolve_interval": "none", "send_buffer": "none"}"#;
    assert_eq!(json(text), off);
    assert!(toml("write_timeout = 'none'").is_err());
}

#[test]
fn an_address_wins_over_the_other_settings() {
    let udp = || Ok(Config::new("b").port(9125).transport(Transport::Udp));
    let text = "port = 7\naddress = 'udp://b:9125'\nhost = 'a'\ntransport = 'tcp'";
    assert_eq!(toml(text), udp());
    let text = "port = 7\nhost = 'udp://b:9125'\ntransport = 'tcp'";
    assert_eq!(toml(text), udp());
    let unix = Ok(Config::new("unix:///s"));
    assert_eq!(json(r#"{"address": "unix:///s"}"#), unix);
    assert_eq!(json(r#"{"host": "unix:///s"}"#), unix);
    assert_eq!(json(r#"{"path": "/s"}"#), unix);
    let other = r#"{"address": "unix:///s", "path": "/other"}"#;
    assert_eq!(json(other), unix);
}

#[test]
fn what_cannot_work_is_an_error_that_names_it() {
    for (text, parts) in [
        ("hots = 'a'", ["unknown field `hots`", "`host`"]),
        ("transport = 'sctp'", ["unknown variant `sctp`", "`udp`"]),
        ("dialect = 'etsy'", ["unknown variant `etsy`", "`statsd`"]),
        ("port = 0", ["port is \"0\"", "1 to 65535"]),
        ("port = 65536", ["65536", "u16"]),
        ("host = 'a b'", ["host is \"a b\"", "a host name"]),
        ("prefix = 'a:b'", ["prefix is \"a:b\"", "in a name"]),
        ("address = 'a:1'", ["address is \"a:1\"", "udp://"]),
        ("flush_interval = '5 parsecs'", ["5 parsecs", "100ms"]),
        ("flush_interval = 5", ["integer `5`", "100ms"]),
        ("resolve_interval = 'never'", ["never", "100ms"]),
        (
            "resolve_interval = '0s'",
            ["resolve_interval", "above zero"],
        ),
        ("send_buffer = -1", ["-1", "usize"]),
        ("send_buffer = 0", ["send_buffer is \"0\"", "at least 1"]),
        ("pace = { burst = 1 }", ["missing field `rate`", "pace"]),
        ("pace = { burst = 1, rate = 1, x = 1 }", ["unknown", "`x`"]),
        ("backoff = { initial = '1s' }", ["missing", "`max`"]),
        ("tags = { '' = 'x' }", ["tag is \":x\"", "a key"]),
        ("tags = { a = 1 }", ["integer `1`", "a string"]),
    ] {
        let error = toml(text).unwrap_err();
        for part in parts {
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

fn every_setting() -> Config {
    Config::new("a.example")
        .port(9125)
        .unix_stream("/run/s.sock")
        .enabled(false)
        .prefix("shop")
        .kind_prefixes(false)
        .dialect(Dialect::DogStatsd)
        .tag("beta", "")
        .tag("env", "test")
        .sanitize_policy(SanitizePolicy::Refuse)
        .max_line(1000)
        .max_datagram(4096)
        .segmentation(false)
        .max_queue_bytes(1_000_000)
        .max_queue_lines(5000)
        .overflow(Overflow::DropOldest)
        .pace(Some(Pace {
            burst: 2000,
            rate: 1000,
        }))
        .flush_interval(SECOND / 20)
        .aggregate(Some(SECOND * 2))
        .max_series(100)
        .max_samples(50)
        .max_aggregate_bytes(1_000_000)
        .backoff(SECOND, SECOND * 60)
        .settle_time(Duration::ZERO)
        .resolve_interval(Some(SECOND * 300))
        .connect_timeout(SECOND * 5 / 2)
        .write_timeout(SECOND * 60)
        .close_timeout(SECOND)
        .send_buffer(Some(4096))
        .container_id("abc")
        .cardinality(Cardinality::Low)
        .origin_detection(false)
        .keepalive(Some(SECOND * 60))
        .max_connection_age(Some(SECOND * 3600))
        .resend_unacknowledged(true)
        .adaptive_sampling(true)
        .rate(0.5)
        .telemetry(Some(
            Telemetry::named("statsd.client").interval(SECOND * 60),
        ))
}

fn toml(text: &str) -> Result<Config, String> {
    ::toml::from_str(text).map_err(|error| error.to_string())
}

fn json(text: &str) -> Result<Config, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}
