//! This program in valgrind, which counts its instructions.

use std::env;
use std::error::Error;
use std::process::Command;

use crate::case::Case;

/// The argument that says that a case follows.
pub(crate) const CASE: &str = "--case";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// For one metric: at its caller, and in all.
pub(crate) fn instructions(case: &Case) -> Result<[f64; 2]> {
    Ok([
        for_one_metric(case, &["--toggle-collect=*record_burst*"])?,
        for_one_metric(case, &[])?,
    ])
}

/// A short run and a long one have the same cost of starting and ending.
fn for_one_metric(case: &Case, options: &[&str]) -> Result<f64> {
    let short = collect(case, METRICS, options)?;
    let long = collect(case, 2 * METRICS, options)?;
    Ok((long - short) as f64 / METRICS as f64)
}

fn collect(case: &Case, metrics: usize, options: &[&str]) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(options)
        .arg(env::current_exe()?)
        .args([CASE, case.name, &metrics.to_string()])
        .output()
        .map_err(|error| format!("valgrind counts the instructions, and cannot be run: {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{}: {log}", case.name).into());
    }
    // `==PID== Collected : N`
    let mut lines = log.lines();
    let count = lines.find_map(|line| line.split_once("Collected : "));
    let (_, count) = count.ok_or_else(|| format!("valgrind counted nothing: {log}"))?;
    Ok(count.trim().parse()?)
}

/// Enough for buffers to grow to their size in the short run.
const METRICS: usize = 20_000;
