//! Transports of the program's own.

use super::*;
use crate::config::UnixSockets;

#[test]
fn a_custom_transport_refuses_what_only_a_socket_of_the_kernel_can_keep() {
    for config in both() {
        let keepalive = config.clone().keepalive(Some(Duration::from_secs(20)));
        assert_told(&keepalive, "keepalive", "20s");
        assert_told(
            &config.clone().send_buffer(Some(65_536)),
            "send_buffer",
            "65536",
        );
        assert_told(
            &config.resend_unacknowledged(true),
            "resend_unacknowledged",
            "true",
        );
    }
}

#[test]
fn a_custom_transport_takes_settings_that_ask_nothing_of_a_socket() {
    for config in both() {
        let config = config
            .keepalive(None)
            .send_buffer(None)
            .resend_unacknowledged(false)
            .max_connection_age(Some(Duration::from_secs(60)));
        assert_eq!(config.check(), Ok(()));
    }
}

#[test]
fn the_target_of_a_custom_transport_is_what_the_configuration_has_for_a_server() {
    for (config, target) in [
        (
            Config::new("stats.example").port(6514),
            "stats.example:6514",
        ),
        (Config::new("stats.example"), "stats.example:8125"),
        (
            Config::new("tcp://stats.example:6514"),
            "stats.example:6514",
        ),
        (Config::new("udp://[::1]:9125"), "[::1]:9125"),
        (Config::new("stats.example:6514"), "stats.example:6514"),
        (Config::new("tls://stats.example"), "tls://stats.example"),
        (Config::new("vsock://2:8125"), "vsock://2:8125"),
        (Config::new(r"\\.\pipe\statsd"), r"\\.\pipe\statsd"),
        (Config::new("unix:///run/a.sock"), "/run/a.sock"),
        (Config::new("unixgram://@name"), "@name"),
        (Config::new("").unix_stream("/run/a.sock"), "/run/a.sock"),
    ] {
        for transport in CUSTOM {
            let config = config.clone().transport(transport);
            assert_eq!(config.check(), Ok(()), "{target}");
            assert_eq!(config.custom_target(), target);
            assert_eq!(config.server(), target);
        }
    }
}

#[test]
fn a_custom_target_is_text_and_cannot_forge_a_log() {
    for transport in CUSTOM {
        let config = |host: &str| Config::new(host).transport(transport);
        assert_told(&config("pipe\nall is well"), "host", "pipe\nall is well");
        let error = config("").check().unwrap_err();
        assert!(
            matches!(
                error,
                ConfigError::Missing {
                    setting: "host",
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[test]
fn a_call_without_a_connector_refuses_a_custom_transport() {
    for config in both() {
        let error = config
            .check_unix_sockets(UnixSockets::PathsAndNames)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("transport is \"custom_"), "{error}");
        assert!(error.contains("`connect_with`"), "{error}");
        let disabled = config.enabled(false);
        assert_eq!(disabled.check_unix_sockets(UnixSockets::Missing), Ok(()));
    }
}

#[test]
fn a_pipe_of_windows_is_refused_with_the_call_that_can_open_it() {
    for address in [r"\\.\pipe\statsd", "//./pipe/statsd"] {
        let error = Config::new(address).check().unwrap_err().to_string();
        assert!(error.contains("`connect_with`"), "{error}");
        let error = Config::new("a").address(address).unwrap_err().to_string();
        assert!(error.contains("`connect_with`"), "{error}");
    }
}

#[test]
fn a_custom_stream_carries_lines_in_every_dialect() {
    for dialect in Dialect::ALL {
        let config = Config::new("a").dialect(dialect).kind_prefixes(false);
        let config = config.transport(Transport::CustomStream);
        let (client, mut recorder) = recorder(config).unwrap();
        client.incr("orders", 1);
        client.incr("logins", 1);
        recorder.advance(Duration::from_secs(1));
        let lines = recorder.payloads().concat();
        assert!(lines.starts_with("orders:1|c\nlogins:1|c"), "{lines}");
        assert!(lines.ends_with('\n'), "{lines}");
    }
}

#[test]
fn a_line_is_no_longer_than_a_custom_datagram() {
    let config = Config::new("a").transport(Transport::CustomDatagram);
    assert_eq!(config.line_limit(), 1432);
    let config = config.max_datagram(9000);
    assert_eq!(config.line_limit(), 9000);
}

const CUSTOM: [Transport; 2] = [Transport::CustomDatagram, Transport::CustomStream];

fn both() -> [Config; 2] {
    CUSTOM.map(|transport| Config::new("stats.example").transport(transport))
}
