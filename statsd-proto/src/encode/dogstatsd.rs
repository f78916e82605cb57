//! Encoding for the Datadog agent: events, service checks, and the fields after the tags.

use super::cursor::Cursor;
use super::number::put_number;
use super::{Encoder, Unwritten, Written};
use crate::config::Config;
use crate::dogstatsd::{Cardinality, Event, ServiceCheck, escaped_len};
use crate::encode::text::{Charset, SanitizePolicy};
use crate::error::RecordError;
use crate::metric::{Extras, Kind, Number, Tags};

/// Encodes the origin: `c:ci-<container>,in-<inode>`, and the external data.
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
    #[inline(never)]
    pub(super) fn put_extras(
        &self,
        kind: Option<Kind>,
        extras: Option<Extras<'_>>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        self.check_dialect()?;
        let extras = extras.unwrap_or_default();
        self.put_sender(&extras, cursor)?;
        let Some(timestamp) = extras.timestamp else {
            return Ok(());
        };
        let has_time = matches!(kind, Some(Kind::Counter | Kind::Gauge));
        if !has_time || timestamp == 0 {
            return Err(Unwritten::Refused(RecordError::InvalidTimestamp));
        }
        put_time(b"|T", timestamp, cursor)
    }

    /// Encodes an event: `_e{<bytes of title>,<bytes of text>}:title|text|d:…|h:…|k:…|p:…|s:…|t:…|#…`.
    pub(crate) fn encode_event(
        &self,
        event: &Event<'_>,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        self.check_dialect()?;
        self.within_limit(cursor, |cursor| {
            self.put_event(event, cursor)?;
            Ok(0)
        })
    }

    fn put_event(&self, event: &Event<'_>, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
        let event = if event.may_be_cut {
            let mut after = cursor.limited_again(usize::MAX);
            self.put_event_fields(event, &mut after)?;
            event.cut(after.written(), self.max_line)
        } else {
            *event
        };
        let (title, text) = (escaped_len(event.title), escaped_len(event.text));
        if title == 0 {
            return Err(Unwritten::Refused(RecordError::EmptyName));
        }
        cursor.put(b"_e{")?;
        put_number(cursor, title.into())?;
        cursor.put(b",")?;
        put_number(cursor, text.into())?;
        cursor.put(b"}:")?;
        put_escaped(event.title, cursor)?;
        cursor.put(b"|")?;
        put_escaped(event.text, cursor)?;
        self.put_event_fields(&event, cursor)
    }

    /// Writes the fields after the text.
    fn put_event_fields(
        &self,
        event: &Event<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        if let Some(timestamp) = event.extras.timestamp {
            put_time(b"|d:", timestamp, cursor)?;
        }
        self.put_field("|h:", event.hostname, cursor)?;
        self.put_field("|k:", event.aggregation_key, cursor)?;
        if let Some(priority) = event.priority {
            self.put_field("|p:", priority.text(), cursor)?;
        }
        self.put_field("|s:", event.source_type, cursor)?;
        if let Some(alert) = event.alert {
            self.put_field("|t:", alert.text(), cursor)?;
        }
        self.put_tags_and_sender(event.tags, &event.extras, cursor)
    }

    /// Encodes a service check: `_sc|name|status|d:…|h:…|#…|m:…`. The message is last.
    pub(crate) fn encode_service_check(
        &self,
        check: &ServiceCheck<'_>,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        self.check_dialect()?;
        self.within_limit(cursor, |cursor| {
            self.put_service_check(check, cursor)?;
            Ok(0)
        })
    }

    fn put_service_check(
        &self,
        check: &ServiceCheck<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        if check.name.is_empty() {
            return Err(Unwritten::Refused(RecordError::EmptyName));
        }
        self.put_field("_sc|", check.name, cursor)?;
        self.put_field("|", check.status.code(), cursor)?;
        if let Some(timestamp) = check.extras.timestamp {
            put_time(b"|d:", timestamp, cursor)?;
        }
        self.put_field("|h:", check.hostname, cursor)?;
        self.put_tags_and_sender(check.tags, &check.extras, cursor)?;
        // Carriage returns are left out, and may be all of the message.
        if escaped_len(check.message) > 0 {
            cursor.put(b"|m:")?;
            self.put_message(check.message, cursor)?;
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

    fn put_tags_and_sender(
        &self,
        tags: Tags<'_>,
        extras: &Extras<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        if self.has_tags(tags) {
            self.put_tags("", tags, cursor)?;
        }
        self.put_sender(extras, cursor)
    }

    /// Writes the origin and the cardinality.
    fn put_sender(&self, extras: &Extras<'_>, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
        if extras.container.is_empty() && extras.external_data.is_empty() {
            cursor.put(self.origin.as_bytes())?;
        } else {
            // A line written elsewhere may carry the origin of its sender.
            self.put_field("|c:", extras.container, cursor)?;
            self.put_field("|e:", extras.external_data, cursor)?;
        }
        let cardinality = extras.cardinality.or(self.cardinality);
        self.put_field("|card:", cardinality.map_or("", Cardinality::text), cursor)
    }

    /// Writes a field, unless it is empty.
    fn put_field(&self, mark: &str, text: &str, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
        if text.is_empty() {
            return Ok(());
        }
        cursor.put(mark.as_bytes())?;
        self.put_text(&FIELD, text, cursor)
    }

    /// Writes a message. A bar would end it, and old agents read `m:` within it as the start of another message.
    fn put_message(&self, message: &str, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
        let mut last = None;
        for byte in message.bytes() {
            match byte {
                b'|' if self.policy == SanitizePolicy::Refuse => {
                    return Err(Unwritten::Refused(RecordError::UnsafeText));
                }
                b'|' => cursor.put_byte(b'_')?,
                b':' if last == Some(b'm') => cursor.put(br"\:")?,
                _ => put_escaped_byte(byte, cursor)?,
            }
            // Carriage returns are left out first, so that none separates an `m` from its colon.
            if byte != b'\r' {
                last = Some(byte);
            }
        }
        Ok(())
    }
}

/// Characters of a field. A bar would end it.
static FIELD: Charset = Charset::without("|", true);

/// Writes a timestamp. The agent reads a signed 64-bit integer.
fn put_time(mark: &[u8], timestamp: u64, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
    if i64::try_from(timestamp).is_err() {
        return Err(Unwritten::Refused(RecordError::InvalidTimestamp));
    }
    cursor.put(mark)?;
    put_number(cursor, Number::Uint(timestamp))
}

/// Writes text with its line feeds escaped. Carriage returns are left out: the agent trims one at the end of a line,
/// and the length fields would be wrong.
fn put_escaped(text: &str, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
    text.bytes()
        .try_for_each(|byte| put_escaped_byte(byte, cursor))
}

fn put_escaped_byte(byte: u8, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
    match byte {
        b'\n' => cursor.put(br"\n"),
        b'\r' => Ok(()),
        _ => cursor.put_byte(byte),
    }
}
