//! Other interfaces to record by.

#[cfg(feature = "cadence")]
pub(crate) mod cadence;
#[cfg(feature = "metrics")]
pub(crate) mod facade;
