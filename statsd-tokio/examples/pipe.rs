//! Sends metric lines from standard input to a StatsD server.
//!
//! ```text
//! pipe [--linger SECONDS]
//! ```
//!
//! A line is `path:value|type[|@rate][|#tag:value,…]`. The server is that of the environment:
//! `STATSD_HOST` (127.0.0.1), `STATSD_PORT` (8125), `STATSD_PROTOCOL` (tcp), `STATSD_PREFIX` (none),
//! `STATSD_ENABLED` (yes). While the queue is full, nothing is read. At the end of the input, or at
//! SIGTERM or Ctrl-C, what is queued is sent for as long as `--linger` says, five seconds by default.
//!
//! Exits with 0 if all accepted lines were sent, with 1 if not, and with 2 if it cannot start.

#![expect(
    clippy::print_stderr,
    reason = "standard error is where a filter talks to people"
)]

use std::env;
use std::error::Error;
use std::io::{self, Read};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;

use statsd_tokio::{Client, Config, Metric, RecordError, Report};

fn main() -> ExitCode {
    let config = match configure() {
        Ok(config) => config,
        Err(error) => {
            eprintln!("pipe: {error}");
            return ExitCode::from(2);
        }
    };
    match run(&config) {
        Ok(report) if report.stats.sent == report.stats.accepted => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("pipe: {error}");
            ExitCode::from(2)
        }
    }
}

fn configure() -> Result<Config, Box<dyn Error>> {
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
    let config = Config::from_env()?
        .default_host("127.0.0.1")
        .default_prefix("")
        // Input that waits costs nothing where it is, and what is queued has to leave within the linger.
        .max_queue_bytes(4 * 1024 * 1024)
        .close_timeout(linger);
    config.check()?;
    Ok(config)
}

fn run(config: &Config) -> Result<Report, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let report = runtime.block_on(async {
        let (client, connection) = statsd_tokio::connect(config)?;
        let connection = tokio::spawn(connection);
        let stopped = stop_signal()?;
        let mut invalid = 0;
        tokio::select! {
            () = record_input(&client, &mut invalid) => {}
            () = stopped => {}
        }
        client.close();
        let report = connection.await?;
        let stats = report.stats;
        eprintln!(
            "accepted={}\nsent={}\ndropped={}",
            stats.accepted,
            stats.sent,
            stats.dropped.total()
        );
        if invalid > 0 {
            eprintln!("invalid={invalid}");
        }
        Ok(report)
    });
    // The reader may still be waiting for input.
    runtime.shutdown_background();
    report
}

/// Records all lines of the standard input, waiting while the queue is full.
async fn record_input(client: &Client, invalid: &mut u64) {
    let (sender, mut batches) = mpsc::channel(2);
    thread::spawn(move || read_input(&sender));
    let mut number = 0_u64;
    while let Some(batch) = batches.recv().await {
        for line in batch.split_inclusive(|&byte| byte == b'\n') {
            number += 1;
            if let Err(error) = record_line(client, line.trim_ascii_end()).await {
                *invalid += 1;
                eprintln!("line {number}: {error}");
            }
        }
    }
}

async fn record_line(client: &Client, line: &[u8]) -> Result<(), Box<dyn Error>> {
    if line.is_empty() {
        return Ok(());
    }
    let metric = Metric::parse(std::str::from_utf8(line)?)?;
    loop {
        match client.record(&metric) {
            Err(RecordError::QueueFull) => client.ready().await,
            result => return Ok(result?),
        }
    }
}

/// Hands the standard input over in batches of whole lines.
fn read_input(batches: &mpsc::Sender<Vec<u8>>) {
    let mut input = io::stdin().lock();
    let mut rest = Vec::new();
    loop {
        let mut batch = vec![0; BATCH];
        let read = match input.read(&mut batch) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                eprintln!("pipe: cannot read: {error}");
                0
            }
        };
        batch.truncate(read);
        let end = batch
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |last| last + 1);
        let next = batch.split_off(end);
        if read == 0 || end > 0 {
            batch = [std::mem::take(&mut rest), batch].concat();
            if batches.blocking_send(batch).is_err() || read == 0 {
                return;
            }
        }
        // What is longer than any line may be is refused all the same when its end is cut off.
        let room = BATCH.saturating_sub(rest.len());
        rest.extend_from_slice(&next[..next.len().min(room)]);
    }
}

/// Ends when somebody wants the program to stop.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate())?
    };
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// More than the longest line there can be.
const BATCH: usize = 128 * 1024;
