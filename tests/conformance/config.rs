//! Settings: what they default to, what wins, and what cannot work.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use statsd_proto::driver::{Output, Session, Target};
use statsd_proto::testing::recorder;
use statsd_proto::{Client, Config, ConfigError, Metric, Report, Transport};
use tests::adapter::Adapter;
use tests::carrier::Carrier;
use tests::server::Server;

use crate::world::{World, count};

pub(crate) fn the_defaults_are_those_of_sprockets_statsd<A: Adapter>(_: &World<A>) {
    let from_environment = Config::from_vars([("STATSD_HOST", "127.0.0.1")]);
    let from_environment = from_environment.expect("the variables are good").prefix("");
    for config in [Config::new("127.0.0.1"), from_environment] {
        let mut session = Session::new(&config, 0).expect("it can work");
        let metric = Metric::counter("a", 1);
        session.record(&metric).expect("it is one");
        let target = loop {
            match session.poll(Instant::now()) {
                Output::Connect(connect) => break connect.target,
                Output::Wait(_) => session.flush(),
                output @ (Output::Disconnect
                | Output::Finished(_)
                | Output::Resolve(_)
                | Output::Transmit(_)) => panic!("{output:?} is not due"),
            }
        };
        let there = SocketAddr::from((Ipv4Addr::LOCALHOST, 8125));
        assert_eq!(target, Target::Tcp(there));
        let (client, mut recorder) = recorder(config).expect("it can work");
        client.incr("a", 1);
        assert_eq!(recorder.lines(), ["counters.a:1|c"]);
    }
}

pub(crate) fn a_setting_that_cannot_work_fails_before_anything_starts<A: Adapter>(
    world: &World<A>,
) {
    let good = world.config_for("localhost", 8125);
    for (bad, setting, value) in [
        (good.clone().port(0), "port", "0"),
        (good.clone().host("..bad.."), "host", "..bad.."),
        (good.clone().host("host:8125"), "host", "host:8125"),
        (good.clone().prefix("a:b"), "prefix", "a:b"),
        (good.clone().max_queue_bytes(1), "max_queue_bytes", "1"),
        (
            good.clone().connect_timeout(Duration::ZERO),
            "connect_timeout",
            "0ns",
        ),
    ] {
        let error = world.runtime.start(bad).err().expect("it cannot work");
        let message = error.to_string();
        assert!(message.contains(setting), "{message}");
        assert!(message.contains(&format!("{value:?}")), "{message}");
    }
    let no_host = world.runtime.start(good.host("")).err();
    let message = no_host.expect("it cannot work").to_string();
    assert!(message.starts_with("host must be set"), "{message}");
}

pub(crate) fn an_unknown_protocol_is_an_error_at_construction<A: Adapter>(_: &World<A>) {
    let result = Config::from_vars([("STATSD_PROTOCOL", "sctp")]);
    let message = result.expect_err("there is no such protocol").to_string();
    assert!(
        message.contains("STATSD_PROTOCOL") && message.contains("sctp"),
        "{message}"
    );
}

fn environment(server: &Server) -> Vec<(&'static str, String)> {
    let mut variables = vec![("STATSD_PREFIX", "from.env".to_owned())];
    let scheme = match server.carrier() {
        Carrier::Tcp => "TCP",
        Carrier::Udp => "udp",
        Carrier::UnixDatagram => "unixgram",
        Carrier::UnixFrames | Carrier::UnixStream => "unix",
    };
    if scheme.starts_with("unix") {
        let address = format!("{scheme}://{}", server.path().display());
        variables.push(("STATSD_HOST", address));
    } else {
        variables.push(("STATSD_HOST", "127.0.0.1".to_owned()));
        variables.push(("STATSD_PORT", server.address().port().to_string()));
        variables.push(("STATSD_PROTOCOL", scheme.to_owned()));
    }
    variables
}

pub(crate) fn the_environment_decides_where_metrics_go<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let config = Config::from_vars(environment(&server));
    let statsd = world.start(config.expect("the variables are good"));
    statsd.client().incr("a", 1);
    statsd.stop();
    assert_eq!(server.wait_for_end(1), ["from.env.counters.a:1|c"]);
}

pub(crate) fn explicit_settings_win_over_the_environment<A: Adapter>(world: &World<A>) {
    let (server, other) = (world.server(), world.server());
    let config = Config::from_vars(environment(&other));
    let config = config.expect("the variables are good").prefix("explicit");
    let config = config.application("shop", "test").default_prefix("default");
    let statsd = world.start(match world.carrier {
        Carrier::Tcp | Carrier::Udp => config.port(server.address().port()),
        Carrier::UnixDatagram => config.unix_datagram(server.path()),
        Carrier::UnixFrames | Carrier::UnixStream => config.unix_stream(server.path()),
    });
    statsd.client().incr("a", 1);
    statsd.stop();
    assert_eq!(server.wait_for_end(1), ["explicit.counters.a:1|c"]);
    assert_eq!(other.line_count(), 0);
}

pub(crate) fn the_program_wins_over_an_address_of_the_environment<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let port = server.address().port();
    let transport = if world.carrier == Carrier::Udp {
        Transport::Udp
    } else {
        Transport::Tcp
    };
    for other in [
        "unix:///nowhere",
        "unixgram://nowhere",
        "tcp://192.0.2.1:9",
        "udp://[2001:db8::1]",
    ] {
        let by_statsd = Config::from_vars([("STATSD_HOST", other)]);
        let by_agent = Config::from_dd_vars([("DD_DOGSTATSD_URL", other)]);
        for config in [by_statsd, by_agent] {
            let config = config.expect("the variables are good").prefix("");
            let config = config.host("127.0.0.1").port(port).transport(transport);
            let statsd = world.start(config.kind_prefixes(false).origin_detection(false));
            statsd.client().incr("a", 1);
            assert_eq!(statsd.stop().abandoned, 0, "{other}");
        }
    }
    assert_eq!(server.wait_for_end(8), ["a:1|c"; 8]);
}

pub(crate) fn a_prefix_is_required_of_the_environment_unless_disabled<A: Adapter>(
    world: &World<A>,
) {
    let vars = [("STATSD_HOST", "localhost")];
    let config = Config::from_vars(vars).expect("the variables are good");
    for lacking in [
        config.clone(),
        config.clone().application("shop", ""),
        config.clone().application("", "test"),
    ] {
        let error = world.runtime.start(lacking.clone()).err();
        assert!(
            matches!(
                error,
                Some(ConfigError::Missing {
                    setting: "prefix",
                    ..
                })
            ),
            "{error:?}"
        );
        world.start(lacking.enabled(false)).stop();
    }
    let service = Config::new("localhost").prefix("applications.shop.test");
    let application = config.application("shop", "test");
    assert_eq!(application, service);
}

pub(crate) fn an_empty_environment_is_enough_to_be_disabled<A: Adapter>(world: &World<A>) {
    let by_statsd = Config::from_vars([("STATSD_ENABLED", "no"), ("STATSD_HOST", "")]);
    let by_agent = Config::from_dd_vars([("DD_DOGSTATSD_DISABLE", "true")]);
    for config in [by_statsd, by_agent] {
        let statsd = world.start(config.expect("the variables are good"));
        assert!(statsd.client().is_noop());
        assert_eq!(statsd.stop(), Report::default());
    }
}

pub(crate) fn a_disabled_config_does_nothing<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let statsd = world.start(server.config().enabled(false));
    let client = statsd.client();
    exercise(&client);
    statsd.flush();
    world.runtime.within("room", client.ready());
    assert!(!client.is_closed());
    assert_eq!(statsd.stop(), Report::default());
    statsd.restart();
    exercise(&statsd.client());
    assert_eq!(statsd.stop(), Report::default());
    assert_eq!((server.accepted(), server.line_count()), (0, 0));

    // A disabled client sends nothing, so it needs no host.
    let statsd = world.start(server.config().host("").enabled(false));
    assert_eq!(statsd.stop(), Report::default());
}

fn exercise(client: &Client) {
    count(client, 0..10);
    client.incr("a", 1);
    client.gauge("a", f64::NAN);
    client.timer("a").start().stop().send();
    drop(client.time("a"));
}
