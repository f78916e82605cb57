//! Waiting for what has to happen, however slow the machine is.

use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for what has to happen before it fails.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// Waits until `happens`; `what` completes the sentence "waited in vain for".
///
/// # Panics
///
/// After [`TIMEOUT`].
pub fn eventually(what: &str, mut happens: impl FnMut() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !happens() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}
