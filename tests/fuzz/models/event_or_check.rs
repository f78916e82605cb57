//! Arbitrary event or service check, and a check of its line.

mod agent;
mod wire;

use arbitrary::{Result, Unstructured};
use statsd_proto::dogstatsd::{Alert, Cardinality, Event, Priority, ServiceCheck, Status};
use statsd_proto::driver::Session;
use statsd_proto::{Client, RecordError, SanitizePolicy};

use self::wire::{escaped, safe};
use super::expected::Constant;
use super::{origin, text};

/// An event or a service check as the caller thinks of it.
#[derive(Debug)]
pub(crate) struct EventOrCheck {
    /// The title, or the name.
    name: String,
    what: What,
    timestamp: Option<u64>,
    hostname: String,
    tags: Vec<(String, String)>,
    cardinality: Option<Cardinality>,
}

#[derive(Debug)]
enum What {
    Check {
        status: (Status, &'static str),
        message: String,
    },
    Event {
        text: String,
        key: String,
        priority: Option<(Priority, &'static str)>,
        source: String,
        alert: Option<(Alert, &'static str)>,
    },
}

impl EventOrCheck {
    pub(crate) fn arbitrary(input: &mut Unstructured<'_>) -> Result<Self> {
        let what = if input.arbitrary()? {
            What::Check {
                status: *input.choose(&STATUSES)?,
                message: text::text(input)?,
            }
        } else {
            What::Event {
                text: text::text(input)?,
                key: optional(input)?,
                priority: input.choose(&PRIORITIES).copied()?,
                source: optional(input)?,
                alert: input.choose(&ALERTS).copied()?,
            }
        };
        let mut tags = Vec::new();
        for _ in 0..input.int_in_range(0..=2)? {
            tags.push((text::text(input)?, text::text(input)?));
        }
        Ok(Self {
            name: text::text(input)?,
            what,
            timestamp: origin::timestamp(input)?,
            hostname: optional(input)?,
            tags,
            cardinality: origin::cardinality(input)?,
        })
    }

    pub(crate) fn record(&self, session: &mut Session) -> std::result::Result<(), RecordError> {
        let tags = self.tags();
        match self.what {
            What::Check { .. } => session.record_service_check(&self.check(&tags)),
            What::Event { .. } => session.record_event(&self.event(&tags)),
        }
    }

    pub(crate) fn record_by(&self, client: &Client) -> std::result::Result<(), RecordError> {
        let tags = self.tags();
        match self.what {
            What::Check { .. } => client.service_check(&self.check(&tags)),
            What::Event { .. } => client.event(&self.event(&tags)),
        }
    }

    /// Holds what became of it against what was meant.
    pub(crate) fn judge(
        &self,
        result: std::result::Result<(), RecordError>,
        lines: &[String],
        constant: &Constant,
    ) {
        let flaws = self.flaws(constant);
        let line = self.line(constant);
        match result {
            Ok(()) => {
                assert!(flaws.is_empty(), "{self:?} is taken");
                assert_eq!(lines, [&*line], "{self:?}");
                assert!(line.len() <= constant.limit);
                self.check_reading(&agent::read(&line), constant);
            }
            Err(RecordError::LineTooLong) => {
                assert!(self.text_len().max(line.len()) > constant.limit, "{self:?}");
            }
            Err(error) => assert!(flaws.contains(&error), "{error:?} of {self:?}"),
        }
        assert!(result.is_ok() || lines.is_empty());
    }

    fn flaws(&self, constant: &Constant) -> Vec<RecordError> {
        let grammar = constant.grammar;
        if !grammar.has_extras {
            return vec![RecordError::NotDogStatsd];
        }
        let is_time = |time: u64| i64::try_from(time).is_ok();
        let (is_empty, has_bar, fields) = match &self.what {
            What::Check { message, .. } => (
                self.name.is_empty(),
                message.contains('|'),
                vec![&self.name],
            ),
            What::Event { key, source, .. } => {
                (escaped(&self.name).is_empty(), false, vec![key, source])
            }
        };
        let is_safe = |text: &String| safe(text) == *text;
        let has_safe_fields = fields.into_iter().chain([&self.hostname]).all(is_safe);
        let has_safe_tags = self
            .tags
            .iter()
            .all(|(key, value)| grammar.is_tag(key, value));
        let is_unsafe = has_bar || !has_safe_fields || !has_safe_tags;
        let flaws = [
            (is_empty, RecordError::EmptyName),
            (
                !self.timestamp.is_none_or(is_time),
                RecordError::InvalidTimestamp,
            ),
            (
                is_unsafe && constant.policy == SanitizePolicy::Refuse,
                RecordError::UnsafeText,
            ),
        ];
        let flaws = flaws.into_iter().filter(|(is_flawed, _)| *is_flawed);
        flaws.map(|(_, error)| error).collect()
    }

    /// How many bytes the caller's text has.
    fn text_len(&self) -> usize {
        let tags = self.tags.iter().map(|(key, value)| key.len() + value.len());
        let texts = match &self.what {
            What::Check { message, .. } => message.len(),
            What::Event {
                text, key, source, ..
            } => escaped(text).len() + key.len() + source.len(),
        };
        escaped(&self.name).len() + self.hostname.len() + texts + tags.sum::<usize>()
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        self.tags
            .iter()
            .map(|(key, value)| (&**key, &**value))
            .collect()
    }
}

impl EventOrCheck {
    fn event<'a>(&'a self, tags: &'a [(&'a str, &'a str)]) -> Event<'a> {
        let What::Event {
            text,
            key,
            priority,
            source,
            alert,
        } = &self.what
        else {
            panic!("it is a check");
        };
        let mut event = Event::new(&self.name, text)
            .hostname(&self.hostname)
            .aggregation_key(key)
            .source_type(source)
            .tags(tags);
        if let Some(time) = self.timestamp {
            event = event.timestamp(time);
        }
        if let Some((priority, _)) = priority {
            event = event.priority(*priority);
        }
        if let Some((alert, _)) = alert {
            event = event.alert(*alert);
        }
        match self.cardinality {
            Some(cardinality) => event.cardinality(cardinality),
            None => event,
        }
    }

    fn check<'a>(&'a self, tags: &'a [(&'a str, &'a str)]) -> ServiceCheck<'a> {
        let What::Check { status, message } = &self.what else {
            panic!("it is an event");
        };
        let mut check = ServiceCheck::new(&self.name, status.0)
            .hostname(&self.hostname)
            .message(message)
            .tags(tags);
        if let Some(time) = self.timestamp {
            check = check.timestamp(time);
        }
        match self.cardinality {
            Some(cardinality) => check.cardinality(cardinality),
            None => check,
        }
    }
}

/// A field that is often left out.
fn optional(input: &mut Unstructured<'_>) -> Result<String> {
    if input.ratio(1, 3)? {
        text::text(input)
    } else {
        Ok(String::new())
    }
}

const STATUSES: [(Status, &str); 4] = [
    (Status::Ok, "0"),
    (Status::Warning, "1"),
    (Status::Critical, "2"),
    (Status::Unknown, "3"),
];

const PRIORITIES: [Option<(Priority, &str)>; 3] = [
    None,
    Some((Priority::Low, "low")),
    Some((Priority::Normal, "normal")),
];

const ALERTS: [Option<(Alert, &str)>; 5] = [
    None,
    Some((Alert::Error, "error")),
    Some((Alert::Info, "info")),
    Some((Alert::Success, "success")),
    Some((Alert::Warning, "warning")),
];
