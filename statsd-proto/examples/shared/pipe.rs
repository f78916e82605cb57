//! What the `pipe` examples of all adapters have in common: everything but the runtime.
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

/// The program. `run` connects by the configuration, spawns the connection, and awaits [`pump`] with its
/// client.
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

/// Records the standard input until it ends or somebody stops it, closes the client, and tells what
/// became of it.
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
        // Input that waits costs nothing where it is, and what is queued has to leave within the linger.
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

/// Hands the standard input over in batches of whole lines.
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
        // What is longer than any line may be is refused all the same when its end is cut off.
        let room = BATCH.saturating_sub(rest.len());
        rest.extend_from_slice(&next[..next.len().min(room)]);
    }
}

/// More than the longest line there can be.
const BATCH: usize = 128 * 1024;
