//! The line of an event or a service check, written after Datadog's documents, and read as the agent does.

use super::agent::Reading;
use super::{EventOrCheck, What};
use crate::models::expected::Constant;

impl EventOrCheck {
    /// The line as Datadog documents it.
    pub(super) fn line(&self, constant: &Constant) -> String {
        let mut line = match &self.what {
            What::Check { status, .. } => {
                format!("_sc|{}|{}", safe(&self.name), status.1)
            }
            What::Event { text, .. } => {
                let (title, text) = (escaped(&self.name), escaped(text));
                format!("_e{{{},{}}}:{title}|{text}", title.len(), text.len())
            }
        };
        let mut field = |mark: &str, text: &str| {
            if !text.is_empty() {
                line += &format!("|{mark}{text}");
            }
        };
        let time = self.timestamp.map(|time| time.to_string());
        field("d:", &time.unwrap_or_default());
        field("h:", &safe(&self.hostname));
        if let What::Event {
            key,
            priority,
            source,
            alert,
            ..
        } = &self.what
        {
            field("k:", &safe(key));
            field("p:", priority.map_or("", |priority| priority.1));
            field("s:", &safe(source));
            field("t:", alert.map_or("", |alert| alert.1));
        }
        field("#", &self.tag_list(constant));
        for text in constant.origin.fields(self.cardinality) {
            field("", &text);
        }
        match &self.what {
            What::Check { message, .. } if !message.is_empty() => {
                let message = escaped(message).replace('|', "_");
                line + "|m:" + &message.replace("m:", r"m\:")
            }
            What::Check { .. } | What::Event { .. } => line,
        }
    }

    /// Checks that the agent reads the caller's text, sanitized.
    pub(super) fn check_reading(&self, reading: &Reading<'_>, constant: &Constant) {
        let is_event = matches!(self.what, What::Event { .. });
        let name = if is_event {
            read_back(&self.name)
        } else {
            safe(&self.name)
        };
        assert_eq!(reading.name, name);
        match &self.what {
            What::Check { status, message } => {
                assert_eq!(reading.status, Some(status.1));
                // An escape looks like the same text written by the caller.
                let bare = |text: &str| text.replace(r"m\:", "m:");
                let message = read_back(&message.replace('|', "_"));
                assert_eq!(bare(&reading.text), bare(&message));
            }
            What::Event {
                text,
                key,
                priority,
                source,
                alert,
            } => {
                assert_eq!(reading.text, read_back(text));
                assert_eq!(reading.field('k'), safe(key));
                assert_eq!(reading.field('s'), safe(source));
                assert_eq!(
                    reading.field('p'),
                    priority.map_or("", |priority| priority.1)
                );
                assert_eq!(reading.field('t'), alert.map_or("", |alert| alert.1));
            }
        }
        assert_eq!(reading.field('d').parse().ok(), self.timestamp);
        assert_eq!(reading.field('h'), safe(&self.hostname));
        assert_eq!(reading.tags.join(","), self.tag_list(constant));
        assert_eq!(reading.origin, constant.origin.fields(self.cardinality));
    }

    fn tag_list(&self, constant: &Constant) -> String {
        let constant_tags = constant.tags.iter();
        let tags = constant_tags.chain(&self.tags).map(|(key, value)| {
            let clean = |text: &str, is_safe: &dyn Fn(char) -> bool| {
                text.chars()
                    .map(|char| if is_safe(char) { char } else { '_' })
                    .collect::<String>()
            };
            let key = if key.is_empty() { "_" } else { key };
            let key = clean(key, &|char| constant.grammar.is_in_key(char));
            let value = clean(value, &|char| constant.grammar.is_in_tag(char));
            if value.is_empty() {
                key
            } else {
                key + ":" + &value
            }
        });
        tags.collect::<Vec<_>>().join(",")
    }
}

/// A field with underscores in place of what would end it.
pub(super) fn safe(text: &str) -> String {
    let is_safe = |char: char| char != '|' && !char.is_control();
    text.chars()
        .map(|char| if is_safe(char) { char } else { '_' })
        .collect()
}

/// Text that may have line breaks, and on the wire has none.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\r', "").replace('\n', r"\n")
}

/// The same text as the agent reads it. The agent reads a line feed and its escape alike.
fn read_back(text: &str) -> String {
    text.replace('\r', "").replace(r"\n", "\n")
}
