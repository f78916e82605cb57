//! How much memory this process has.

use std::fs;

/// Peak of the resident memory in KiB, or `None` if the system does not report it.
pub(crate) fn peak() -> Option<u64> {
    field("VmHWM:")
}

/// Resident memory in KiB, or `None` if the system does not report it.
pub(crate) fn resident() -> Option<u64> {
    field("VmRSS:")
}

fn field(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
