//! How many instructions a metric takes, which depends on no clock and on nothing else that runs.
//!
//! This program runs itself in valgrind, and fails if a figure is above its budget in `budgets.txt`. A
//! compiler may move a budget as well as a change here: either way, in a commit that says why.

mod case;
mod valgrind;

use std::env;
use std::error::Error;
use std::io::{self, Write};

use crate::case::{CASES, Case};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [flag, case, metrics] = &*arguments {
        if flag == valgrind::CASE {
            Case::named(case)?.run(metrics.parse()?);
            return Ok(());
        }
    }
    let mut is_over = false;
    let mut out = io::stdout();
    writeln!(
        out,
        "{:40}{:>8}{:>10}{:>8}{:>10}",
        "", "caller", "budget", "in all", "budget"
    )?;
    for case in CASES {
        let [caller, in_all] = valgrind::instructions(case)?;
        let [caller_budget, in_all_budget] = budget(case)?;
        writeln!(
            out,
            "{:40}{caller:>8.1}{caller_budget:>10}{in_all:>8.1}{in_all_budget:>10}",
            case.name
        )?;
        is_over |= caller > caller_budget || in_all > in_all_budget;
    }
    if is_over {
        return Err("a metric takes more instructions than its budget".into());
    }
    Ok(())
}

/// Maximum number of instructions of a metric: at its caller, and with the driver's share.
fn budget(case: &Case) -> Result<[f64; 2], Box<dyn Error>> {
    let lines = include_str!("budgets.txt").lines();
    let mut lines = lines.filter(|line| !line.starts_with('#'));
    let line = lines.find_map(|line| line.strip_prefix(case.name)?.strip_prefix(':'));
    let line = line.ok_or_else(|| format!("{} has no budget", case.name))?;
    let mut numbers = line.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(caller), Some(in_all)) => Ok([caller?, in_all?]),
        _ => Err(format!("the budget of {} is two numbers", case.name).into()),
    }
}
