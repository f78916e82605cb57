//! A StatsD client as a state machine: it queues metrics, packs them into payloads, and decides when to reconnect. It
//! opens no socket, reads no clock and spawns no task.
//!
//! Most programs use the adapter for their runtime, which re-exports this crate:
//! [`statsd-tokio`](https://docs.rs/statsd-tokio), [`statsd-smol`](https://docs.rs/statsd-smol) or
//! [`statsd-async-std`](https://docs.rs/statsd-async-std). This crate alone is for libraries, for unit tests,
//! and for programs with an event loop of their own.
//!
//! ```
//! use statsd_proto::testing::recorder;
//! use statsd_proto::Config;
//!
//! # fn main() -> Result<(), statsd_proto::ConfigError> {
//! let (client, mut recorder) = recorder(Config::new("localhost").prefix("shop"))?;
//! client.incr("orders", 1);
//! assert_eq!(recorder.lines(), ["shop.counters.orders:1|c"]);
//! # Ok(())
//! # }
//! ```
//!
//! | looking for | see |
//! |---|---|
//! | Datadog | [`Config::dogstatsd`] and [`Config::from_dd_env`]; events and service checks in [`dogstatsd`] |
//! | tags | [`Config::tag`] for all metrics, [`Client::tagged`] for a part of a program, [`Recording::tag`] for one call |
//! | testing | [`testing::recorder`], and the page [Testing without sockets](_testing) |
//! | shutdown | `Connector::stop` of the adapters, or [`Client::close`] and [`Client::closed`]; [`Client::close_blocking`] without async |
//! | aggregation | [`Config::aggregate`], and handles by [`Client::prepare`] |
//! | a library | takes a [`Client`]; `examples/library.rs` is one, with its unit tests |
//! | no async | `statsd-smol` on a thread, see its [front page](https://docs.rs/statsd-smol/latest/statsd_smol/#without-async); [`Client::flush_blocking`] and [`Client::close_blocking`] wait |
//! | own event loop | module [`driver`]: a [`Session`](driver::Session), or a [`Driver`](driver::Driver) for clients on several threads |
//! | adapter for another runtime | module [`driver`] |
//!
//! # The parts
//!
//! ```text
//!   any thread                statsd-proto                        one adapter
//!
//!  ┌──────────┐  record  ┌─────────────────────┐          ┌───────────────────────┐
//!  │  Client  ├─────────▶│       Mutex         │  Output  │                       ├──▶ socket
//!  ├──────────┤          │  ┌───────────────┐  ├─────────▶│  the driver's loop:   │
//!  │  Client  ├─────────▶│  │    Session    │  │          │  one await            │
//!  ├──────────┤          │  │ pure, no time │  │◀─────────┤                       │
//!  │  Client  ├─────────▶│  └───────────────┘  │  Input   │                       │◀── timer
//!  └──────────┘          └─────────────────────┘          └───────────────────────┘
//!    clones                 locked briefly           tokio, or your own loop
//! ```
//!
//! The items on this page are for programs that record metrics, and the adapters re-export them. The items for programs
//! that send them are in the module [`driver`].
//!
//! # Pages
//!
//! - [Servers](_servers): the settings for each server: dialect, transport, port, address.
//! - [Testing without sockets](_testing): exact lines, names alone, virtual time, outages.
//! - [Migrating from other clients](_migrating), name by name: cadence, the exporters of `metrics`, dogstatsd, datadog-go,
//!   hot-shots, sprockets-statsd.
//! - [Scaling](_scaling): from one busy program to many hosts.
//! - [Faults](_faults): each kind of fault, its cost, and the test that covers it.
//! - [Platforms](_platforms): supported targets, their limits, and the size of this crate.
//! - [Performance](_performance): the cost of a metric, in this client and in others.
//!
//! # Servers
//!
//! [`Dialect`] describes what each family of servers accepts: kinds of metrics, tags and their syntax, limits,
//! transports. A setting or a metric that the dialect cannot express is an error. The page [Servers](_servers) lists
//! the settings for each server. Events, service checks and other extensions of the Datadog agent are in [`dogstatsd`].
//!
//! # Guarantees
//!
//! - Lines are sent whole, in the order recorded; [`Client`] documents the order across threads. After a connection
//!   breaks, the first line that was not written whole is resent from its start.
//! - The queue is bounded, in bytes and in lines.
//! - Every line is accounted for: [`Stats`] at every step, [`Report`] at the end.
//! - A name, tag or value from an untrusted source cannot forge a metric.
//! - Recording never blocks, reads no clock, makes no system call, and allocates no memory in steady use.
//!
//! # Faults
//!
//! | fault | reaction | possible loss |
//! |---|---|---|
//! | the server closes the TCP connection | reconnects after a short wait; a partly written line is resent from its start | data in kernel buffers: see [`Config::send_buffer`] and [`Config::resend_unacknowledged`] |
//! | the server accepts a connection and closes it at once | writes nothing before [`Config::settle_time`]; backoff | nothing |
//! | the server stops reading | waits for [`Config::write_timeout`], then reconnects | data in kernel buffers |
//! | the server's machine vanishes without closing | as above; without writes, [`Config::keepalive`] detects it | what was written since the machine vanished |
//! | a lookup fails or hangs | keeps an open socket; else tries the last good addresses, [`Config::connect_timeout`], backoff | nothing |
//! | the server moves to another address | TCP: reconnects when the connection breaks; UDP: re-resolves at [`Config::resolve_interval`] | datagrams until then |
//! | a connection reaches [`Config::max_connection_age`] | replaces it between two payloads | nothing |
//! | a datagram is refused (`ECONNREFUSED`, or `EHOSTUNREACH` by a firewall) | resends it alone after a backoff; the queue waits | datagrams sent more than 50 ms earlier |
//! | a datagram is too large (`EMSGSIZE`) | divides it, down to 512 bytes, and packs smaller ones from then on | a line that fits in no datagram |
//! | the kernel's buffer is full (`EAGAIN`, `ENOBUFS`) | waits, then retries | nothing |
//! | a local firewall forbids sending (`EPERM`) | backoff, then retries | nothing |
//! | the network is down (`ENETUNREACH`, `ENETDOWN`, `EADDRNOTAVAIL`) | backoff, then a new socket, which takes the new route | nothing |
//! | the kernel refuses a datagram for another reason | drops it after the third try | its lines, as [`Dropped::unsendable`] |
//! | the queue is full | [`Config::overflow`] | the newest or the oldest lines |
//!
//! # What it does not do
//!
//! - StatsD has no acknowledgements, so the client cannot know what a server has read. Lines that the kernel has taken
//!   count as sent, even if it never delivers them. Over TCP, [`Config::send_buffer`] limits their number. On Linux,
//!   [`Config::resend_unacknowledged`] resends what the server's kernel has not acknowledged.
//! - Metrics are not aggregated by default: each is a line of its own. [`Config::aggregate`] changes that, and
//!   [`Metric::timings_ms`] packs several values into one line for servers that support it.
//! - The queue is in memory. A restart of the program loses it.
//!
//! # Features
//!
//! - `cadence`: `CadenceSink`, a sink for programs that record with cadence.
//! - `metrics`: `FacadeRecorder`, a recorder for the `metrics` facade.
//! - `serde`: reads and writes [`Config`] in any file format that serde supports.
//! - `tower`: `web`, a layer that measures the requests to any HTTP service.
//! - `tracing`: logs the state of the connection and losses with the target `statsd`; see [`Event`].

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

#[cfg(not(target_has_atomic = "64"))]
compile_error!("statsd-proto counts in 64-bit atomics, which this target does not have");

mod client;
mod config;
pub mod dogstatsd;
pub mod driver;
mod encode;
mod error;
mod integrations;
mod metric;
mod random;
mod session;
mod sync;
pub mod testing;

pub use crate::client::Client;
pub use crate::client::events::Events;
pub use crate::client::group::Group;
pub use crate::client::handle::{
    Counter, Distribution, Gauge, GaugeDelta, Histogram, Meter, Prepare, Set, Timing,
};
pub use crate::client::recording::Recording;
pub use crate::client::timer::{RunningTimer, StoppedTimer, Stopwatch, Timer, TimerGuard};
pub use crate::config::{Config, Pace, Telemetry, Transport};
pub use crate::encode::dialect::Dialect;
pub use crate::encode::text::SanitizePolicy;
pub use crate::error::{ConfigError, ParseError, RecordError};
#[cfg(feature = "cadence")]
pub use crate::integrations::cadence::CadenceSink;
#[cfg(feature = "metrics")]
pub use crate::integrations::facade::{AlreadyInstalled, FacadeRecorder};
pub use crate::integrations::global::{AlreadySet, global, set_global};
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
#[cfg(feature = "tower")]
pub use crate::integrations::web;
pub use crate::metric::{Kind, Metric, Number, TagList, Value};
pub use crate::session::event::{Backlog, Event, EventKind};
pub use crate::session::failure::{Failure, FailureKind};
pub use crate::session::queue::Overflow;
pub use crate::session::stats::{Dropped, Refused, Report, Stats};

#[cfg(any(doc, doctest))]
#[doc = include_str!("../PERFORMANCE.md")]
#[doc = ""]
#[doc = include_str!("../performance.svg")]
pub mod _performance {}

#[cfg(any(doc, doctest))]
#[doc = include_str!("../MIGRATING.md")]
pub mod _migrating {}

#[cfg(any(doc, doctest))]
#[doc = include_str!("../SCALING.md")]
pub mod _scaling {}

#[cfg(any(doc, doctest))]
#[doc = include_str!("../PLATFORMS.md")]
pub mod _platforms {}

#[cfg(any(doc, doctest))]
#[doc = include_str!("../SERVERS.md")]
pub mod _servers {}

#[cfg(any(doc, doctest))]
#[doc = include_str!("../FAULTS.md")]
pub mod _faults {}

#[cfg(any(doc, doctest))]
#[doc = include_str!("../TESTING.md")]
pub mod _testing {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
