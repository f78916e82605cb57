//! Tags, in the name or after the type.

use super::cursor::Cursor;
use super::name::put_safe;
use super::split::{split, split_once};
use super::{Encoder, Unwritten};
use crate::encode::dialect::{Rules, TagSyntax};
use crate::encode::text::{SanitizePolicy, count_unusual};
use crate::error::RecordError;
use crate::metric::Tags;

impl Encoder {
    #[inline(always)]
    pub(super) fn has_tags(&self, tags: Tags<'_>) -> bool {
        !tags.is_empty() || !self.tags.is_empty()
    }

    /// Writes the constant tags and those of a metric on the fast path, and the fields that follow the tags of every
    /// line. `None` if a tag is not plain, or replaces a constant one.
    #[inline(never)]
    pub(super) fn put_plain_tags(
        &self,
        pairs: &[(&str, &str)],
        cursor: &mut Cursor<'_>,
    ) -> Option<()> {
        let syntax = self.syntax.ok().filter(|_| !self.may_replace(pairs))?;
        cursor.attempt(
            |cursor| {
                cursor.put_inline(&self.tags_start).ok()?;
                let start = cursor.written();
                for (key, value) in pairs {
                    cursor.put_word(key.as_bytes(), syntax.assign)?;
                    cursor.put_word(value.as_bytes(), syntax.separator)?;
                }
                // Plain bytes after the last separator let whole blocks be counted.
                *cursor.block()? = [b'0'; 16];
                Some(start)
            },
            |start, room, len| {
                let end = start + (len - start).next_multiple_of(16);
                let tags = room.get(start..end)?;
                // A separator follows each key and each value. The last one is not needed.
                (count_unusual(tags) == 2 * pairs.len()).then_some(len - 1)
            },
        )?;
        cursor.put_mark(syntax.close.as_bytes()).ok()?;
        cursor.put_inline(&self.constant_fields).ok()
    }

    /// Writes the constant tags, the tags in the name, and the metric's own tags.
    #[inline(never)]
    pub(super) fn put_tags(
        &self,
        name_tags: &str,
        tags: Tags<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        let syntax = self.syntax?;
        let mut writer = Writer::new(self.rules, syntax, self.policy);
        let named = || name_pairs(syntax, name_tags).chain(tags.pairs());
        for (key, value) in self.constant_tags(named) {
            writer.put_constant(key, value, cursor)?;
        }
        if !name_tags.is_empty() {
            for tag in split(name_tags, syntax.separator) {
                let tag = split_once(tag, syntax.assign);
                let (key, value) = tag.ok_or(RecordError::InvalidTag)?;
                writer.put(key, value, cursor)?;
            }
        }
        if matches!(tags, Tags::TooMany) {
            return Err(Unwritten::Refused(RecordError::InvalidTag));
        }
        for (key, value) in tags.pairs() {
            writer.put(key, value, cursor)?;
        }
        if writer.is_first {
            Ok(())
        } else {
            cursor.put(syntax.close.as_bytes())
        }
    }
}

/// Key and value of each tag in a name. Tags without a value are left out.
fn name_pairs<'a>(
    syntax: &TagSyntax,
    name_tags: &'a str,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let assign = syntax.assign;
    split(name_tags, syntax.separator).filter_map(move |tag| split_once(tag, assign))
}

/// Writer of a list of tags.
pub(super) struct Writer<'a> {
    rules: &'a Rules,
    syntax: &'a TagSyntax,
    policy: SanitizePolicy,
    /// Whether no tag has been written yet.
    is_first: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(rules: &'a Rules, syntax: &'a TagSyntax, policy: SanitizePolicy) -> Self {
        Self {
            rules,
            syntax,
            policy,
            is_first: true,
        }
    }

    /// Writes a constant tag. Forbidden characters are always replaced.
    fn put_constant(
        &mut self,
        key: &str,
        value: &str,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        let policy = std::mem::replace(&mut self.policy, SanitizePolicy::Replace);
        self.put(key, value, cursor)?;
        self.policy = policy;
        Ok(())
    }

    /// Writes a tag, without a separator if its value is empty.
    pub(super) fn put(
        &mut self,
        key: &str,
        value: &str,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        if self.is_first {
            cursor.put(self.syntax.open.as_bytes())?;
        } else {
            cursor.put_byte(self.syntax.separator)?;
        }
        self.is_first = false;
        match (key, self.policy) {
            ("", SanitizePolicy::Refuse) => {
                return Err(Unwritten::Refused(RecordError::UnsafeText));
            }
            ("", SanitizePolicy::Replace) => cursor.put_byte(b'_')?,
            _ => put_safe(&self.rules.tag_key, self.policy, key, cursor)?,
        }
        match value {
            "" if self.syntax.bare => Ok(()),
            "" => Err(Unwritten::Refused(RecordError::InvalidTag)),
            _ => {
                cursor.put_byte(self.syntax.assign)?;
                put_safe(&self.rules.tag_value, self.policy, value, cursor)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::dialect::Dialect;

    /// A plain separator would be counted as text.
    #[test]
    fn no_mark_is_plain() {
        for syntax in Dialect::ALL
            .map(Dialect::rules)
            .into_iter()
            .filter_map(|rules| rules.tags)
        {
            for mark in [syntax.assign, syntax.separator] {
                assert_eq!(count_unusual(&[mark; 16]), 16, "{syntax:?}");
            }
        }
    }
}
