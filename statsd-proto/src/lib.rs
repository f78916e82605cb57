//! A StatsD client as a state machine: the queue, the framing and the timing of a connection that
//! comes back, without a socket, a clock or a task.
//!
//! Most programs want the adapter for their runtime, which re-exports this crate:
//! [`statsd-tokio`](https://docs.rs/statsd-tokio). This one is for adapters, for programs with an event
//! loop of their own, and for [tests](_testing):
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
//! # Driving a session
//!
//! [`Session::poll`] says what to do at a time, [`Session::handle`] learns what came of it:
//!
//! ```
//! use std::time::Instant;
//! use statsd_proto::{Config, Input, Metric, Output, Session};
//!
//! # struct Network;
//! # impl Network {
//! #     fn connect(&mut self, _: statsd_proto::Connect) -> Input { Input::Connected }
//! #     fn look_up(&mut self, name: statsd_proto::Resolve) -> Input { name.answer(Ok([])) }
//! #     fn write(&mut self, transmit: statsd_proto::Transmit) -> Input { Input::Written(transmit.data.len()) }
//! #     fn close(&mut self) {}
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut network = Network;
//! # let mut now = Instant::now();
//! let mut session = Session::new(&Config::new("127.0.0.1"), 7)?;
//! session.record(&Metric::counter("requests", 1))?;
//! session.close();
//! let report = loop {
//!     match session.poll(now) {
//!         Output::Connect(connect) => session.handle(network.connect(connect)),
//!         Output::Disconnect => network.close(),
//!         Output::Finished(report) => break report,
//!         Output::Resolve(resolve) => session.handle(network.look_up(resolve)),
//!         Output::Transmit(transmit) => session.handle(network.write(transmit)),
//!         Output::Wait(until) => now = until.expect("a closing session has a deadline"),
//!     }
//! };
//! assert_eq!(report.sent, 1);
//! # Ok(())
//! # }
//! ```
//!
//! A driver of its own loop waits at [`Output::Wait`] for its socket, the time, and
//! [`Session::wants_poll`]. [`Driver`] adds the lock and the wakers for [`Client`]s on other threads.
//!
//! Both are shown by programs to copy from: `examples/mio_loop.rs` has a session in an event loop of its
//! own, step by step, and `examples/blocking.rs` a driver on a thread of plain `std`.
//!
//! # Pages
//!
//! - [What to write for which server](_servers): dialects, transports, ports, addresses.
//! - [Testing without sockets](_testing): exact lines, only names, time, outages.
//! - [Migrating from other clients](_migrating): cadence and sprockets-statsd, name by name.
//! - [Scaling](_scaling): from one busy program to many hosts.
//! - [Faults](_faults): what goes wrong, what it costs, and the test that shows it.
//! - [Platforms](_platforms): what builds where, what is missing there, and what this crate weighs.
//! - [Architecture](_architecture): where things are, and what must stay true.
//! - [Performance](_performance): what a metric costs, here and in other clients.
//!
//! # Servers
//!
//! [`Dialect`] says what each family of servers accepts: tags and their syntax, kinds, limits, transports. What one
//! cannot say is an error, when the configuration is checked or the metric recorded. A [page](_servers) says what to
//! write for which server. What only the Datadog agent knows is in [`dogstatsd`].
//!
//! # Guarantees
//!
//! - Lines leave in the order recorded, whole; see [`Client`] for those of several threads. After a break the first line that was not written whole
//!   is sent again from its start.
//! - What waits is bounded, in bytes and in lines.
//! - Every line is accounted for: [`Stats`] at every step, [`Report`] at the end.
//! - A name, tag or value from an untrusted source cannot forge a metric.
//! - Recording never blocks, reads no clock and makes no system call, and allocates nothing in a steady
//!   flow.
//!
//! # Faults
//!
//! | what happens | what is done | what may be lost |
//! |---|---|---|
//! | the server hangs up, over TCP | connects again after a short wait; a line that was torn goes again from its start | what the kernel held: see [`Config::send_buffer`] and [`Config::resend_unacknowledged`] |
//! | it accepts and hangs up | nothing is written before [`Config::settle_time`]; backoff | nothing |
//! | it reads no more | waits for [`Config::write_timeout`], then as above | what the kernel held |
//! | its machine is gone without a goodbye | as above; without a write, [`Config::keepalive`] finds out | what was written since it was there |
//! | a name cannot be looked up, or hangs | an open socket stays; else the last good addresses, [`Config::connect_timeout`], backoff | nothing |
//! | a server has moved | over TCP the break tells; over UDP [`Config::resolve_interval`] | datagrams until then |
//! | a link gets old | [`Config::max_connection_age`]: a new one between two payloads | nothing |
//! | a datagram is refused (`ECONNREFUSED`, or `EHOSTUNREACH` by a firewall) | it goes again, alone, after a backoff; the rest waits | what was sent more than 50 ms before |
//! | a datagram is too large (`EMSGSIZE`) | it is divided, down to 512 bytes, and those to come are smaller | a line that fits in no datagram |
//! | the kernel has no room (`EAGAIN`, `ENOBUFS`) | waits and sends it again | nothing |
//! | a local firewall forbids it (`EPERM`) | backoff, and sends it again | nothing |
//! | the network is away (`ENETUNREACH`, `ENETDOWN`, `EADDRNOTAVAIL`) | backoff, a new socket, which finds the new route | nothing |
//! | the kernel refuses a datagram for another reason | drops it at the third try | its lines, as [`Dropped::unsendable`] |
//! | the queue is full | [`Config::overflow`] | the newest or the oldest |
//!
//! # What it does not do
//!
//! - It cannot know what a server read. Lines that the kernel took and did not deliver count as sent;
//!   [`Config::send_buffer`] bounds them on a stream, and [`Config::resend_unacknowledged`] sends again what
//!   the server's kernel has not acknowledged, where the system tells.
//! - It does not aggregate unless [told to](Config::aggregate): a metric is a line. Several values of one
//!   are [sent together](Metric::timings_ms), where servers know that.
//! - It keeps nothing across a restart of the program.
//!
//! # Features
//!
//! - `cadence`: a sink for programs that record with cadence.
//! - `metrics`: a recorder for the `metrics` facade.
//! - `serde`: [`Config`] from files of any format, and into them.
//! - `tower`: `web`, metrics of requests to any service of HTTP.
//! - `tracing`: reports connection news and losses as `tracing` events, throttled.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

#[cfg(not(target_has_atomic = "64"))]
compile_error!("statsd-proto counts in 64-bit atomics, which this target does not have");

mod client;
mod config;
pub mod dogstatsd;
mod encode;
mod error;
mod integrations;
mod metric;
mod random;
mod session;
mod sync;
pub mod testing;

pub use crate::client::Client;
pub use crate::client::driver::{Driver, MAX_READS, OVERDUE};
pub use crate::client::group::Group;
pub use crate::client::handle::{
    Counter, Distribution, Gauge, GaugeDelta, Histogram, Meter, Prepare, Set, Timing,
};
pub use crate::client::recording::Recording;
pub use crate::client::timer::{RunningTimer, StoppedTimer, Stopwatch, Timer, TimerGuard};
pub use crate::config::{Config, Pace, Telemetry, Transport, UnixSockets};
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
pub use crate::session::Session;
pub use crate::session::event::{Backlog, Event, EventKind};
pub use crate::session::failure::{Failure, FailureKind, System};
pub use crate::session::instruction::{
    Connect, Input, Keepalive, Output, Resolve, Target, Transmit,
};
pub use crate::session::prepared::Prepared;
pub use crate::session::queue::Overflow;
pub use crate::session::segmentation::Segmentation;
pub use crate::session::stats::{Dropped, Refused, Report, Stats};

#[cfg(any(doc, doctest))]
#[doc = include_str!("../ARCHITECTURE.md")]
pub mod _architecture {}

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
