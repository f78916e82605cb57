//! Something that happened, for Datadog's list of events.

use crate::dogstatsd::Cardinality;
use crate::metric::{TagList, Tags};

/// Something that happened, borrowed from the caller as a [`Metric`](crate::Metric) is.
///
/// The title and the text may have any characters: line breaks are escaped, and carriage returns left
/// out. The agent takes a backslash and an `n` for a line break too. No prefix stands before the title.
///
/// ```
/// use statsd_proto::dogstatsd::{Alert, Event, Priority};
///
/// let tags = [("service", "shop")];
/// let event = Event::new("disk is full", "/var has 0 bytes left")
///     .alert(Alert::Error)
///     .priority(Priority::Low)
///     .tags(&tags);
/// # let _ = event;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event<'a> {
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
    pub(crate) timestamp: Option<u64>,
    pub(crate) hostname: &'a str,
    pub(crate) aggregation_key: &'a str,
    pub(crate) priority: Option<Priority>,
    pub(crate) source_type: &'a str,
    pub(crate) alert: Option<Alert>,
    pub(crate) tags: Tags<'a>,
    pub(crate) cardinality: Option<Cardinality>,
    pub(crate) may_be_cut: bool,
}

impl<'a> Event<'a> {
    /// An event now. An empty title is refused when the event is recorded; the text may be empty.
    pub fn new(title: &'a str, text: &'a str) -> Self {
        Self {
            title,
            text,
            timestamp: None,
            hostname: "",
            aggregation_key: "",
            priority: None,
            source_type: "",
            alert: None,
            tags: Tags::NONE,
            cardinality: None,
            may_be_cut: false,
        }
    }

    /// Sets when it happened, in seconds since 1970. Default: when the agent reads of it.
    #[must_use]
    pub fn timestamp(self, seconds: u64) -> Self {
        Self {
            timestamp: Some(seconds),
            ..self
        }
    }

    /// Sets the host that it happened on. Default, and if empty: the agent's.
    #[must_use]
    pub fn hostname(self, hostname: &'a str) -> Self {
        Self { hostname, ..self }
    }

    /// Sets a key by which Datadog groups events.
    #[must_use]
    pub fn aggregation_key(self, key: &'a str) -> Self {
        Self {
            aggregation_key: key,
            ..self
        }
    }

    /// Sets the priority. Default: the agent's, which is [`Priority::Normal`].
    #[must_use]
    pub fn priority(self, priority: Priority) -> Self {
        Self {
            priority: Some(priority),
            ..self
        }
    }

    /// Sets the source, such as `nagios`.
    #[must_use]
    pub fn source_type(self, source: &'a str) -> Self {
        Self {
            source_type: source,
            ..self
        }
    }

    /// Sets how bad it is. Default: the agent's, which is [`Alert::Info`].
    #[must_use]
    pub fn alert(self, alert: Alert) -> Self {
        Self {
            alert: Some(alert),
            ..self
        }
    }

    /// Adds tags; see [`Metric::tags`](crate::Metric::tags).
    #[must_use]
    pub fn tags(self, tags: impl Into<TagList<'a>>) -> Self {
        Self {
            tags: self.tags.plus(tags.into()),
            ..self
        }
    }

    /// Sets whether the text, and then the title, is cut at a character where the event is longer than a line may be.
    /// Default: no, such an event is refused.
    #[must_use]
    pub fn truncate(self, truncate: bool) -> Self {
        Self {
            may_be_cut: truncate,
            ..self
        }
    }

    /// Sets how many tags the agent adds. Default: the [configuration's](crate::Config::cardinality).
    #[must_use]
    pub fn cardinality(self, cardinality: Cardinality) -> Self {
        Self {
            cardinality: Some(cardinality),
            ..self
        }
    }

    /// The event with as much of its title and its text as a line of `limit` bytes has room for beside `fields` bytes
    /// that follow them.
    pub(crate) fn cut(self, fields: usize, limit: usize) -> Self {
        let room = limit.saturating_sub("_e{,}:|".len() + fields);
        // An empty text has a length of one digit.
        let title = cut(self.title, beside_its_length(room.saturating_sub(1)));
        let len = escaped_len(title);
        let room = room.saturating_sub(len + digits(len));
        Self {
            title,
            text: cut(self.text, beside_its_length(room)),
            ..self
        }
    }
}

/// The length on the wire of text that may have line breaks, which become two bytes; carriage returns are left out.
pub(crate) fn escaped_len(text: &str) -> usize {
    text.chars().map(escaped_char_len).sum()
}

fn escaped_char_len(char: char) -> usize {
    match char {
        '\n' => 2,
        '\r' => 0,
        char => char.len_utf8(),
    }
}

/// As many whole characters as have room on the wire.
fn cut(text: &str, room: usize) -> &str {
    let mut len = 0;
    let is_beyond = |(_, char): &(usize, char)| {
        len += escaped_char_len(*char);
        len > room
    };
    let end = text.char_indices().find(is_beyond);
    end.map_or(text, |(end, _)| &text[..end])
}

/// Room for text, when the digits of its length take some of it.
fn beside_its_length(room: usize) -> usize {
    room.saturating_sub(digits(room))
}

fn digits(number: usize) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}

/// How bad what happened is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Alert {
    /// It is an error.
    Error,
    /// It is neither good nor bad.
    Info,
    /// It is good.
    Success,
    /// It may become an error.
    Warning,
}

impl Alert {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
        }
    }
}

/// How much an event matters.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Priority {
    /// It is for the record.
    Low,
    /// It is for everyone.
    Normal,
}

impl Priority {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        for (text, room, expected) in [
            ("abc", 3, "abc"),
            ("abc", 2, "ab"),
            ("abc", 0, ""),
            ("a\u{e9}b", 2, "a"),
            ("a\u{e9}b", 3, "a\u{e9}"),
            ("\u{1f600}", 3, ""),
            ("a\nb", 2, "a"),
            ("a\nb", 3, "a\n"),
            ("a\r\rb", 2, "a\r\rb"),
            ("", 0, ""),
        ] {
            assert_eq!(cut(text, room), expected, "{text:?} {room}");
        }
    }
}
