//! Shared code of the `quickstart` examples of all adapters: the metrics to record, and receivers that print them.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;
use std::{env, io, thread};

use statsd_proto::{Client, Config, ConfigError, Metric, Report};

/// Main function of the examples. `send` starts a connector, records with its client, stops it, and returns the report.
///
/// If `STATSD_HOST` is set, the metrics are sent to that server, with the settings `STATSD_PORT`, `STATSD_PROTOCOL`,
/// `STATSD_PREFIX` and `STATSD_ENABLED`. Otherwise the program starts receivers of its own on this machine.
pub(crate) fn main(
    send: impl Fn(Config, fn(&Client)) -> Result<Report, ConfigError>,
) -> Result<(), Box<dyn std::error::Error>> {
    if env::var_os("STATSD_HOST").is_some() {
        print_report(&send(
            Config::from_env()?.default_prefix("quickstart"),
            record,
        )?);
        return Ok(());
    }

    println!("A StatsD server over TCP receives:");
    let (address, received) = receive_stream()?;
    let config = Config::new(address.ip().to_string())
        .port(address.port())
        .prefix("quickstart");
    let report = send(config, record)?;
    received.join().expect("the receiver does not panic")?;
    print_report(&report);

    println!("\nA Datadog agent over UDP receives:");
    let (address, received) = receive_datagram()?;
    let config = Config::dogstatsd(address.ip().to_string()).port(address.port());
    let report = send(config, record_dogstatsd)?;
    received.join().expect("the receiver does not panic")?;
    print_report(&report);
    Ok(())
}

fn record(client: &Client) {
    client.incr("orders", 1);
    client.decr("stock", 3);
    client.gauge("queue", 17);
    client.gauge("temperature", -4.5);
    client.gauge_delta("sessions", 2);
    client.timing("checkout", Duration::from_micros(48_250));
    client.timer("request").start().stop().send();
    drop(client.time("render"));
    client.set("visitors", "anna");
    client.inject_metric("requests", 1, "kv");
    let tagged = Metric::counter("logins", 1)
        .tags(&[("method", "password")])
        .sampled_at(0.5);
    client
        .record(&tagged)
        .expect("the dialect has tags and rates");
}

fn record_dogstatsd(client: &Client) {
    client.histogram("order.value", 129.9);
    client.distribution("latency", 12);
    client.gauge("temperature", -4.5);
    let tagged = Metric::counter("logins", 1).tags(&[("method", "password"), ("beta", "")]);
    client.record(&tagged).expect("the dialect has tags");
}

fn print_report(report: &Report) {
    println!("{report}");
}

type Received = thread::JoinHandle<io::Result<()>>;

/// Starts a TCP server that prints each line until the client closes the connection.
fn receive_stream() -> io::Result<(SocketAddr, Received)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let received = thread::spawn(move || {
        let (stream, _) = listener.accept()?;
        print!("{}", io::read_to_string(stream)?);
        Ok(())
    });
    Ok((address, received))
}

/// Starts a UDP server that prints one datagram.
fn receive_datagram() -> io::Result<(SocketAddr, Received)> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = socket.local_addr()?;
    let received = thread::spawn(move || {
        let mut datagram = [0; 1432];
        let len = socket.recv(&mut datagram)?;
        println!("{}", String::from_utf8_lossy(&datagram[..len]));
        Ok(())
    });
    Ok((address, received))
}
