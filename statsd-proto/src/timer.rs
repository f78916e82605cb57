//! Timers by the rules of the seed, kept by types: what was not started cannot be stopped, what was
//! not stopped cannot be sent, and what was sent cannot be sent again.

use std::time::{Duration, Instant};

use crate::client::Client;

/// A timer that does not run.
///
/// ```
/// # let client = statsd_proto::Client::noop();
/// let timer = client.timer("request").start().stop();
/// // … decide whether it is worth sending …
/// let again = timer.send();
/// again.start().stop().send();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Timer<'a> {
    client: &'a Client,
    path: &'a str,
}

/// A timer that runs. Dropping it sends nothing.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct RunningTimer<'a> {
    timer: Timer<'a>,
    /// None for a client that sends nothing.
    started: Option<Instant>,
}

/// A timer that was stopped and not sent yet.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct StoppedTimer<'a> {
    running: RunningTimer<'a>,
    elapsed: Duration,
}

/// A timer that is stopped and sent when it is dropped.
#[derive(Debug)]
pub struct TimerGuard<'a> {
    running: RunningTimer<'a>,
}

impl<'a> Timer<'a> {
    pub(crate) fn new(client: &'a Client, path: &'a str) -> Self {
        Self { client, path }
    }

    /// Starts the timer.
    pub fn start(self) -> RunningTimer<'a> {
        RunningTimer {
            timer: self,
            started: self.client.now(),
        }
    }
}

impl<'a> RunningTimer<'a> {
    /// Starts from now on.
    pub fn restart(self) -> Self {
        self.timer.start()
    }

    /// Stops the timer. Time never runs backwards, so it is never below zero.
    pub fn stop(self) -> StoppedTimer<'a> {
        let elapsed = match (self.started, self.timer.client.now()) {
            (Some(started), Some(now)) => now.saturating_duration_since(started),
            _ => Duration::ZERO,
        };
        StoppedTimer {
            running: self,
            elapsed,
        }
    }
}

impl<'a> StoppedTimer<'a> {
    /// How long the timer ran.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Stops the timer again, later: the time in between counts too.
    pub fn stop(self) -> Self {
        self.running.stop()
    }

    /// Starts from now on, and forgets what was measured.
    pub fn restart(self) -> RunningTimer<'a> {
        self.running.restart()
    }

    /// Records the time as `timers.<path>`. The timer may be used again.
    pub fn send(self) -> Timer<'a> {
        let timer = self.running.timer;
        timer.client.timing(timer.path, self.elapsed);
        timer
    }
}

impl<'a> TimerGuard<'a> {
    pub(crate) fn new(running: RunningTimer<'a>) -> Self {
        Self { running }
    }
}

impl Drop for TimerGuard<'_> {
    fn drop(&mut self) {
        self.running.stop().send();
    }
}
