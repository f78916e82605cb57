#![doc = include_str!("../../README.md")]

pub mod adapter;
mod connection;
pub mod fault;
pub mod patience;
pub mod piece;
pub mod server;
