use super::*;
use crate::config::Transport;

#[test]
fn the_environment_says_where_the_agent_is_and_who_sends() {
    let vars = [
        ("DD_VERSION", "7"),
        ("DD_SERVICE", "shop"),
        ("DD_ENV", "prod"),
        ("DD_ENTITY_ID", "pod-1"),
        ("DD_AGENT_HOST", "10.0.0.7"),
        ("DD_DOGSTATSD_PORT", "9125"),
        ("DD_EXTERNAL_ENV", " it-false,cn-web\n"),
        ("DD_CARDINALITY", "Low"),
        ("DATADOG_CARDINALITY", "high"),
        ("DD_ORIGIN_DETECTION_ENABLED", "true"),
        ("DD_DOGSTATSD_DISABLE", "no"),
        ("DATADOG_TAGS", "team:web, env:test ,beta,"),
        ("DD_TAGS", "team:web,version:6"),
        ("STATSD_PREFIX", "c"),
    ];
    let expected = Config::dogstatsd("10.0.0.7")
        .port(9125)
        .tag("team", "web")
        .tag("beta", "")
        .tag("dd.internal.entity_id", "pod-1")
        .tag("env", "prod")
        .tag("service", "shop")
        .tag("version", "7")
        .external_data("it-false,cn-web")
        .cardinality(Cardinality::Low);
    assert_eq!(expected.check(), Ok(()));
    let mut vars = Vec::from(vars);
    for _ in 0..vars.len() {
        vars.rotate_left(1);
        assert_eq!(Config::from_dd_vars(vars.clone()), Ok(expected.clone()));
    }
}

#[test]
fn tags_have_commas_or_white_space_between_them() {
    let tags = |value| Config::from_dd_vars([("DD_TAGS", value)]).unwrap().tags;
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let two = [pair("a", "b:c"), pair("d", "")];
    assert_eq!(tags("a:b:c,d"), two);
    assert_eq!(tags(" a:b:c \t d "), two);
    assert_eq!(tags("a:b c,d"), [pair("a", "b c"), pair("d", "")]);
    assert_eq!(tags("a:b,a:c"), [pair("a", "b"), pair("a", "c")]);
    assert_eq!(tags(" , "), []);
}

#[test]
fn a_cardinality_of_either_name_is_read() {
    let config = Config::from_dd_vars([("DATADOG_CARDINALITY", "high")]);
    assert_eq!(
        config,
        Ok(Config::dogstatsd("").cardinality(Cardinality::High))
    );
}

#[test]
fn an_address_wins_over_host_and_port() {
    let base = || Config::dogstatsd("").port(7);
    for (url, expected) in [
        (
            "udp://a:9125",
            base().host("a").port(9125).transport(Transport::Udp),
        ),
        ("udp://a", base().host("a").transport(Transport::Udp)),
        (
            "udp://[::1]:1",
            base().host("[::1]").port(1).transport(Transport::Udp),
        ),
        ("tcp://a", base().host("a").transport(Transport::Tcp)),
        ("unixgram:///dsd", base().unix_datagram("/dsd")),
        ("unixstream:///dsd", base().unix_stream("/dsd")),
    ] {
        let port = ("DD_DOGSTATSD_PORT", "7");
        let as_host = Config::from_dd_vars([("DD_AGENT_HOST", url), port]);
        assert_eq!(as_host, Ok(expected.clone()), "{url}");
        let vars = [
            ("DD_DOGSTATSD_URL", url),
            port,
            ("DD_AGENT_HOST", "unix:///b"),
            ("DD_DOGSTATSD_SOCKET", "/c"),
        ];
        let config = Config::from_dd_vars(vars).unwrap();
        assert_eq!(config.check(), Ok(()));
        let where_to = |config: &Config| {
            let transport = config.effective_transport();
            let network = config.socket_address();
            (transport, network, config.host.clone(), config.path.clone())
        };
        assert_eq!(where_to(&config), where_to(&expected), "{url}");
    }
}

#[test]
fn the_socket_of_the_agent_is_one_of_datagrams() {
    for vars in [
        ("DD_DOGSTATSD_SOCKET", "/run/dsd.socket"),
        ("DD_DOGSTATSD_SOCKET", "unix:///run/dsd.socket"),
        ("DD_DOGSTATSD_URL", "unix:///run/dsd.socket"),
        ("DD_AGENT_HOST", "unix:///run/dsd.socket"),
    ] {
        let config = Config::from_dd_vars([vars, ("DD_DOGSTATSD_PORT", "7")]).unwrap();
        assert_eq!(config.effective_transport(), Transport::UnixDatagram);
        assert_eq!(config.path.to_str(), Some("/run/dsd.socket"));
        assert_eq!(config.check(), Ok(()));
    }
}

#[test]
fn the_program_wins_over_the_url() {
    for url in ["udp://a:9125", "unix:///dsd", "unixstream:///dsd"] {
        let config = Config::from_dd_vars([("DD_DOGSTATSD_URL", url)]).unwrap();
        let config = config.host("10.0.0.7").port(8125);
        assert_eq!(
            config.socket_address(),
            Some("10.0.0.7:8125".parse().unwrap())
        );
        assert_eq!(config.effective_transport(), Transport::Udp, "{url}");
        assert_eq!(config.check(), Ok(()));
    }
}

#[test]
fn empty_variables_are_as_good_as_none() {
    let vars = VARIABLES.map(|name| (name, ""));
    assert_eq!(Config::from_dd_vars(vars), Ok(Config::dogstatsd("")));
}

#[test]
fn origin_detection_is_turned_off_by_any_word_for_no() {
    for (value, is_sent) in [
        ("false", false),
        ("0", false),
        ("OFF", false),
        ("no", false),
        ("1", true),
        ("yes", true),
        ("maybe", true),
    ] {
        let vars = [("DD_ORIGIN_DETECTION_ENABLED", value)];
        let config = Config::from_dd_vars(vars).unwrap();
        let expected = Config::dogstatsd("").origin_detection(is_sent);
        assert_eq!(config, expected, "{value}");
    }
}

#[test]
fn a_client_can_be_disabled_and_needs_nothing_else_then() {
    for (value, is_enabled) in [("True", false), ("1", false), ("0", true), ("no", true)] {
        let config = Config::from_dd_vars([("DD_DOGSTATSD_DISABLE", value)]).unwrap();
        assert_eq!(config, Config::dogstatsd("").enabled(is_enabled), "{value}");
        assert_eq!(config.check().is_ok(), !is_enabled, "{value}");
    }
}

#[test]
fn a_bad_variable_is_named_with_its_value() {
    for (name, value) in [
        ("DD_AGENT_HOST", "a b"),
        ("DD_AGENT_HOST", "host:8125"),
        ("DD_DOGSTATSD_PORT", "0"),
        ("DD_DOGSTATSD_PORT", "+8125"),
        ("DD_DOGSTATSD_PORT", "http"),
        ("DD_DOGSTATSD_URL", "host:8125"),
        ("DD_DOGSTATSD_URL", "http://host:8125"),
        ("DD_DOGSTATSD_URL", "udp://host:0"),
        ("DD_DOGSTATSD_URL", "unix://"),
        ("DD_DOGSTATSD_URL", r"\\.\pipe\dsd"),
        ("DD_DOGSTATSD_SOCKET", r"\\.\pipe\dsd"),
        ("DD_DOGSTATSD_DISABLE", "enabled"),
        ("DD_CARDINALITY", "medium"),
        ("DATADOG_CARDINALITY", "medium"),
        ("DD_EXTERNAL_ENV", "a|b"),
        ("DATADOG_TAGS", "a:b|c"),
        ("DD_TAGS", ":b"),
        ("DD_ENV", "a|b"),
        ("DD_ENTITY_ID", "a\n"),
        ("DD_SERVICE", "a,b"),
    ] {
        let error = Config::from_dd_vars([(name, value)]).unwrap_err();
        let text = error.to_string();
        let shown = format!("{value:?}");
        let shown = shown.trim_matches('"');
        assert!(text.contains(name) && text.contains(shown), "{text}");
    }
}
