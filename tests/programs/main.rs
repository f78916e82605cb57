//! The examples of statsd-tokio as programs of their own: what arrives, what they print, how they exit.

mod pipe;
mod process;
mod quickstart;
#[cfg(unix)]
mod signals;
