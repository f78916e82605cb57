//! What waits, how long, and what is made of it.

use std::time::Duration;

use super::{Config, Pace};
use crate::session::queue::Overflow;

/// What waits, how long, and what is made of it.
impl Config {
    /// How many bytes may wait: those in the queue, with what fills datagrams up, those on their way that
    /// may come back, and what is set aside for threads that record at the same time. Default: 16 MiB,
    /// which is eight minutes of a thousand metrics a second.
    ///
    /// The bound holds to the byte at any time, also when a link breaks in the middle of a line. It has to
    /// have room for four payloads: 16,384 bytes, and four times the longest line or datagram, which over
    /// UDP is 262,028. Memory that was filled is used again, and kept within this bound until there is
    /// nothing left to send; of what is kept then, a megabyte. Beside it stands what
    /// [`aggregate`](Self::aggregate) adds up.
    #[must_use]
    pub fn max_queue_bytes(self, bytes: usize) -> Self {
        Self {
            max_queue_bytes: bytes,
            ..self
        }
    }

    /// How many lines may wait, those included that are on their way or may be refused. Default: no bound but the one in bytes,
    /// since a line takes no memory beyond its bytes.
    #[must_use]
    pub fn max_queue_lines(self, lines: usize) -> Self {
        Self {
            max_queue_lines: lines,
            ..self
        }
    }

    /// What happens when the queue is full. Default: [`Overflow::RefuseNewest`].
    #[must_use]
    pub fn overflow(self, overflow: Overflow) -> Self {
        Self { overflow, ..self }
    }

    /// How fast UDP datagrams may leave, or `None` for as fast as possible. Default: bursts of 16 full datagrams
    /// and 3 MB a second, about 80,000 metrics. Linux's default receive buffer holds 92 such datagrams, so
    /// that a server may be busy elsewhere for 35 milliseconds in the middle of a burst and miss none.
    ///
    /// A server that is too busy to read loses datagrams in silence, and a client cannot know: a lower pace loses
    /// fewer there, and fills the queue sooner. What that comes to is [measured](crate::_scaling). With `None` each
    /// flush leaves as one burst, and such a buffer drops all that it has no room for. While closing, the rate
    /// rises, [within bounds](Pace), to what is pending over the time that is left.
    #[must_use]
    pub fn pace(self, pace: Option<Pace>) -> Self {
        Self { pace, ..self }
    }

    /// How long a line may wait for others to fill the payload. Default: 100 ms, well below any server's
    /// flush interval. Zero sends every line as soon as the driver comes to it.
    #[must_use]
    pub fn flush_interval(self, interval: Duration) -> Self {
        Self {
            flush_interval: interval,
            ..self
        }
    }

    /// Whether counters, timings, histograms and distributions are sampled while the queue is more than
    /// half full: half of them are recorded, and at 3/4, 7/8 and 15/16 half as many again; all once it
    /// is down to a quarter. The rate is told with each line, multiplied by the caller's own, so that
    /// servers make up for what was left out, which [`Stats::sampled_out`](crate::Stats::sampled_out)
    /// counts. Default: no: a full queue is a loss that is counted, a rate is noise in what should be exact.
    ///
    /// What servers cannot make up for is never left out: gauges, sets, whole lines, types given by their
    /// code, what has a timestamp, and timings for collectd. Of what is [added up](Self::aggregate) every
    /// call counts anyway.
    #[must_use]
    pub fn adaptive_sampling(self, adaptive_sampling: bool) -> Self {
        Self {
            adaptive_sampling,
            ..self
        }
    }

    /// Share of the counters, timings, histograms and distributions that is recorded, chosen at random. It is multiplied
    /// with the rate of a call, and told to the server. What servers cannot make up for is always recorded, as with
    /// [`adaptive_sampling`](Self::adaptive_sampling), and so is what is [aggregated](Self::aggregate). Default: 1, all of
    /// them.
    #[doc(alias("sample_rate", "sampling_rate"))]
    #[must_use]
    pub fn rate(self, rate: f64) -> Self {
        Self { rate, ..self }
    }

    /// Adds metrics up for this long, and sends what became of them as few lines: the sum of a counter,
    /// the last level of a gauge, the distinct members of a set, and the values of timings, histograms
    /// and distributions, several in a line where the dialect has that. Default: none, each metric is a
    /// line of its own, and leaves in the order recorded. Two seconds are what Datadog's clients take,
    /// well below the ten after which servers flush.
    ///
    /// While the server is away nothing is sent and nothing is queued: an outage of any length costs no
    /// counts and no memory. A caller's [rate](crate::Metric::rate) is not applied, since every call
    /// counts at no cost. What cannot be added up goes as a line of its own: meters, metrics given by
    /// their type code, what was [sampled already](crate::Metric::sampled_at), counts that are fractions.
    #[must_use]
    pub fn aggregate(self, interval: Option<Duration>) -> Self {
        Self {
            aggregate: interval,
            ..self
        }
    }

    /// How many different metrics, with their tags, are [added up](Self::aggregate) at most; those beyond
    /// go as lines of their own, and those that stay without a value are forgotten after some rounds.
    /// Default: 8192, of which each takes a few hundred bytes, and on every thread that records it.
    #[must_use]
    pub fn max_contexts(self, contexts: usize) -> Self {
        Self {
            max_contexts: contexts,
            ..self
        }
    }

    /// How many values of a timing, a histogram or a distribution are kept between two
    /// [rounds](Self::aggregate). Of more, that many are chosen at random and sent with the rate that
    /// makes up for the others; a server that takes no rate gets all, as lines. Default: 512, which
    /// leaves a 99th percentile five values to tell by.
    #[must_use]
    pub fn max_samples(self, samples: usize) -> Self {
        Self {
            max_samples: samples,
            ..self
        }
    }

    /// Maximum memory, in bytes, of all that is [aggregated](Self::aggregate): series, members of sets, and values. Of
    /// what has no room, each metric is sent as a line of its own. At least 4096. Default: 16 MiB, as for the queue.
    #[must_use]
    pub fn max_aggregate_bytes(self, bytes: usize) -> Self {
        Self {
            max_aggregate_bytes: bytes,
            ..self
        }
    }
}
