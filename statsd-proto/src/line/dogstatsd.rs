//! What only the Datadog agent knows: events, service checks, and the fields behind the tags.

use super::{Encoder, push_parts};
use crate::config::Config;
use crate::dogstatsd::{Cardinality, Event, ServiceCheck};
use crate::error::RecordError;
use crate::metric::{Extras, Kind, Metric};
use crate::number::push_integer;
use crate::payload::Record;
use crate::text::{Charset, UnsafeText};

/// Renders who sends, as the agent has it: `c:ci-<container>,in-<inode>`, and what the environment says.
pub(super) fn origin(config: &Config) -> Box<str> {
    let origin = &config.origin;
    if !origin.is_sent {
        return Box::default();
    }
    let container = origin.container_id.as_ref().map(|id| format!("ci-{id}"));
    let inode = origin.cgroup_inode.map(|inode| format!("in-{inode}"));
    let local: Vec<_> = container.into_iter().chain(inode).collect();
    let mut fields = String::new();
    if !local.is_empty() {
        fields += &format!("|c:{}", local.join(","));
    }
    if let Some(data) = &origin.external_data {
        fields += &format!("|e:{data}");
    }
    fields.into_boxed_str()
}

impl Encoder {
    pub(super) fn push_extras(
        &self,
        line: &mut Vec<u8>,
        metric: &Metric<'_>,
    ) -> Result<(), RecordError> {
        let Extras {
            timestamp,
            cardinality,
            ..
        } = metric.extras.unwrap_or_default();
        self.check_dialect()?;
        self.push_origin(line, cardinality);
        let Some(timestamp) = timestamp else {
            return Ok(());
        };
        let has_time = matches!(metric.code.kind(), Some(Kind::Counter | Kind::Gauge));
        if !has_time || timestamp == 0 {
            return Err(RecordError::InvalidTimestamp);
        }
        check_time(timestamp)?;
        line.extend_from_slice(b"|T");
        push_integer(line, timestamp);
        Ok(())
    }

    /// Writes an event: `_e{<title's bytes>,<text's bytes>}:title|text|d:…|h:…|k:…|p:…|s:…|t:…|#…`.
    pub(crate) fn encode_event(
        &self,
        event: &Event<'_>,
        record: &mut Record<'_>,
    ) -> Result<(), RecordError> {
        self.check_dialect()?;
        let (title, text) = (escaped_len(event.title), escaped_len(event.text));
        if title == 0 {
            return Err(RecordError::EmptyName);
        }
        self.check_len(title + text + event.hostname.len())?;
        self.check_len(event.aggregation_key.len() + event.source_type.len())?;

        let line = record.line();
        line.extend_from_slice(b"_e{");
        push_integer(line, title);
        line.extend_from_slice(b",");
        push_integer(line, text);
        line.extend_from_slice(b"}:");
        push_escaped(line, event.title);
        line.extend_from_slice(b"|");
        push_escaped(line, event.text);
        push_time(line, event.timestamp)?;
        self.push_field(line, "|h:", event.hostname)?;
        self.push_field(line, "|k:", event.aggregation_key)?;
        if let Some(priority) = event.priority {
            push_parts(line, &["|p:", priority.text()]);
        }
        self.push_field(line, "|s:", event.source_type)?;
        if let Some(alert) = event.alert {
            push_parts(line, &["|t:", alert.text()]);
        }
        if self.has_tags(event.tags) {
            self.push_tags(line, event.tags)?;
        }
        self.push_origin(line, event.cardinality);
        Ok(())
    }

    /// Writes a service check: `_sc|name|status|d:…|h:…|#…|m:…`, the message last.
    pub(crate) fn encode_service_check(
        &self,
        check: &ServiceCheck<'_>,
        record: &mut Record<'_>,
    ) -> Result<(), RecordError> {
        self.check_dialect()?;
        if check.name.is_empty() {
            return Err(RecordError::EmptyName);
        }
        self.check_len(check.name.len() + check.hostname.len() + check.message.len())?;

        let line = record.line();
        self.push_field(line, "_sc|", check.name)?;
        push_parts(line, &["|", check.status.code()]);
        push_time(line, check.timestamp)?;
        self.push_field(line, "|h:", check.hostname)?;
        if self.has_tags(check.tags) {
            self.push_tags(line, check.tags)?;
        }
        self.push_origin(line, check.cardinality);
        if !check.message.is_empty() {
            line.extend_from_slice(b"|m:");
            self.push_message(line, check.message)?;
        }
        Ok(())
    }

    fn check_dialect(&self) -> Result<(), RecordError> {
        if self.rules.has_extras {
            Ok(())
        } else {
            Err(RecordError::NotDogStatsd)
        }
    }

    fn push_origin(&self, line: &mut Vec<u8>, cardinality: Option<Cardinality>) {
        line.extend_from_slice(self.origin.as_bytes());
        if let Some(cardinality) = cardinality.or(self.cardinality) {
            push_parts(line, &["|card:", cardinality.text()]);
        }
    }

    /// Writes a field that is not empty.
    fn push_field(&self, line: &mut Vec<u8>, mark: &str, text: &str) -> Result<(), RecordError> {
        if text.is_empty() {
            return Ok(());
        }
        push_parts(line, &[mark]);
        FIELD.push(line, text, self.policy)
    }

    /// Writes a message, in which a bar would begin another field, and in old agents `m:` another message.
    fn push_message(&self, line: &mut Vec<u8>, message: &str) -> Result<(), RecordError> {
        let start = line.len();
        for byte in message.bytes() {
            match byte {
                b'|' if self.policy == UnsafeText::Refuse => return Err(RecordError::UnsafeText),
                b'|' => line.push(b'_'),
                // Looked for in what is written, where no carriage return stands between the two.
                b':' if line[start..].ends_with(b"m") => line.extend_from_slice(br"\:"),
                _ => push_escaped_byte(line, byte),
            }
        }
        Ok(())
    }
}

/// What may stand in a field: the bar ends it.
static FIELD: Charset = Charset::without("|", true);

fn push_time(line: &mut Vec<u8>, timestamp: Option<u64>) -> Result<(), RecordError> {
    if let Some(timestamp) = timestamp {
        check_time(timestamp)?;
        line.extend_from_slice(b"|d:");
        push_integer(line, timestamp);
    }
    Ok(())
}

/// The agent reads 64 bits with a sign.
fn check_time(timestamp: u64) -> Result<(), RecordError> {
    match i64::try_from(timestamp) {
        Ok(_) => Ok(()),
        Err(_) => Err(RecordError::InvalidTimestamp),
    }
}

/// Appends text that may have line breaks. Carriage returns are left out, since the agent takes one off
/// the end of a line, and the lengths would be wrong.
fn push_escaped(line: &mut Vec<u8>, text: &str) {
    text.bytes().for_each(|byte| push_escaped_byte(line, byte));
}

fn push_escaped_byte(line: &mut Vec<u8>, byte: u8) {
    match byte {
        b'\n' => line.extend_from_slice(br"\n"),
        b'\r' => {}
        _ => line.push(byte),
    }
}

fn escaped_len(text: &str) -> usize {
    let len = |byte| match byte {
        b'\n' => 2,
        b'\r' => 0,
        _ => 1,
    };
    text.bytes().map(len).sum()
}
