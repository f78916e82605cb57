//! How much memory this process has.

use std::fs;

/// The most that was ever resident, in KiB. None on a system that does not tell.
pub(crate) fn peak() -> Option<u64> {
    field("VmHWM:")
}

/// What is resident, in KiB. None on a system that does not tell.
pub(crate) fn resident() -> Option<u64> {
    field("VmRSS:")
}

fn field(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
