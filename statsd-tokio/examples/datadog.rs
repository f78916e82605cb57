//! Sends metrics and an event to the Datadog agent in the environment, from a container or without one.
//!
//! In Kubernetes, a pod has these variables from its manifest or from Datadog's admission controller:
//!
//! ```yaml
//! - { name: DD_AGENT_HOST, valueFrom: { fieldRef: { fieldPath: status.hostIP } } }
//! - { name: DD_ENTITY_ID, valueFrom: { fieldRef: { fieldPath: metadata.uid } } }
//! - { name: DD_ENV, value: production }
//! ```
//!
//! `Config::from_dd_env` lists all variables. The client also detects its container, unless
//! `DD_ORIGIN_DETECTION_ENABLED` is `false`.

#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

use std::error::Error;

use statsd_tokio::dogstatsd::{Alert, Event};
use statsd_tokio::{Config, Connector};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_dd_env()?.default_host("localhost");
    let connector = Connector::start(config.prefix("shop"))?;
    let client = connector.client();

    client.incr("orders", 1); //                               shop.orders:1|c|#env:production
    client.distribution("checkout", 48.25); //                 shop.checkout:48.25|d|#env:production
    client.count("logins", 1).tag("method", "card").send(); // shop.logins:1|c|#env:production,method:card
    let event = Event::new("shop has started", "no errors so far").alert(Alert::Success);
    client.event(&event.truncate(true))?;

    println!("{}", connector.stop().await);
    Ok(())
}
