//! Arguments of the command line, for people and for the processes that this program starts.

use std::env;
use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::subject::Target;

pub(crate) enum Role {
    Compare(Arguments),
    Receive,
    Run(Run),
}

pub(crate) struct Arguments {
    pub(crate) rounds: usize,
    /// Far fewer metrics: to see that all works.
    pub(crate) is_quick: bool,
    /// Counts system calls, which takes a tracer.
    pub(crate) counts_syscalls: bool,
    /// Only subjects with this in their names.
    pub(crate) only: String,
    /// A page to put the tables into.
    pub(crate) page: Option<PathBuf>,
    /// A file for the plot.
    pub(crate) svg: Option<PathBuf>,
}

/// One run, of what is named by its place in the lists.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub(crate) subject: usize,
    pub(crate) workload: usize,
    pub(crate) metrics: usize,
    pub(crate) target: Target,
    pub(crate) control: SocketAddr,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

impl Role {
    pub(crate) fn of_this_process() -> Result<Self> {
        let mut words = env::args().skip(1);
        let mut arguments = Arguments {
            rounds: 0,
            is_quick: false,
            counts_syscalls: false,
            only: String::new(),
            page: None,
            svg: None,
        };
        while let Some(word) = words.next() {
            match &*word {
                // Cargo says so to every benchmark.
                "--bench" => {}
                "--quick" => arguments.is_quick = true,
                "--syscalls" => arguments.counts_syscalls = true,
                "--only" => arguments.only = next(&mut words)?,
                "--rounds" => arguments.rounds = next(&mut words)?,
                "--page" => arguments.page = Some(file(&next::<PathBuf>(&mut words)?)),
                "--svg" => arguments.svg = Some(file(&next::<PathBuf>(&mut words)?)),
                "--receive" => return Ok(Self::Receive),
                "--run" => {
                    return Ok(Self::Run(Run {
                        subject: next(&mut words)?,
                        workload: next(&mut words)?,
                        metrics: next(&mut words)?,
                        target: Target {
                            udp: next(&mut words)?,
                            tcp: next(&mut words)?,
                        },
                        control: next(&mut words)?,
                    }));
                }
                _ => return Err(format!("unknown: {word}. {USAGE}").into()),
            }
        }
        if arguments.rounds == 0 {
            arguments.rounds = if arguments.is_quick { 1 } else { 7 };
        }
        Ok(Self::Compare(arguments))
    }
}

fn next<T: FromStr<Err: Error + 'static>>(words: &mut impl Iterator<Item = String>) -> Result<T> {
    Ok(words.next().ok_or(USAGE)?.parse()?)
}

/// Cargo starts benchmarks in their crate's directory, and people name files from the workspace's.
fn file(path: &Path) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

const USAGE: &str =
    "Usage: [--rounds N] [--quick] [--syscalls] [--only NAME] [--page FILE] [--svg FILE]";
