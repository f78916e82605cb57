//! Tags, in the name or behind the type.

use super::{Encoder, push_parts};
use crate::config::Config;
use crate::dialect::{Rules, TagSyntax};
use crate::error::RecordError;
use crate::metric::Tags;
use crate::text::UnsafeText;

/// Renders the constant tags as they stand on the wire, but for what closes them.
pub(super) fn constant_tags(config: &Config) -> Box<str> {
    let rules = config.dialect.rules();
    let mut tags = Vec::new();
    if let Some(syntax) = &rules.tags {
        for (place, (key, value)) in config.tags.iter().enumerate() {
            push_mark(&mut tags, syntax, place == 0);
            push_tag(&mut tags, rules, syntax, UnsafeText::Replace, key, value)
                .expect("tags without a value were refused");
        }
    }
    String::from_utf8(tags)
        .expect("pushed from text")
        .into_boxed_str()
}

impl Encoder {
    #[inline]
    pub(super) fn has_tags(&self, tags: Tags<'_>) -> bool {
        !matches!(tags, Tags::List("") | Tags::Pairs([])) || !self.tags.is_empty()
    }

    pub(super) fn push_tags(&self, line: &mut Vec<u8>, tags: Tags<'_>) -> Result<(), RecordError> {
        let syntax = self.rules.tags.as_ref().ok_or(RecordError::InvalidTag)?;
        let mut is_first = self.tags.is_empty();
        if !is_first {
            line.extend_from_slice(self.tags.as_bytes());
        }
        let mut push = |key, value| {
            push_mark(line, syntax, is_first);
            is_first = false;
            push_tag(line, self.rules, syntax, self.policy, key, value)
        };
        match tags {
            Tags::List(list) => {
                for tag in list.split(',').filter(|tag| !tag.is_empty()) {
                    let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
                    push(key, value)?;
                }
            }
            Tags::Pairs(pairs) => {
                for &(key, value) in pairs {
                    push(key, value)?;
                }
            }
        }
        if !is_first {
            push_parts(line, &[syntax.close]);
        }
        Ok(())
    }
}

/// Renders what stands before a tag.
#[inline]
fn push_mark(line: &mut Vec<u8>, syntax: &TagSyntax, is_first: bool) {
    if is_first {
        push_parts(line, &[syntax.open]);
    } else {
        line.push(syntax.separator);
    }
}

/// Renders a tag; a value that is empty makes it a bare one.
#[inline]
fn push_tag(
    line: &mut Vec<u8>,
    rules: &Rules,
    syntax: &TagSyntax,
    policy: UnsafeText,
    key: &str,
    value: &str,
) -> Result<(), RecordError> {
    match (key, policy) {
        ("", UnsafeText::Refuse) => return Err(RecordError::UnsafeText),
        ("", UnsafeText::Replace) => push_parts(line, &["_"]),
        _ => rules.tag_key.push(line, key, policy)?,
    }
    match value {
        "" if syntax.bare => Ok(()),
        "" => Err(RecordError::InvalidTag),
        _ => {
            line.push(syntax.assign);
            rules.tag_value.push(line, value, policy)
        }
    }
}
