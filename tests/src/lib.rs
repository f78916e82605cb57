#![doc = include_str!("../../README.md")]
#![forbid(unsafe_code)]

pub mod acknowledged;
pub mod adapter;
pub mod carrier;
mod connection;
pub mod fault;
#[cfg(test)]
mod faults;
pub mod fuzz;
mod layout;
pub mod patience;
pub mod piece;
pub mod place;
pub mod server;
mod shared;
pub mod skip;
mod socket;
mod stream;
