//! What can be wrong with a metric, a line or a configuration.

use crate::metric::Kind;

/// Why a metric was not taken. Nothing of it was queued; the refusal is counted in
/// [`Stats::refused`](crate::Stats).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The session was closed, or its driver is gone.
    #[error("the client is closed")]
    Closed,
    /// The name, or the title of an event, is empty.
    #[error("the name is empty")]
    EmptyName,
    /// A line that is to be sent as it stands is not one of a metric, as the dialect writes them.
    #[error("the line is not one of a metric, as the dialect writes them")]
    InvalidLine,
    /// The sample rate is not above 0 and at most 1, or on a metric that the server does not take for
    /// sampled, such as a gauge or a set.
    #[error("the sample rate is not above 0 and at most 1, or on a metric that cannot be sampled")]
    InvalidRate,
    /// The dialect has no tags, or none without a value.
    #[error("the dialect has no tags, or none without a value")]
    InvalidTag,
    /// A metric's timestamp is zero, or on neither a counter nor a gauge; or one is beyond the 63 bits that
    /// the agent reads.
    #[error("the timestamp is zero, too large, or on neither a counter nor a gauge")]
    InvalidTimestamp,
    /// The value is NaN, infinite, or not the plain decimal its type asks for.
    #[error("the value is not a finite plain number")]
    InvalidValue,
    /// The line, or its name, is longer than the server or the transport takes.
    #[error("the line, or its name, is longer than the server takes")]
    LineTooLong,
    /// A duration is below zero, which servers refuse.
    #[error("a timing cannot be negative")]
    NegativeTiming,
    /// Events, service checks, timestamps and cardinalities are the Datadog agent's alone.
    #[error("the dialect has no events, service checks, timestamps or cardinalities")]
    NotDogStatsd,
    /// The queue is full; see [`Config::max_queue_bytes`](crate::Config::max_queue_bytes).
    #[error("the queue is full")]
    QueueFull,
    /// A name, a tag or a value has a character that could be taken for structure.
    #[error("a name, tag or value has a character that the server would misread")]
    UnsafeText,
    /// The dialect has no such metric, or not with such a value.
    #[error("the dialect has no {0:?} of this form")]
    Unsupported(Kind),
}

/// Why a line is not a metric.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// A field after the type is neither a rate (`@`) nor tags (`#`), or stands there twice.
    #[error("unknown or repeated field after the type")]
    Field,
    /// There is no name before the value.
    #[error("no name before `:`")]
    Name,
    /// The sample rate is not a number above 0 and at most 1.
    #[error("the sample rate is not a number above 0 and at most 1")]
    Rate,
    /// There is no type after the value.
    #[error("no type after `|`")]
    Type,
    /// The value is not a finite number.
    #[error("the value is not a finite number")]
    Value,
}

/// A setting that cannot work.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The setting has a value that cannot work.
    #[error("{setting} is {value:?}, but must be {expected}")]
    Invalid {
        /// The setting's name: the environment variable's if it came from there.
        setting: &'static str,
        /// The value given.
        value: String,
        /// What would be valid.
        expected: &'static str,
    },
    /// The setting is required and was not given.
    #[error("{setting} must be set: {expected}")]
    Missing {
        /// The setting's name.
        setting: &'static str,
        /// What is expected there.
        expected: &'static str,
    },
}

impl ConfigError {
    pub(crate) fn expected(&self) -> &'static str {
        match self {
            Self::Invalid { expected, .. } | Self::Missing { expected, .. } => expected,
        }
    }
}
