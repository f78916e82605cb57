//! For programs that send metrics themselves: event loops without an adapter, and adapters for other runtimes.
//!
//! [`Session`] is a client for one thread: an event loop records into it and drives it. [`Driver`] is the same state
//! machine behind a lock, for [`Client`](crate::Client)s on any thread; it adds wakers. Programs that use an adapter
//! need nothing of this module.
//!
//! # Driving a session
//!
//! [`Session::poll`] returns the next step as an [`Output`]. [`Session::handle`] takes its result as an [`Input`]:
//!
//! ```
//! use std::time::Instant;
//! use statsd_proto::driver::{Input, Output, Session};
//! use statsd_proto::{Config, Metric};
//!
//! # use statsd_proto::driver::{Connect, Resolve, Transmit};
//! # struct Network;
//! # impl Network {
//! #     fn connect(&mut self, _: Connect) -> Input { Input::Connected }
//! #     fn look_up(&mut self, name: Resolve) -> Input { name.answer(Ok([])) }
//! #     fn write(&mut self, transmit: Transmit) -> Input { Input::Written(transmit.data.len()) }
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
//! At [`Output::Wait`], an event loop waits for its socket or for the given time, whichever comes first. It also polls
//! when [`Session::wants_poll`] is true.
//!
//! Four programs can be copied. `examples/mio_udp.rs` runs a session in an event loop, in under 80 lines, and
//! `examples/thread_udp.rs` a driver on a thread. `examples/mio_loop.rs` and `examples/blocking.rs` do the same with
//! everything that a program may need: TCP, socket options, lookups that do not block.
//!
//! # What is where
//!
//! | looking for | see |
//! |---|---|
//! | the rules of the loop | [`Session`], which lists what to do and to answer for each instruction |
//! | the socket to open, and its options | [`Connect`], [`Target`], [`Keepalive`] |
//! | host names | [`Resolve`] |
//! | writing, several datagrams in one system call | [`Transmit`], [`Segmentation`] |
//! | errors of sockets and lookups | [`Input::failed`], [`Failure`], [`System`] |
//! | prepared metrics without a client | [`Session::prepare`], [`Prepared`] |
//! | events for a log | [`Session::poll_event`], [`Driver::poll_event`] |
//! | limits for adapters | [`MAX_READS`], [`MAX_CLOSING_READS`], [`OVERDUE`] |
//! | what an adapter checks and detects first | [`Config::check_unix_sockets`], [`UnixSockets`], [`Config::detect_origin`] |
//!
//! [`Config::check_unix_sockets`]: crate::Config::check_unix_sockets
//! [`Config::detect_origin`]: crate::Config::detect_origin

pub use crate::client::driver::{Driver, MAX_CLOSING_READS, MAX_READS, OVERDUE};
pub use crate::config::UnixSockets;
pub use crate::session::Session;
pub use crate::session::failure::System;
pub use crate::session::instruction::{
    Connect, Input, Keepalive, Output, Resolve, Target, Transmit,
};
pub use crate::session::prepared::Prepared;
pub use crate::session::segmentation::Segmentation;
#[doc(no_inline)]
pub use crate::{Backlog, Event, EventKind, Failure, FailureKind};
