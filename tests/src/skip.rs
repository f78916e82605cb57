//! Tests that a machine cannot run.

use std::io::{self, Write as _};
use std::thread;

/// Tells that this test does nothing, or too little, and why. It is told even where the test's output
/// is kept back because it passes.
pub fn skipped(why: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    // In one piece, as other tests write too.
    let line = format!("SKIPPED {test}: {why}\n");
    // Nobody is left to tell if this fails.
    let _ = io::stderr().write_all(line.as_bytes());
}
