//! Names and other text, sanitized.

use super::cursor::Cursor;
use super::{Encoder, Unwritten};
use crate::encode::text::{Charset, SanitizePolicy};
use crate::error::RecordError;
use crate::metric::Section;

impl Encoder {
    #[inline(always)]
    pub(super) fn put_name(
        &self,
        section: Section,
        name: &str,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        let prefix = &self.prefixes[section as usize];
        if prefix.len() > 0 {
            cursor.put_inline(prefix)?;
        } else if self.rules.is_fatal_plain_name(name.as_bytes()) {
            return cursor.apart(|cursor| self.put_first_name(name, cursor));
        }
        if cursor.put_plain(name.as_bytes()) {
            return Ok(());
        }
        cursor.apart(|cursor| {
            if prefix.len() == 0 {
                self.put_first_name(name, cursor)
            } else {
                self.put_unusual_name(name, cursor)
            }
        })
    }

    #[cold]
    #[inline(never)]
    fn put_unusual_name(&self, name: &str, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
        if name.is_empty() {
            return Err(Unwritten::Refused(RecordError::EmptyName));
        }
        self.put_text(&self.rules.name, name, cursor)
    }

    /// Writes a name without a prefix, which could be fatal to a server, or be misread. Sanitizing could also turn a
    /// harmless name into such a name, so the result is checked.
    #[cold]
    #[inline(never)]
    fn put_first_name(&self, name: &str, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
        let mut result = Ok(());
        let is_harmless = cursor.attempt(
            |cursor| {
                result = self.put_unusual_name(name, cursor);
                result.ok()
            },
            |(), room, len| !(self.rules.is_fatal_name)(&room[..len]),
        );
        if is_harmless || result.is_err() {
            return result;
        }
        if self.policy == SanitizePolicy::Refuse {
            return Err(Unwritten::Refused(RecordError::UnsafeText));
        }
        cursor.put_byte(b'_')?;
        self.put_unusual_name(name, cursor)
    }

    /// Writes text and replaces forbidden characters, or refuses them, as configured.
    #[inline(always)]
    pub(super) fn put_text(
        &self,
        charset: &Charset,
        text: &str,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        if cursor.put_plain(text.as_bytes()) {
            return Ok(());
        }
        put_unusual(charset, self.policy, text, cursor)
    }
}

/// Writes text that may contain forbidden characters.
#[inline(never)]
pub(super) fn put_unusual(
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
