//! Names and other text, made safe.

use super::cursor::Cursor;
use super::{Encoder, Unwritten};
use crate::encode::text::{Charset, UnsafeText};
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

    /// The same for a name that nothing precedes. The server may not survive it, or not take it for one;
    /// and what is replaced in it may make such a name of a harmless one.
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
        if self.policy == UnsafeText::Refuse {
            return Err(Unwritten::Refused(RecordError::UnsafeText));
        }
        cursor.put_byte(b'_')?;
        self.put_unusual_name(name, cursor)
    }

    /// Writes text with what is forbidden replaced, or refuses it.
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

/// Writes text of which something may have to be replaced.
#[inline(never)]
pub(super) fn put_unusual(
    charset: &Charset,
    policy: UnsafeText,
    text: &str,
    cursor: &mut Cursor<'_>,
) -> Result<(), Unwritten> {
    // What is replaced has one byte of at most four. Text beyond all measure is not even looked at.
    if text.len() / 4 > cursor.room() {
        return Err(Unwritten::Full);
    }
    if charset.allows(text) {
        return cursor.put(text.as_bytes());
    }
    if policy == UnsafeText::Refuse {
        return Err(Unwritten::Refused(RecordError::UnsafeText));
    }
    let mut encoded = [0; 4];
    for char in text.chars() {
        let safe = if charset.allows_char(char) { char } else { '_' };
        cursor.put(safe.encode_utf8(&mut encoded).as_bytes())?;
    }
    Ok(())
}
