//! Tags, in the name or after the type.

use super::cursor::Cursor;
use super::inline::Inline;
use super::name::put_unusual;
use super::split::{split, split_once};
use super::{Encoder, Unwritten};
use crate::config::Config;
use crate::dialect::{Rules, TagSyntax};
use crate::error::RecordError;
use crate::metric::Tags;
use crate::text::{UnsafeText, count_unusual};

/// The constant tags as they are written, but for what closes them; and what precedes the first other tag.
pub(super) fn constant_tags(config: &Config) -> [Inline<64>; 2] {
    let rules = config.dialect.rules();
    let Some(syntax) = &rules.tags else {
        return [Inline::new(b""), Inline::new(b"")];
    };
    let lens = config
        .tags
        .iter()
        .map(|(key, value)| key.len() + value.len() + 3);
    let mut room = vec![0; lens.sum()];
    let mut cursor = Cursor::new(&mut room);
    let mut writer = Writer {
        rules,
        syntax,
        policy: UnsafeText::Replace,
        is_first: true,
    };
    for (key, value) in &config.tags {
        let put = writer.put(key, value, &mut cursor);
        put.expect("tags without a value were refused, and replacing makes no text longer");
    }
    let len = cursor.written();
    room.truncate(len);
    let tags = Inline::new(&room);
    if room.is_empty() {
        room.extend_from_slice(syntax.open.as_bytes());
    } else {
        room.push(syntax.separator);
    }
    [tags, Inline::new(&room)]
}

impl Encoder {
    #[inline(always)]
    pub(super) fn has_tags(&self, tags: Tags<'_>) -> bool {
        !tags.is_empty() || self.tags.len() > 0
    }

    /// Writes the constant tags, those that the name had, and the metric's own.
    #[inline(never)]
    pub(super) fn put_tags(
        &self,
        name_tags: &str,
        tags: Tags<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        let syntax = self.rules.tags.as_ref().ok_or(RecordError::InvalidTag)?;
        let is_put = match (tags, name_tags) {
            (Tags::Pairs([]), "") => {
                cursor.put_inline(&self.tags)?;
                true
            }
            (Tags::Pairs(pairs), "") => cursor.attempt(
                |cursor| {
                    cursor.put_inline(&self.tags_start).ok()?;
                    let start = cursor.written();
                    let marks = put_plain_tags(syntax, pairs, cursor)?;
                    // Plain bytes after the last tag, so that whole blocks can be looked at.
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

    /// The same for tags of which some may be unusual, or in a list.
    #[cold]
    #[inline(never)]
    fn put_any_tags(
        &self,
        syntax: &TagSyntax,
        name_tags: &str,
        tags: Tags<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Unwritten> {
        cursor.put(self.tags.as_bytes())?;
        let mut writer = Writer {
            rules: self.rules,
            syntax,
            policy: self.policy,
            is_first: self.tags.len() == 0,
        };
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

/// Copies tags as they are, and returns how many marks there are between their texts, or `None` if a text is
/// empty or longer than any word, or the room ended. They still have to be checked.
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
    // One within each tag, and one between two of them.
    (2 * pairs.len()).checked_sub(1)
}

/// Writes tag after tag.
struct Writer<'a> {
    rules: &'a Rules,
    syntax: &'a TagSyntax,
    policy: UnsafeText,
    /// Whether no tag has been written.
    is_first: bool,
}

impl Writer<'_> {
    /// Writes a tag. Without a value it is a bare one.
    fn put(&mut self, key: &str, value: &str, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
        if self.is_first {
            cursor.put(self.syntax.open.as_bytes())?;
        } else {
            cursor.put_byte(self.syntax.separator)?;
        }
        self.is_first = false;
        match (key, self.policy) {
            ("", UnsafeText::Refuse) => return Err(Unwritten::Refused(RecordError::UnsafeText)),
            ("", UnsafeText::Replace) => cursor.put_byte(b'_')?,
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
    use crate::dialect::Dialect;

    /// Or counting them would not find text that has one.
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
