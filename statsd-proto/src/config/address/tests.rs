use proptest::prelude::*;

use crate::config::{Config, Transport, UnixSockets};
use crate::encode::dialect::Dialect;
use crate::error::ConfigError;

/// Transport, and address, host name or path.
type Where = (Transport, String);

/// Each form in the table of [`Config::host`], and its meaning in a dialect.
#[test]
fn each_form_of_an_address_means_the_same_wherever_it_is_written() {
    use Transport::{Tcp, Udp, UnixDatagram, UnixStream};
    // Transport for Etsy/statsd, and for the Datadog agent.
    for (address, statsd, agent, place) in [
        ("stats.example", Tcp, Udp, "stats.example 8125"),
        ("stats.example.", Tcp, Udp, "stats.example. 8125"),
        ("10.0.0.7", Tcp, Udp, "10.0.0.7:8125"),
        ("::1", Tcp, Udp, "[::1]:8125"),
        ("[::1]", Tcp, Udp, "[::1]:8125"),
        ("fe80::1%eth0", Tcp, Udp, "fe80::1%eth0 8125"),
        ("[fe80::1%2]", Tcp, Udp, "[fe80::1%2]:8125"),
        ("udp://stats.example", Udp, Udp, "stats.example 8125"),
        ("udp://stats.example:9", Udp, Udp, "stats.example 9"),
        ("UDP://10.0.0.7:65535", Udp, Udp, "10.0.0.7:65535"),
        ("udp://[::1]:9125", Udp, Udp, "[::1]:9125"),
        ("udp://[fe80::1%eth0]:9", Udp, Udp, "fe80::1%eth0 9"),
        ("udp://[fe80::1%2]:9", Udp, Udp, "[fe80::1%2]:9"),
        ("tcp://stats.example", Tcp, Tcp, "stats.example 8125"),
        ("tcp://[::1]", Tcp, Tcp, "[::1]:8125"),
        ("tcp://10.0.0.7:1", Tcp, Tcp, "10.0.0.7:1"),
        ("unix:///d/s", UnixStream, UnixDatagram, "/d/s"),
        ("unixgram:///d/s", UnixDatagram, UnixDatagram, "/d/s"),
        ("unixstream:///d/s", UnixStream, UnixStream, "/d/s"),
        ("unix://s", UnixStream, UnixDatagram, "s"),
        ("unix://@a", UnixStream, UnixDatagram, "\0a"),
        ("unix://\0a", UnixStream, UnixDatagram, "\0a"),
        ("unixgram://@a", UnixDatagram, UnixDatagram, "\0a"),
        ("unixstream://@a", UnixStream, UnixStream, "\0a"),
    ] {
        for (dialect, transport) in [(Dialect::Statsd, statsd), (Dialect::DogStatsd, agent)] {
            let expected = Ok((transport, place.to_owned()));
            for (way, config) in ways(address, dialect) {
                let found = config.and_then(|config| {
                    config.check()?;
                    Ok(leads_to(&config))
                });
                assert_eq!(found, expected, "{address} by {way} for {dialect:?}");
            }
        }
    }
}

/// The table in the documentation of [`Config::host`].
#[test]
fn every_form_on_the_page_is_read_wherever_an_address_is_written() {
    let page = include_str!("../server.rs");
    let rows = page.lines().filter(|line| line.starts_with("    /// | `"));
    let forms = rows.flat_map(|row| {
        let forms = row.split(" | ").nth(1).unwrap();
        forms.split('`').skip(1).step_by(2)
    });
    let forms = forms.collect::<Vec<_>>();
    assert_eq!(forms.len(), 18, "{forms:?}");
    for form in forms {
        for dialect in [Dialect::Statsd, Dialect::DogStatsd] {
            let places = ways(form, dialect).into_iter().map(|(way, config)| {
                let config = config.unwrap_or_else(|error| panic!("{form} by {way}: {error}"));
                assert_eq!(config.check(), Ok(()), "{form} by {way}");
                leads_to(&config)
            });
            let places = places.collect::<Vec<_>>();
            assert!(places.len() >= 4, "each way is tried");
            assert!(places.iter().all(|place| *place == places[0]), "{form}");
        }
    }
}

#[test]
fn what_is_no_address_is_an_error_that_says_what_would_be_one() {
    let form = "address such as udp://host:8125";
    for (address, expected) in [
        ("host:8125", "such as udp://host:8125"),
        ("[::1]:8125", "such as udp://host:8125"),
        ("a b", form),
        ("..bad..", form),
        ("a/b", form),
        ("/run/statsd.sock", form),
        ("unix:/run/statsd.sock", form),
        ("[::1", form),
        ("fe80::1%", form),
        ("fe80::1%a b", form),
        ("[stats.example]", "an IPv6 address in its brackets"),
        ("http://host:8125", "a tcp://, udp://, unix://"),
        ("://host", "a tcp://, udp://, unix://"),
        ("tcp://", form),
        ("tcp://:8125", form),
        ("tcp://a b:1", form),
        ("tcp://user@host:1", form),
        ("udp://::1:8125", "an IPv6 address in brackets"),
        ("udp://fe80::1:2", "an IPv6 address in brackets"),
        ("udp://::1", "an IPv6 address in brackets"),
        ("udp://[::1]:8125x", "a port from 1 to 65535"),
        ("tcp://host:0", "a port from 1 to 65535"),
        ("tcp://host:65536", "a port from 1 to 65535"),
        ("tcp://host:+1", "a port from 1 to 65535"),
        ("tcp://host:-1", "a port from 1 to 65535"),
        ("tcp://host: 1", "a port from 1 to 65535"),
        ("tcp://host:", "a port from 1 to 65535"),
        ("tcp://host:1/", "a port from 1 to 65535"),
        ("unix://", "the path of a Unix socket"),
        ("unixgram://@", "the path of a Unix socket"),
        ("unix://unix:///d", "a path without a scheme"),
        ("unix:///a\0b", "without a NUL"),
        (r"\\.\pipe\datadog", "`connect_with`"),
        (r"unix://\\.\pipe\datadog", "`connect_with`"),
        ("npipe:////./pipe/datadog", "`connect_with`"),
    ] {
        for (way, config) in ways(address, Dialect::DogStatsd) {
            let error = config.and_then(|config| config.check()).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(expected), "{address} by {way}: {text}");
            assert!(
                matches!(&error, ConfigError::Invalid { value, .. } if value == address),
                "{address} by {way}: {text}"
            );
        }
    }
}

#[test]
fn a_path_is_no_address() {
    for (path, expected) in [
        ("", "path must be set"),
        ("unix:///d", "a path without a scheme"),
        ("unixgram:///d", "a path without a scheme"),
        ("@veneur", "`./@…` for a file of that name"),
        (&"a".repeat(108), "at most 107 bytes"),
        (r"\\.\pipe\datadog", "`connect_with`"),
    ] {
        for config in [
            Config::dogstatsd("").unix_datagram(path),
            Config::new("").unix_stream(path),
        ] {
            let error = config.check().unwrap_err().to_string();
            assert!(error.contains(expected), "{path}: {error}");
        }
    }
    for path in ["/run/s.sock", "./@veneur", "\0veneur"] {
        assert_eq!(Config::new("").unix_stream(path).check(), Ok(()), "{path}");
    }
}

#[test]
fn what_an_address_leaves_out_stays_as_it_was_set() {
    let base = || Config::new("elsewhere").port(9);
    for (config, transport, place) in [
        (base().host("a"), Transport::Tcp, "a 9"),
        (base().host("udp://a"), Transport::Udp, "a 9"),
        (base().host("udp://a:1").host("b"), Transport::Udp, "b 1"),
        (
            base().unix_datagram("/d").host("unix:///e"),
            Transport::UnixDatagram,
            "/e",
        ),
        (
            base().host("unix:///e").transport(Transport::UnixDatagram),
            Transport::UnixDatagram,
            "/e",
        ),
        (base().unix_datagram("/d").host("a"), Transport::Tcp, "a 9"),
        (
            base().host("unix:///e").transport(Transport::Udp),
            Transport::Udp,
            "elsewhere 9",
        ),
        (
            base().default_host("a").host("udp://b").default_host("c"),
            Transport::Udp,
            "b 9",
        ),
        (
            Config::new("unix:///e").default_host("c"),
            Transport::UnixStream,
            "/e",
        ),
    ] {
        assert_eq!(leads_to(&config), (transport, place.to_owned()));
        assert_eq!(config.check(), Ok(()));
    }
}

proptest! {
    /// Every text has the same meaning in each place where an address is read, and none panics.
    #[test]
    fn no_text_is_read_differently_in_two_places(text in text()) {
        for dialect in [Dialect::Statsd, Dialect::DogStatsd] {
            let found = ways(&text, dialect).into_iter().map(|(way, config)| {
                let place = config.and_then(|config| {
                    config.check()?;
                    Ok(leads_to(&config))
                });
                (way, place.ok())
            });
            let found: Vec<_> = found.collect();
            for (way, place) in &found {
                prop_assert_eq!(place, &found[0].1, "{} of {:?}", way, text);
            }
        }
    }
}

#[test]
fn a_socket_that_the_system_does_not_have_is_an_error_of_its_adapter() {
    use UnixSockets::{Missing, Paths, PathsAndNames};

    let path = || Config::new("unix:///d/s");
    let name = || Config::new("unix://@a");
    for (config, system, expected) in [
        (path(), Missing, Some("this system has no Unix sockets")),
        (name(), Missing, Some("this system has no Unix sockets")),
        (name(), Paths, Some("this system has no abstract sockets")),
        (path(), Paths, None),
        (path(), PathsAndNames, None),
        (name(), PathsAndNames, None),
        (Config::new("localhost"), Missing, None),
        (path().enabled(false), Missing, None),
    ] {
        assert_eq!(config.check(), Ok(()));
        let error = config.check_unix_sockets(system).err();
        let error = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expected.unwrap_or_default()), "{error}");
        assert_eq!(error.is_empty(), expected.is_none(), "{error}");
    }
}

/// Text that resembles an address.
fn text() -> impl Strategy<Value = String> {
    let scheme = "((tcp|udp|unix|unixgram|unixstream|npipe|http|Udp)://)?";
    let host =
        "(\\[?([a-z0-9.-]{1,12}|::1|fe80::1|10.0.0.7)(%[a-z0-9]{1,4})?\\]?|@?/?[a-z./]{1,12})";
    let port = "(:[+-]?[0-9 ]{0,6})?";
    let near = format!("{scheme}{host}{port}/?");
    let near = prop::string::string_regex(&near).unwrap();
    prop_oneof![8 => near, 1 => any::<String>()]
        .prop_filter("empty is unset", |text| !text.is_empty())
}

/// Each way to give an address, and its result.
fn ways(address: &str, dialect: Dialect) -> Vec<(&'static str, Result<Config, ConfigError>)> {
    let base = || Config::new("").dialect(dialect);
    let by_variable = Config::from_vars([("STATSD_HOST", address)]);
    let mut ways = vec![
        ("Config::new", Ok(Config::new(address).dialect(dialect))),
        ("Config::host", Ok(base().host(address))),
        ("Config::address", base().address(address)),
        (
            "STATSD_HOST",
            by_variable.map(|config| config.prefix("").dialect(dialect)),
        ),
    ];
    for variable in ["DD_DOGSTATSD_URL", "DD_AGENT_HOST"] {
        if dialect == Dialect::DogStatsd {
            ways.push((variable, Config::from_dd_vars([(variable, address)])));
        }
    }
    #[cfg(feature = "serde")]
    for key in ["host", "address"] {
        let mut table = toml::Table::new();
        table.insert(key.into(), address.into());
        table.insert("dialect".into(), toml::Value::try_from(dialect).unwrap());
        let config = toml::from_str::<Config>(&table.to_string());
        ways.push((
            key,
            config.map_err(|error| ConfigError::Invalid {
                setting: key,
                value: address.into(),
                expected: error.to_string().leak(),
            }),
        ));
    }
    ways
}

fn leads_to(config: &Config) -> Where {
    let transport = config.effective_transport();
    let place = if transport.is_unix() {
        config.path.to_str().unwrap().to_owned()
    } else {
        match config.socket_address() {
            Some(address) => address.to_string(),
            None => format!("{} {}", config.host, config.effective_port()),
        }
    };
    (transport, place)
}
