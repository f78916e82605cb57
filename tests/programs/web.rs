//! `web`: the metrics of a web application's requests.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpStream};
#[cfg(unix)]
use std::thread;
#[cfg(unix)]
use std::time::Duration;

use tests::carrier::Carrier;
use tests::server::Server;
use tests::timeout::eventually;

use crate::process::Examples;
#[cfg(unix)]
use crate::signals::signal;

#[test]
fn a_request_sends_the_two_metrics_of_sprockets_statsd_in_their_order() {
    for carrier in [Carrier::Tcp, Carrier::Udp] {
        let server = Server::start(carrier);
        let port = unused_port();
        let _web = Examples::TOKIO.start_for(&server, "web", &[], &[("PORT", &port)]);
        let answer = get(&port);
        assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
        let lines = server.wait_for(2);
        let time = |line: &str, name| {
            let value = line.strip_prefix(name).unwrap_or_else(|| panic!("{line}"));
            let time = value.strip_suffix("|ms").expect("times are in ms");
            time.parse::<f64>().expect("it is a number")
        };
        let operation = time(&lines[0], "applications.timers.some-operation:");
        let request = time(&lines[1], "applications.timers.MyHandler.GET.204:");
        assert!(operation >= 1000.0 && request >= operation, "{lines:?}");
        assert_eq!(lines.len(), 2);
    }
}

#[test]
fn the_environment_can_turn_its_metrics_off() {
    let server = Server::start(Carrier::Tcp);
    let port = unused_port();
    let more = [("PORT", &*port), ("STATSD_ENABLED", "no")];
    let _web = Examples::TOKIO.start_for(&server, "web", &[], &more);
    let answer = get(&port);
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert_eq!(server.accepted(), 0);
}

#[cfg(unix)]
#[test]
fn without_a_server_it_prints_what_one_would_receive() {
    let port = unused_port();
    let mut web = Examples::TOKIO.start("web", &[], &[("PORT", &port)]);
    get(&port);
    signal(web.id(), "INT");
    let ended = web.wait();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let address = format!("http://127.0.0.1:{port}/");
    for part in [
        &address,
        "\napplications.timers.some-operation:",
        "\napplications.timers.MyHandler.GET.204:",
        "\nsent 2 lines, abandoned 0\n",
    ] {
        assert!(ended.stdout.contains(part), "no {part:?} in {ended:?}");
    }
    assert_eq!(ended.stderr, "");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_after_what_is_under_way() {
    let server = Server::start(Carrier::Tcp);
    let port = unused_port();
    let mut web = Examples::TOKIO.start_for(&server, "web", &[], &[("PORT", &port)]);
    let request = send_request(&port);
    // It is not visible from outside that the request was read.
    thread::sleep(Duration::from_millis(300));
    signal(web.id(), "TERM");
    let answer = io::read_to_string(request).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    let ended = web.wait();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(server.wait_for_end(2).len(), 2);
}

/// Answer to `GET /`.
fn get(port: &str) -> String {
    io::read_to_string(send_request(port)).expect("it answers")
}

fn send_request(port: &str) -> TcpStream {
    let address = (Ipv4Addr::LOCALHOST, port.parse().expect("it is a port"));
    let mut stream = None;
    eventually("the application to listen", || {
        stream = TcpStream::connect(address).ok();
        stream.is_some()
    });
    let mut stream = stream.expect("it is connected");
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("it reads requests");
    stream
}

/// A port without a listener.
fn unused_port() -> String {
    let port = Server::absent(Carrier::Tcp).address().port();
    port.to_string()
}
