//! **Async-std is discontinued** ([RUSTSEC-2025-0052](https://rustsec.org/advisories/RUSTSEC-2025-0052)): new programs
//! should use smol and [`statsd-smol`](https://docs.rs/statsd-smol), which has the same interface. This crate is for
//! programs that have not migrated yet. It is fully supported.
//!
//! A StatsD client for async-std: metrics are recorded by a short call on any thread. They are sent in order and in
//! batches, over TCP, UDP or Unix sockets, and the client reconnects when the server restarts.
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
//! | looking for | see |
//! |---|---|
//! | Datadog | [`Config::dogstatsd`] and [`Config::from_dd_env`]; events and service checks in [`dogstatsd`] |
//! | tags | [`Config::tag`] for all metrics, [`Client::tagged`] for a part of a program, [`Recording::tag`] for one call |
//! | testing | [`testing::recorder`]: unit tests without sockets, in virtual time |
//! | shutdown | [`Connector::stop`], or [`Client::close`] and [`Client::closed`]; [`Client::close_blocking`] outside of async code |
//! | TLS, a proxy, vsock, a named pipe | [`connect_with`] or [`Connector::start_with`], with a stream that the program opens |
//! | aggregation | [`Config::aggregate`], and handles by [`Client::prepare`] |
//! | own event loop | [`statsd_proto::driver`], without this crate |
//!
//! [`Connector`] spawns a task and can be stopped. [`connect`] returns the future instead, which the program spawns or
//! awaits itself. Everything else comes from [`statsd_proto`], whose documentation lists the guarantees and their
//! limits. This crate adds a socket and a timer, and no policy.
//!
//! # Tasks that block
//!
//! The connection keeps sending while tasks block some threads of the executor that runs it (by default one for each
//! core). While all of them are blocked, metrics wait in the queue.
//!
//! # Features
//!
//! - `cadence`: `CadenceSink`, a sink for programs that record with cadence.
//! - `metrics`: `FacadeRecorder`, a recorder for the `metrics` facade.
//! - `serde`: reads and writes [`Config`] in any file format that serde supports.
//! - `tower`: `web`, a layer that measures the requests to any HTTP service.
//! - `tracing` (default): logs the state of the connection and losses with the target `statsd`; see [`Event`].

#![cfg_attr(docsrs, feature(doc_cfg))]

mod channel;
mod connection;
mod connector;
mod custom;
mod driver;
mod link;
mod lookup;
mod options;
mod origin;
mod reexports;
mod socket;

#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use statsd_proto::web;

pub use crate::connection::{Connection, connect, connect_datagrams_with, connect_with};
pub use crate::connector::Connector;
pub use crate::custom::DatagramSocket;
pub use crate::reexports::*;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
