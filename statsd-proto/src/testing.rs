//! Unit tests of a program's metrics, without sockets and without waiting.
//!
//! [`recorder`] returns a client for the program under test, and a [`Recorder`], a driver with a virtual transport and
//! a virtual clock. The metrics that arrive have passed the same queue, framing and timers as in production.
//! [Testing](https://docs.rs/statsd-proto/latest/statsd_proto/_testing/) shows everything that it offers.
//!
//! ```
//! use statsd_proto::testing::recorder;
//! use statsd_proto::{Client, Config};
//!
//! fn handle_request(client: &Client) {
//!     client.incr("requests", 1);
//!     client.gauge("load", 0.5);
//! }
//!
//! # fn main() -> Result<(), statsd_proto::ConfigError> {
//! let (client, mut recorder) = recorder(Config::new("localhost").prefix("shop"))?;
//! handle_request(&client);
//! assert_eq!(recorder.lines(), ["shop.counters.requests:1|c", "shop.gauges.load:0.5|g"]);
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::client::driver::Driver;
use crate::config::Config;
use crate::error::ConfigError;
use crate::session::failure::FailureKind;
use crate::session::instruction::{Input, Output, Target, Transmit};
use crate::session::payload::frames;
use crate::session::stats::{Report, Stats};

/// Creates a client and its recorder. Recorders share no state, so tests can run in parallel.
///
/// ```
/// use statsd_proto::{Config, testing::recorder};
///
/// let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
/// client.incr("orders", 1);
/// assert_eq!(recorder.lines(), ["orders:1|c"]);
/// # Ok::<(), statsd_proto::ConfigError>(())
/// ```
///
/// # Errors
///
/// The first invalid setting.
#[doc(alias("spy", "mock", "capture", "SpyMetricSink"))]
pub fn recorder(config: Config) -> Result<(Client, Recorder), ConfigError> {
    recorder_with_inlets(config, 1)
}

/// Creates a [`recorder`] that also follows a clock, such as that of a paused runtime. Timers of the code under test
/// then measure the time that it sleeps on that runtime.
///
/// ```
/// # fn main() -> Result<(), statsd_proto::ConfigError> {
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::{Duration, Instant};
///
/// use statsd_proto::testing::recorder_by;
/// use statsd_proto::Config;
///
/// // With tokio: || tokio::time::Instant::now().into_std()
/// static SECONDS: AtomicU64 = AtomicU64::new(0);
/// let start = Instant::now();
/// let clock = move || start + Duration::from_secs(SECONDS.load(Ordering::Relaxed));
///
/// let (client, mut recorder) = recorder_by(clock, Config::new("localhost"))?;
/// let timer = client.time("render");
/// SECONDS.store(2, Ordering::Relaxed);
/// drop(timer);
/// assert_eq!(recorder.lines(), ["timers.render:2000|ms"]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The first invalid setting.
pub fn recorder_by(
    clock: impl Fn() -> Instant + Send + Sync + 'static,
    config: Config,
) -> Result<(Client, Recorder), ConfigError> {
    recorder_with(config, clock, 1)
}

pub(crate) fn recorder_with_inlets(
    config: Config,
    inlets: usize,
) -> Result<(Client, Recorder), ConfigError> {
    let origin = origin();
    recorder_with(config, move || origin, inlets)
}

/// With a single inlet for all threads, the payloads depend on the calls alone, not on which thread makes them.
fn recorder_with(
    config: Config,
    base: impl Fn() -> Instant + Send + Sync + 'static,
    inlets: usize,
) -> Result<(Client, Recorder), ConfigError> {
    let time = Arc::new(VirtualTime {
        base: Box::new(base),
        ahead: AtomicU64::new(0),
    });
    let clock = Arc::clone(&time);
    let (client, driver) = Driver::with_inlets(&config, move || clock.now(), 0, inlets)?;
    Ok((
        client,
        Recorder {
            driver,
            time,
            is_up: true,
            is_connected: false,
            has_frames: config.has_frames(),
            is_framed: false,
            arrived: Vec::new(),
            report: None,
        },
    ))
}

/// Virtual server of a [`recorder`]'s client. It returns the recorded metrics as a server would see them.
#[derive(Debug)]
pub struct Recorder {
    driver: Driver,
    time: Arc<VirtualTime>,
    is_up: bool,
    is_connected: bool,
    /// Whether a Unix stream carries frames.
    has_frames: bool,
    /// Whether the present connection does.
    is_framed: bool,
    /// Payloads that arrived: one entry for each write, datagram or frame.
    arrived: Vec<String>,
    report: Option<Report>,
}

impl Recorder {
    /// Sends the queue, and takes all lines that have arrived since the last call.
    ///
    /// Lines arrive while the server is [up](Self::set_up). The virtual clock advances as far as sending takes.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.incr("orders", 1);
    /// assert_eq!(recorder.lines(), ["orders:1|c"]);
    /// assert!(recorder.lines().is_empty());
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    pub fn lines(&mut self) -> Vec<String> {
        self.drain();
        let payloads = std::mem::take(&mut self.arrived);
        let lines = payloads.iter().flat_map(|payload| payload.lines());
        lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Takes the names of all lines that have arrived, as [`lines`](Self::lines) takes the lines. A name ends before
    /// the value.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.incr("orders", 1);
    /// client.gauge("load", 0.5);
    /// assert_eq!(recorder.names(), ["orders", "load"]);
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    pub fn names(&mut self) -> Vec<String> {
        let name = |line: String| line.split(':').next().unwrap_or_default().to_owned();
        self.lines().into_iter().map(name).collect()
    }

    /// Takes the writes, datagrams and frames that have arrived, with their line feeds; frames without their length
    /// field. Unlike [`lines`](Self::lines), it does not send the queue first.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.incr("orders", 1);
    /// client.incr("orders", 2);
    /// recorder.advance(Duration::from_secs(1));
    /// assert_eq!(recorder.payloads(), ["orders:1|c\norders:2|c\n"]);
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    pub fn payloads(&mut self) -> Vec<String> {
        self.run();
        std::mem::take(&mut self.arrived)
    }

    /// Advances the virtual clock, for flush intervals and timers.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// let timer = client.time("checkout");
    /// recorder.advance(Duration::from_millis(250));
    /// drop(timer);
    /// assert_eq!(recorder.lines(), ["checkout:250|ms"]);
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    pub fn advance(&mut self, time: Duration) {
        let end = self.time.now() + time;
        while let Some(next) = self.run().filter(|next| *next <= end) {
            self.time.set(next);
        }
        self.time.set(end);
        self.run();
    }

    /// Whether the server is reachable. When it goes down, the connection breaks. When it is up again, the client
    /// reconnects as the clock advances.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// recorder.set_up(false);
    /// client.incr("orders", 1);
    /// assert!(recorder.lines().is_empty());
    /// recorder.set_up(true);
    /// assert_eq!(recorder.lines(), ["orders:1|c"]);
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    pub fn set_up(&mut self, is_up: bool) {
        self.is_up = is_up;
        if !is_up && std::mem::take(&mut self.is_connected) {
            self.driver
                .handle(Input::Disconnected(FailureKind::PeerClosed.into()));
        }
    }

    /// Counts of recorded, sent and lost lines so far.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.incr("", 1);
    /// assert_eq!(recorder.stats().refused.invalid, 1);
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.driver.stats()
    }

    /// Final counts of the session, or `None` while it runs.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.incr("orders", 1);
    /// drop(client);
    /// recorder.lines();
    /// recorder.advance(Duration::from_secs(1));
    /// assert_eq!(recorder.report().map(|report| report.sent), Some(1));
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    pub fn report(&mut self) -> Option<Report> {
        self.run();
        self.report
    }

    /// Whether the waiting driver has been woken.
    pub(crate) fn is_woken(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        pin!(self.driver.woken()).poll(&mut context).is_ready()
    }

    /// Runs until nothing is queued or in flight, or nothing can arrive.
    fn drain(&mut self) {
        loop {
            let next = self.run();
            let stats = self.stats();
            let is_drained = stats.queued + stats.in_flight == 0;
            match next {
                Some(next) if !is_drained && self.is_up => self.time.set(next),
                _ => return,
            }
        }
    }

    /// Executes instructions until the driver waits. Returns the time that it waits for.
    fn run(&mut self) -> Option<Instant> {
        loop {
            let input = match self.driver.poll() {
                Output::Connect(connect) if self.is_up => {
                    self.is_connected = true;
                    self.is_framed =
                        self.has_frames && matches!(connect.target, Target::UnixStream(_));
                    Input::Connected
                }
                Output::Connect(_) => Input::Disconnected(FailureKind::Refused.into()),
                Output::Disconnect => {
                    self.is_connected = false;
                    continue;
                }
                Output::Finished(report) => {
                    self.report = Some(report);
                    return None;
                }
                Output::Resolve(name) => {
                    name.answer(Ok([SocketAddr::new(Ipv4Addr::LOCALHOST.into(), name.port)]))
                }
                Output::Transmit(transmit) => self.receive(&transmit),
                Output::Wait(_) if self.is_woken() => continue,
                Output::Wait(until) => return until,
            };
            self.driver.handle(input);
        }
    }

    fn receive(&mut self, transmit: &Transmit) -> Input {
        let (datagram, len) = transmit.first_datagram();
        let text = |data| String::from_utf8_lossy(data).into_owned();
        if self.is_framed {
            self.arrived.extend(frames(&transmit.data).map(text));
        } else if transmit.segment_size.is_some() {
            self.arrived.push(text(datagram));
        } else {
            self.arrived.push(text(&transmit.data));
        }
        Input::Written(len)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.driver.abandon();
    }
}

/// Virtual clock: it follows a base clock, and can be advanced by hand.
struct VirtualTime {
    base: Box<dyn Fn() -> Instant + Send + Sync>,
    /// Nanoseconds by which it was advanced.
    ahead: AtomicU64,
}

impl VirtualTime {
    fn now(&self) -> Instant {
        (self.base)() + Duration::from_nanos(self.ahead.load(Ordering::Relaxed))
    }

    fn set(&self, now: Instant) {
        let ahead = now.saturating_duration_since((self.base)()).as_nanos();
        let ahead = u64::try_from(ahead).unwrap_or(u64::MAX);
        self.ahead.fetch_max(ahead, Ordering::Relaxed);
    }
}

impl fmt::Debug for VirtualTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualTime")
            .field("ahead", &self.ahead)
            .finish_non_exhaustive()
    }
}

/// An arbitrary instant. The standard library creates none without reading a clock.
#[expect(
    clippy::disallowed_methods,
    reason = "virtual time needs one instant to start from"
)]
pub(crate) fn origin() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Transport;
    use crate::encode::dialect::Dialect;
    use crate::metric::Metric;

    const MILLISECOND: Duration = Duration::from_millis(1);

    #[test]
    fn lines_are_taken_once_and_in_order() {
        for transport in [Transport::Tcp, Transport::Udp] {
            let (client, mut recorder) = start(|config| config.transport(transport));
            assert_eq!(recorder.lines(), [""; 0]);
            client.incr("a", 1);
            client.gauge("b", -2);
            let expected = ["counters.a:1|c", "gauges.b:0|g", "gauges.b:-2|g"];
            assert_eq!(recorder.lines(), expected);
            assert_eq!(recorder.lines(), [""; 0]);
            client.incr("c", 1);
            assert_eq!(recorder.names(), ["counters.c"]);
        }
    }

    #[test]
    fn payloads_are_what_the_transport_carries() {
        let framed = |transport| {
            let (client, mut recorder) = start(|config| config.transport(transport));
            client.incr("a", 1);
            client.incr("b", 1);
            recorder.advance(MILLISECOND * 200);
            recorder.payloads()
        };
        assert_eq!(framed(Transport::Tcp), ["counters.a:1|c\ncounters.b:1|c\n"]);
        assert_eq!(framed(Transport::Udp), ["counters.a:1|c\ncounters.b:1|c"]);
    }

    #[test]
    fn frames_come_without_their_length() {
        let (client, mut recorder) = start(|config| {
            let config = config.unix_stream("/run/statsd.sock").max_datagram(16);
            config.dialect(Dialect::DogStatsd).kind_prefixes(true)
        });
        for _ in 0..3 {
            client.incr("a", 1);
        }
        recorder.advance(MILLISECOND * 200);
        assert_eq!(recorder.payloads(), ["counters.a:1|c\n"; 3]);
        client.incr("b", 1);
        assert_eq!(recorder.lines(), ["counters.b:1|c"]);
    }

    #[test]
    fn datagrams_come_one_by_one() {
        let (client, mut recorder) = start(|config| {
            let config = config.transport(Transport::Udp);
            config.max_datagram(16).flush_interval(Duration::ZERO)
        });
        for _ in 0..3 {
            client.incr("a", 1);
        }
        assert_eq!(recorder.payloads(), ["counters.a:1|c"; 3]);
        // The last datagram may still be refused.
        assert_eq!(
            (recorder.stats().payloads, recorder.stats().in_flight),
            (2, 1)
        );
    }

    #[test]
    fn a_partial_payload_is_sent_after_the_flush_interval() {
        for transport in [Transport::Tcp, Transport::Udp] {
            let (client, mut recorder) = start(|config| config.transport(transport));
            recorder.advance(MILLISECOND * 1000);
            client.incr("a", 1);
            assert_eq!(recorder.payloads(), [""; 0]);
            recorder.advance(MILLISECOND * 99);
            client.incr("b", 1);
            assert_eq!(recorder.payloads(), [""; 0]);
            recorder.advance(MILLISECOND);
            assert_eq!(recorder.payloads().len(), 1);
            assert_eq!(recorder.stats().queued, 0);
        }
    }

    #[test]
    fn lines_wait_while_the_server_is_down() {
        for transport in [Transport::Tcp, Transport::Udp] {
            let (client, mut recorder) = start(|config| config.transport(transport));
            client.incr("a", 1);
            assert_eq!(recorder.lines().len(), 1);
            recorder.set_up(false);
            client.incr("b", 1);
            recorder.advance(MILLISECOND * 60_000);
            client.incr("c", 1);
            assert_eq!(recorder.lines(), [""; 0]);
            assert_eq!(recorder.stats().queued, 2);
            recorder.set_up(true);
            assert_eq!(recorder.lines(), ["counters.b:1|c", "counters.c:1|c"]);
            let stats = recorder.stats();
            assert_eq!((stats.connects, stats.disconnects, stats.queued), (2, 1, 0));
            assert!(stats.connect_failures > 30, "{stats:?}");
        }
    }

    #[test]
    fn a_server_that_is_never_up_ends_nothing_before_the_close_timeout() {
        let (client, mut recorder) = start(|config| config.close_timeout(MILLISECOND * 500));
        recorder.set_up(false);
        client.incr("a", 1);
        recorder.advance(MILLISECOND * 10_000);
        drop(client);
        assert_eq!(recorder.report(), None);
        recorder.advance(MILLISECOND * 499);
        assert_eq!(recorder.report(), None);
        recorder.advance(MILLISECOND);
        let report = recorder.report().unwrap();
        assert_eq!((report.sent, report.abandoned), (0, 1));
        recorder.advance(MILLISECOND);
        assert_eq!(recorder.report(), Some(report));
    }

    #[test]
    fn recorders_know_nothing_of_each_other() {
        let (one, mut first) = start(|config| config);
        let (other, mut second) = start(|config| config);
        one.incr("a", 1);
        other.incr("b", 1);
        first.advance(MILLISECOND * 5000);
        assert_eq!(second.lines(), ["counters.b:1|c"]);
        assert_eq!(first.lines(), ["counters.a:1|c"]);
    }

    #[test]
    fn the_same_calls_are_sampled_in_every_run() {
        let run = || {
            let (client, mut recorder) = start(|config| config);
            for number in 0..100 {
                let metric = Metric::counter("x", number).rate(0.5);
                client.record(&metric).unwrap();
            }
            recorder.lines()
        };
        assert_eq!(run(), run());
    }

    #[test]
    fn an_invalid_setting_is_an_error() {
        assert!(recorder(Config::new("localhost").port(0)).is_err());
    }

    fn start(set: impl FnOnce(Config) -> Config) -> (Client, Recorder) {
        recorder(set(Config::new("localhost"))).unwrap()
    }
}
