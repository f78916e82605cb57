//! The examples of statsd-tokio and statsd-proto as programs of their own: what arrives, what they print,
//! how they exit.

mod loops;
mod pipe;
mod process;
mod quickstart;
#[cfg(unix)]
mod signals;
