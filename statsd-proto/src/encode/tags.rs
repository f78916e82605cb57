//! Tags, in the name or after the type.

use super::cursor::Cursor;
use super::piece::put_unusual;
use super::{Encoder, Unwritten};
use crate::config::Config;
use crate::dialect::{Rules, TagSyntax};
use crate::error::RecordError;
use crate::metric::Tags;
use crate::text::{UnsafeText, count_unusual};

/// Renders the constant tags as they are written, but for what closes them.
pub(super) fn constant_tags(config: &Config) -> Box<[u8]> {
    let rules = config.dialect.rules();
    let text = config
        .tags
        .iter()
        .map(|(key, value)| key.len() + value.len() + 3);
    let mut room = vec![0; text.sum()];
    let mut cursor = Cursor::new(&mut room);
    if let Some(syntax) = &rules.tags {
        let mut tags = Writer {
            rules,
            syntax,
            policy: UnsafeText::Replace,
            is_first: true,
        };
        for (key, value) in &config.tags {
            tags.put(key, value, &mut cursor)
                .expect("tags without a value were refused, and no text gets longer");
        }
    }
    let len = cursor.written();
    room.truncate(len);
    room.into_boxed_slice()
}

impl Encoder {
    #[inline(always)]
    pub(super) fn has_tags(&self, tags: Tags<'_>) -> bool {
        !matches!(tags, Tags::List("") | Tags::Pairs([])) || !self.tags.is_empty()
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
        cursor.put(&self.tags)?;
        if let (Tags::Pairs(pairs), "") = (tags, name_tags) {
            let is_first = self.tags.is_empty();
            let is_put = cursor.attempt(
                |cursor| put_plain_tags(syntax, is_first, pairs, cursor),
                |marks, written| count_unusual(written) == marks,
            );
            if is_put {
                return Ok(());
            }
        }
        self.put_any_tags(syntax, name_tags, tags, cursor)
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
        let mut writer = Writer {
            rules: self.rules,
            syntax,
            policy: self.policy,
            is_first: self.tags.is_empty(),
        };
        for tag in name_tags.split(char::from(syntax.separator)) {
            if !tag.is_empty() {
                let tag = tag.split_once(char::from(syntax.assign));
                let (key, value) = tag.ok_or(RecordError::InvalidTag)?;
                writer.put(key, value, cursor)?;
            }
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
/// empty or the room ended. They still have to be checked.
#[inline(always)]
fn put_plain_tags(
    syntax: &TagSyntax,
    is_first: bool,
    pairs: &[(&str, &str)],
    cursor: &mut Cursor<'_>,
) -> Option<usize> {
    let mut is_first = is_first;
    let mut marks = 0;
    for (key, value) in pairs {
        if key.is_empty() || value.is_empty() {
            return None;
        }
        if is_first {
            cursor.put_mark(syntax.open.as_bytes()).ok()?;
            marks += syntax.open.len();
        } else {
            cursor.put_byte(syntax.separator).ok()?;
            marks += 1;
        }
        is_first = false;
        cursor.put(key.as_bytes()).ok()?;
        cursor.put_byte(syntax.assign).ok()?;
        cursor.put(value.as_bytes()).ok()?;
        marks += 1;
    }
    cursor.put_mark(syntax.close.as_bytes()).ok()?;
    Some(marks + syntax.close.len())
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
