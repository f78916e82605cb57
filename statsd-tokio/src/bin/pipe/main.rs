//! `statsd-pipe`: sends lines from files or from standard input to a StatsD server. [`arguments::HELP`] documents it.

#![expect(
    clippy::print_stderr,
    reason = "the program prints counts, errors and its progress to the terminal"
)]

mod arguments;
mod input;
mod progress;

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use statsd_tokio::{Client, Connector, EventKind, Report};

use crate::arguments::{Arguments, Command};
use crate::input::{Counts, Source};
use crate::progress::Progress;

fn main() -> ExitCode {
    let ended = match arguments::parse(lexopt::Parser::from_env()) {
        Ok(Command::Print(text)) => io::stdout()
            .write_all(text.as_bytes())
            .map(|()| ExitCode::SUCCESS)
            .map_err(Box::from),
        Ok(Command::Send(arguments)) => run(&arguments),
        Err(error) => Err(error),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("statsd-pipe: {error}");
        ExitCode::from(2)
    })
}

fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let config = arguments.config()?;
    let sources = input::open(&arguments.files)?;
    let counts = Arc::new(Counts::default());
    let progress = Progress::new(&sources, Arc::clone(&counts));
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (client, report) = runtime.block_on(async {
        let connector = Connector::start(config)?;
        let client = connector.client();
        pump(&client, sources, progress).await?;
        Ok::<_, Box<dyn Error>>((client, connector.stop().await))
    })?;
    print_counts(&report, &counts);
    let is_sent = report.sent == report.stats.accepted;
    if let Some(error) = connection_error(&client).filter(|_| !is_sent) {
        eprintln!("statsd-pipe: last connection error: {error}");
    }
    let is_valid = !arguments.is_strict || counts.invalid.load(Ordering::Relaxed) == 0;
    let is_read = !counts.is_unreadable.load(Ordering::Relaxed);
    Ok(if is_sent && is_valid && is_read {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Records the lines of all sources, until their end or until a signal asks for a stop.
async fn pump(client: &Client, sources: Vec<Source>, mut progress: Progress) -> io::Result<()> {
    let (end, mut ended) = oneshot::channel();
    // Reading may block for ever, so it has a thread of its own. It records there: a client works on any thread.
    let reading = thread::Builder::new().spawn({
        let (client, runtime) = (client.clone(), Handle::current());
        let (counts, terminal) = (progress.counts(), progress.terminal());
        move || {
            for source in sources {
                source.record(&client, &runtime, &counts, &terminal);
            }
            // The receiver is gone if a signal has ended the wait.
            _ = end.send(());
        }
    });
    reading?;
    let mut stop = std::pin::pin!(signal());
    loop {
        tokio::select! {
            _ = &mut ended => break,
            stopped = &mut stop => break stopped?,
            () = progress.next() => progress.show(&client.stats()),
        }
    }
    progress.clear();
    Ok(())
}

fn print_counts(report: &Report, counts: &Counts) {
    let (stats, dropped) = (report.stats, report.stats.dropped.total());
    eprintln!(
        "accepted={}\nsent={}\ndropped={dropped}",
        stats.accepted, stats.sent
    );
    match counts.invalid.load(Ordering::Relaxed) {
        0 => {}
        invalid => eprintln!("invalid={invalid}"),
    }
}

/// Server and cause of the last outage.
fn connection_error(client: &Client) -> Option<String> {
    let mut events = client.events();
    let mut error = None;
    while let Some(event) = events.try_next() {
        if let EventKind::ConnectFailed { failure, .. }
        | EventKind::Disconnected { failure, .. }
        | EventKind::LookupFailed { failure, .. } = event.kind()
        {
            error = Some(format!("{}: {failure}", event.server()));
        }
    }
    error
}

/// Waits for SIGTERM or Ctrl-C.
#[cfg(unix)]
async fn signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn signal() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
