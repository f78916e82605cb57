//! Client and driver under shuttle, a scheduler that decides at every lock and atomic which thread goes on:
//! by chance, and by chance with few changes of priority, which finds what needs an unlikely order.
//!
//! ```text
//! RUSTFLAGS="--cfg shuttle" CARGO_TARGET_DIR=target/shuttle \
//!     cargo test -p statsd-proto --test concurrency
//! ```
//!
//! Without the flag there is nothing here. A thread that waits for what never comes is a deadlock, which
//! shuttle reports with the order of steps that led to it.

#[cfg(shuttle)]
mod aggregation;
#[cfg(shuttle)]
mod ending;
#[cfg(shuttle)]
mod levels;
#[cfg(shuttle)]
mod recording;
#[cfg(shuttle)]
mod waiting;
#[cfg(shuttle)]
mod world;
