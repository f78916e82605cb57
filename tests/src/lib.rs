// The program in it waits for SIGTERM, which Windows does not have.
#![cfg_attr(unix, doc = include_str!("../../README.md"))]
#![cfg_attr(not(unix), doc = "Servers and judges for the tests of all crates.")]
#![forbid(unsafe_code)]

pub mod acknowledged;
pub mod adapter;
pub mod address;
pub mod carrier;
pub mod chunk;
mod connection;
pub mod fault;
#[cfg(test)]
mod faults;
pub mod layout;
pub mod server;
mod shared;
pub mod skip;
mod socket;
mod stream;
pub mod timeout;
