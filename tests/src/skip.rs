//! Tests that a machine cannot run.

use std::io::{self, Write as _};
use std::thread;

/// Reports that this test does nothing, or too little, and why. This is printed even if the test's output
/// is captured because it passes.
pub fn skipped(why: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    // In one chunk, as other tests write too.
    let line = format!("SKIPPED {test}: {why}\n");
    // Without standard error there is no way to report this.
    let _ = io::stderr().write_all(line.as_bytes());
}
