//! Settings of the queue: bounds, overflow, pacing, flush, sampling, aggregation.

use std::time::Duration;

use super::{Config, Pace};
use crate::session::queue::Overflow;

/// # Settings of the queue
impl Config {
    /// Maximum size of the queue in bytes. Default: 16 MiB, enough for eight minutes of a thousand metrics a second.
    ///
    /// The queue includes the padding of datagrams, lines in flight that may have to be resent, and room reserved for
    /// threads that record at the same time. The bound is exact at all times, also when a connection breaks in the
    /// middle of a line.
    ///
    /// The minimum is room for four payloads: 16,384 bytes, and four times the longest line or datagram, which is
    /// 262,028 bytes over UDP. Buffers are reused and kept within this bound while lines are sent; an idle client
    /// keeps up to a megabyte. Memory for [aggregation](Self::aggregate) is limited by
    /// [`max_aggregate_bytes`](Self::max_aggregate_bytes).
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").max_queue_bytes(64 * 1024 * 1024);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[doc(alias("buffer_size", "queue_size", "capacity"))]
    #[must_use]
    pub fn max_queue_bytes(self, bytes: usize) -> Self {
        Self {
            max_queue_bytes: bytes,
            ..self
        }
    }

    /// Maximum number of lines in the queue, including lines in flight that may have to be resent. Default: unlimited.
    /// The bound in bytes suffices, because a line takes no memory beyond its bytes.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").max_queue_lines(1_000_000);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn max_queue_lines(self, lines: usize) -> Self {
        Self {
            max_queue_lines: lines,
            ..self
        }
    }

    /// Overflow policy of a full queue. Default: [`RefuseNewest`](Overflow::RefuseNewest).
    ///
    /// ```
    /// use statsd_proto::{Config, Overflow};
    ///
    /// let config = Config::new("localhost").overflow(Overflow::DropOldest);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[doc(alias = "drop_policy")]
    #[must_use]
    pub fn overflow(self, overflow: Overflow) -> Self {
        Self { overflow, ..self }
    }

    /// Pace of UDP datagrams, or `None` for unlimited. Default: 3 MB a second, in bursts of 16 full datagrams. That is
    /// about 80,000 metrics a second. Linux's default receive buffer holds 92 such datagrams: a server may pause for 35
    /// ms in the middle of a burst and lose none.
    ///
    /// A server that is too busy to read loses datagrams, and no client can notice. A lower pace loses fewer and fills
    /// the queue sooner; [Scaling] has measurements. With `None`, each flush is sent as one burst, and the receive
    /// buffer drops the datagrams that do not fit. While a client closes, the rate rises [within bounds](Pace), so that
    /// pending data is sent within the close timeout.
    ///
    /// [Scaling]: https://docs.rs/statsd-proto/latest/statsd_proto/_scaling/
    ///
    /// ```
    /// use statsd_proto::{Config, Pace};
    ///
    /// let slow = Config::dogstatsd("localhost").pace(Pace { burst: 8192, rate: 100_000 });
    /// let unlimited = Config::dogstatsd("localhost").pace(None);
    /// # assert_eq!((slow.check(), unlimited.check()), (Ok(()), Ok(())));
    /// ```
    #[doc(alias("rate_limit", "throttle"))]
    #[must_use]
    pub fn pace(self, pace: impl Into<Option<Pace>>) -> Self {
        Self {
            pace: pace.into(),
            ..self
        }
    }

    /// Flush interval: maximum time that a line waits for others to fill its payload. Default: 100 ms, well below the
    /// flush interval of any server. Zero sends each line as soon as the driver runs.
    ///
    /// ```
    /// use std::time::Duration;
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").flush_interval(Duration::from_millis(20));
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[doc(alias = "buffer_flush_interval")]
    #[must_use]
    pub fn flush_interval(self, interval: Duration) -> Self {
        Self {
            flush_interval: interval,
            ..self
        }
    }

    /// Whether counters, timings, histograms and distributions are sampled while the queue is filling. Default: no. A
    /// metric refused by a full queue is an exact, counted loss; sampling makes the rest inexact.
    ///
    /// Above half of the queue's bounds, 1 in 2 metrics is recorded; above 3/4, 7/8 and 15/16, 1 in 4, 8 and 16. All
    /// are recorded again once the queue is down to a quarter. Each line carries its rate, multiplied by the caller's
    /// own, so that servers scale the values up. [`Stats::sampled_out`](crate::Stats::sampled_out) counts the metrics
    /// that are left out.
    ///
    /// Metrics that servers cannot scale up are always recorded: gauges, sets, whole lines, types given by their code,
    /// metrics with a timestamp, and timings for collectd. [Aggregated](Self::aggregate) metrics are always recorded
    /// too.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").adaptive_sampling(true);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn adaptive_sampling(self, adaptive_sampling: bool) -> Self {
        Self {
            adaptive_sampling,
            ..self
        }
    }

    /// Sample rate of counters, timings, histograms and distributions, from above 0 to 1. Default: 1, every call is
    /// recorded.
    ///
    /// The rate is multiplied by the rate of a call, and sent with the line. Metrics that servers cannot scale up are
    /// always recorded, as with [`adaptive_sampling`](Self::adaptive_sampling). [Aggregated](Self::aggregate) metrics
    /// are always recorded too.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").rate(0.1);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[doc(alias("sample_rate", "sampling_rate"))]
    #[must_use]
    pub fn rate(self, rate: f64) -> Self {
        Self { rate, ..self }
    }

    /// Aggregation interval: metrics of the same series are aggregated for this time and sent as few lines. `None`
    /// sends each metric as a line of its own, in the order recorded. Default: `None`. Datadog's clients use 2 s, well
    /// below the 10 s after which servers flush.
    ///
    /// A counter is sent as its sum, a gauge as its last level, a set as its distinct members. Timings, histograms and
    /// distributions are sent as their values, several in a line if the dialect supports that.
    ///
    /// While the server is unreachable, nothing is sent and nothing is queued: counts stay exact through an outage of
    /// any length, and memory does not grow. A caller's [rate](crate::Metric::rate) is not applied, because every call
    /// can be counted at no cost. Metrics that cannot be aggregated are sent as lines of their own: meters, metrics
    /// given by their type code, [sampled](crate::Metric::sampled_at) metrics, and fractional counts.
    ///
    /// ```
    /// use std::time::Duration;
    /// use statsd_proto::{Config, testing::recorder};
    ///
    /// let config = Config::dogstatsd("localhost").aggregate(Duration::from_secs(2));
    /// let (client, mut recorder) = recorder(config)?;
    /// client.incr("orders", 1);
    /// client.incr("orders", 2);
    /// recorder.advance(Duration::from_secs(2));
    /// assert_eq!(recorder.lines(), ["orders:3|c"]);
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    #[doc(alias("aggregation_interval", "client_side_aggregation"))]
    #[must_use]
    pub fn aggregate(self, interval: impl Into<Option<Duration>>) -> Self {
        Self {
            aggregate: interval.into(),
            ..self
        }
    }

    /// Maximum number of series that are [aggregated](Self::aggregate): names with their tags. Metrics of further
    /// series are sent as lines of their own. A series is removed after eight intervals without a value. Default:
    /// 8192. Each series takes a few hundred bytes, and as much again for each thread that records it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").aggregate(Duration::from_secs(10)).max_series(100_000);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn max_series(self, series: usize) -> Self {
        Self {
            max_series: series,
            ..self
        }
    }

    /// Maximum number of samples that a series keeps in an [aggregation interval](Self::aggregate), for timings,
    /// histograms and distributions. Of more values, a random sample of this size is sent with its sample rate, so
    /// that servers scale it up. A server that ignores a rate gets all values, as lines. Default: 512, which leaves
    /// five values above the 99th percentile.
    ///
    /// ```
    /// use std::time::Duration;
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").aggregate(Duration::from_secs(10)).max_samples(2048);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn max_samples(self, samples: usize) -> Self {
        Self {
            max_samples: samples,
            ..self
        }
    }

    /// Maximum memory of all [aggregated](Self::aggregate) values in bytes: series, set members and samples. Metrics
    /// for which no memory is left are sent as lines of their own. Minimum: 4096. Default: 16 MiB, as for the queue.
    ///
    /// ```
    /// use std::time::Duration;
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").aggregate(Duration::from_secs(10)).max_aggregate_bytes(64 * 1024 * 1024);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn max_aggregate_bytes(self, bytes: usize) -> Self {
        Self {
            max_aggregate_bytes: bytes,
            ..self
        }
    }
}
