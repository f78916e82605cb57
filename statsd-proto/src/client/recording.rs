//! One metric with its tags, built and recorded in one expression.

use crate::client::Client;
use crate::dogstatsd::Cardinality;
use crate::error::RecordError;
use crate::metric::{Metric, TagList, Tags};

/// A metric in the making; see [`Client::metric`] and [`Client::count`].
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
/// Up to four tags take no memory but the stack's.
#[derive(Clone, Debug)]
#[must_use = "nothing is recorded before `send` or `try_send`"]
pub struct Recording<'a> {
    client: &'a Client,
    metric: Metric<'a>,
    /// Tags, in their order.
    tags: [(&'a str, &'a str); INLINE_TAGS],
    /// How many of them there are.
    len: usize,
    /// All tags, once there are too many. Otherwise empty.
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

    /// Adds a tag. An empty value makes a bare one.
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

    /// Adds tags, as pairs of key and value.
    #[doc(alias("with_tags", "add_tags"))]
    #[inline]
    pub fn tags(self, tags: impl Into<TagList<'a>>) -> Self {
        self.with_all(tags.into().pairs())
    }

    /// Records only this share of the calls; see [`Metric::rate`].
    #[doc(alias("sample_rate", "with_sampling_rate"))]
    #[inline(always)]
    pub fn rate(mut self, rate: f64) -> Self {
        self.metric = self.metric.rate(rate);
        self
    }

    /// Tells the server that the caller already sampled this metric at `rate`.
    #[inline(always)]
    pub fn sampled_at(mut self, rate: f64) -> Self {
        self.metric = self.metric.sampled_at(rate);
        self
    }

    /// Sets the time, in seconds since 1970; see [`Metric::timestamp`].
    #[doc(alias = "with_timestamp")]
    #[inline(always)]
    pub fn timestamp(mut self, seconds: u64) -> Self {
        self.metric = self.metric.timestamp(seconds);
        self
    }

    /// Sets how many tags the agent adds; see [`Metric::cardinality`].
    #[inline(always)]
    pub fn cardinality(mut self, cardinality: Cardinality) -> Self {
        self.metric = self.metric.cardinality(cardinality);
        self
    }

    /// Records the metric. What is refused is counted in [`Stats::refused`](crate::Stats::refused).
    #[doc(alias("emit", "submit"))]
    #[inline(always)]
    pub fn send(self) {
        // `Stats::refused` counts the error. A lost metric must not fail the caller.
        let _ = self.try_send();
    }

    /// Records the metric, or tells why it could not.
    ///
    /// # Errors
    ///
    /// Why the metric was not taken.
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

    #[cold]
    fn push(&mut self, tag: (&'a str, &'a str)) {
        if self.all_tags.is_empty() {
            self.all_tags.extend_from_slice(&self.tags);
        }
        self.all_tags.push(tag);
    }
}

/// More are rare, and moving them is not free.
const INLINE_TAGS: usize = 4;

#[cfg(test)]
mod tests;
