//! Whether something works, for Datadog's service checks.

use crate::dogstatsd::Cardinality;
use crate::metric::{TagList, Tags};

/// Whether something works, borrowed from the caller as a [`Metric`](crate::Metric) is.
///
/// No prefix stands before the name.
///
/// ```
/// use statsd_proto::dogstatsd::{ServiceCheck, Status};
///
/// let check = ServiceCheck::new("db.can_connect", Status::Warning)
///     .hostname("db-1")
///     .message("4 seconds behind");
/// # let _ = check;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServiceCheck<'a> {
    pub(crate) name: &'a str,
    pub(crate) status: Status,
    pub(crate) timestamp: Option<u64>,
    pub(crate) hostname: &'a str,
    pub(crate) tags: Tags<'a>,
    pub(crate) message: &'a str,
    pub(crate) cardinality: Option<Cardinality>,
}

impl<'a> ServiceCheck<'a> {
    /// A check now. An empty name is refused when the check is recorded.
    pub fn new(name: &'a str, status: Status) -> Self {
        Self {
            name,
            status,
            timestamp: None,
            hostname: "",
            tags: Tags::NONE,
            message: "",
            cardinality: None,
        }
    }

    /// Sets when it was checked, in seconds since 1970. Default: when the agent reads of it.
    #[must_use]
    pub fn timestamp(self, seconds: u64) -> Self {
        Self {
            timestamp: Some(seconds),
            ..self
        }
    }

    /// Sets the host that was checked. Default, and if empty: the agent's.
    #[must_use]
    pub fn hostname(self, hostname: &'a str) -> Self {
        Self { hostname, ..self }
    }

    /// Adds tags; see [`Metric::tags`](crate::Metric::tags).
    #[must_use]
    pub fn tags(self, tags: impl Into<TagList<'a>>) -> Self {
        Self {
            tags: self.tags.plus(tags.into()),
            ..self
        }
    }

    /// Sets a text that explains the status. Line breaks are escaped, and carriage returns left out.
    #[must_use]
    pub fn message(self, message: &'a str) -> Self {
        Self { message, ..self }
    }

    /// Sets how many tags the agent adds. Default: the [configuration's](crate::Config::cardinality).
    #[must_use]
    pub fn cardinality(self, cardinality: Cardinality) -> Self {
        Self {
            cardinality: Some(cardinality),
            ..self
        }
    }
}

/// What a service check found.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Status {
    /// It does not work.
    Critical,
    /// It works.
    Ok,
    /// Nobody knows.
    Unknown,
    /// It may soon not work.
    Warning,
}

impl Status {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Critical => "2",
            Self::Ok => "0",
            Self::Unknown => "3",
            Self::Warning => "1",
        }
    }
}
