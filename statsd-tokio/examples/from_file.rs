//! Reads the configuration from a TOML file, whose path is the argument. Setters win over the file.
//!
//! ```toml
//! host = "udp://127.0.0.1:8125"
//! dialect = "opentelemetry"
//! flush_interval = "50ms"
//! tags = { env = "production" }
//! ```

#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

use std::error::Error;
use std::{env, fs};

use statsd_tokio::{Config, Connector};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("give it the path of a file")?;
    let config: Config = toml::from_str(&fs::read_to_string(path)?)?;
    let connector = Connector::start(config.default_host("localhost").prefix("shop"))?;
    connector.client().incr("orders", 1);
    println!("{}", connector.stop().await);
    Ok(())
}
