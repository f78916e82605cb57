//! Other interfaces to record by.

#[cfg(feature = "cadence")]
pub(crate) mod cadence;
#[cfg(feature = "metrics")]
pub(crate) mod facade;
pub(crate) mod global;
#[cfg(feature = "tower")]
pub mod web;
