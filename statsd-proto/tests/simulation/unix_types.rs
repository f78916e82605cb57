//! A Unix socket whose type the client has to find out: datagrams or a stream.

use std::time::Instant;

use statsd_proto::driver::{FailureKind, Input, Output, Session, Target, Transmit};
use statsd_proto::{Config, Dialect, Metric, Transport};

use crate::frame;
use crate::oracle::arrived;
use crate::settings::{PATH, Settings, ms, origin, secs};
use crate::world::{World, transport};

#[test]
fn the_other_type_is_tried_at_once_and_stays() {
    for settings in Settings::open_types() {
        let mut world = World::new(settings);
        let is_usual = world.settings.transport == Transport::UnixDatagram;
        world.record_lines(100);
        world.advance(ms(200));
        assert_eq!(arrived(&world), world.accepted);
        let attempts = world.net.attempts.len();
        assert_eq!(attempts, if is_usual { 1 } else { 2 });
        assert_eq!(world.net.attempts[attempts - 1].0, world.start);
        // What was found is tried first from then on.
        world.break_link(FailureKind::PeerClosed, 0);
        world.record_lines(10);
        world.advance(secs(2));
        assert_eq!(world.net.attempts.len(), attempts + 1);
        world.finish();
        assert_eq!(arrived(&world), world.accepted);
    }
}

#[test]
fn frames_follow_the_type_of_the_socket() {
    for (settings, expected) in Settings::open_types().into_iter().zip([
        "n00000:1|c\nn00001:1|c\n",
        "\x16\0\0\0n00000:1|c\nn00001:1|c\n",
    ]) {
        let mut world = World::new(settings);
        world.record_lines(2);
        world.finish();
        let link = &world.net.connections[0];
        let bytes = match link.datagrams.first() {
            // The oracle sees datagrams without the line break at their end, which the agent may ask for.
            Some(datagram) => format!("{}\n", datagram.text.trim_end()),
            None => String::from_utf8(link.taken.clone()).expect("lines are text"),
        };
        assert_eq!(bytes, expected, "{:?}", world.settings);
    }
}

#[test]
fn a_type_that_was_asked_for_is_not_guessed_at() {
    for (address, dialect) in [
        ("unixgram", Dialect::DogStatsd),
        ("unixstream", Dialect::DogStatsd),
        ("unixgram", Dialect::Statsd),
        ("unixstream", Dialect::Statsd),
        // Lines are laid out in another way on each type.
        ("unix", Dialect::Statsd),
        ("unix", Dialect::StatsdExporter),
        ("unix", Dialect::OpenTelemetry),
        ("unix", Dialect::Graphite),
    ] {
        let config = Config::new(format!("{address}://{PATH}")).dialect(dialect);
        let asked = attempts_at_a_wrong_socket(&config);
        assert!(asked.len() > 2, "it tries on");
        assert!(asked.iter().all(|one| *one == asked[0]), "{asked:?}");
    }
    for transport in [Transport::UnixDatagram, Transport::UnixStream] {
        let config = Config::dogstatsd(format!("unix://{PATH}")).transport(transport);
        let asked = attempts_at_a_wrong_socket(&config);
        assert!(asked.iter().all(|one| *one == transport), "{asked:?}");
    }
}

/// What is at the path is no socket at all, say.
#[test]
fn where_neither_type_works_both_are_tried_and_then_waited_for() {
    let config = Config::dogstatsd(format!("unix://{PATH}"));
    let asked = attempts_at_a_wrong_socket(&config);
    let both = [Transport::UnixDatagram, Transport::UnixStream];
    let expected = both.iter().cycle().take(asked.len());
    assert!(asked.iter().eq(expected), "{asked:?}");
    assert!((10..=40).contains(&asked.len()), "{asked:?}");
}

/// Attempts within ten seconds at a socket that always has the wrong type.
fn attempts_at_a_wrong_socket(config: &Config) -> Vec<Transport> {
    let mut session = Session::new(config, 7).expect("the settings can work");
    let start = origin();
    let (mut now, mut asked) = (start, Vec::new());
    while now < start + secs(10) {
        match session.poll(now) {
            Output::Connect(connect) => {
                asked.push(transport(&connect.target));
                session.handle(Input::Disconnected(FailureKind::WrongSocket.into()));
            }
            Output::Wait(until) => now = until.expect("it tries again"),
            output @ (Output::Disconnect
            | Output::Finished(_)
            | Output::Resolve(_)
            | Output::Transmit(_)) => panic!("{output:?}"),
        }
    }
    asked
}

/// Wherever the connection breaks, and whatever the server listens on afterwards.
#[test]
fn a_server_that_comes_back_with_the_other_type_gets_every_line_once() {
    for first in [Transport::UnixDatagram, Transport::UnixStream] {
        for takes in 0..400 {
            let mut server = Switching::new(first, takes);
            let mut session = Session::new(&Switching::config(), 7).expect("it can work");
            let names = (0..30).map(|number| format!("n{number:02}{:x<1$}", "", number % 7));
            let names = names.collect::<Vec<_>>();
            for name in &names {
                let metric = Metric::counter(name, 1);
                session.record(&metric).expect("there is room");
            }
            let expected = names.iter().map(|name| format!("{name}:1|c"));
            server.run(&mut session);
            assert!(
                server.lines.iter().cloned().eq(expected),
                "{takes} {server:?}"
            );
            let stats = session.stats();
            assert_eq!((stats.sent, stats.queued, stats.in_flight), (30, 0, 0));
        }
    }
}

/// Server that breaks its first connection after some bytes or datagrams, and comes back with the other type.
#[derive(Debug)]
struct Switching {
    listens: Transport,
    /// How much it takes of the first connection, or of the present one if that is not to break.
    takes: usize,
    /// What is torn at the end of a stream.
    rest: Vec<u8>,
    lines: Vec<String>,
}

impl Switching {
    fn new(listens: Transport, takes: usize) -> Self {
        Self {
            listens,
            takes,
            rest: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Datagrams of a few lines.
    fn config() -> Config {
        let config = Config::dogstatsd(format!("unix://{PATH}"));
        config.max_datagram(40).settle_time(ms(0))
    }

    fn run(&mut self, session: &mut Session) {
        let mut now: Instant = origin();
        let end = now + secs(30);
        while now < end {
            match session.poll(now) {
                Output::Connect(connect) if transport(&connect.target) == self.listens => {
                    assert!(matches!(
                        connect.target,
                        Target::UnixDatagram(_) | Target::UnixStream(_)
                    ));
                    session.handle(Input::Connected);
                }
                Output::Connect(_) => {
                    session.handle(Input::Disconnected(FailureKind::WrongSocket.into()));
                }
                Output::Transmit(transmit) => session.handle(self.take(&transmit)),
                Output::Wait(Some(until)) => now = until,
                Output::Wait(None) => return,
                output @ (Output::Disconnect | Output::Finished(_) | Output::Resolve(_)) => {
                    panic!("{output:?}")
                }
            }
        }
    }

    fn take(&mut self, transmit: &Transmit) -> Input {
        if self.takes == 0 {
            self.takes = usize::MAX;
            self.rest.clear();
            self.listens = if self.listens == Transport::UnixDatagram {
                Transport::UnixStream
            } else {
                Transport::UnixDatagram
            };
            return Input::Disconnected(FailureKind::PeerClosed.into());
        }
        if self.listens == Transport::UnixDatagram {
            let (datagram, len) = transmit.first_datagram();
            assert!(datagram.len() <= 40);
            let text = String::from_utf8(datagram.to_vec()).expect("lines are text");
            self.lines.extend(text.lines().map(str::to_owned));
            self.takes -= 1;
            return Input::Written(len);
        }
        assert_eq!(transmit.segment_size, None);
        let len = transmit.data.len().min(self.takes);
        self.takes -= len;
        self.rest.extend_from_slice(&transmit.data[..len]);
        self.read_stream();
        Input::Written(len)
    }

    fn read_stream(&mut self) {
        while let Some((frame, len)) = frame::first(&self.rest) {
            let text = std::str::from_utf8(frame).expect("lines are text");
            let lines = text.lines().filter(|line| !line.is_empty());
            self.lines.extend(lines.map(str::to_owned));
            self.rest.drain(..len);
        }
    }
}
