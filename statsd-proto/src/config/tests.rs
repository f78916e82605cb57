mod custom;
mod table;

use super::*;
use crate::dogstatsd::Cardinality;
use crate::error::ConfigError;
use crate::metric::Metric;
use crate::testing::recorder;

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const NANOSECOND: Duration = Duration::from_nanos(1);

#[test]
fn an_invalid_setting_is_named_with_its_value() {
    let good = || Config::new("localhost");
    let udp = || good().transport(Transport::Udp);
    let pace = |burst, rate| good().pace(Some(Pace { burst, rate }));
    let beyond = YEAR + NANOSECOND;
    let beyond_text = "31536000.000000001s";
    for (config, setting, value) in [
        (good().port(0), "port", "0"),
        (good().prefix("a b"), "prefix", "a b"),
        (good().prefix("a\n"), "prefix", "a\n"),
        (good().prefix("a:1|c"), "prefix", "a:1|c"),
        (good().prefix("\u{e9}"), "prefix", "\u{e9}"),
        (Config::dogstatsd("a").prefix("_sc"), "prefix", "_sc"),
        (Config::dogstatsd("a").prefix("._e{"), "prefix", "._e{"),
        (good().tag("", "x"), "tag", ":x"),
        (good().tag("a:b", "c"), "tag", "a:b:c"),
        (good().tag("a", "b|c"), "tag", "a:b|c"),
        (good().tag("a", "").tag("b", "\n"), "tag", "b:\n"),
        (
            good().tag("a", "b".repeat(1022)),
            "tag",
            "1025 bytes in all",
        ),
        (good().max_line(15), "max_line", "15"),
        (good().max_line(1_048_577), "max_line", "1048577"),
        (good().max_datagram(15), "max_datagram", "15"),
        (good().max_datagram(65_508), "max_datagram", "65508"),
        (good().max_queue_bytes(16_383), "max_queue_bytes", "16383"),
        (
            good().max_line(5000).max_queue_bytes(19_999),
            "max_queue_bytes",
            "19999",
        ),
        (udp().max_queue_bytes(262_027), "max_queue_bytes", "262027"),
        (
            good().max_queue_bytes((1 << 40) + 1),
            "max_queue_bytes",
            "1099511627777",
        ),
        (good().max_queue_lines(0), "max_queue_lines", "0"),
        (good().max_series(0), "max_series", "0"),
        (good().max_samples(0), "max_samples", "0"),
        (
            good().max_aggregate_bytes(4095),
            "max_aggregate_bytes",
            "4095",
        ),
        (pace(0, 1), "pace", "0"),
        (pace(1, 0), "pace", "0"),
        (good().backoff(Duration::ZERO, YEAR), "backoff", "0ns"),
        (good().backoff(NANOSECOND * 2, NANOSECOND), "backoff", "1ns"),
        (good().backoff(NANOSECOND, beyond), "backoff", beyond_text),
        (good().send_buffer(Some(0)), "send_buffer", "0"),
        (
            good().keepalive(Some(Duration::from_millis(2999))),
            "keepalive",
            "2.999s",
        ),
        (good().keepalive(Some(YEAR)), "keepalive", "31536000s"),
        (
            good().max_connection_age(Some(Duration::ZERO)),
            "max_connection_age",
            "0ns",
        ),
        (good().flush_interval(beyond), "flush_interval", beyond_text),
        (good().settle_time(beyond), "settle_time", beyond_text),
        (
            good().connect_timeout(beyond),
            "connect_timeout",
            beyond_text,
        ),
        (
            good().connect_timeout(Duration::ZERO),
            "connect_timeout",
            "0ns",
        ),
        (good().write_timeout(beyond), "write_timeout", beyond_text),
        (good().write_timeout(Duration::ZERO), "write_timeout", "0ns"),
        (
            good().close_timeout(Duration::MAX),
            "close_timeout",
            "18446744073709551615.999999999s",
        ),
    ] {
        assert_told(&config, setting, value);
    }
    let long = "a".repeat(513);
    assert_told(&good().prefix(&long), "prefix", &long);
}

#[test]
fn unsupported_settings_of_a_dialect_are_errors() {
    let of = |dialect| Config::new("localhost").dialect(dialect);
    let udp = |dialect| of(dialect).transport(Transport::Udp);
    let longest = |dialect, bytes: usize| udp(dialect).max_datagram(bytes);
    for (config, setting, value) in [
        (of(Dialect::Collectd).tag("a", "b"), "tag", "a:b"),
        (of(Dialect::Graphite).tag("a", ""), "tag", "a:"),
        (of(Dialect::Graphite).tag("a", "b;c"), "tag", "a:b;c"),
        (of(Dialect::Influx).tag("a", "b,c"), "tag", "a:b,c"),
        (of(Dialect::Librato).tag("a=b", "c"), "tag", "a=b:c"),
        (of(Dialect::SignalFx).tag("a", "]"), "tag", "a:]"),
        (of(Dialect::StatsdExporter).tag("a", ""), "tag", "a:"),
        (of(Dialect::Influx).prefix("a,b"), "prefix", "a,b"),
        (of(Dialect::SignalFx).prefix("a[b]"), "prefix", "a[b]"),
        (
            of(Dialect::StatsdExporter).max_line(4096),
            "max_line",
            "4096",
        ),
        (of(Dialect::Netdata).max_line(65_535), "max_line", "65535"),
        (
            of(Dialect::Influx)
                .transport(Transport::Tcp)
                .max_line(65_536),
            "max_line",
            "65536",
        ),
        (longest(Dialect::Collectd, 4096), "max_datagram", "4096"),
        (longest(Dialect::SignalFx, 4096), "max_datagram", "4096"),
        (longest(Dialect::DogStatsd, 8193), "max_datagram", "8193"),
        (longest(Dialect::Netdata, 9000), "max_datagram", "9000"),
        (of(Dialect::Statsd).container_id("1f"), "container_id", "1f"),
        (of(Dialect::Statsd).cgroup_inode(7), "cgroup_inode", "7"),
        (of(Dialect::Statsd).external_data("a"), "external_data", "a"),
        (
            of(Dialect::StatsdExporter).cardinality(Cardinality::Low),
            "cardinality",
            "low",
        ),
    ] {
        assert_told(&config, setting, value);
    }
    let frames = Config::dogstatsd("").unix_stream("/s").max_datagram(60_000);
    assert_eq!(frames.check(), Ok(()));
    assert_eq!(frames.line_limit(), 60_000);
    let long = "a".repeat(126);
    assert_told(&of(Dialect::Collectd).prefix(&long), "prefix", &long);
    assert_eq!(of(Dialect::Collectd).prefix(&long[1..]).check(), Ok(()));
    for (dialect, bytes) in [
        (Dialect::Collectd, 4095),
        (Dialect::DogStatsd, 8192),
        (Dialect::Netdata, 8999),
        (Dialect::Statsd, 65_507),
    ] {
        let config = longest(dialect, bytes);
        assert_eq!(config.check(), Ok(()));
        assert_eq!(config.line_limit(), bytes);
    }
    for (dialect, bytes) in [(Dialect::DogStatsd, 8192), (Dialect::Statsd, 8192)] {
        let socket = Config::new("").dialect(dialect).unix_datagram("/s");
        assert_eq!(socket.check(), Ok(()));
        assert_eq!(socket.line_limit(), bytes);
    }
}

/// Transports of each dialect's servers, after their sources and manuals. The first one is the default.
#[test]
fn what_is_unset_follows_the_dialect_and_what_no_server_takes_is_an_error() {
    use Transport::{Tcp, Udp, UnixDatagram, UnixStream};
    for (dialect, transports, unix, port, kind_prefixes) in [
        (Dialect::Collectd, &[Udp][..], None, 8125, true),
        (
            Dialect::DogStatsd,
            &[Udp, UnixDatagram, UnixStream, Tcp],
            Some(UnixDatagram),
            8125,
            false,
        ),
        (
            Dialect::Graphite,
            &[Tcp, Udp, UnixStream],
            Some(UnixStream),
            8125,
            true,
        ),
        (Dialect::Influx, &[Udp, Tcp], None, 8125, true),
        (
            Dialect::Librato,
            &[Tcp, Udp, UnixStream],
            Some(UnixStream),
            8125,
            true,
        ),
        (Dialect::Netdata, &[Tcp, Udp], None, 8125, true),
        (
            Dialect::OpenTelemetry,
            &[Udp, Tcp, UnixDatagram],
            Some(UnixDatagram),
            8125,
            false,
        ),
        (Dialect::SignalFx, &[Udp], None, 8125, true),
        (
            Dialect::Statsd,
            &[Tcp, Udp, UnixStream, UnixDatagram],
            Some(UnixStream),
            8125,
            true,
        ),
        (
            Dialect::StatsdExporter,
            &[Tcp, Udp, UnixDatagram, UnixStream],
            Some(UnixDatagram),
            9125,
            true,
        ),
    ] {
        let config = Config::new("localhost").dialect(dialect);
        assert_eq!(config.check(), Ok(()), "{dialect:?}");
        assert_eq!(config.effective_transport(), transports[0], "{dialect:?}");
        assert_eq!(config.effective_port(), port, "{dialect:?}");
        assert_eq!(config.has_kind_prefixes(), kind_prefixes, "{dialect:?}");
        assert_documented(dialect, transports, unix, port, kind_prefixes);
        let socket = Config::new("unix:///s").dialect(dialect);
        match unix {
            Some(unix) => {
                assert_eq!(socket.effective_transport(), unix, "{dialect:?}");
                assert_eq!(socket.check(), Ok(()), "{dialect:?}");
            }
            None => assert_told(&socket, "transport", "unix_stream"),
        }
        for transport in [Tcp, Udp, UnixDatagram, UnixStream] {
            let config = Config::new("localhost").dialect(dialect);
            let config = if transport.is_unix() {
                config.unix_stream("/s").transport(transport)
            } else {
                config.transport(transport)
            };
            if transports.contains(&transport) {
                assert_eq!(config.check(), Ok(()), "{dialect:?} {transport:?}");
            } else {
                assert_told(&config, "transport", transport.name());
                let off = config.enabled(false);
                assert_told(&off, "transport", transport.name());
            }
        }
    }
}

/// Asserts that the table in the documentation of `Dialect` has this row.
fn assert_documented(
    dialect: Dialect,
    transports: &[Transport],
    unix: Option<Transport>,
    port: u16,
    kind_prefixes: bool,
) {
    let name = |transport: &Transport| match transport {
        Transport::CustomDatagram | Transport::CustomStream => panic!("no dialect has it"),
        Transport::Tcp => "TCP",
        Transport::Udp => "UDP",
        Transport::UnixDatagram => "datagrams",
        Transport::UnixStream => "stream",
    };
    let others = transports[1..].iter().filter(|other| Some(**other) != unix);
    let others: Vec<_> = others.map(name).collect();
    let cells = [
        format!("`{dialect:?}`"),
        name(&transports[0]).to_owned(),
        unix.as_ref().map_or("none", name).to_owned(),
        if others.is_empty() {
            "none".to_owned()
        } else {
            others.join(", ")
        },
        port.to_string(),
        if kind_prefixes { "yes" } else { "no" }.to_owned(),
    ];
    let row = format!("/// | {} |", cells.join(" | "));
    let source = include_str!("../encode/dialect.rs");
    assert!(source.lines().any(|line| line == row), "{row}");
}

#[test]
fn the_dialect_decides_in_whatever_order_it_is_set() {
    let agent = |config: &Config| {
        let (transport, port) = (config.effective_transport(), config.effective_port());
        assert_eq!((transport, port), (Transport::Udp, 8125), "{config:?}");
        assert!(!config.has_kind_prefixes());
        let (client, mut recorder) = recorder(config.clone().prefix("shop")).unwrap();
        client.incr("orders", 1);
        assert_eq!(recorder.lines(), ["shop.orders:1|c"]);
    };
    let vars = [("STATSD_DIALECT", "dogstatsd"), ("STATSD_HOST", "a")];
    for config in [
        Config::dogstatsd("a"),
        Config::new("a").dialect(Dialect::DogStatsd),
        Config::new("").dialect(Dialect::DogStatsd).host("a"),
        Config::from_vars(vars).unwrap(),
        Config::from_dd_vars([("DD_AGENT_HOST", "a")]).unwrap(),
    ] {
        agent(&config);
        assert_eq!(
            config.prefix("").dialect(Dialect::DogStatsd),
            Config::dogstatsd("a")
        );
    }
    #[cfg(feature = "serde")]
    for text in [
        "host = 'a'\ndialect = 'dogstatsd'",
        "dialect = 'dogstatsd'\naddress = 'a'",
    ] {
        let config = toml::from_str::<Config>(text).unwrap();
        agent(&config);
        assert_eq!(config, Config::dogstatsd("a"));
    }
    // Explicit settings stay, whether they are set before or after the dialect.
    let set = |config: Config| config.transport(Transport::Tcp).port(9).kind_prefixes(true);
    for config in [
        set(Config::new("a")).dialect(Dialect::DogStatsd),
        set(Config::dogstatsd("a")),
    ] {
        assert_eq!(config.effective_transport(), Transport::Tcp);
        assert_eq!(config.effective_port(), 9);
        assert!(config.has_kind_prefixes());
        assert_eq!(config.check(), Ok(()));
    }
    // Returns to the first dialect, with all its defaults.
    let back = Config::dogstatsd("a").dialect(Dialect::Statsd);
    assert_eq!(back, Config::new("a"));
}

#[test]
fn the_origin_is_text_that_the_agent_reads() {
    let agent = || Config::dogstatsd("localhost");
    for (config, setting, value) in [
        (agent().container_id(""), "container_id", ""),
        (agent().container_id("ci-1f"), "container_id", "ci-1f"),
        (agent().container_id("in-1"), "container_id", "in-1"),
        (agent().container_id("a|b"), "container_id", "a|b"),
        (agent().container_id("a,b"), "container_id", "a,b"),
        (agent().external_data(""), "external_data", ""),
        (agent().external_data("a|b"), "external_data", "a|b"),
        (agent().external_data("a\n"), "external_data", "a\n"),
    ] {
        assert_told(&config, setting, value);
    }
    let config = agent()
        .container_id("34dc0b5e626f2c5c4c5170e34b10e765-1234567890")
        .cgroup_inode(u64::MAX)
        .external_data("it-false,cn-web,pu-1")
        .cardinality(Cardinality::Orchestrator);
    assert_eq!(config.check(), Ok(()));
}

#[test]
fn a_host_is_a_name_or_an_address_without_a_port() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", &label[..61]);
    for host in [
        "localhost",
        "a",
        "1",
        "stats.example",
        "stats.example.",
        "my_host-1",
        "127.0.0.1",
        "::1",
        "[::1]",
        "2001:db8::8a2e:370:7334",
        "[::ffff:10.0.0.1]",
        "xn--bcher-kva.example",
        &label,
        &longest,
    ] {
        assert_eq!(Config::new(host).check(), Ok(()), "{host}");
    }
    let longer = format!("{longest}a");
    for host in [
        ".",
        "..",
        "..bad..",
        "a..",
        ".a",
        "a..b",
        "a b",
        " a",
        "a\n",
        "localhost:8125",
        "[::1]:8125",
        "[::1",
        "::1]",
        "[stats.example]",
        "http://a",
        "b\u{fc}cher.example",
        "a/b",
        "::g",
        &"a".repeat(64),
        &longer,
    ] {
        assert_told(&Config::new(host), "host", host);
    }
}

#[test]
fn what_is_no_address_is_looked_up() {
    for (host, address) in [
        ("127.0.0.1", Some("127.0.0.1:9")),
        ("::1", Some("[::1]:9")),
        ("[::1]", Some("[::1]:9")),
        ("fe80::1%3", Some("[fe80::1%3]:9")),
        ("localhost", None),
        ("fe80::1%eth0", None),
        ("127.1", None),
    ] {
        let address = address.map(|address| address.parse().unwrap());
        assert_eq!(
            Config::new(host).port(9).socket_address(),
            address,
            "{host}"
        );
    }
}

#[test]
fn a_host_is_needed_only_to_send() {
    let config = Config::new("");
    let missing = config.check().unwrap_err();
    assert!(
        missing.to_string().starts_with("host must be set"),
        "{missing}"
    );
    assert_eq!(config.enabled(false).check(), Ok(()));
}

#[test]
fn what_is_wrong_is_an_error_also_when_disabled() {
    assert_told(&Config::new("a").port(0).enabled(false), "port", "0");
}

#[test]
fn the_extremes_of_each_setting_work() {
    let tcp = || Config::new("127.0.0.1");
    let udp = || tcp().transport(Transport::Udp);
    let pace = |burst, rate| udp().pace(Some(Pace { burst, rate }));
    for config in [
        tcp().port(1),
        tcp().port(u16::MAX),
        tcp().max_line(16),
        tcp().max_line(1 << 20),
        tcp().prefix("a".repeat(512)),
        tcp().tag("a", "b".repeat(1021)),
        udp().max_datagram(16),
        udp().max_datagram(65_507),
        tcp().max_queue_bytes(16_384),
        tcp().max_queue_bytes(1 << 40),
        udp().max_queue_bytes(262_028),
        tcp().max_queue_lines(1),
        tcp().max_queue_lines(1).overflow(Overflow::DropOldest),
        pace(1, 1),
        pace(usize::MAX, u64::MAX),
        udp().pace(None),
        tcp().backoff(NANOSECOND, NANOSECOND),
        tcp().backoff(YEAR, YEAR),
        tcp().flush_interval(Duration::ZERO),
        udp().flush_interval(YEAR),
        tcp().settle_time(Duration::ZERO),
        tcp().settle_time(YEAR),
        tcp().connect_timeout(NANOSECOND),
        tcp().write_timeout(NANOSECOND),
        tcp().connect_timeout(YEAR).write_timeout(YEAR),
        tcp().close_timeout(Duration::ZERO),
        udp().close_timeout(YEAR),
        tcp().send_buffer(None),
        tcp().send_buffer(Some(1)),
    ] {
        let debug = format!("{config:?}");
        let (client, mut recorder) = recorder(config).unwrap();
        assert_eq!(client.record(&Metric::counter("x", 1)), Ok(()), "{debug}");
        assert_eq!(recorder.lines().len(), 1, "{debug}");
    }
}

#[test]
fn the_agent_is_spoken_to_in_its_dialect_over_udp_and_without_aggregation() {
    let config = Config::dogstatsd("10.0.0.7");
    assert_eq!(config.effective_transport(), Transport::Udp);
    assert_eq!(config.dialect, Dialect::DogStatsd);
    assert_eq!(config.effective_port(), 8125);
    let (client, mut recorder) = recorder(config.prefix("shop")).unwrap();
    client.incr("orders", 1);
    client.incr("orders", 1);
    client.distribution("total", 9.5);
    client.gauge("balance", -3);
    let expected = [
        "shop.orders:1|c",
        "shop.orders:1|c",
        "shop.total:9.5|d",
        "shop.balance:-3|g",
    ];
    assert_eq!(recorder.lines(), expected);
}

#[test]
fn only_a_stream_has_a_limit_on_lines() {
    let config = Config::new("a").max_line(100);
    assert_eq!(config.line_limit(), 100);
    assert_eq!(config.transport(Transport::Udp).line_limit(), 65_507);
}

#[test]
fn what_is_set_wins_over_a_default_for_it() {
    let config = Config::new("a")
        .default_host("b")
        .prefix("")
        .default_prefix("c");
    assert_eq!((config.host.as_str(), config.prefix_text()), ("a", ""));
    let config = Config::new("").default_host("b");
    assert_eq!(config.host, "b");
    assert_eq!(
        Config::new("a")
            .application("shop", "production")
            .prefix_text(),
        ""
    );
}

fn assert_told(config: &Config, setting: &str, value: &str) {
    let error = config.check().unwrap_err();
    let text = error.to_string();
    let start = format!("{setting} is {value:?}, but must be ");
    assert!(text.starts_with(&start), "{text}");
}
