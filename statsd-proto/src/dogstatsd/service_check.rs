//! Service checks for Datadog.

use crate::dogstatsd::Cardinality;
use crate::encode;
use crate::error::ParseError;
use crate::metric::{Extras, TagList, Tags};

/// Service check: the status of a service, borrowed from the caller as a [`Metric`](crate::Metric) is.
///
/// The name gets no prefix.
///
/// ```
/// use statsd_proto::dogstatsd::{ServiceCheck, Status};
///
/// let check = ServiceCheck::new("db.can_connect", Status::Warning)
///     .hostname("db-1")
///     .message("4 seconds behind");
/// # let _ = check;
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ServiceCheck<'a> {
    pub(crate) name: &'a str,
    pub(crate) status: Status,
    pub(crate) hostname: &'a str,
    pub(crate) tags: Tags<'a>,
    pub(crate) message: &'a str,
    pub(crate) extras: Extras<'a>,
}

impl<'a> ServiceCheck<'a> {
    /// Creates a check at the present time. A check with an empty name is refused when it is recorded.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::{ServiceCheck, Status};
    ///
    /// client.service_check(&ServiceCheck::new("db.up", Status::Ok))?;
    /// assert_eq!(recorder.lines(), ["_sc|db.up|0"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(name: &'a str, status: Status) -> Self {
        Self {
            name,
            status,
            hostname: "",
            tags: Tags::NONE,
            message: "",
            extras: Extras::default(),
        }
    }

    /// Parses a line of the form `_sc|name|status[|d:…][|h:…][|#key:value,…][|m:message]`, with the fields after the
    /// status in any order.
    ///
    /// Recording the check encodes it again, so a malformed line is never forwarded.
    ///
    /// # Errors
    ///
    /// [`ParseError`] names the part of the line that is invalid.
    ///
    /// ```
    /// use statsd_proto::{ParseError, dogstatsd::ServiceCheck};
    ///
    /// let check = ServiceCheck::parse("_sc|db.up|2|#host:db|m:no answer")?;
    /// assert_eq!(ServiceCheck::parse("_sc|db.up|down"), Err(ParseError::Status));
    /// # let _ = check;
    /// # Ok::<(), ParseError>(())
    /// ```
    pub fn parse(line: &'a str) -> Result<Self, ParseError> {
        encode::parse_service_check(line)
    }

    /// Time of the check, in seconds since 1970. Default: the time at which the agent reads the check.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::{ServiceCheck, Status};
    ///
    /// client.service_check(&ServiceCheck::new("db.up", Status::Ok).timestamp(1_700_000_000))?;
    /// assert_eq!(recorder.lines(), ["_sc|db.up|0|d:1700000000"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn timestamp(mut self, seconds: u64) -> Self {
        self.extras.timestamp = Some(seconds);
        self
    }

    /// Host that was checked. Default, and if empty: the agent's host.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::{ServiceCheck, Status};
    ///
    /// client.service_check(&ServiceCheck::new("db.up", Status::Ok).hostname("db-1"))?;
    /// assert_eq!(recorder.lines(), ["_sc|db.up|0|h:db-1"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn hostname(self, hostname: &'a str) -> Self {
        Self { hostname, ..self }
    }

    /// Adds tags; see [`Metric::tags`](crate::Metric::tags).
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::{ServiceCheck, Status};
    ///
    /// client.service_check(&ServiceCheck::new("db.up", Status::Ok).tags(&[("env", "prod")]))?;
    /// assert_eq!(recorder.lines(), ["_sc|db.up|0|#env:prod"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn tags(self, tags: impl Into<TagList<'a>>) -> Self {
        Self {
            tags: self.tags.plus(tags.into()),
            ..self
        }
    }

    /// Text that explains the status. Line feeds are escaped, and carriage returns left out.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::{ServiceCheck, Status};
    ///
    /// client.service_check(&ServiceCheck::new("db.up", Status::Ok).message("2 ms"))?;
    /// assert_eq!(recorder.lines(), ["_sc|db.up|0|m:2 ms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn message(self, message: &'a str) -> Self {
        Self { message, ..self }
    }

    /// Cardinality of the tags that the agent adds. Default: that of the [configuration](crate::Config::cardinality).
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::{Cardinality, ServiceCheck, Status};
    ///
    /// client.service_check(&ServiceCheck::new("db.up", Status::Ok).cardinality(Cardinality::Low))?;
    /// assert_eq!(recorder.lines(), ["_sc|db.up|0|card:low"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn cardinality(mut self, cardinality: Cardinality) -> Self {
        self.extras.cardinality = Some(cardinality);
        self
    }
}

/// Status of a service.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Status {
    /// The service does not work.
    Critical,
    /// The service works.
    Ok,
    /// The status could not be determined.
    Unknown,
    /// The service works, and may soon fail.
    Warning,
}

impl Status {
    pub(crate) const ALL: [Self; 4] = [Self::Critical, Self::Ok, Self::Unknown, Self::Warning];

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Critical => "2",
            Self::Ok => "0",
            Self::Unknown => "3",
            Self::Warning => "1",
        }
    }
}
