//! A StatsD client for tokio: metrics are recorded in a short call from any thread, and reach their
//! server in order, packed, over TCP, UDP or Unix sockets, across restarts of the server.
//!
//! ```no_run
//! use std::time::Duration;
//! use statsd_tokio::{Config, Connector};
//!
//! # async fn example() -> Result<(), statsd_tokio::ConfigError> {
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
//! On a runtime of several worker threads the connection goes on sending while tasks block some of them. For that
//! it has a thread of its own, which sleeps nearly always: tokio has one worker at a time poll timers and sockets, and
//! when that one blocks in a task, this thread has another worker go on. Where the system has no thread left, metrics
//! may wait as long as such a task blocks.
//!
//! A runtime of one worker, such as `current_thread`, runs nothing while a task blocks it, this connection included:
//! metrics wait in the queue until it goes on. There a task must not block on [`Client::flush`] or
//! [`Client::closed`], as in a hook for panics. A program that does either can give the connection a runtime and a
//! thread of its own:
//!
//! ```no_run
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let (client, connection) = statsd_tokio::connect(&statsd_tokio::Config::new("127.0.0.1"))?;
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! let connection = std::thread::spawn(move || runtime.block_on(connection));
//! client.incr("starts", 1);
//! client.close();
//! let report = connection.join().expect("the connection does not panic");
//! println!("sent {} lines, abandoned {}", report.sent, report.abandoned);
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `axum`: `web` for axum: names by route, and metrics as an argument of handlers.
//! - `cadence`: a sink for programs that record with cadence.
//! - `metrics`: a recorder for the `metrics` facade.
//! - `serde`: `Config` from files of any format, and into them.
//! - `tower`: `web`, metrics of requests to any service of HTTP.
//! - `tracing` (default): reports connection news and losses as `tracing` events, throttled.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod connection;
mod connector;
mod doorbell;
mod driver;
mod lookup;
mod options;
mod origin;
mod runtime;
mod socket;
mod watch;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub mod web;

pub use statsd_proto::*;

pub use crate::connection::{Connection, connect};
pub use crate::connector::Connector;
