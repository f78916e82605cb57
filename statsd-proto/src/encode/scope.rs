//! Scope: prefix and constant tags of a client, from the configuration and from the clients that it was derived from.

use super::cursor::Cursor;
use super::inline::Inline;
use super::tags::Writer;
use super::{Encoder, Unwritten};
use crate::config::Config;
use crate::encode::dialect::Rules;
use crate::encode::text::{Charset, SanitizePolicy};
use crate::error::RecordError;
use crate::metric::Metric;

/// Prefix and constant tags, before they are encoded.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// Number of the scope. 0 is the scope of the configuration.
    id: u32,
    /// Prefix without a dot at its end.
    prefix: String,
    has_kind_prefixes: bool,
    tags: Vec<(String, String)>,
    /// Bloom filter of the tags' keys: a bit for each, by its length and its first byte.
    keys: u64,
    /// Error of every metric in the scope, or `None` if the scope is valid.
    flaw: Option<RecordError>,
}

impl Scope {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            id: 0,
            prefix: config.prefix_text().to_owned(),
            has_kind_prefixes: config.has_kind_prefixes(),
            tags: config.tags.clone(),
            keys: 0,
            flaw: None,
        }
    }

    /// Encoded text before the name, in the order of `Section`. It is empty or ends in a dot.
    fn prefixes(&self) -> [Inline<64>; 4] {
        let prefix = match &*self.prefix {
            "" => String::new(),
            prefix => format!("{prefix}."),
        };
        ["", "counters.", "gauges.", "timers."].map(|section| {
            let section = if self.has_kind_prefixes { section } else { "" };
            Inline::new(format!("{prefix}{section}").as_bytes())
        })
    }

    /// Encoded constant tags without the closing text, and the same with the text that precedes the next tag.
    fn render_tags(&mut self, rules: &'static Rules) -> [Inline<64>; 2] {
        let Some(syntax) = &rules.tags else {
            if !self.tags.is_empty() {
                self.flaw = Some(RecordError::InvalidTag);
            }
            return [Inline::new(b""), Inline::new(b"")];
        };
        let lens = self.tags.iter();
        let lens = lens.map(|(key, value)| key.len() + value.len() + 4);
        let mut room = vec![0; lens.sum()];
        let mut cursor = Cursor::new(&mut room);
        let mut writer = Writer::new(rules, syntax, SanitizePolicy::Replace);
        for (key, value) in &self.tags {
            match writer.put(key, value, &mut cursor) {
                Ok(()) => {}
                Err(Unwritten::Refused(error)) => self.flaw = Some(error),
                Err(Unwritten::Full) => unreachable!("replacing makes no text longer"),
            }
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
}

impl Encoder {
    /// Number of the scope that the encoder writes for.
    #[inline]
    pub(crate) fn scope_id(&self) -> u32 {
        self.scope.id
    }

    /// Encoder of a derived scope with a longer prefix.
    pub(crate) fn with_prefix(&self, id: u32, prefix: &str) -> Self {
        let mut scope = Scope {
            id,
            ..self.scope.clone()
        };
        match self.render_prefix(prefix.trim_matches('.')) {
            Ok(prefix) => scope.prefix = prefix,
            Err(error) => scope.flaw = Some(error),
        }
        self.with_scope(scope)
    }

    /// Encoder of a derived scope with more tags. A tag replaces an earlier tag of the same key.
    pub(crate) fn with_tags<'a>(
        &self,
        id: u32,
        tags: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut scope = Scope {
            id,
            ..self.scope.clone()
        };
        let tags: Vec<_> = tags.collect();
        let rules = self.rules;
        let is_safe = |&(key, value): &(&str, &str)| {
            rules.tag_key.allows(key) && rules.tag_value.allows(value)
        };
        if self.policy == SanitizePolicy::Refuse && !tags.iter().all(is_safe) {
            scope.flaw = Some(RecordError::UnsafeText);
        }
        scope
            .tags
            .retain(|(key, value)| !self.is_replaced(key, value, || tags.iter().copied()));
        let owned = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
        scope.tags.extend(tags.iter().map(owned));
        self.with_scope(scope)
    }

    fn with_scope(&self, scope: Scope) -> Self {
        let mut encoder = self.clone();
        encoder.set_scope(scope);
        encoder
    }

    /// Encodes the scope.
    pub(super) fn set_scope(&mut self, mut scope: Scope) {
        [self.tags, self.tags_start] = scope.render_tags(self.rules);
        self.syntax = self.rules.tags.as_ref().ok_or(RecordError::InvalidTag);
        if let Some(flaw) = scope.flaw {
            // A dummy constant tag, so that every metric in the scope has tags and fails with the scope's error.
            self.tags = Inline::new(b"_");
            self.syntax = Err(flaw);
        }
        self.prefixes = scope.prefixes();
        let tag_key = &self.rules.tag_key;
        let valued = scope.tags.iter().filter(|(_, value)| !value.is_empty());
        let bits = valued.map(|(key, _)| key_bit(&safe(tag_key, key).collect::<String>()));
        scope.keys = bits.fold(0, |keys, bit| keys | bit);
        let has_tags = !self.tags.is_empty();
        self.has_constant_tail = self.has_extras || (!self.has_tags_in_name && has_tags);
        self.scope = scope;
        self.constant_tail = self.rendered(|cursor| self.put_tail(None, &Metric::NOTHING, cursor));
        self.constant_fields = self.rendered(|cursor| {
            if self.has_extras {
                self.put_extras(None, None, cursor)?;
            }
            Ok(())
        });
    }

    /// Text that `write` writes. It is empty if the scope is flawed: then no metric gets that far.
    fn rendered(&self, write: impl FnOnce(&mut Cursor<'_>) -> Result<(), Unwritten>) -> Inline<64> {
        let mut room = vec![0; self.max_line];
        let mut cursor = Cursor::new(&mut room);
        let is_put = write(&mut cursor).is_ok();
        let len = if is_put { cursor.written() } else { 0 };
        Inline::new(&room[..len])
    }

    /// Whether one of the tags may replace a tag of the scope. Rarely true by mistake.
    #[inline]
    pub(super) fn may_replace(&self, tags: &[(&str, &str)]) -> bool {
        let keys = self.scope.keys;
        keys != 0 && tags.iter().any(|(key, _)| keys & key_bit(key) != 0)
    }

    /// Tags of the scope that none of these tags replaces, in order.
    pub(super) fn constant_tags<'a, T>(
        &'a self,
        tags: impl Fn() -> T + 'a,
    ) -> impl Iterator<Item = (&'a str, &'a str)>
    where
        T: Iterator<Item = (&'a str, &'a str)>,
    {
        let all = self.scope.tags.iter();
        all.filter(move |(key, value)| !self.is_replaced(key, value, &tags))
            .map(|(key, value)| (&**key, &**value))
    }

    /// Whether one of the tags has the same key. A tag without a value is never replaced, and replaces none.
    fn is_replaced<'t, T>(&self, key: &str, value: &str, tags: impl Fn() -> T) -> bool
    where
        T: Iterator<Item = (&'t str, &'t str)>,
    {
        let charset = &self.rules.tag_key;
        let is_same = |other: &str| safe(charset, key).eq(safe(charset, other));
        !value.is_empty() && tags().any(|(other, value)| !value.is_empty() && is_same(other))
    }

    fn render_prefix(&self, prefix: &str) -> Result<String, RecordError> {
        if prefix.is_empty() {
            return Ok(self.scope.prefix.clone());
        }
        let charset = &self.rules.name;
        if self.policy == SanitizePolicy::Refuse && !charset.allows(prefix) {
            return Err(RecordError::UnsafeText);
        }
        let prefix: String = safe(charset, prefix).collect();
        let prefix = match &*self.scope.prefix {
            "" => prefix,
            outer => format!("{outer}.{prefix}"),
        };
        if (self.rules.is_fatal_name)(format!("{prefix}.").as_bytes()) {
            return Ok(format!("_{prefix}"));
        }
        Ok(prefix)
    }
}

/// Text with forbidden characters replaced.
fn safe<'a>(charset: &'a Charset, text: &'a str) -> impl Iterator<Item = char> + 'a {
    text.chars()
        .map(|char| if charset.allows_char(char) { char } else { '_' })
}

#[inline]
fn key_bit(key: &str) -> u64 {
    let first = key.as_bytes().first().copied().unwrap_or_default();
    1 << ((key.len() * 5 + usize::from(first)) % 64)
}
