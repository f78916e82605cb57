//! Records metrics of each kind on tokio, and prints what a server receives.
//!
//! If `STATSD_HOST` is set, the metrics are sent to that server, with the settings `STATSD_PORT`, `STATSD_PROTOCOL`,
//! `STATSD_PREFIX` and `STATSD_ENABLED`. Otherwise the program listens on this machine itself.

#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

use std::error::Error;
use std::net::{TcpListener, UdpSocket};
use std::time::Duration;
use std::{env, io};

use statsd_tokio::{Client, Config, Connector};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if env::var_os("STATSD_HOST").is_some() {
        let connector = Connector::start(Config::from_env()?.default_prefix("quickstart"))?;
        record(&connector.client());
        println!("{}", connector.stop().await);
        return Ok(());
    }

    println!("A StatsD server over TCP receives:");
    let server = TcpListener::bind("127.0.0.1:0")?;
    let config = Config::new("127.0.0.1").port(server.local_addr()?.port());
    let connector = Connector::start(config.prefix("quickstart"))?;
    record(&connector.client());
    let report = connector.stop().await;
    // The kernel has accepted the connection, and holds what was sent.
    let (stream, _) = server.accept()?;
    print!("{}", io::read_to_string(stream)?);
    println!("{report}");

    println!("\nA Datadog agent over UDP receives:");
    let agent = UdpSocket::bind("127.0.0.1:0")?;
    let config = Config::dogstatsd("127.0.0.1").port(agent.local_addr()?.port());
    let connector = Connector::start(config)?;
    record_dogstatsd(&connector.client());
    let report = connector.stop().await;
    let mut datagram = [0; 1432];
    let len = agent.recv(&mut datagram)?;
    println!("{}", String::from_utf8_lossy(&datagram[..len]));
    println!("{report}");
    Ok(())
}

fn record(client: &Client) {
    client.incr("orders", 1); //                                counters.orders:1|c
    client.decr("stock", 3); //                                 counters.stock:-3|c
    client.gauge("queue", 17); //                               gauges.queue:17|g
    client.gauge("temperature", -4.5); //                       gauges.temperature:0|g, then gauges.temperature:-4.5|g
    client.gauge_delta("sessions", 2); //                       gauges.sessions:+2|g
    client.timing("checkout", Duration::from_micros(48_250)); // timers.checkout:48.25|ms
    client.timer("request").start().stop().send(); //           timers.request:0.0003|ms
    drop(client.time("render")); //                             timers.render:0.0004|ms
    client.set("visitors", "anna"); //                          visitors:anna|s
    client.inject_metric("requests", 1, "kv"); //               requests:1|kv
    let logins = client.count("logins", 1).tag("method", "password");
    logins.sampled_at(0.5).send(); //                           counters.logins:1|c|@0.5|#method:password
}

fn record_dogstatsd(client: &Client) {
    client.histogram("order.value", 129.9); //                  order.value:129.9|h
    client.distribution("latency", 12); //                      latency:12|d
    client.gauge("temperature", -4.5); //                       temperature:-4.5|g
    let logins = client.count("logins", 1).tag("method", "password");
    logins.tag("beta", "").send(); //                           logins:1|c|#method:password,beta
}
