//! Metrics: a name, a value and a kind, with optional tags, sample rate and timestamp.

mod class;
mod tags;
mod value;

use std::time::Duration;

use crate::dogstatsd::Cardinality;
use crate::encode;
use crate::error::ParseError;
use crate::random::Random;
pub(crate) use class::Class;
pub use tags::TagList;
pub(crate) use tags::Tags;
pub use value::{Number, Value};

/// One measurement, which borrows its text from the caller.
///
/// Building a metric neither allocates nor fails. The metric is checked when it is recorded; see
/// [`Client::record`](crate::Client::record).
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
    /// Path of the name, without prefixes, or a whole line if the code is [`Code::Line`].
    pub(crate) name: &'a str,
    pub(crate) value: Value<'a>,
    pub(crate) code: Code<'a>,
    pub(crate) rate: Rate,
    pub(crate) tags: Tags<'a>,
    pub(crate) section: Section,
    /// Fields that only the Datadog agent reads, or `None` if all have their defaults.
    pub(crate) extras: Option<Extras<'a>>,
}

impl<'a> Metric<'a> {
    /// Creates an amount to add to a counter. A negative amount decreases it.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::counter("logins", 1))?;
    /// assert_eq!(recorder.lines(), ["logins:1|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn counter(name: &'a str, amount: impl Into<Number>) -> Self {
        Self::new(name, Kind::Counter, Value::Number(amount.into()))
    }

    /// Creates a value of a distribution, for which the server computes statistics over all hosts. The dialects of
    /// DogStatsD, OpenTelemetry and statsd_exporter have distributions.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::distribution("bytes", 512))?;
    /// assert_eq!(recorder.lines(), ["bytes:512|d"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn distribution(name: &'a str, value: impl Into<Number>) -> Self {
        Self::new(name, Kind::Distribution, Value::Number(value.into()))
    }

    /// Creates a value of a distribution from a duration. It is sent in milliseconds.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use std::time::Duration;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::distribution_ms("db.query", Duration::from_micros(1500)))?;
    /// assert_eq!(recorder.lines(), ["db.query:1.5|d"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn distribution_ms(name: &'a str, elapsed: Duration) -> Self {
        Self::new(name, Kind::Distribution, Value::Elapsed(elapsed))
    }

    /// Creates several values of one distribution; see [`timings_ms`](Self::timings_ms).
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::distributions("bytes", &[512.0, 1024.0]))?;
    /// assert_eq!(recorder.lines(), ["bytes:512:1024|d"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn distributions(name: &'a str, values: &'a [f64]) -> Self {
        Self::new(name, Kind::Distribution, Value::Packed(values))
    }

    /// Creates the current level of a gauge.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::gauge("sessions", 17))?;
    /// assert_eq!(recorder.lines(), ["sessions:17|g"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// StatsD servers read a leading `-` as a decrease. In dialects with changes of gauges, a negative level is
    /// therefore sent as two lines in one payload: zero first, then the decrease.
    #[inline]
    pub fn gauge(name: &'a str, level: impl Into<Number>) -> Self {
        Self::new(name, Kind::Gauge, Value::Number(level.into()))
    }

    /// Creates a change of the level of a gauge, which is always sent with its sign.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::new("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::gauge_delta("sessions", 1))?;
    /// assert_eq!(recorder.lines(), ["gauges.sessions:+1|g"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn gauge_delta(name: &'a str, change: impl Into<Number>) -> Self {
        Self::new(name, Kind::GaugeDelta, Value::Number(change.into()))
    }

    /// Creates a value of a histogram. The Datadog agent computes statistics per host from it; see
    /// [`Dialect`](crate::Dialect) for other servers with histograms.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::histogram("bytes", 512))?;
    /// assert_eq!(recorder.lines(), ["bytes:512|h"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn histogram(name: &'a str, value: impl Into<Number>) -> Self {
        Self::new(name, Kind::Histogram, Value::Number(value.into()))
    }

    /// Creates several values of one histogram; see [`timings_ms`](Self::timings_ms).
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::histograms("bytes", &[512.0, 1024.0]))?;
    /// assert_eq!(recorder.lines(), ["bytes:512:1024|h"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn histograms(name: &'a str, values: &'a [f64]) -> Self {
        Self::new(name, Kind::Histogram, Value::Packed(values))
    }

    /// Creates a number of events to add to a meter, from which the server computes a rate. Only the dialect
    /// [`Netdata`](crate::Dialect::Netdata) has meters.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::new("localhost").dialect(statsd_proto::Dialect::Netdata))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::meter("requests", 1))?;
    /// assert_eq!(recorder.lines(), ["requests:1|m"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn meter(name: &'a str, amount: impl Into<Number>) -> Self {
        Self::new(name, Kind::Meter, Value::Number(amount.into()))
    }

    /// Creates a member to add to a set. The server counts distinct members.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::set("visitors", "anna"))?;
    /// assert_eq!(recorder.lines(), ["visitors:anna|s"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn set(name: &'a str, member: &'a str) -> Self {
        Self::new(name, Kind::Set, Value::Text(member))
    }

    /// Creates a timing from a duration. It is sent in milliseconds, with the precision of a nanosecond.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use std::time::Duration;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::timing("db.query", Duration::from_micros(1500)))?;
    /// assert_eq!(recorder.lines(), ["db.query:1.5|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn timing(name: &'a str, elapsed: Duration) -> Self {
        Self::new(name, Kind::Timing, Value::Elapsed(elapsed))
    }

    /// Creates a timing from a number of milliseconds.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::timing_ms("db.query", 12.5))?;
    /// assert_eq!(recorder.lines(), ["db.query:12.5|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn timing_ms(name: &'a str, milliseconds: impl Into<Number>) -> Self {
        Self::new(name, Kind::Timing, Value::Number(milliseconds.into()))
    }

    /// Creates several timings of one name, each a number of milliseconds.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::timings_ms("db.query", &[12.0, 7.5]))?;
    /// assert_eq!(recorder.lines(), ["db.query:12:7.5|ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The dialects [`DogStatsd`](crate::Dialect::DogStatsd) and [`StatsdExporter`](crate::Dialect::StatsdExporter)
    /// send all values in one line. Other dialects send one line for each value; the lines must fit into one datagram
    /// together.
    ///
    /// Either all values are recorded or none. They are refused if the slice is empty, if the lines are longer than the
    /// limit, or if there are more values than half of the bytes that one line may have.
    #[inline]
    pub fn timings_ms(name: &'a str, milliseconds: &'a [f64]) -> Self {
        Self::new(name, Kind::Timing, Value::Packed(milliseconds))
    }

    /// Creates a metric with a type code of the caller's choice, for types that this crate does not define. Its name
    /// gets no [kind prefix](crate::Config::kind_prefixes).
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::raw("logins", 1, "c"))?;
    /// assert_eq!(recorder.lines(), ["logins:1|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Name, value and code are checked like those of other metrics, so they cannot forge a second metric.
    #[inline]
    pub fn raw(name: &'a str, value: impl Into<Value<'a>>, code: &'a str) -> Self {
        Self {
            code: Code::Raw(code),
            section: Section::None,
            ..Self::new(name, Kind::Counter, value.into())
        }
    }

    /// Parses a line of the form `name:value|type[|@rate][|#key:value,…]`.
    ///
    /// A rate in the line counts as [sampled by the caller](Self::sampled_at). Recording the metric encodes it in the
    /// dialect of the client, so a malformed line is never forwarded.
    ///
    /// # Errors
    ///
    /// [`ParseError`] names the part of the line that is invalid.
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

    /// Sets the cardinality of the tags about the sender, such as its container, that the Datadog agent adds (protocol
    /// version 1.6). Default: the [cardinality of the configuration](crate::Config::cardinality).
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::{Metric, dogstatsd::Cardinality};
    ///
    /// client.record(&Metric::counter("logins", 1).cardinality(Cardinality::Low))?;
    /// assert_eq!(recorder.lines(), ["logins:1|c|card:low"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    /// Sets the sample rate, from above 0 to 1: only this share of the calls is recorded, chosen at random. The line
    /// contains the rate, so that the server scales counts. Default: every call is recorded.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, _recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::counter("logins", 1).rate(0.1))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Recording refuses any other rate. It also refuses a rate on a gauge or a set, because servers cannot scale
    /// those, and on a timing for collectd, which would divide the value by the rate.
    #[inline]
    #[must_use]
    pub fn rate(self, rate: f64) -> Self {
        Self {
            rate: Rate::Sample(rate),
            ..self
        }
    }

    /// Sends `rate` as the sample rate of a metric that the caller has sampled itself. The metric is always recorded.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::counter("logins", 1).sampled_at(0.1))?;
    /// assert_eq!(recorder.lines(), ["logins:1|c|@0.1"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn sampled_at(self, rate: f64) -> Self {
        Self {
            rate: Rate::Sampled(rate),
            ..self
        }
    }

    /// Adds tags, given as pairs of key and value. A pair with an empty value is a tag without a value.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::counter("logins", 1).tags(&[("method", "card"), ("beta", "")]))?;
    /// assert_eq!(recorder.lines(), ["logins:1|c|#method:card,beta"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A metric borrows at most two lists of tags. A metric with more lists is refused when it is recorded;
    /// [`Client::metric`](crate::Client::metric) accepts any number.
    #[inline(always)]
    #[must_use]
    pub fn tags(self, tags: impl Into<TagList<'a>>) -> Self {
        Self {
            tags: self.tags.plus(tags.into()),
            ..self
        }
    }

    /// Sets the time of a counter or a gauge, in seconds since 1970 (UTC). Only the Datadog agent reads timestamps
    /// (protocol version 1.3). Default: the server uses the time of arrival.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::Metric;
    ///
    /// client.record(&Metric::counter("logins", 1).timestamp(1_656_581_400))?;
    /// assert_eq!(recorder.lines(), ["logins:1|c|T1656581400"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The agent forwards a metric with a timestamp without aggregating it. Recording refuses a timestamp of zero, and
    /// a timestamp on any other kind.
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

    /// Whether the metric sets or changes a gauge, so that it must keep its order among metrics of all threads.
    #[inline]
    pub(crate) fn is_level(&self) -> bool {
        match self.code {
            Code::Known(kind) => kind.is_level(),
            Code::Line | Code::Parsed(_) | Code::Raw(_) => self.may_be_level(),
        }
    }

    /// Whether a metric whose type is given as text may set or change a gauge. In a function of its own, so that the
    /// common case stays small enough to be inlined.
    #[cold]
    fn may_be_level(&self) -> bool {
        let code = match self.code {
            Code::Line => Code::Raw(encode::code_of(self.name)),
            code @ (Code::Known(_) | Code::Parsed(_) | Code::Raw(_)) => code,
        };
        code.kind().is_none_or(Kind::is_level)
    }

    /// Metric without tags, rate and further fields.
    pub(crate) const NOTHING: Self = Self {
        name: "",
        value: Value::Text(""),
        code: Code::Line,
        rate: Rate::Always,
        tags: Tags::NONE,
        section: Section::None,
        extras: None,
    };

    /// Metric with a placeholder value that is valid for its kind, from which a template is encoded.
    pub(crate) fn blank(name: &'a str, kind: Kind) -> Self {
        let value = if kind == Kind::Set {
            Value::Text("0")
        } else {
            Value::Number(Number::Int(0))
        };
        Self::new(name, kind, value)
    }

    /// Metric whose name is a whole line that another program has encoded.
    pub(crate) fn line(line: &'a str) -> Self {
        Self {
            code: Code::Line,
            ..Self::new(line, Kind::Counter, Value::Text(""))
        }
    }

    #[inline(always)]
    pub(crate) fn new(name: &'a str, kind: Kind, value: Value<'a>) -> Self {
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

/// Kind of a metric.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// Count of events, which the server sums: type `c`.
    Counter,
    /// Value for statistics over all hosts: type `d`.
    Distribution,
    /// Level: type `g`.
    Gauge,
    /// Change of a level: type `g` with a sign.
    GaugeDelta,
    /// Value for statistics per host: type `h`.
    Histogram,
    /// Count of events, from which the server computes a rate: type `m`.
    Meter,
    /// Member of a set, whose distinct members the server counts: type `s`.
    Set,
    /// Duration: type `ms`.
    Timing,
}

impl Kind {
    /// All kinds, in the order of their declaration.
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

    /// Name in an error.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Counter => "counters",
            Self::Distribution => "distributions",
            Self::Gauge => "gauges",
            Self::GaugeDelta => "changes of gauges",
            Self::Histogram => "histograms",
            Self::Meter => "meters",
            Self::Set => "sets",
            Self::Timing => "timings",
        }
    }

    /// Kind of the series that metrics of this kind belong to: levels and changes of a gauge share a series.
    #[inline]
    pub(crate) fn of_series(self) -> Self {
        if self == Self::GaugeDelta {
            Self::Gauge
        } else {
            self
        }
    }

    /// Whether metrics of this kind set or change a gauge.
    #[inline]
    pub(crate) fn is_level(self) -> bool {
        matches!(self, Self::Gauge | Self::GaugeDelta)
    }
}

/// Type of a metric: a kind, for which the dialect has a code, or a code given by the caller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Code<'a> {
    Known(Kind),
    /// Whole line in place of the name. It contains its type.
    Line,
    /// Code from a parsed line, whose name may contain tags. Recording refuses a code without a [`Kind`].
    Parsed(&'a str),
    /// Code given by the caller.
    Raw(&'a str),
}

impl Code<'_> {
    /// Kind that servers read from the code, or `None` if no kind has this code. A change of a gauge counts as a gauge.
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

/// Sample rate of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rate {
    /// No sampling: every call is recorded.
    Always,
    /// Share of the calls that this client records.
    Sample(f64),
    /// Share of the calls that the caller recorded. This client records the metric and sends the rate.
    Sampled(f64),
}

impl Rate {
    /// Whether sampling leaves this call out. Draws a random number if the client samples.
    #[inline]
    pub(crate) fn leaves_out(self, random: &mut Random) -> bool {
        match self {
            Self::Always | Self::Sampled(_) => false,
            // An invalid rate is kept here, so that encoding refuses it.
            Self::Sample(rate) => rate > 0.0 && random.fraction() >= rate,
        }
    }
}

/// Fields that only the Datadog agent reads.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Extras<'a> {
    /// Time in seconds since 1970 (UTC), or `None` for the time of arrival.
    pub(crate) timestamp: Option<u64>,
    /// Cardinality of the tags that the agent adds, or `None` for that of the configuration.
    pub(crate) cardinality: Option<Cardinality>,
    /// Container ID from a parsed line, or empty.
    pub(crate) container: &'a str,
    /// External data from a parsed line, which identifies the pod of the sender, or empty.
    pub(crate) external_data: &'a str,
}

/// Part of the name between the prefix and the path, if the configuration has [kind
/// prefixes](crate::Config::kind_prefixes).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Section {
    /// No kind prefix: the kind has none, or the caller gave the final name.
    None,
    Counters,
    Gauges,
    Timers,
}

impl Section {
    /// Section of a kind.
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
