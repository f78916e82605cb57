//! A service that sends metrics to a Datadog agent: tags, a distribution, a timing guard, and a stop that loses nothing.
//!
//! The environment names the agent: `DD_AGENT_HOST`, `DD_DOGSTATSD_URL` and the other variables of
//! `Config::from_dd_env`. At SIGTERM, which Docker, Kubernetes and systemd send, the program sends its queue and exits.

#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

use std::{error::Error, io, time::Duration};

use statsd_tokio::{Client, Config, Connector};
use tokio::signal;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_dd_env()?.default_host("127.0.0.1");
    let connector = Connector::start(config.prefix("shop"))?;
    tokio::select! {
        () = sell(connector.client()) => {}
        result = stop_signal() => result?,
    }
    // The work has ended, and its guards are dropped: a metric that is recorded after the stop would be refused.
    println!("{}", connector.stop().await);
    Ok(())
}

async fn sell(client: Client) {
    loop {
        check_out(&client, "card").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn check_out(client: &Client, paid_by: &str) {
    let _guard = client.time("checkout"); // when it is dropped:     shop.checkout:12.25|ms
    tokio::time::sleep(Duration::from_millis(12)).await;
    client.distribution("basket", 129.5); //                         shop.basket:129.5|d
    client.count("orders", 1).tag("paid_by", paid_by).send(); //     shop.orders:1|c|#paid_by:card
}

/// Waits for SIGTERM or Ctrl-C.
async fn stop_signal() -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            interrupt = signal::ctrl_c() => interrupt,
        }
    }
    #[cfg(not(unix))]
    signal::ctrl_c().await
}
