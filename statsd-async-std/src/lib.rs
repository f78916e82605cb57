//! **Async-std is discontinued** ([RUSTSEC-2025-0052](https://rustsec.org/advisories/RUSTSEC-2025-0052)):
//! new programs should use smol and [`statsd-smol`](https://docs.rs/statsd-smol), which works the same. This
//! crate is for programs that have yet to move, and works fully.
//!
//! A StatsD client for async-std: metrics are recorded in a short call from any thread, and reach their
//! server in order, packed, over TCP, UDP or Unix sockets, across restarts of the server.
//!
//! ```no_run
//! use std::time::Duration;
//! use statsd_async_std::{Config, Connector};
//!
//! # async fn example() -> Result<(), statsd_async_std::ConfigError> {
//! let connector = Connector::start(Config::new("127.0.0.1").prefix("shop"))?;
//! let client = connector.client();
//!
//! client.incr("orders", 1);                             // shop.counters.orders:1|c
//! client.gauge("queue", 17);                            // shop.gauges.queue:17|g
//! client.timing("checkout", Duration::from_millis(48)); // shop.timers.checkout:48|ms
//!
//! let report = connector.stop().await;
//! assert_eq!(report.abandoned, 0);
//! # Ok(())
//! # }
//! ```
//!
//! [`Connector`] spawns a task and can be stopped; [`connect`] gives the future instead, to spawn or to
//! await as the program likes. Everything else comes from [`statsd_proto`], whose documentation tells
//! the guarantees and what cannot be guaranteed; this crate holds a socket and a timer, and decides
//! nothing.
//!
//! # Tasks that block
//!
//! The connection goes on sending while tasks block some threads of the executor that runs it (by default one for each core).
//! While all of them are blocked nothing is sent, and metrics wait in the queue.
//!
//! # Features
//!
//! - `cadence`: a sink for programs that record with cadence.
//! - `metrics`: a recorder for the `metrics` facade.
//! - `serde`: `Config` from files of any format, and into them.
//! - `tower`: `web`, metrics of requests to any service of HTTP.
//! - `tracing` (default): reports connection news and losses as `tracing` events, throttled.

mod connection;
mod connector;
mod driver;
mod lookup;
mod options;
mod origin;
mod socket;

pub use statsd_proto::*;

pub use crate::connection::{Connection, connect};
pub use crate::connector::Connector;
