//! A StatsD client for tokio: metrics are recorded by a short call on any thread. They are sent in order and in
//! batches, over TCP, UDP or Unix sockets, and the client reconnects when the server restarts.
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
//! | looking for | see |
//! |---|---|
//! | Datadog | [`Config::dogstatsd`] and [`Config::from_dd_env`]; events and service checks in [`dogstatsd`] |
//! | tags | [`Config::tag`] for all metrics, [`Client::tagged`] for a part of a program, [`Recording::tag`] for one call |
//! | testing | [`testing::recorder`]: unit tests without sockets, in virtual time |
//! | shutdown | [`Connector::stop`], or [`Client::close`] and [`Client::closed`]; [`Client::close_blocking`] outside of async code |
//! | TLS, a proxy, vsock, a named pipe | [`connect_with`] or [`Connector::start_with`], with a stream that the program opens |
//! | aggregation | [`Config::aggregate`], and handles by [`Client::prepare`] |
//! | values at an interval | `examples/periodic.rs`: a task that ends with the client |
//! | a global client | [`global`] and [`set_global`]; `tests/runtime_per_test.rs` tests a program that has one |
//! | own event loop | [`statsd_proto::driver`], without this crate |
//!
//! [`Connector`] spawns a task and can be stopped. [`connect`] returns the future instead, which the program spawns or
//! awaits itself. Everything else comes from [`statsd_proto`], whose documentation lists the guarantees and their
//! limits. This crate adds a socket and a timer, and no policy.
//!
//! # Tasks that block
//!
//! On a runtime with several worker threads, the connection keeps sending while tasks block some of them. It has a
//! watchdog thread for that, which sleeps nearly all the time. In tokio, one worker at a time polls timers and
//! sockets; if that worker blocks in a task, the watchdog makes another worker take over. If the thread cannot be
//! created, metrics may wait as long as such a task blocks.
//!
//! A runtime with one worker, such as `current_thread`, runs no task while one blocks it, and so no connection:
//! metrics wait in the queue. A task must not block on [`Client::flush`] or [`Client::closed`] there, for example in a
//! panic hook. A program with blocking tasks can run the connection on a runtime and a thread of its own:
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
//! - `axum`: `web` names the requests of an axum application by their route, and passes metrics to handlers.
//! - `cadence`: `CadenceSink`, a sink for programs that record with cadence.
//! - `metrics`: `FacadeRecorder`, a recorder for the `metrics` facade.
//! - `pipe`: the program `statsd-pipe`, which sends lines from the shell: `cargo install statsd-tokio --features pipe`.
//! - `serde`: reads and writes [`Config`] in any file format that serde supports.
//! - `tower`: `web`, a layer that measures the requests to any HTTP service.
//! - `tracing` (default): logs the state of the connection and losses with the target `statsd`; see [`Event`].

#![cfg_attr(docsrs, feature(doc_cfg))]

mod channel;
mod connection;
mod connector;
mod custom;
mod doorbell;
mod driver;
mod link;
mod lookup;
mod options;
mod origin;
mod reexports;
mod runtime;
mod socket;
mod watch;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub mod web;

#[cfg(all(feature = "tower", not(feature = "axum")))]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use statsd_proto::web;

pub use crate::connection::{Connection, connect, connect_datagrams_with, connect_with};
pub use crate::connector::Connector;
pub use crate::custom::DatagramSocket;
pub use crate::reexports::*;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
