//! `mio_loop` and `blocking`: a session in a program's own loop, and a driver on a plain thread.

use std::ops::Range;
use std::thread;
use std::time::Duration;

use tests::carrier::Carrier;
use tests::fault::Fault;
use tests::server::Server;
use tests::timeout::eventually;

use crate::process::{Examples, Process};

/// Makes each scenario a test for each program.
macro_rules! scenarios {
    ($($scenario:ident,)*) => {
        mod blocking {
            $(#[test] fn $scenario() {
                super::$scenario(&super::BLOCKING);
            })*
        }

        mod mio_loop {
            $(#[test] fn $scenario() {
                super::$scenario(&super::MIO_LOOP);
            })*
        }
    };
}

scenarios! {
    a_name_is_looked_up,
    every_tick_arrives_once_and_in_order,
    more_than_the_kernel_takes_waits_for_a_slow_server,
    ticks_of_an_outage_arrive_in_datagrams,
    ticks_of_an_outage_arrive_on_a_stream,
    without_a_server_all_is_dropped_and_counted,
}

const BLOCKING: Program = Program {
    name: "blocking",
    tells_news: false,
};

const MIO_LOOP: Program = Program {
    name: "mio_loop",
    tells_news: true,
};

struct Program {
    name: &'static str,
    tells_news: bool,
}

impl Program {
    /// Starts the program for a second, with a server.
    fn start(&self, server: &Server) -> Process {
        Examples::PROTO.start_for(server, self.name, &["--seconds", "1"], &[])
    }

    fn ticks(numbers: Range<usize>) -> Vec<String> {
        numbers
            .map(|tick| format!("gauges.ticks:{tick}|g"))
            .collect()
    }
}

const TRANSPORTS: [Carrier; 2] = [Carrier::Tcp, Carrier::Udp];

const OUTAGE: Duration = Duration::from_secs(1);

fn every_tick_arrives_once_and_in_order(program: &Program) {
    let servers = TRANSPORTS.map(Server::start);
    let processes = servers.each_ref().map(|server| program.start(server));
    for (server, process) in servers.iter().zip(processes) {
        let ended = process.end();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        ended.assert_counts([100, 100, 0]);
        assert_eq!(server.wait_for_end(100), Program::ticks(0..100));
    }
}

fn a_name_is_looked_up(program: &Program) {
    let server = Server::start(Carrier::Tcp);
    let port = server.address().port().to_string();
    let variables = [("STATSD_HOST", "localhost"), ("STATSD_PORT", &port)];
    let ended = Examples::PROTO
        .start(program.name, &["--seconds", "1"], &variables)
        .end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(server.wait_for_end(100), Program::ticks(0..100));
}

fn ticks_of_an_outage_arrive_on_a_stream(program: &Program) {
    let mut server = Server::start(Carrier::Tcp);
    let process = Examples::PROTO.start_for(&server, program.name, &[], &[]);
    server.wait_for(50);
    // It reads until the client has heard, so there is nothing that may be lost.
    server.retire();
    thread::sleep(OUTAGE);
    server.restart();
    let ended = process.end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    ended.assert_counts([300, 300, 0]);
    assert_eq!(server.wait_for_end(300), Program::ticks(0..300));
    assert_eq!(server.accepted(), 2);
}

fn ticks_of_an_outage_arrive_in_datagrams(program: &Program) {
    let mut server = Server::start(Carrier::Udp);
    let process = Examples::PROTO.start_for(&server, program.name, &[], &[]);
    server.wait_for(50);
    server.stop();
    thread::sleep(OUTAGE);
    server.restart();
    let ended = process.end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    ended.assert_counts([300, 300, 0]);
    // Nobody refuses a datagram that comes after the last one was read and before the port is closed. It
    // has the ten ticks of a flush interval, or a few more on a busy machine; the outage has a hundred.
    let last = Program::ticks(299..300);
    eventually("the last tick", || server.lines().last() == last.first());
    let lines = server.lines();
    let before = lines
        .iter()
        .zip(Program::ticks(0..300))
        .take_while(|(line, tick)| *line == tick)
        .count();
    let lost = 300 - lines.len();
    assert!(lost <= 50, "{lost} ticks are lost: {lines:?}");
    assert_eq!(lines[before..], Program::ticks(before + lost..300));
}

fn more_than_the_kernel_takes_waits_for_a_slow_server(program: &Program) {
    const EACH: usize = 2000;
    let server = Server::start_faulty(Carrier::Tcp, |_| Some(Fault::Stall));
    let arguments = ["--seconds", "1", "--each", &EACH.to_string()];
    let process = Examples::PROTO.start_for(&server, program.name, &arguments, &[]);
    thread::sleep(Duration::from_secs(2));
    server.recover();
    let ended = process.end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    ended.assert_counts([100 * EACH as u64, 100 * EACH as u64, 0]);
    let lines = server.wait_for_end(100 * EACH);
    let ticks = Program::ticks(0..100);
    let expected = ticks.iter().flat_map(|tick| [tick; EACH]);
    assert!(lines.iter().eq(expected), "something else arrived");
    assert_eq!(server.accepted(), 1);
}

fn without_a_server_all_is_dropped_and_counted(program: &Program) {
    let servers = TRANSPORTS.map(Server::absent);
    let processes = servers.each_ref().map(|server| program.start(server));
    for process in processes {
        let ended = process.end();
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        ended.assert_counts([100, 0, 100]);
        assert_eq!(
            ended.stderr.contains("100 metrics dropped"),
            program.tells_news
        );
    }
}
