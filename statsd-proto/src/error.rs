//! Errors of metrics, lines and configurations.

use crate::metric::Kind;

/// Reason why a metric was refused. No line of it was queued. [`Stats::refused`](crate::Stats) counts the refusal.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The session is closed, or its driver was dropped.
    #[error("the client is closed")]
    Closed,
    /// The name of a metric, or the title of an event, is empty.
    #[error("the name is empty")]
    EmptyName,
    /// A line given as text is not a valid line of the dialect.
    #[error("not a valid line of the dialect")]
    InvalidLine,
    /// The sample rate is not in `(0, 1]`, or the metric cannot be sampled, such as a gauge or a set.
    #[error("the sample rate must be above 0 and at most 1, and gauges and sets cannot have one")]
    InvalidRate,
    /// The dialect has no tags, or no tags without a value.
    #[error("the dialect has no tags, or no tags without a value")]
    InvalidTag,
    /// A timestamp is zero, is larger than the agent reads (63 bits), or belongs to neither a counter nor a gauge.
    #[error("the timestamp is zero or too large, or the metric is neither a counter nor a gauge")]
    InvalidTimestamp,
    /// The value is NaN, infinite, or not a plain decimal where the type needs one.
    #[error("the value is NaN, infinite, or not a plain decimal number")]
    InvalidValue,
    /// The line, or the name, is longer than the server or the transport accepts.
    #[error("the line or its name is too long for the server or the transport")]
    LineTooLong,
    /// A timing is negative. Servers refuse it.
    #[error("a timing cannot be negative")]
    NegativeTiming,
    /// Events, service checks, timestamps and cardinalities need the dialect [`DogStatsd`](crate::Dialect::DogStatsd).
    #[error("events, service checks, timestamps and cardinalities need the dialect `dogstatsd`")]
    NotDogStatsd,
    /// The queue is full; see [`Config::max_queue_bytes`](crate::Config::max_queue_bytes).
    #[error("the queue is full")]
    QueueFull,
    /// A name, a tag or a value contains a character that the server would read as structure, and the policy is
    /// [`SanitizePolicy::Refuse`](crate::SanitizePolicy::Refuse).
    #[error("a name, tag or value has a character that the server would misread")]
    UnsafeText,
    /// The dialect does not support this kind of metric, or this form of its value.
    #[error("the dialect has no {}, or not with such a value", .0.text())]
    Unsupported(Kind),
}

/// Reason why a line could not be parsed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// A field after the type, the text of an event or the status of a check is unknown, repeated, or has an invalid
    /// value.
    #[error("unknown, repeated or invalid field")]
    Field,
    /// The lengths in the braces of an event are not those of its title and text.
    #[error("the lengths in braces are not those of the title and the text")]
    Length,
    /// The name before the value is missing, or the line of an event or a service check has another beginning.
    #[error("no name before the value")]
    Name,
    /// The sample rate is not a number in `(0, 1]`.
    #[error("the sample rate is not a number above 0 and at most 1")]
    Rate,
    /// The status of a service check is not 0, 1, 2 or 3.
    #[error("the status is not 0, 1, 2 or 3")]
    Status,
    /// The type after the value is missing.
    #[error("no type after `|`")]
    Type,
    /// The value is not a finite number.
    #[error("the value is not a finite number")]
    Value,
}

/// Invalid configuration.
#[derive(Clone, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The value of a setting is invalid.
    #[error("{setting} is {value:?}, but must be {expected}")]
    Invalid {
        /// Name of the setting, or of the environment variable that set it.
        setting: &'static str,
        /// Value of the setting.
        value: String,
        /// Rule for valid values.
        expected: &'static str,
    },
    /// A required setting is missing.
    #[error("{setting} must be set: {expected}")]
    Missing {
        /// Name of the setting.
        setting: &'static str,
        /// How to set it.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Someone reads these at night, in the log of a program that they did not write.
    #[test]
    fn an_error_says_what_is_wrong_and_with_what() {
        for (error, text) in [
            (
                RecordError::Unsupported(Kind::GaugeDelta),
                "the dialect has no changes of gauges, or not with such a value",
            ),
            (
                RecordError::NotDogStatsd,
                "events, service checks, timestamps and cardinalities need the dialect `dogstatsd`",
            ),
            (
                RecordError::InvalidRate,
                "the sample rate must be above 0 and at most 1, and gauges and sets cannot have one",
            ),
            (
                RecordError::LineTooLong,
                "the line or its name is too long for the server or the transport",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }
}
