//! Events for Datadog's event list.

use crate::dogstatsd::Cardinality;
use crate::encode;
use crate::error::ParseError;
use crate::metric::{Extras, TagList, Tags};

/// Event, borrowed from the caller as a [`Metric`](crate::Metric) is.
///
/// Title and text may contain any characters. Line feeds are escaped, and carriage returns left out. The agent also
/// reads a backslash followed by `n` as a line feed. The title gets no prefix.
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
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Event<'a> {
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
    pub(crate) hostname: &'a str,
    pub(crate) aggregation_key: &'a str,
    pub(crate) priority: Option<Priority>,
    pub(crate) source_type: &'a str,
    pub(crate) alert: Option<Alert>,
    pub(crate) tags: Tags<'a>,
    pub(crate) extras: Extras<'a>,
    pub(crate) may_be_cut: bool,
}

impl<'a> Event<'a> {
    /// Creates an event at the present time. An event with an empty title is refused when it is recorded. The text may
    /// be empty.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::Event;
    ///
    /// client.event(&Event::new("Deployed", "v7"))?;
    /// assert_eq!(recorder.lines(), ["_e{8,2}:Deployed|v7"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(title: &'a str, text: &'a str) -> Self {
        Self {
            title,
            text,
            hostname: "",
            aggregation_key: "",
            priority: None,
            source_type: "",
            alert: None,
            tags: Tags::NONE,
            extras: Extras::default(),
            may_be_cut: false,
        }
    }

    /// Parses a line of the form `_e{<bytes of title>,<bytes of text>}:title|text[|d:…][|h:…][|#key:value,…]`, with the
    /// fields after the text in any order.
    ///
    /// Recording the event encodes it again, so a malformed line is never forwarded.
    ///
    /// # Errors
    ///
    /// [`ParseError`] names the part of the line that is invalid.
    ///
    /// ```
    /// use statsd_proto::{ParseError, dogstatsd::Event};
    ///
    /// let event = Event::parse("_e{4,2}:full|/v|t:error|#host:db")?;
    /// assert_eq!(Event::parse("_e{4,9}:full|/v"), Err(ParseError::Length));
    /// # let _ = event;
    /// # Ok::<(), ParseError>(())
    /// ```
    pub fn parse(line: &'a str) -> Result<Self, ParseError> {
        encode::parse_event(line)
    }

    /// Time of the event, in seconds since 1970. Default: the time at which the agent reads the event.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::Event;
    ///
    /// client.event(&Event::new("Deployed", "v7").timestamp(1_700_000_000))?;
    /// assert_eq!(recorder.lines(), ["_e{8,2}:Deployed|v7|d:1700000000"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn timestamp(mut self, seconds: u64) -> Self {
        self.extras.timestamp = Some(seconds);
        self
    }

    /// Host of the event. Default, and if empty: the agent's host.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::Event;
    ///
    /// client.event(&Event::new("Deployed", "v7").hostname("web-1"))?;
    /// assert_eq!(recorder.lines(), ["_e{8,2}:Deployed|v7|h:web-1"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn hostname(self, hostname: &'a str) -> Self {
        Self { hostname, ..self }
    }

    /// Key by which Datadog groups events.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::Event;
    ///
    /// client.event(&Event::new("Deployed", "v7").aggregation_key("deploys"))?;
    /// assert_eq!(recorder.lines(), ["_e{8,2}:Deployed|v7|k:deploys"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn aggregation_key(self, key: &'a str) -> Self {
        Self {
            aggregation_key: key,
            ..self
        }
    }

    /// Priority. Default: the agent's, which is [`Priority::Normal`].
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::{Event, Priority};
    ///
    /// client.event(&Event::new("Deployed", "v7").priority(Priority::Low))?;
    /// assert_eq!(recorder.lines(), ["_e{8,2}:Deployed|v7|p:low"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn priority(self, priority: Priority) -> Self {
        Self {
            priority: Some(priority),
            ..self
        }
    }

    /// Source of the event, such as `nagios`.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::Event;
    ///
    /// client.event(&Event::new("Deployed", "v7").source_type("ci"))?;
    /// assert_eq!(recorder.lines(), ["_e{8,2}:Deployed|v7|s:ci"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn source_type(self, source: &'a str) -> Self {
        Self {
            source_type: source,
            ..self
        }
    }

    /// Alert type. Default: the agent's, which is [`Alert::Info`].
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::{Alert, Event};
    ///
    /// client.event(&Event::new("Deployed", "v7").alert(Alert::Success))?;
    /// assert_eq!(recorder.lines(), ["_e{8,2}:Deployed|v7|t:success"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn alert(self, alert: Alert) -> Self {
        Self {
            alert: Some(alert),
            ..self
        }
    }

    /// Adds tags; see [`Metric::tags`](crate::Metric::tags).
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::Event;
    ///
    /// client.event(&Event::new("Deployed", "v7").tags(&[("env", "prod")]))?;
    /// assert_eq!(recorder.lines(), ["_e{8,2}:Deployed|v7|#env:prod"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn tags(self, tags: impl Into<TagList<'a>>) -> Self {
        Self {
            tags: self.tags.plus(tags.into()),
            ..self
        }
    }

    /// Whether an event that is too long for a line is truncated: first its text, then its title, between characters.
    /// Default: no, the event is refused.
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::Event;
    ///
    /// let log = "line\n".repeat(10_000);
    /// assert!(client.event(&Event::new("Failed", &log)).is_err());
    /// client.event(&Event::new("Failed", &log).truncate(true))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn truncate(self, truncate: bool) -> Self {
        Self {
            may_be_cut: truncate,
            ..self
        }
    }

    /// Cardinality of the tags that the agent adds. Default: that of the [configuration](crate::Config::cardinality).
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// use statsd_proto::dogstatsd::{Cardinality, Event};
    ///
    /// client.event(&Event::new("Deployed", "v7").cardinality(Cardinality::Low))?;
    /// assert_eq!(recorder.lines(), ["_e{8,2}:Deployed|v7|card:low"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn cardinality(mut self, cardinality: Cardinality) -> Self {
        self.extras.cardinality = Some(cardinality);
        self
    }

    /// Truncates title and text so that the event fits in a line of `limit` bytes. The fields after the text take
    /// `fields` bytes.
    pub(crate) fn cut(self, fields: usize, limit: usize) -> Self {
        let room = limit.saturating_sub("_e{,}:|".len() + fields);
        // The length field of an empty text takes one digit.
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

/// Length of escaped text in bytes: a line feed takes two, a carriage return none.
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

/// Longest beginning of the text that takes at most `room` bytes when escaped.
fn cut(text: &str, room: usize) -> &str {
    let mut len = 0;
    let is_beyond = |(_, char): &(usize, char)| {
        len += escaped_char_len(*char);
        len > room
    };
    let end = text.char_indices().find(is_beyond);
    end.map_or(text, |(end, _)| &text[..end])
}

/// Room for text in bytes, less the digits of its length field.
fn beside_its_length(room: usize) -> usize {
    room.saturating_sub(digits(room))
}

fn digits(number: usize) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}

/// Alert type of an event.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Alert {
    /// An error.
    Error,
    /// Information, neither good nor bad.
    Info,
    /// A success.
    Success,
    /// A warning: it may become an error.
    Warning,
}

impl Alert {
    pub(crate) const ALL: [Self; 4] = [Self::Error, Self::Info, Self::Success, Self::Warning];

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
        }
    }
}

/// Priority of an event.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Priority {
    /// Low: of interest to few readers.
    Low,
    /// Normal: of interest to all readers.
    Normal,
}

impl Priority {
    pub(crate) const ALL: [Self; 2] = [Self::Low, Self::Normal];

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
