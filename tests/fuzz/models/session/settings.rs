//! The settings of a session, open to those who check what it makes of them.

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use statsd_proto::{Config, Dialect, Overflow, Pace, Telemetry, Transport};

use crate::models::grammar::{DIALECTS, Grammar};
use tests::layout::Layout;

/// Settings of a configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) transport: Transport,
    pub(crate) dialect: Dialect,
    pub(crate) is_named: bool,
    pub(crate) overflow: Overflow,
    pub(crate) max_datagram: usize,
    pub(crate) max_queue_lines: usize,
    pub(crate) pace: Option<Pace>,
    pub(crate) flush_interval: Duration,
    pub(crate) backoff: (Duration, Duration),
    pub(crate) settle_time: Duration,
    /// To connect, to write, to close.
    pub(crate) timeouts: [Duration; 3],
    /// Whether unacknowledged lines are resent. It has an effect over TCP only.
    pub(crate) resends: bool,
    pub(crate) aggregate: Option<Duration>,
    pub(crate) adaptive_sampling: bool,
    pub(crate) telemetry: Option<Telemetry>,
    max_connection_age: Option<Duration>,
}

impl Settings {
    pub(crate) fn arbitrary(input: &mut Unstructured<'_>) -> Result<Self> {
        let transports = [
            Transport::Tcp,
            Transport::Udp,
            Transport::UnixDatagram,
            Transport::UnixStream,
        ];
        let (burst, rate) = (
            input.int_in_range(1..=5000)?,
            input.int_in_range(200..=50_000)?,
        );
        let is_paced = input.arbitrary()?;
        let initial = millis(input, 1, 200)?;
        let transport = *input.choose(&transports)?;
        let dialect = *input.choose(&DIALECTS)?;
        let (dialect, transport) = Grammar::pair(dialect, transport);
        let settings = Self {
            transport,
            dialect,
            is_named: input.arbitrary()?,
            overflow: *input.choose(&[Overflow::DropOldest, Overflow::RefuseNewest])?,
            max_datagram: *input.choose(&[16, 40, 100, 1432])?,
            max_queue_lines: *input.choose(&[1, 2, 3, 7, 40, usize::MAX])?,
            pace: Some(Pace { burst, rate }).filter(|_| is_paced),
            flush_interval: millis(input, 0, 300)?,
            backoff: (initial, initial + millis(input, 0, 2000)?),
            settle_time: millis(input, 0, 500)?,
            timeouts: [
                millis(input, 1, 5000)?,
                millis(input, 1, 5000)?,
                millis(input, 0, 5000)?,
            ],
            // No byte of its own, or the cases that were found before would mean something else.
            resends: initial.as_millis() % 2 == 1,
            aggregate: None,
            adaptive_sampling: false,
            telemetry: None,
            max_connection_age: None,
        };
        settings.with_more(input)
    }

    /// Settings that are off by default.
    fn with_more(self, input: &mut Unstructured<'_>) -> Result<Self> {
        let telemetry = match input.int_in_range(0..=3)? {
            1 => Some(Telemetry::named("t")),
            2 if self.dialect == Dialect::DogStatsd => Some(Telemetry::datadog()),
            _ => None,
        };
        let settings = Self {
            aggregate: optional(input, 1, 3000)?,
            adaptive_sampling: input.arbitrary()?,
            telemetry: match telemetry {
                Some(telemetry) => Some(telemetry.interval(millis(input, 1, 3000)?)),
                None => None,
            },
            max_connection_age: optional(input, 1, 3000)?,
            ..self
        };
        // The queue may have no room for all that telemetry says.
        Ok(match settings.config().check() {
            Ok(()) => settings,
            Err(_) => Self {
                telemetry: None,
                ..settings
            },
        })
    }

    pub(crate) fn config(&self) -> Config {
        let host = if self.is_named {
            "metrics.internal"
        } else {
            "192.0.2.1"
        };
        let [connect, write, close] = self.timeouts;
        Config::new(host)
            .unix_stream("/run/statsd.sock")
            .transport(self.transport)
            .dialect(self.dialect)
            .kind_prefixes(false)
            .overflow(self.overflow)
            .max_datagram(self.max_datagram)
            .max_queue_bytes(self.max_queue_bytes())
            .max_queue_lines(self.max_queue_lines)
            .pace(self.pace)
            .flush_interval(self.flush_interval)
            .backoff(self.backoff.0, self.backoff.1)
            .settle_time(self.settle_time)
            .connect_timeout(connect)
            .write_timeout(write)
            .close_timeout(close)
            .resend_unacknowledged(self.resends)
            .aggregate(self.aggregate)
            .max_series(2)
            .adaptive_sampling(self.adaptive_sampling)
            .telemetry(self.telemetry.clone())
            .max_connection_age(self.max_connection_age)
    }

    pub(crate) fn grammar(&self) -> &'static Grammar {
        Grammar::of(self.dialect)
    }

    /// The least that can be.
    pub(crate) fn max_queue_bytes(&self) -> usize {
        match self.transport {
            Transport::Udp => 4 * self.grammar().max_datagram.max(4096),
            Transport::CustomDatagram
            | Transport::CustomStream
            | Transport::Tcp
            | Transport::UnixDatagram
            | Transport::UnixStream
            | _ => 16 * 1024,
        }
    }

    pub(crate) fn max_line(&self) -> usize {
        // For the agent, a line break ends each datagram and each frame.
        let end = usize::from(self.dialect == Dialect::DogStatsd);
        match (self.transport, self.layout()) {
            (Transport::Udp, _) => self.grammar().max_datagram - end,
            (_, Layout::Lines) => 4095,
            (_, Layout::Datagrams | Layout::Frames) => self.max_datagram - end,
        }
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout::of(self.transport, self.dialect)
    }
}

fn optional(input: &mut Unstructured<'_>, least: u64, most: u64) -> Result<Option<Duration>> {
    if input.ratio(1, 3)? {
        millis(input, least, most).map(Some)
    } else {
        Ok(None)
    }
}

fn millis(input: &mut Unstructured<'_>, least: u64, most: u64) -> Result<Duration> {
    input.int_in_range(least..=most).map(Duration::from_millis)
}
