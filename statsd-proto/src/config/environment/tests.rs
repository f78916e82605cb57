use super::*;

#[test]
fn words_for_yes_and_no_are_known_and_others_are_an_error() {
    for value in [
        "1", "-1", " 1 ", "+7", "007", "true", "True", "t", "YES", "y", "on", " yes",
    ] {
        assert_eq!(switch("X", value), Ok(true), "{value:?}");
    }
    for value in [
        "", " ", "0", "-0", "00", "no", "N", "f", "False", "off", "OFF",
    ] {
        assert_eq!(switch("X", value), Ok(false), "{value:?}");
    }
    for value in ["1.0", "0x1", "enabled", "disabled", "nope", "-", "ja"] {
        let error = Config::from_vars([("STATSD_ENABLED", value)]).unwrap_err();
        let start = format!("STATSD_ENABLED is {value:?}, but must be a word for yes");
        assert!(error.to_string().starts_with(&start), "{error}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_dialect_has_one_name_in_files_and_in_the_environment() {
    for dialect in Dialect::ALL {
        let name = serde_json::to_value(dialect).unwrap();
        let name = name.as_str().unwrap();
        let vars = [("STATSD_DIALECT", name)];
        let config = Config::from_vars(vars).unwrap();
        assert_eq!(config.dialect, dialect);
        assert!(Dialect::NAMES.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn what_the_environment_says_wins_over_the_defaults() {
    let config = Config::from_vars([
        ("STATSD_HOST", "stats.example"),
        ("STATSD_PORT", "9125"),
        ("STATSD_PREFIX", "shop.web"),
        ("STATSD_PROTOCOL", "udp"),
        ("STATSD_DIALECT", "Influx"),
        ("STATSD_ENABLED", "no"),
        ("PATH", "/bin"),
    ])
    .unwrap();
    let expected = Config::new("stats.example")
        .port(9125)
        .prefix("shop.web")
        .transport(Transport::Udp)
        .dialect(Dialect::Influx)
        .enabled(false);
    assert_eq!(config, expected);
}

#[test]
fn an_address_wins_over_the_other_variables_in_any_order() {
    for (address, expected) in [
        (
            "udp://a:9125",
            Config::new("a").port(9125).transport(Transport::Udp),
        ),
        (
            "udp://a",
            Config::new("a").port(7).transport(Transport::Udp),
        ),
        ("unixgram:///s", Config::new("").port(7).unix_datagram("/s")),
    ] {
        let mut vars = vec![
            ("STATSD_HOST", address),
            ("STATSD_PORT", "7"),
            ("STATSD_PROTOCOL", "tcp"),
        ];
        for _ in 0..vars.len() {
            vars.rotate_left(1);
            let config = Config::from_vars(vars.clone()).unwrap();
            assert_eq!(config.prefix(""), expected, "{vars:?}");
        }
    }
}

#[test]
fn setters_win_over_the_environment() {
    let config = Config::from_vars([("STATSD_HOST", "a"), ("STATSD_PREFIX", "b")]).unwrap();
    assert_eq!(config.host("c").prefix("").check(), Ok(()));
    for address in ["unix:///run/s.sock", "unixgram://@s", "tcp://a", "udp://a"] {
        let config = Config::from_vars([("STATSD_HOST", address)]).unwrap();
        let config = config.prefix("").host("10.0.0.7");
        let expected = Some("10.0.0.7:8125".parse().unwrap());
        assert_eq!(config.socket_address(), expected, "{address}");
        assert!(!config.effective_transport().is_unix(), "{address}");
        assert_eq!(config.check(), Ok(()), "{address}");
        let config = config.host("unix:///other");
        assert!(config.effective_transport().is_unix(), "{address}");
    }
    let config = Config::from_vars([("STATSD_HOST", "unix:///s")]).unwrap();
    assert_eq!(config.clone().default_host("a"), config);
}

#[test]
fn a_bad_variable_is_named_with_its_value() {
    for (name, value) in [
        ("STATSD_PORT", "0"),
        ("STATSD_PORT", "65536"),
        ("STATSD_PORT", "-1"),
        ("STATSD_PORT", "+8125"),
        ("STATSD_PORT", "http"),
        ("STATSD_PORT", ""),
        ("STATSD_PROTOCOL", "sctp"),
        ("STATSD_PROTOCOL", ""),
        ("STATSD_DIALECT", "etsy"),
        ("STATSD_HOST", "..bad.."),
        ("STATSD_HOST", "a b"),
        ("STATSD_HOST", "host:8125"),
        ("STATSD_HOST", "tcp://h:+1"),
        ("STATSD_PREFIX", "a\nb"),
    ] {
        let error = Config::from_vars([(name, value)]).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(name) && text.contains(&format!("{value:?}")),
            "{text}"
        );
    }
}

#[test]
fn what_no_server_of_the_dialect_listens_on_is_an_error_of_the_variable() {
    let vars = [("STATSD_HOST", "tcp://a"), ("STATSD_DIALECT", "collectd")];
    let error = Config::from_vars(vars).unwrap_err().to_string();
    let start = "STATSD_HOST is \"tcp\", but must be `udp`";
    assert!(error.starts_with(start), "{error}");
}

#[test]
fn a_port_set_by_kubernetes_is_explained() {
    let value = "tcp://10.96.0.12:8125";
    let error = Config::from_vars([("STATSD_PORT", value)]).unwrap_err();
    let error = error.to_string();
    for part in ["STATSD_PORT", value, "Kubernetes", "enableServiceLinks"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_prefix_is_required_unless_disabled() {
    for vars in [vec![], vec![("STATSD_PREFIX", "")]] {
        let config = Config::from_vars(vars).unwrap().host("a");
        let error = |config: &Config| config.check().unwrap_err().to_string();
        let text = error(&config);
        for part in ["prefix must be set", "`STATSD_PREFIX`", "`Config::prefix`"] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(config.clone().enabled(false).check(), Ok(()));
        assert_eq!(error(&config.clone().application("shop", "")), text);
        assert_eq!(error(&config.clone().application("", "production")), text);
        let config = config.application("shop", "production");
        assert_eq!(
            config.prefix.as_deref(),
            Some("applications.shop.production")
        );
        assert_eq!(config.check(), Ok(()));
    }
}

#[test]
fn a_host_is_required_unless_disabled() {
    for vars in [vec![], vec![("STATSD_HOST", "")]] {
        let config = Config::from_vars(vars).unwrap().prefix("");
        let error = config.check().unwrap_err().to_string();
        for part in ["host must be set", "`STATSD_HOST`", "`Config::host`"] {
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(config.clone().host("a").check(), Ok(()));
        assert_eq!(config.clone().default_host("a").check(), Ok(()));
        assert_eq!(config.enabled(false).check(), Ok(()));
    }
}

#[test]
fn a_disabled_configuration_needs_nothing_else() {
    for value in ["no", "n", "f", "false", "off", "0", ""] {
        let vars = [("STATSD_ENABLED", value), ("STATSD_HOST", "")];
        assert_eq!(Config::from_vars(vars).unwrap().check(), Ok(()), "{value}");
    }
}
