//! Sends metrics and an event to the Datadog agent in the environment: `DD_AGENT_HOST` or `DD_DOGSTATSD_URL`, `DD_ENV`,
//! `DD_SERVICE`, `DD_VERSION`, `DD_TAGS` and the other variables of `Config::from_dd_env`.

#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

use std::error::Error;

use statsd_tokio::dogstatsd::{Alert, Event};
use statsd_tokio::{Config, Connector, Metric};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_dd_env()?
        .default_host("localhost")
        .prefix("shop");
    let connector = Connector::start(config)?;
    let client = connector.client();

    client.incr("orders", 1);
    client.distribution("checkout", 48.25);
    client.record(&Metric::counter("logins", 1).tags(&[("method", "card")]))?;
    let event = Event::new("shop has started", "no errors so far").alert(Alert::Success);
    client.event(&event.truncate(true))?;

    println!("{}", connector.stop().await);
    Ok(())
}
