//! What other crates' users record through.

#[cfg(feature = "tower")]
pub mod web;
