//! Names and other text, sanitized.

use super::cursor::Cursor;
use super::{Encoder, Unwritten};
use crate::encode::text::{Charset, SanitizePolicy};
use crate::error::RecordError;
use crate::metric::Section;

impl Encoder {
    /// Writes the prefix and the name.
    pub(super) fn put_name(
        &self,
        section: Section,
        name: &str,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        let prefix = &self.prefixes[section as usize];
        if prefix.is_empty() {
            return self.put_first_name(name, cursor);
        }
        cursor.put_inline(prefix)?;
        self.put_safe_name(name, cursor)
    }

    fn put_safe_name(&self, name: &str, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
        if name.is_empty() {
            return Err(Unwritten::Refused(RecordError::EmptyName));
        }
        self.put_text(&self.rules.name, name, cursor)
    }

    /// Writes a name without a prefix, which could be fatal to a server, or be misread. Sanitizing could also turn a
    /// harmless name into such a name, so the result is checked.
    fn put_first_name(&self, name: &str, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
        let mut result = Ok(());
        let is_harmless = cursor.attempt(
            |cursor| {
                result = self.put_safe_name(name, cursor);
                result.ok()
            },
            |(), room, len| (!(self.rules.is_fatal_name)(&room[..len])).then_some(len),
        );
        if is_harmless.is_some() || result.is_err() {
            return result;
        }
        if self.policy == SanitizePolicy::Refuse {
            return Err(Unwritten::Refused(RecordError::UnsafeText));
        }
        cursor.put_byte(b'_')?;
        self.put_safe_name(name, cursor)
    }

    /// Writes text and replaces forbidden characters, or refuses them, as configured.
    pub(super) fn put_text(
        &self,
        charset: &Charset,
        text: &str,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        put_safe(charset, self.policy, text, cursor)
    }
}

/// Writes text, and replaces forbidden characters or refuses them.
#[inline(never)]
pub(super) fn put_safe(
    charset: &Charset,
    policy: SanitizePolicy,
    text: &str,
    cursor: &mut Cursor<'_>,
) -> Result<(), Unwritten> {
    // A character of up to four bytes is replaced by one byte. Text that cannot fit even so is refused without reading
    // it.
    if text.len() / 4 > cursor.room() {
        return Err(Unwritten::Full);
    }
    if charset.allows(text) {
        return cursor.put(text.as_bytes());
    }
    if policy == SanitizePolicy::Refuse {
        return Err(Unwritten::Refused(RecordError::UnsafeText));
    }
    let mut encoded = [0; 4];
    for char in text.chars() {
        let safe = if charset.allows_char(char) { char } else { '_' };
        cursor.put(safe.encode_utf8(&mut encoded).as_bytes())?;
    }
    Ok(())
}
