//! Sends metric lines from standard input to a StatsD server, on tokio.
//!
//! ```text
//! pipe [--linger SECONDS]
//! ```
//!
//! Lines have the form `path:value|type[|@rate][|#tag:value,…]`. The environment names the server: `STATSD_HOST`
//! (default: 127.0.0.1), `STATSD_PORT` (8125), `STATSD_PROTOCOL` (tcp), `STATSD_PREFIX` (none), `STATSD_ENABLED` (yes).
//! While the queue is full, no input is read. At the end of the input, at SIGTERM and at Ctrl-C, the queue is sent
//! within `--linger` (default: 5 seconds).
//!
//! Exit status: 0 if all accepted lines were sent, 1 if some were not, 2 if the program could not start.
//!
//! `statsd-pipe` is the complete tool: `cargo install statsd-tokio --features pipe`.

#![expect(
    clippy::print_stderr,
    reason = "the example prints counts and errors to the terminal"
)]

use std::env;
use std::error::Error;
use std::io::{self, BufRead as _, Read as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use statsd_tokio::{Client, Config, Connector, Metric, RecordError, Report};

fn main() -> ExitCode {
    match run() {
        Ok(report) if report.sent == report.stats.accepted => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("pipe: {error}");
            ExitCode::from(2)
        }
    }
}

#[tokio::main(worker_threads = 1)]
async fn run() -> Result<Report, Box<dyn Error>> {
    let connector = Connector::start(config()?)?;
    let (stop, mut stopped) = mpsc::channel(1);
    let interrupted = stop.clone();
    ctrlc::set_handler(move || _ = interrupted.try_send(()))?;

    // Reading may block for ever, so it has a thread of its own. It records there: a client works on any thread.
    let invalid = Arc::new(AtomicU64::new(0));
    thread::spawn({
        let (client, invalid) = (connector.client(), Arc::clone(&invalid));
        let runtime = Handle::current();
        move || {
            if let Err(error) = record_input(&client, &runtime, &invalid) {
                eprintln!("pipe: cannot read: {error}");
            }
            _ = stop.try_send(());
        }
    });
    stopped.recv().await;
    let report = connector.stop().await;

    let (stats, dropped) = (report.stats, report.stats.dropped.total());
    eprintln!(
        "accepted={}\nsent={}\ndropped={dropped}",
        stats.accepted, stats.sent
    );
    match invalid.load(Ordering::Relaxed) {
        0 => {}
        invalid => eprintln!("invalid={invalid}"),
    }
    Ok(report)
}

fn config() -> Result<Config, Box<dyn Error>> {
    let mut linger = Duration::from_secs(5);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = match argument.split_once('=') {
            Some(("--linger", value)) => value.to_owned(),
            None if argument == "--linger" => arguments.next().unwrap_or_default(),
            _ => {
                return Err(format!("unknown argument {argument:?}: only --linger SECONDS").into());
            }
        };
        let seconds = value.parse::<f64>().ok();
        linger = seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or_else(|| format!("--linger is {value:?}, but must be a number of seconds"))?;
    }
    Ok(Config::from_env()?
        .default_host("127.0.0.1")
        .default_prefix("")
        // A small queue, because it must be sent within `--linger`. Further input can wait unread.
        .max_queue_bytes(4 * 1024 * 1024)
        .close_timeout(linger))
}

/// Records the lines of standard input until its end, or until the client is closed.
fn record_input(client: &Client, runtime: &Handle, invalid: &AtomicU64) -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        if input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        // The beginning of a longer line is too long as well, and is refused.
        if line.len() as u64 == MAX_LINE && !line.ends_with(b"\n") {
            input.skip_until(b'\n')?;
        }
        match record(client, runtime, line.trim_ascii_end()) {
            Ok(()) => {}
            Err(_) if client.is_closed() => break,
            Err(error) => {
                invalid.fetch_add(1, Ordering::Relaxed);
                eprintln!("line {number}: {error}");
            }
        }
    }
    Ok(())
}

/// Records a line. Waits while the queue is full.
fn record(client: &Client, runtime: &Handle, line: &[u8]) -> Result<(), Box<dyn Error>> {
    if line.is_empty() {
        return Ok(());
    }
    let metric = Metric::parse(std::str::from_utf8(line)?)?;
    loop {
        match client.record(&metric) {
            Err(RecordError::QueueFull) => runtime.block_on(client.ready()),
            result => return Ok(result?),
        }
    }
}

/// Maximum length of a line in bytes, with its line feed. More than any server reads.
const MAX_LINE: u64 = 128 * 1024;
