//! Sink for programs that record with cadence.

use std::io;
use std::panic::RefUnwindSafe;

use cadence::{MetricSink, SinkStats};

use crate::client::Client;
use crate::error::RecordError;

/// Sink for cadence's `StatsdClient`. It sends the lines that cadence has formatted through a [`Client`], byte for
/// byte, as [`Client::record_line`] does. Prefixes and tags are those of cadence's builder; the client's own are not
/// added.
///
/// Emitting never blocks. For a line that no server would understand, such as a NaN or a name with a line break,
/// cadence's error handler receives an error.
///
/// ```
/// use cadence::prelude::*;
/// use cadence::StatsdClient;
/// use statsd_proto::testing::recorder;
/// use statsd_proto::{CadenceSink, Config};
///
/// # fn main() -> Result<(), statsd_proto::ConfigError> {
/// let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
/// let statsd = StatsdClient::builder("shop", CadenceSink::new(client))
///     .with_tag("env", "test")
///     .build();
///
/// statsd.count_with_tags("orders", 2).with_tag("paid_by", "card").send();
/// assert_eq!(recorder.lines(), ["shop.orders:2|c|#env:test,paid_by:card"]);
/// # Ok(())
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "cadence")))]
#[derive(Clone, Debug)]
pub struct CadenceSink {
    client: Client,
}

impl CadenceSink {
    /// Creates a sink that records with `client`. Tags, histograms and packed values need the dialect
    /// [`Dialect::DogStatsd`](crate::Dialect::DogStatsd).
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

// Required by cadence's `MetricSink`. The client runs no caller's code under its lock, so a caller's panic cannot leave
// it half changed.
impl RefUnwindSafe for CadenceSink {}

impl From<Client> for CadenceSink {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

impl MetricSink for CadenceSink {
    /// Queues the line and returns its length in bytes.
    fn emit(&self, metric: &str) -> io::Result<usize> {
        match self.client.record_line(metric) {
            Ok(()) => Ok(metric.len()),
            Err(error) => Err(io::Error::new(kind(error), error)),
        }
    }

    /// Starts a flush of the queue before the flush interval ends, and does not wait for it.
    fn flush(&self) -> io::Result<()> {
        // The flush begins with the call. Its future only reports the end.
        drop(self.client.flush());
        Ok(())
    }

    /// Sent packets are writes to a stream and datagrams. Dropped packets are lines that were dropped or refused; their
    /// bytes are not counted.
    fn stats(&self) -> SinkStats {
        let stats = self.client.stats();
        SinkStats {
            bytes_sent: stats.bytes,
            packets_sent: stats.payloads,
            bytes_dropped: 0,
            packets_dropped: stats.dropped.total() + stats.refused.total(),
        }
    }
}

fn kind(error: RecordError) -> io::ErrorKind {
    match error {
        RecordError::Closed => io::ErrorKind::NotConnected,
        RecordError::QueueFull => io::ErrorKind::WouldBlock,
        RecordError::EmptyName
        | RecordError::InvalidLine
        | RecordError::InvalidRate
        | RecordError::InvalidTag
        | RecordError::InvalidTimestamp
        | RecordError::InvalidValue
        | RecordError::LineTooLong
        | RecordError::NegativeTiming
        | RecordError::NotDogStatsd
        | RecordError::UnsafeText
        | RecordError::Unsupported(_) => io::ErrorKind::InvalidInput,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use cadence::prelude::*;
    use cadence::{MetricResult, SpyMetricSink, StatsdClient};

    use super::*;
    use crate::config::Config;
    use crate::testing::{Recorder, recorder};

    #[test]
    fn what_cadence_writes_arrives_byte_for_byte() {
        let (lines, sink) = SpyMetricSink::new();
        let spied = StatsdClient::builder("shop.", sink)
            .with_tag("env", "test")
            .with_container_id("83c0a99c0a54")
            .build();
        let (sink, mut recorder) = start();
        let statsd = StatsdClient::builder("shop.", sink)
            .with_tag("env", "test")
            .with_container_id("83c0a99c0a54")
            .build();
        for statsd in [&spied, &statsd] {
            record_all(statsd).unwrap();
        }
        let expected: Vec<String> = lines
            .try_iter()
            .map(|line| String::from_utf8(line).unwrap())
            .collect();
        assert_eq!(expected.len(), 19);
        assert_eq!(recorder.lines(), expected);
        // The Datadog agent has no meters.
        assert_eq!(recorder.stats().refused.total(), 0);
        assert!(statsd.meter("m", 3).is_err());
        assert_eq!(recorder.stats().refused.invalid, 1);
    }

    #[test]
    fn a_line_that_would_forge_another_goes_to_the_error_handler() {
        let (sink, mut recorder) = start();
        let errors = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&errors);
        let statsd = StatsdClient::builder("shop", sink)
            .with_error_handler(move |error| seen.lock().unwrap().push(error.to_string()))
            .build();
        statsd.count_with_tags("evil:1|c\nfake", 1).send();
        statsd.gauge_with_tags("ratio", f64::NAN).send();
        statsd.count_with_tags("fine", 1).send();
        assert_eq!(recorder.lines(), ["shop.fine:1|c"]);
        assert_eq!(errors.lock().unwrap().len(), 2);
    }

    #[test]
    fn errors_are_classified_by_their_kind() {
        let (sink, recorder) = start();
        let kind = |line| sink.emit(line).map_err(|error| error.kind());
        assert_eq!(kind("a:1|c"), Ok(5));
        assert_eq!(kind("a:1"), Err(io::ErrorKind::InvalidInput));
        drop(recorder);
        assert_eq!(kind("a:1|c"), Err(io::ErrorKind::NotConnected));

        let config = Config::new("localhost").max_queue_lines(1);
        let (client, _recorder) = recorder_of(config);
        let sink = CadenceSink::from(client);
        sink.emit("a:1|c").unwrap();
        let full = sink.emit("a:1|c").unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        assert_eq!(full.to_string(), "the queue is full");
    }

    #[test]
    fn a_flush_sends_the_queue_and_the_stats_count_it() {
        let (sink, mut recorder) = start();
        let statsd = StatsdClient::from_sink("shop", sink.clone());
        recorder.advance(Duration::from_secs(1));
        statsd.count("a", 1).unwrap();
        assert_eq!(recorder.payloads(), [""; 0]);
        statsd.flush().unwrap();
        assert_eq!(recorder.payloads(), ["shop.a:1|c\n"]);
        // Within the refusal window, the datagram still counts as unconfirmed.
        recorder.advance(Duration::from_secs(1));
        statsd.count("a b", 1).unwrap_err();
        let stats = sink.stats();
        assert_eq!((stats.bytes_sent, stats.packets_sent), (11, 1));
        assert_eq!((stats.bytes_dropped, stats.packets_dropped), (0, 1));
    }

    /// Calls each method of cadence with each type of value, and each method of its metric builder.
    fn record_all(statsd: &StatsdClient) -> MetricResult<()> {
        statsd.incr("a")?;
        statsd.decr("a")?;
        statsd.count("a", 7_i64)?;
        statsd.count("a", -7_i32)?;
        statsd.count("a", u64::MAX)?;
        statsd.time("t", 48)?;
        statsd.time("t", Duration::from_micros(48_250))?;
        statsd.time("t", vec![1_u64, 2, 3])?;
        statsd.gauge("g", 17)?;
        statsd.gauge("g", -0.000_000_1)?;
        statsd.gauge("g", 1e300)?;
        statsd.histogram("h", 0.25)?;
        statsd.histogram("h", vec![0.5, 1.0, -2.0])?;
        statsd.histogram("h", Duration::from_nanos(5))?;
        statsd.distribution("d", vec![9_u64])?;
        statsd.set("s", -1)?;
        statsd
            .count_with_tags("a", 1)
            .with_tag_value("bare")
            .with_tag("url", "http://h\u{f6}st/ #?x=1")
            .with_sampling_rate(0.1)
            .with_timestamp(1_656_581_400)
            .try_send()?;
        statsd
            .gauge_with_tags("g", 0.1 + 0.2)
            .with_sampling_rate(1.0)
            .try_send()?;
        statsd
            .time_with_tags("t", 1)
            .with_sampling_rate(1e-7)
            .with_container_id("in-42")
            .try_send()?;
        Ok(())
    }

    fn start() -> (CadenceSink, Recorder) {
        let (client, recorder) = recorder_of(Config::dogstatsd("localhost"));
        (CadenceSink::new(client), recorder)
    }

    fn recorder_of(config: Config) -> (Client, Recorder) {
        recorder(config).unwrap()
    }
}
