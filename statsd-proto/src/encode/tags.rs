//! Tags, in the name or after the type.

use super::cursor::Cursor;
use super::name::put_unusual;
use super::split::{split, split_once};
use super::{Encoder, Unwritten};
use crate::encode::dialect::{Rules, TagSyntax};
use crate::encode::text::{SanitizePolicy, count_unusual};
use crate::error::RecordError;
use crate::metric::Tags;

impl Encoder {
    #[inline(always)]
    pub(super) fn has_tags(&self, tags: Tags<'_>) -> bool {
        !tags.is_empty() || self.tags.len() > 0
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
        let is_put = match (tags, name_tags) {
            (Tags::Pairs([]), "") => {
                cursor.put_inline(&self.tags)?;
                true
            }
            (Tags::Pairs(pairs), "") if !self.may_replace(pairs) => cursor.attempt(
                |cursor| {
                    cursor.put_inline(&self.tags_start).ok()?;
                    let start = cursor.written();
                    let marks = put_plain_tags(syntax, pairs, cursor)?;
                    // Plain bytes after the last tag let the check read whole blocks.
                    *cursor.block::<16>()? = [b'0'; 16];
                    Some((start, marks))
                },
                |(start, marks), room, len| {
                    let end = start + (len - start).next_multiple_of(16);
                    room.get(start..end)
                        .is_some_and(|tags| count_unusual(tags) == marks)
                },
            ),
            _ => false,
        };
        if is_put {
            cursor.put_mark(syntax.close.as_bytes())
        } else {
            self.put_any_tags(syntax, name_tags, tags, cursor)
        }
    }

    /// Writes tags that may contain unusual characters, or are given as a list.
    #[cold]
    #[inline(never)]
    fn put_any_tags(
        &self,
        syntax: &TagSyntax,
        name_tags: &str,
        tags: Tags<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
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

/// Copies tags unchecked, and returns the number of separators between their texts. `None` if a text is empty or
/// longer than 64 bytes, or does not fit. The caller checks the bytes.
#[inline(always)]
fn put_plain_tags(
    syntax: &TagSyntax,
    pairs: &[(&str, &str)],
    cursor: &mut Cursor<'_>,
) -> Option<usize> {
    for (index, (key, value)) in pairs.iter().enumerate() {
        if index > 0 {
            cursor.put_byte(syntax.separator).ok()?;
        }
        cursor.put_word(key.as_bytes())?;
        cursor.put_byte(syntax.assign).ok()?;
        cursor.put_word(value.as_bytes())?;
    }
    // One separator within each tag, and one between two tags.
    (2 * pairs.len()).checked_sub(1)
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
            _ => put_unusual(&self.rules.tag_key, self.policy, key, cursor)?,
        }
        match value {
            "" if self.syntax.bare => Ok(()),
            "" => Err(Unwritten::Refused(RecordError::InvalidTag)),
            _ => {
                cursor.put_byte(self.syntax.assign)?;
                put_unusual(&self.rules.tag_value, self.policy, value, cursor)
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
