//! What a user measures: a name, a value, a kind, and perhaps tags and a sample rate.

mod tags;
mod value;

use std::time::Duration;

use crate::dogstatsd::Cardinality;
use crate::encode;
use crate::error::ParseError;
use crate::random::Random;
pub use tags::TagList;
pub(crate) use tags::Tags;
pub use value::{Number, Value};

/// One measurement, borrowed from the caller.
///
/// A metric is a plain value: building one allocates nothing, checks nothing and cannot fail. What a
/// server would not understand is refused when it is recorded.
///
/// ```
/// use statsd_proto::Metric;
///
/// let route = String::from("home");
/// let tags = [("route", &*route), ("beta", "")];
/// let metric = Metric::counter("requests", 1).tags(&tags).rate(0.25);
/// # let _ = metric;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: Value<'a>,
    pub(crate) code: Code<'a>,
    pub(crate) rate: Rate,
    pub(crate) tags: Tags<'a>,
    pub(crate) section: Section,
    pub(crate) extras: Option<Extras<'a>>,
}

impl<'a> Metric<'a> {
    /// A count of events since the last one; negative to count down.
    #[inline]
    pub fn counter(name: &'a str, amount: impl Into<Number>) -> Self {
        Self::new(name, Kind::Counter, Value::Number(amount.into()))
    }

    /// A value for statistics over all hosts, computed by the server (DogStatsD).
    #[inline]
    pub fn distribution(name: &'a str, value: impl Into<Number>) -> Self {
        Self::new(name, Kind::Distribution, Value::Number(value.into()))
    }

    /// A duration in a distribution, in milliseconds.
    #[inline]
    pub fn distribution_ms(name: &'a str, elapsed: Duration) -> Self {
        Self::new(name, Kind::Distribution, Value::Elapsed(elapsed))
    }

    /// Several values of one distribution at once; see [`timings_ms`](Self::timings_ms).
    #[inline]
    pub fn distributions(name: &'a str, values: &'a [f64]) -> Self {
        Self::new(name, Kind::Distribution, Value::Packed(values))
    }

    /// The present level of something.
    ///
    /// StatsD servers read a leading `-` as a decrease. In the dialects of that family a negative level
    /// is therefore sent as two lines that stay together: zero first, then the decrease.
    #[inline]
    pub fn gauge(name: &'a str, level: impl Into<Number>) -> Self {
        Self::new(name, Kind::Gauge, Value::Number(level.into()))
    }

    /// A change of a gauge's level, always sent with its sign.
    #[inline]
    pub fn gauge_delta(name: &'a str, change: impl Into<Number>) -> Self {
        Self::new(name, Kind::GaugeDelta, Value::Number(change.into()))
    }

    /// A value for statistics per host (DogStatsD).
    #[inline]
    pub fn histogram(name: &'a str, value: impl Into<Number>) -> Self {
        Self::new(name, Kind::Histogram, Value::Number(value.into()))
    }

    /// Several values of one histogram at once; see [`timings_ms`](Self::timings_ms).
    #[inline]
    pub fn histograms(name: &'a str, values: &'a [f64]) -> Self {
        Self::new(name, Kind::Histogram, Value::Packed(values))
    }

    /// A count of events, as servers with meters know it.
    #[inline]
    pub fn meter(name: &'a str, amount: impl Into<Number>) -> Self {
        Self::new(name, Kind::Meter, Value::Number(amount.into()))
    }

    /// A member of a set; the server counts the distinct ones.
    #[inline]
    pub fn set(name: &'a str, member: &'a str) -> Self {
        Self::new(name, Kind::Set, Value::Text(member))
    }

    /// How long something took. Sent in milliseconds, exact to the nanosecond.
    #[inline]
    pub fn timing(name: &'a str, elapsed: Duration) -> Self {
        Self::new(name, Kind::Timing, Value::Elapsed(elapsed))
    }

    /// How long something took, in milliseconds.
    #[inline]
    pub fn timing_ms(name: &'a str, milliseconds: impl Into<Number>) -> Self {
        Self::new(name, Kind::Timing, Value::Number(milliseconds.into()))
    }

    /// How long something took each time, in milliseconds.
    ///
    /// All values stand in one line (`name:1:2:3|ms`) where the [dialect](crate::Dialect) has that, which
    /// are [`DogStatsd`](crate::Dialect::DogStatsd) and [`StatsdExporter`](crate::Dialect::StatsdExporter).
    /// Elsewhere they are as many lines, which are taken together or not at all; a datagram has to have
    /// room for all of them. What is longer than a line may be is refused as a whole; so are more values
    /// than half as many as a line may have bytes, and a slice without values.
    #[inline]
    pub fn timings_ms(name: &'a str, milliseconds: &'a [f64]) -> Self {
        Self::new(name, Kind::Timing, Value::Packed(milliseconds))
    }

    /// A metric of a type this crate does not know, by its type code on the wire. Its name gets no [kind
    /// prefix](crate::Config::kind_prefixes).
    ///
    /// The name and the value are still made safe: nothing given here can forge a second metric.
    #[inline]
    pub fn raw(name: &'a str, value: impl Into<Value<'a>>, code: &'a str) -> Self {
        Self {
            code: Code::Raw(code),
            section: Section::None,
            ..Self::new(name, Kind::Counter, value.into())
        }
    }

    /// Reads a metric from a line: `name:value|type[|@rate][|#key:value,…]`.
    ///
    /// The rate is taken as one that the sender of the line has sampled at. When the metric is recorded,
    /// it is written anew, so that a line is never passed on malformed.
    ///
    /// # Errors
    ///
    /// [`ParseError`] says which part of the line is none.
    ///
    /// ```
    /// use statsd_proto::{Metric, ParseError};
    ///
    /// assert!(Metric::parse("requests:1|c|@0.1|#route:home").is_ok());
    /// assert_eq!(Metric::parse("requests:many|c"), Err(ParseError::Value));
    /// ```
    pub fn parse(line: &'a str) -> Result<Self, ParseError> {
        encode::parse(line)
    }

    /// Sets how many tags the agent adds that it knows of whoever sends
    /// ([`DogStatsd`](crate::Dialect::DogStatsd) 1.6). Default: the
    /// [configuration's](crate::Config::cardinality).
    #[inline]
    #[must_use]
    pub fn cardinality(self, cardinality: Cardinality) -> Self {
        let extras = Extras {
            cardinality: Some(cardinality),
            ..self.extras.unwrap_or_default()
        };
        Self {
            extras: Some(extras),
            ..self
        }
    }

    /// Records only this share of the calls, chosen at random, and tells the server so.
    ///
    /// A rate that is not above 0 and at most 1 is refused when the metric is recorded; so is any on a
    /// gauge or a set, of which servers do not know that some are missing, and for collectd on a timing,
    /// whose value it would divide by the rate.
    #[inline]
    #[must_use]
    pub fn rate(self, rate: f64) -> Self {
        Self {
            rate: Rate::Sample(rate),
            ..self
        }
    }

    /// Tells the server that the caller already sampled this metric at `rate`.
    #[inline]
    #[must_use]
    pub fn sampled_at(self, rate: f64) -> Self {
        Self {
            rate: Rate::Sampled(rate),
            ..self
        }
    }

    /// Adds tags, as pairs of key and value. A pair with an empty value is a bare tag.
    ///
    /// A metric has no memory for tags: it refers to up to two lists. One that is given more is refused when it is
    /// recorded; [`Client::metric`](crate::Client::metric) takes any number.
    #[inline(always)]
    #[must_use]
    pub fn tags(self, tags: impl Into<TagList<'a>>) -> Self {
        Self {
            tags: self.tags.plus(tags.into()),
            ..self
        }
    }

    /// Sets the time of a counter or a gauge, in seconds since 1970
    /// ([`DogStatsd`](crate::Dialect::DogStatsd) 1.3).
    ///
    /// The agent passes such a metric on as it is, and adds up nothing. Zero is refused when the metric
    /// is recorded, and so is a timestamp on any other kind.
    #[inline]
    #[must_use]
    pub fn timestamp(self, seconds: u64) -> Self {
        let extras = Extras {
            timestamp: Some(seconds),
            ..self.extras.unwrap_or_default()
        };
        Self {
            extras: Some(extras),
            ..self
        }
    }

    /// Whether the order of such metrics means something, whichever threads they come from: the last
    /// level of a gauge is the one that stays.
    #[inline]
    pub(crate) fn is_level(&self) -> bool {
        match self.code {
            Code::Known(kind) => kind.is_level(),
            Code::Line | Code::Parsed(_) | Code::Raw(_) => self.may_be_level(),
        }
    }

    /// Apart, so that most metrics pass by none of this.
    #[cold]
    fn may_be_level(&self) -> bool {
        let code = match self.code {
            Code::Line => Code::Raw(self.name.split('|').nth(1).unwrap_or_default()),
            code @ (Code::Known(_) | Code::Parsed(_) | Code::Raw(_)) => code,
        };
        code.kind().is_none_or(Kind::is_level)
    }

    /// A metric to render others by, with a value that its kind may have.
    pub(crate) fn blank(name: &'a str, kind: Kind) -> Self {
        let value = if kind == Kind::Set {
            Value::Text("0")
        } else {
            Value::Number(Number::Int(0))
        };
        Self::new(name, kind, value)
    }

    /// A whole line that somebody else has written, in place of the name.
    pub(crate) fn line(line: &'a str) -> Self {
        Self {
            code: Code::Line,
            ..Self::new(line, Kind::Counter, Value::Text(""))
        }
    }

    #[inline(always)]
    fn new(name: &'a str, kind: Kind, value: Value<'a>) -> Self {
        Self {
            name,
            value,
            code: Code::Known(kind),
            rate: Rate::Always,
            tags: Tags::NONE,
            section: Section::of(kind),
            extras: None,
        }
    }
}

/// What a metric measures.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// A count of events.
    Counter,
    /// A value for statistics over all hosts.
    Distribution,
    /// A level.
    Gauge,
    /// A change of a level.
    GaugeDelta,
    /// A value for statistics per host.
    Histogram,
    /// A count of events, as a meter.
    Meter,
    /// A member of a set.
    Set,
    /// A duration.
    Timing,
}

impl Kind {
    /// In the order of their declaration.
    pub(crate) const ALL: [Self; 8] = [
        Self::Counter,
        Self::Distribution,
        Self::Gauge,
        Self::GaugeDelta,
        Self::Histogram,
        Self::Meter,
        Self::Set,
        Self::Timing,
    ];

    /// Kind of the series that such metrics belong to: a change of a gauge belongs to its levels.
    #[inline]
    pub(crate) fn of_series(self) -> Self {
        if self == Self::GaugeDelta {
            Self::Gauge
        } else {
            self
        }
    }

    /// Whether a later one may take the place of those before.
    #[inline]
    pub(crate) fn is_level(self) -> bool {
        matches!(self, Self::Gauge | Self::GaugeDelta)
    }
}

/// The type of a metric: one that the dialect's table knows, or a code given by the caller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Code<'a> {
    Known(Kind),
    /// The name is a whole line with its type in it.
    Line,
    /// From a line, whose name may have tags in it. A type that is not known here is refused.
    Parsed(&'a str),
    Raw(&'a str),
}

impl Code<'_> {
    /// What servers take it for; none if it is not known here.
    #[inline]
    pub(crate) fn kind(self) -> Option<Kind> {
        Some(match self {
            Self::Known(kind) => kind,
            Self::Parsed("c") | Self::Raw("c") => Kind::Counter,
            Self::Parsed("d") | Self::Raw("d") => Kind::Distribution,
            Self::Parsed("g") | Self::Raw("g") => Kind::Gauge,
            Self::Parsed("h") | Self::Raw("h") => Kind::Histogram,
            Self::Parsed("m") | Self::Raw("m") => Kind::Meter,
            Self::Parsed("ms") | Self::Raw("ms") => Kind::Timing,
            Self::Parsed("s") | Self::Raw("s") => Kind::Set,
            Self::Line | Self::Parsed(_) | Self::Raw(_) => return None,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rate {
    Always,
    /// This client is to sample.
    Sample(f64),
    /// Somebody has sampled already.
    Sampled(f64),
}

impl Rate {
    /// Whether this call is one of those that sampling leaves out.
    #[inline]
    pub(crate) fn leaves_out(self, random: &mut Random) -> bool {
        match self {
            Self::Always | Self::Sampled(_) => false,
            // A rate that makes no sense goes on, to be refused.
            Self::Sample(rate) => rate > 0.0 && random.fraction() >= rate,
        }
    }
}

/// What only the Datadog agent knows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Extras<'a> {
    pub(crate) timestamp: Option<u64>,
    pub(crate) cardinality: Option<Cardinality>,
    /// The container that a line says it comes from, or empty.
    pub(crate) container: &'a str,
    /// What a line says of its sender besides, or empty.
    pub(crate) external_data: &'a str,
}

/// Part of a name between the prefix and the path, where the configuration has [kind
/// prefixes](crate::Config::kind_prefixes).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Section {
    /// The kind has none, or the name is final.
    None,
    Counters,
    Gauges,
    Timers,
}

impl Section {
    #[inline(always)]
    pub(crate) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Counters,
            Kind::Gauge | Kind::GaugeDelta => Self::Gauges,
            Kind::Timing => Self::Timers,
            Kind::Distribution | Kind::Histogram | Kind::Meter | Kind::Set => Self::None,
        }
    }
}
