//! Progress of a long input, on a terminal.

use std::fmt;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use statsd_tokio::Stats;

use crate::input::{Counts, Source};

/// Shows how much was read and sent.
pub(crate) struct Progress {
    counts: Arc<Counts>,
    terminal: Arc<Terminal>,
    /// Bytes of all sources, or `None` if the end of one is unknown.
    total: Option<u64>,
    /// Times at which to show it, or `None` before the first.
    interval: Option<Interval>,
}

impl Progress {
    pub(crate) fn new(sources: &[Source], counts: Arc<Counts>) -> Self {
        Self {
            counts,
            terminal: Arc::new(Terminal::default()),
            total: sources.iter().map(|source| source.size).sum(),
            interval: None,
        }
    }

    pub(crate) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    pub(crate) fn terminal(&self) -> Arc<Terminal> {
        Arc::clone(&self.terminal)
    }

    /// Waits until it is to be shown. For ever, if standard error is no terminal.
    pub(crate) async fn next(&mut self) {
        if !io::stderr().is_terminal() {
            return std::future::pending().await;
        }
        let interval = self.interval.get_or_insert_with(|| {
            let mut interval = interval_at(Instant::now() + LONG, EVERY);
            interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
            interval
        });
        interval.tick().await;
    }

    pub(crate) fn show(&self, stats: &Stats) {
        let (bytes, lines) = (&self.counts.bytes, &self.counts.lines);
        let read = bytes.load(Ordering::Relaxed);
        let of = match self.total {
            Some(total) if total > 0 => {
                format!(" of {} ({} %)", Size(total), read * 100 / total.max(read))
            }
            _ => String::new(),
        };
        self.terminal.show(&format!(
            "read {}{of}, {} lines; sent {}, queued {}",
            Size(read),
            lines.load(Ordering::Relaxed),
            stats.sent,
            stats.queued + stats.in_flight
        ));
    }

    pub(crate) fn clear(&self) {
        self.terminal.show("");
    }
}

/// Standard error, with a line at its end that is replaced.
#[derive(Debug, Default)]
pub(crate) struct Terminal {
    /// Width of the last line in characters.
    width: AtomicUsize,
}

impl Terminal {
    /// Prints a line above the progress.
    pub(crate) fn say(&self, line: &str) {
        self.show("");
        eprintln!("{line}");
    }

    /// Replaces the progress.
    fn show(&self, line: &str) {
        let before = self.width.swap(line.len(), Ordering::Relaxed);
        match (before, line) {
            (0, "") => {}
            (before, "") => eprint!("\r{:before$}\r", ""),
            (before, line) => eprint!("\r{line:before$}"),
        }
    }
}

/// Number of bytes in megabytes.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} MB", self.0 / 1_000_000, self.0 / 100_000 % 10)
    }
}

/// Time from which an input is a long one.
const LONG: Duration = Duration::from_secs(1);

/// Time between two lines of progress.
const EVERY: Duration = Duration::from_millis(500);
