//! Builder that records one metric with its tags in one expression.

use crate::client::Client;
use crate::dogstatsd::Cardinality;
use crate::error::RecordError;
use crate::metric::{Metric, TagList, Tags};

/// Builder of a metric that is recorded once; see [`Client::metric`] and [`Client::count`].
///
/// ```
/// # let client = statsd_proto::Client::noop();
/// # let route = String::from("home");
/// use statsd_proto::Metric;
///
/// client.count("logins", 1).tag("method", "card").rate(0.1).send();
/// client.metric(Metric::gauge("sessions", 17)).tag("route", &route).send();
/// ```
///
/// Up to four tags are stored without a heap allocation.
#[derive(Clone, Debug)]
#[must_use = "nothing is recorded before `send` or `try_send`"]
pub struct Recording<'a> {
    client: &'a Client,
    metric: Metric<'a>,
    /// First tags, in the order in which they were added.
    tags: [(&'a str, &'a str); INLINE_TAGS],
    /// Number of elements of `tags` that are in use.
    len: usize,
    /// All tags if they are more than `tags` can store, otherwise empty.
    all_tags: Vec<(&'a str, &'a str)>,
}

impl<'a> Recording<'a> {
    #[inline(always)]
    pub(crate) fn new(client: &'a Client, metric: Metric<'a>) -> Self {
        let recording = Self {
            client,
            metric,
            tags: [("", ""); INLINE_TAGS],
            len: 0,
            all_tags: Vec::new(),
        };
        if metric.tags.is_empty() {
            return recording;
        }
        recording.with_all(metric.tags.pairs())
    }

    /// Adds a tag. An empty value makes a tag without a value.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.count("logins", 1).tag("method", "card").tag("beta", "").send();
    /// assert_eq!(recorder.lines(), ["logins:1|c|#method:card,beta"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias("with_tag", "add_tag", "with_tag_value"))]
    #[inline(always)]
    pub fn tag(mut self, key: &'a str, value: &'a str) -> Self {
        match self.tags.get_mut(self.len) {
            Some(tag) => {
                *tag = (key, value);
                self.len += 1;
            }
            None => self.push((key, value)),
        }
        self
    }

    /// Adds tags, given as pairs of key and value, after those added before.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.count("logins", 1).tags(&[("method", "card"), ("region", "eu")]).send();
    /// assert_eq!(recorder.lines(), ["logins:1|c|#method:card,region:eu"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias("with_tags", "add_tags"))]
    #[inline]
    pub fn tags(self, tags: impl Into<TagList<'a>>) -> Self {
        self.with_all(tags.into().pairs())
    }

    /// Sets the sample rate, from above 0 to 1: only this share of the calls is recorded, chosen at random; see
    /// [`Metric::rate`]. Default: every call is recorded.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, _recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.count("logins", 1).rate(0.1).send();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias("sample_rate", "with_sampling_rate"))]
    #[inline(always)]
    pub fn rate(mut self, rate: f64) -> Self {
        self.metric = self.metric.rate(rate);
        self
    }

    /// Sends `rate` as the sample rate of a metric that the caller has sampled itself. The metric is always recorded.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.count("logins", 1).sampled_at(0.1).send();
    /// assert_eq!(recorder.lines(), ["logins:1|c|@0.1"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn sampled_at(mut self, rate: f64) -> Self {
        self.metric = self.metric.sampled_at(rate);
        self
    }

    /// Sets the time of the metric, in seconds since 1970 (UTC); see [`Metric::timestamp`]. Default: the server uses
    /// the time of arrival.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.count("logins", 1).timestamp(1_656_581_400).send();
    /// assert_eq!(recorder.lines(), ["logins:1|c|T1656581400"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "with_timestamp")]
    #[inline(always)]
    pub fn timestamp(mut self, seconds: u64) -> Self {
        self.metric = self.metric.timestamp(seconds);
        self
    }

    /// Sets the cardinality of the tags that the Datadog agent adds; see [`Metric::cardinality`].
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::Cardinality;
    ///
    /// client.count("logins", 1).cardinality(Cardinality::Low).send();
    /// assert_eq!(recorder.lines(), ["logins:1|c|card:low"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn cardinality(mut self, cardinality: Cardinality) -> Self {
        self.metric = self.metric.cardinality(cardinality);
        self
    }

    /// Records the metric. [`Stats::refused`](crate::Stats::refused) counts it if it is refused.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.count("logins", 1).send();
    /// assert_eq!(recorder.lines(), ["logins:1|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias("emit", "submit"))]
    #[inline(always)]
    pub fn send(self) {
        // `Stats::refused` counts the error. A lost metric must not fail the caller.
        let _ = self.try_send();
    }

    /// Records the metric, and returns the reason if it is refused.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.count("logins", 1).try_send()?;
    /// assert_eq!(recorder.lines(), ["logins:1|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Reason why the metric was refused. [`Stats::refused`](crate::Stats::refused) counts the refusal.
    #[inline(always)]
    pub fn try_send(self) -> Result<(), RecordError> {
        let tags = match &*self.all_tags {
            [] => &self.tags[..self.len],
            all => all,
        };
        self.client.record(&Metric {
            tags: Tags::Pairs(tags),
            ..self.metric
        })
    }

    #[inline(never)]
    fn with_all(self, tags: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        tags.fold(self, |recording, (key, value)| recording.tag(key, value))
    }

    /// Adds a tag for which the inline array has no space.
    #[cold]
    fn push(&mut self, tag: (&'a str, &'a str)) {
        if self.all_tags.is_empty() {
            self.all_tags.extend_from_slice(&self.tags);
        }
        self.all_tags.push(tag);
    }
}

/// Number of tags stored without an allocation. Most metrics have fewer, and a larger array makes each move of the
/// builder more expensive.
const INLINE_TAGS: usize = 4;

#[cfg(test)]
mod tests;
