//! Input: files and standard input, read line by line and recorded.

use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::runtime::Handle;

use statsd_tokio::dogstatsd::{Event, ServiceCheck};
use statsd_tokio::{Client, Metric, ParseError, RecordError};

use crate::progress::Terminal;

/// Counts of what was read.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) bytes: AtomicU64,
    pub(crate) lines: AtomicU64,
    pub(crate) invalid: AtomicU64,
    /// Whether a source could not be read to its end.
    pub(crate) is_unreadable: AtomicBool,
}

/// File or standard input.
pub(crate) struct Source {
    /// Path of a file, or `None` for standard input.
    path: Option<String>,
    input: Box<dyn Read + Send>,
    /// Size of a file in bytes, or `None` if its end is unknown.
    pub(crate) size: Option<u64>,
}

/// Opens the files, or standard input if there are none.
pub(crate) fn open(paths: &[OsString]) -> Result<Vec<Source>, String> {
    if paths.is_empty() {
        return Ok(vec![Source::stdin()]);
    }
    let sources = paths.iter().map(|path| match path.to_str() {
        Some("-") => Ok(Source::stdin()),
        _ => Source::file(Path::new(path)),
    });
    sources.collect()
}

impl Source {
    fn stdin() -> Self {
        Self {
            path: None,
            input: Box::new(io::stdin()),
            size: None,
        }
    }

    fn file(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| format!("cannot open {name}: {error}"))?;
        let regular = file.metadata().ok().filter(|data| data.is_file());
        Ok(Self {
            path: Some(name),
            size: regular.map(|data| data.len()),
            input: Box::new(file),
        })
    }

    /// Records all lines, until the end or until the client is closed.
    pub(crate) fn record(
        self,
        client: &Client,
        runtime: &Handle,
        counts: &Counts,
        terminal: &Terminal,
    ) {
        let mut input = BufReader::with_capacity(READ, self.input);
        let place = self.path.as_ref();
        let place = place.map_or_else(String::new, |path| format!("{path}: "));
        let mut line = Vec::new();
        for number in 1_u64.. {
            match read_line(&mut input, &mut line) {
                Ok(0) => break,
                Ok(read) => counts.bytes.fetch_add(read as u64, Ordering::Relaxed),
                Err(error) => {
                    counts.is_unreadable.store(true, Ordering::Relaxed);
                    let name = self.path.as_deref().unwrap_or("standard input");
                    terminal.say(&format!("statsd-pipe: cannot read {name}: {error}"));
                    break;
                }
            };
            counts.lines.fetch_add(1, Ordering::Relaxed);
            match record(client, runtime, line.trim_ascii_end()) {
                Ok(()) => {}
                Err(_) if client.is_closed() => break,
                Err(error) => {
                    counts.invalid.fetch_add(1, Ordering::Relaxed);
                    terminal.say(&format!("{place}line {number}: {error}"));
                }
            }
        }
    }
}

/// Reads a line with its line feed into `line`, which it clears first. Of a line longer than [`MAX_LINE`], it keeps the
/// first `MAX_LINE` bytes, which are too many for a metric, and discards the rest. Returns the number of bytes read, which is zero at the end.
fn read_line(input: &mut BufReader<impl Read>, line: &mut Vec<u8>) -> io::Result<usize> {
    line.clear();
    let read = input.take(MAX_LINE as u64).read_until(b'\n', line)?;
    if read < MAX_LINE || line.ends_with(b"\n") {
        return Ok(read);
    }
    Ok(read + input.skip_until(b'\n')?)
}

/// Records a line. Waits while the queue is full.
fn record(client: &Client, runtime: &Handle, line: &[u8]) -> Result<(), Box<dyn Error>> {
    if line.is_empty() {
        return Ok(());
    }
    let line = Line::parse(std::str::from_utf8(line)?)?;
    loop {
        match line.record(client) {
            Err(RecordError::QueueFull) => runtime.block_on(client.ready()),
            result => return Ok(result?),
        }
    }
}

/// Content of a line.
enum Line<'a> {
    Check(ServiceCheck<'a>),
    Event(Event<'a>),
    Metric(Metric<'a>),
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Result<Self, ParseError> {
        Ok(if line.starts_with("_e{") {
            Self::Event(Event::parse(line)?)
        } else if line.starts_with("_sc|") {
            Self::Check(ServiceCheck::parse(line)?)
        } else {
            Self::Metric(Metric::parse(line)?)
        })
    }

    fn record(&self, client: &Client) -> Result<(), RecordError> {
        match self {
            Self::Check(check) => client.service_check(check),
            Self::Event(event) => client.event(event),
            Self::Metric(metric) => client.record(metric),
        }
    }
}

/// Bytes that are read at a time.
const READ: usize = 64 * 1024;

/// Maximum length of a line in bytes, with its line feed: more than any server reads.
const MAX_LINE: usize = 128 * 1024;
