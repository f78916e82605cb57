//! A StatsD client for smol: metrics are recorded by a short call on any thread. They are sent in order and in
//! batches, over TCP, UDP or Unix sockets, and the client reconnects when the server restarts.
//!
//! ```no_run
//! use std::time::Duration;
//! use statsd_smol::{Config, Connector};
//!
//! # async fn example() -> Result<(), statsd_smol::ConfigError> {
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
//! | no async | [below](#without-async): a thread that drives, [`Client::flush_blocking`] |
//! | own event loop | [`statsd_proto::driver`], without this crate |
//!
//! [`Connector`] spawns a task on smol's global executor and can be stopped. [`connect`] returns the future instead,
//! which the program spawns on its own `Executor` or awaits itself. Everything else comes from [`statsd_proto`], whose
//! documentation lists the guarantees and their limits. This crate adds a socket and a timer, and no policy.
//!
//! # Tasks that block
//!
//! The connection keeps sending while tasks block some threads of the executor that runs it (`SMOL_THREADS` says how
//! many, one by default). While all of them are blocked, metrics wait in the queue.
//!
//! # Without async
//!
//! One thread drives the connection, and all others record and wait without an executor:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), statsd_smol::ConfigError> {
//! let (client, connection) = statsd_smol::connect(&statsd_smol::Config::dogstatsd("127.0.0.1"))?;
//! std::thread::spawn(|| smol::block_on(connection));
//!
//! client.incr("starts", 1);
//! client.flush_blocking(Duration::from_secs(1)); // whether the queue was sent in time
//! client.close_blocking(Duration::from_secs(6)); // the report; longer than the close timeout
//! # Ok(())
//! # }
//! ```
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
