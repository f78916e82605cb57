//! Other ways to record: the global client, cadence, the `metrics` facade, and layers for web services.

#[cfg(feature = "cadence")]
pub(crate) mod cadence;
#[cfg(feature = "metrics")]
pub(crate) mod facade;
pub(crate) mod global;
#[cfg(feature = "tower")]
pub mod web;
