//! Timers, which read the clock of the client.
//!
//! Types enforce the order of calls, as in sprockets-statsd: only a started timer can be stopped, only a stopped timer
//! can be sent, and a measurement can be sent only once.

use std::time::{Duration, Instant};

use crate::client::Client;
use crate::client::handle::Timing;
use crate::client::recording::Recording;
use crate::metric::Metric;

/// Timer that is not running; see [`Client::timer`].
///
/// ```
/// # let client = statsd_proto::Client::noop();
/// let timer = client.timer("request").start().stop();
/// // … decide whether to send the measurement …
/// let again = timer.send();
/// again.start().stop().send();
/// ```
#[derive(Clone, Debug)]
pub struct Timer<'a> {
    client: &'a Client,
    path: &'a str,
}

/// Timer that is running. Dropping it discards the measurement.
#[derive(Debug)]
#[must_use]
pub struct RunningTimer<'a> {
    timer: Timer<'a>,
    /// `None` for a client that sends nothing.
    started: Option<Instant>,
}

/// Timer that was stopped, with a measurement to send. Dropping it discards the measurement.
#[derive(Debug)]
#[must_use]
pub struct StoppedTimer<'a> {
    running: RunningTimer<'a>,
    elapsed: Duration,
}

/// Start time that a struct or a task may own; see [`Client::start`].
///
/// The client that started the stopwatch records its metrics.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    client: Client,
    /// `None` for a client that sends nothing.
    started: Option<Instant>,
}

/// Guard that records the elapsed time when it is dropped, including by an early return or a panic; see
/// [`Client::time`] and [`Timing::time`].
///
/// A guard of [`Timing::time_owned`] borrows nothing.
#[derive(Debug)]
#[must_use = "the time ends when the guard is dropped"]
pub struct TimerGuard<'a> {
    target: Target<'a>,
    /// `None` for a client that sends nothing.
    started: Option<Instant>,
}

/// Destination of the measurement of a guard.
#[derive(Debug)]
enum Target<'a> {
    Name(&'a Client, &'a str),
    Handle(&'a Timing),
    Owned(Timing),
}

impl<'a> Timer<'a> {
    pub(crate) fn new(client: &'a Client, path: &'a str) -> Self {
        Self { client, path }
    }

    /// Starts the timer.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.timer("request").start().stop().send();
    /// assert_eq!(recorder.lines(), ["request:0|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start(self) -> RunningTimer<'a> {
        RunningTimer {
            started: self.client.now(),
            timer: self,
        }
    }
}

impl<'a> RunningTimer<'a> {
    /// Starts the timer again at zero, and discards the time so far.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let running = client.timer("request").start();
    /// running.restart().stop().send();
    /// assert_eq!(recorder.lines(), ["request:0|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restart(self) -> Self {
        self.timer.start()
    }

    /// Stops the timer.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let stopped = client.timer("request").start().stop();
    /// stopped.send();
    /// assert_eq!(recorder.lines(), ["request:0|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stop(self) -> StoppedTimer<'a> {
        let elapsed = elapsed(self.timer.client, self.started);
        StoppedTimer {
            running: self,
            elapsed,
        }
    }
}

impl<'a> StoppedTimer<'a> {
    /// Time between start and stop. Zero for a [`noop`](Client::noop) client.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, _recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let stopped = client.timer("request").start().stop();
    /// assert_eq!(stopped.elapsed(), std::time::Duration::ZERO);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Stops the timer again, now. The measurement includes the time since the first stop.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let stopped = client.timer("request").start().stop();
    /// stopped.stop().send();
    /// assert_eq!(recorder.lines(), ["request:0|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stop(self) -> Self {
        self.running.stop()
    }

    /// Starts the timer again at zero, and discards the measurement.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let stopped = client.timer("request").start().stop();
    /// stopped.restart().stop().send();
    /// assert_eq!(recorder.lines(), ["request:0|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restart(self) -> RunningTimer<'a> {
        self.running.restart()
    }

    /// Records the measurement as a timing, and returns the timer for another measurement.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let timer = client.timer("request").start().stop().send();
    /// timer.start().stop().send();
    /// assert_eq!(recorder.lines(), ["request:0|ms", "request:0|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send(self) -> Timer<'a> {
        let timer = self.running.timer;
        timer.client.timing(timer.path, self.elapsed);
        timer
    }
}

impl Stopwatch {
    pub(crate) fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            started: client.now(),
        }
    }

    /// Time since the start. Zero for a [`noop`](Client::noop) client.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, _recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// assert_eq!(client.start().elapsed(), std::time::Duration::ZERO);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        elapsed(&self.client, self.started)
    }

    /// Builds a timing of the time since the start. Tags can be added; `send` records it.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// let timer = client.start();
    /// let status = "200";
    /// timer.timing("http.client").tag("status", status).send();
    /// ```
    pub fn timing<'a>(&'a self, path: &'a str) -> Recording<'a> {
        Recording::new(&self.client, Metric::timing(path, self.elapsed()))
    }

    /// Builds a value of a distribution: the milliseconds since the start. Tags can be added; `send` records it.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let timer = client.start();
    /// timer.distribution_ms("http.client").tag("status", "200").send();
    /// assert_eq!(recorder.lines(), ["http.client:0|d|#status:200"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn distribution_ms<'a>(&'a self, path: &'a str) -> Recording<'a> {
        Recording::new(&self.client, Metric::distribution_ms(path, self.elapsed()))
    }
}

impl<'a> TimerGuard<'a> {
    pub(crate) fn of_name(client: &'a Client, path: &'a str) -> Self {
        Self {
            started: client.now(),
            target: Target::Name(client, path),
        }
    }

    pub(crate) fn of_handle(timing: &'a Timing) -> Self {
        Self {
            started: timing.client().now(),
            target: Target::Handle(timing),
        }
    }
}

impl TimerGuard<'static> {
    pub(crate) fn owned(timing: Timing) -> Self {
        Self {
            started: timing.client().now(),
            target: Target::Owned(timing),
        }
    }
}

impl Drop for TimerGuard<'_> {
    fn drop(&mut self) {
        match &self.target {
            Target::Name(client, path) => client.timing(path, elapsed(client, self.started)),
            Target::Handle(timing) => timing.record(elapsed(timing.client(), self.started)),
            Target::Owned(timing) => timing.record(elapsed(timing.client(), self.started)),
        }
    }
}

/// Records the duration of a future when it is dropped, with the tag if the future has completed.
pub(crate) struct Measurement<'a> {
    pub(crate) stopwatch: Stopwatch,
    pub(crate) path: &'a str,
    pub(crate) tag: Option<(&'static str, String)>,
}

impl Drop for Measurement<'_> {
    fn drop(&mut self) {
        let recording = self.stopwatch.timing(self.path);
        match &self.tag {
            Some((key, value)) => recording.tag(key, value).send(),
            None => recording.send(),
        }
    }
}

/// Time since `started`, or zero if the clock went backwards or the client sends nothing.
fn elapsed(client: &Client, started: Option<Instant>) -> Duration {
    match (started, client.now()) {
        (Some(started), Some(now)) => now.saturating_duration_since(started),
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests;
