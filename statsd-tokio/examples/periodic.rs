//! Records values at an interval, from a task that ends with the client.
//!
//! A metric that is recorded after the client was closed is refused, and [`Stats`](statsd_tokio::Stats) counts it as a
//! loss. The task therefore checks [`Client::is_closed`] before it records.

#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

use std::error::Error;
use std::time::Duration;

use statsd_tokio::{Client, Config, Connector};
use tokio::time::{interval, sleep};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_env()?.default_host("127.0.0.1");
    let connector = Connector::start(config.default_prefix("shop"))?;
    tokio::spawn(record_tasks(connector.client(), Duration::from_secs(1)));
    sleep(Duration::from_millis(2500)).await; // The program's work.
    println!("{}", connector.stop().await);
    Ok(())
}

/// Records the number of tasks of this runtime: at once, and then at every interval until the client is closed.
pub(crate) async fn record_tasks(client: Client, every: Duration) {
    let runtime = tokio::runtime::Handle::current();
    // If the program was busy, one late value is enough.
    let mut interval = interval(every);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        interval.tick().await;
        if client.is_closed() {
            return;
        }
        client.gauge("tasks", runtime.metrics().num_alive_tasks());
    }
}
