//! Shared code of the `pipe` examples of all adapters: everything except the runtime.
//!
//! ```text
//! pipe [--linger SECONDS]
//! ```
//!
//! `pipe` sends lines of the form `path:value|type[|@rate][|#tag:value,…]` from standard input. The environment names
//! the server: `STATSD_HOST` (default: 127.0.0.1), `STATSD_PORT` (8125), `STATSD_PROTOCOL` (tcp), `STATSD_PREFIX`
//! (none), `STATSD_ENABLED` (yes). While the queue is full, no input is read. At the end of the input, at SIGTERM and
//! at Ctrl-C, the queue is sent within `--linger` (default: 5 seconds).
//!
//! Exit status: 0 if all accepted lines were sent, 1 if some were not, 2 if the program could not start.

use std::env;
use std::error::Error;
use std::io::{self, Read};
use std::pin::pin;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use futures::channel::{mpsc, oneshot};
use futures::executor::block_on;
use futures::future::select;
use futures::{SinkExt as _, StreamExt as _};

use statsd_proto::{Client, Config, Metric, RecordError, Report};

/// Main function of the examples. `run` connects with the configuration, spawns the connection, and awaits [`pump`]
/// with the client.
pub(crate) fn main(run: impl FnOnce(&Config) -> Result<Report, Box<dyn Error>>) -> ExitCode {
    match configure().and_then(|config| run(&config)) {
        Ok(report) if report.sent == report.stats.accepted => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("pipe: {error}");
            ExitCode::from(2)
        }
    }
}

/// Records the lines of standard input until its end, SIGTERM or Ctrl-C. Then closes the client, and prints how many
/// lines were sent.
pub(crate) async fn pump(client: Client) -> Result<Report, Box<dyn Error>> {
    let (stop, stopped) = oneshot::channel::<()>();
    let mut stop = Some(stop);
    ctrlc::set_handler(move || drop(stop.take()))?;
    let mut invalid = 0;
    select(pin!(record_input(&client, &mut invalid)), stopped).await;
    client.close();
    let report = client.closed().await;
    let (stats, dropped) = (report.stats, report.stats.dropped.total());
    eprintln!(
        "accepted={}\nsent={}\ndropped={dropped}",
        stats.accepted, stats.sent
    );
    if invalid > 0 {
        eprintln!("invalid={invalid}");
    }
    Ok(report)
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
        // A small queue, because it must be sent within `--linger`. Further input can wait unread.
        .max_queue_bytes(4 * 1024 * 1024)
        .close_timeout(linger);
    config.check()?;
    Ok(config)
}

/// Records all lines of the standard input, waiting while the queue is full.
async fn record_input(client: &Client, invalid: &mut u64) {
    let (sender, mut batches) = mpsc::channel(1);
    thread::spawn(move || read_input(sender));
    let mut number = 0_u64;
    while let Some(batch) = batches.next().await {
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

/// Reads standard input, and passes it on in batches of whole lines.
fn read_input(mut batches: mpsc::Sender<Vec<u8>>) {
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
            if block_on(batches.send(batch)).is_err() || read == 0 {
                return;
            }
        }
        // A line longer than a batch is truncated. It still exceeds the longest allowed line, and is refused.
        let free = BATCH.saturating_sub(rest.len());
        rest.extend_from_slice(&next[..next.len().min(free)]);
    }
}

/// Size of a batch in bytes, more than the longest allowed line.
const BATCH: usize = 128 * 1024;
