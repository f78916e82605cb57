//! Fast path: lines whose text is plain, and which are written straight into a batch.
//!
//! The name is checked before a batch is locked. What takes more than copying, a line that does not fit included, is left
//! to the slow path, which knows why.

use super::cursor::Cursor;
use super::template::Template;
use super::{Encoder, Unwritten};
use crate::encode::text::is_plain;
use crate::metric::{Code, Kind, Metric, Number, Rate, Section, Tags, Value};

/// Line that the fast path can write.
pub(crate) trait FastLine {
    /// Writes the line and a line feed after it, if there is room for that. Returns the length of the line in bytes, or
    /// `None` if it does not fit or takes the slow path.
    fn write(&self, encoder: &Encoder, room: &mut [u8]) -> Option<usize>;

    /// Length of the name at the start of a line that sets or changes a gauge. `None` for other lines.
    fn level_name_len(&self, encoder: &Encoder) -> Option<usize>;

    /// Kind of the metric.
    fn kind(&self) -> Kind;
}

/// Metric of which the fast path can write a line, if its text is plain.
pub(crate) trait Source {
    fn kind(&self) -> Kind;

    fn section(&self) -> Section;

    fn name(&self) -> &str;

    fn value(&self) -> Value<'_>;

    /// The metric with its tags, rate and further fields, or `None` if it has none of them.
    fn whole(&self) -> Option<&Metric<'_>>;

    /// The tags, if they are a single list of pairs and there is nothing else but a name, a kind and a value.
    fn pairs(&self) -> Option<&[(&str, &str)]>;

    /// The same as a metric.
    fn metric(&self) -> Metric<'_>;
}

/// Metric with a single number, without tags, rate or extras. It is much smaller than a [`Metric`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Single<'a> {
    pub(crate) kind: Kind,
    pub(crate) section: Section,
    pub(crate) name: &'a str,
    pub(crate) number: Number,
}

/// Metric whose name and member of a set are [plain](is_plain).
#[derive(Debug)]
struct PlainLine<'a, S>(&'a S);

/// Value of a template.
#[derive(Debug)]
struct ValueLine<'a> {
    template: &'a Template,
    value: &'a Value<'a>,
}

impl Encoder {
    /// Line of a metric, or `None` if it takes the slow path.
    #[inline(always)]
    pub(crate) fn fast_line<'a>(&self, metric: &'a Metric<'a>) -> Option<impl FastLine + 'a> {
        let Code::Known(kind) = metric.code else {
            return None;
        };
        if let Value::Text(member) = metric.value {
            let is_misread = self.has_limits && member.starts_with('-');
            if kind != Kind::Set || is_misread || !is_plain(member.as_bytes()) {
                return None;
            }
        }
        let is_whole = !matches!(metric.rate, Rate::Sample(_));
        (is_whole && self.is_plain_name(metric)).then_some(PlainLine(metric))
    }

    /// Line of a metric that consists of a name and a number, or `None` if it takes the slow path.
    #[inline(always)]
    pub(crate) fn fast_single<'a>(&self, single: &'a Single<'a>) -> Option<impl FastLine + 'a> {
        self.is_plain_name(single).then_some(PlainLine(single))
    }

    /// Line of a template with a value.
    #[inline(always)]
    pub(crate) fn fast_value<'a>(
        template: &'a Template,
        value: &'a Value<'a>,
    ) -> impl FastLine + 'a {
        ValueLine { template, value }
    }

    /// Whether the name is written as it is.
    #[inline(always)]
    fn is_plain_name(&self, source: &impl Source) -> bool {
        let name = source.name().as_bytes();
        let is_first = self.prefixes[source.section() as usize].is_empty();
        is_plain(name) && !(is_first && self.rules.is_fatal_plain_name(name))
    }

    /// Number of bytes written, or `None` if the line is too long.
    #[inline(always)]
    fn within_line(&self, cursor: &Cursor<'_>) -> Option<usize> {
        let bytes = cursor.written();
        (bytes <= self.max_line).then_some(bytes)
    }
}

impl<S: Source> FastLine for PlainLine<'_, S> {
    #[inline(always)]
    fn write(&self, encoder: &Encoder, room: &mut [u8]) -> Option<usize> {
        let Self(source) = self;
        let mut cursor = Cursor::new(room);
        let prefix = &encoder.prefixes[source.section() as usize];
        cursor.put_block(prefix)?;
        cursor.put(source.name().as_bytes()).ok()?;
        if encoder.has_name_rules {
            let tags = source.whole().map_or(Tags::NONE, |metric| metric.tags);
            let name_len = cursor.written();
            let put_end =
                |cursor: &mut Cursor<'_>| encoder.put_name_end(name_len, "", tags, cursor);
            cursor.apart(put_end).ok()?;
        }
        encoder.put_fast_value(source.kind(), &source.value(), &mut cursor)?;
        self.put_tail(encoder, &mut cursor)?;
        encoder.within_line(&cursor)
    }

    #[inline(always)]
    fn level_name_len(&self, encoder: &Encoder) -> Option<usize> {
        let Self(source) = self;
        let prefix = &encoder.prefixes[source.section() as usize];
        let is_level = source.kind().is_level();
        is_level.then(|| prefix.as_bytes().len() + source.name().len())
    }

    #[inline(always)]
    fn kind(&self) -> Kind {
        self.0.kind()
    }
}

impl<S: Source> PlainLine<'_, S> {
    /// Writes what follows the type. Most metrics have tags at most.
    #[inline(always)]
    fn put_tail(&self, encoder: &Encoder, cursor: &mut Cursor<'_>) -> Option<()> {
        match self.0.whole() {
            Some(Metric {
                tags: Tags::Pairs(pairs @ [_, ..]),
                rate: Rate::Always,
                extras: None,
                ..
            }) if !encoder.has_tags_in_name => cursor
                .apart(|cursor| encoder.put_plain_tags(pairs, cursor).ok_or(Unwritten::Full))
                .ok(),
            Some(metric) if has_tail(metric) => cursor
                .apart(|cursor| encoder.put_tail(Some(self.0.kind()), metric, cursor))
                .ok(),
            Some(_) | None if encoder.has_constant_tail => {
                cursor.put_inline(&encoder.constant_tail).ok()
            }
            Some(_) | None => Some(()),
        }
    }
}

/// Whether anything of the metric's own may follow the type.
#[inline(always)]
fn has_tail(metric: &Metric<'_>) -> bool {
    !matches!(metric.rate, Rate::Always)
        || !matches!(metric.tags, Tags::Pairs([]))
        || metric.extras.is_some()
}

impl FastLine for ValueLine<'_> {
    #[inline(always)]
    fn write(&self, encoder: &Encoder, room: &mut [u8]) -> Option<usize> {
        let template = self.template;
        let mut cursor = Cursor::new(room);
        cursor.put_inline(&template.prefix).ok()?;
        // Most counts are 1. No server limits a single digit, and no line with one is too long.
        if let Value::Number(Number::Int(int)) = *self.value {
            if (int as u64) < template.digits {
                cursor.put_byte(b'0' + int as u8).ok()?;
                cursor.put_inline(&template.suffix).ok()?;
                return Some(cursor.written());
            }
        }
        if !encoder.is_one_line(template.kind, self.value) {
            return None;
        }
        let put = encoder.put_bare_value(template.kind, self.value, &mut cursor);
        put.ok()?;
        cursor.put_inline(&template.suffix).ok()?;
        encoder.within_line(&cursor)
    }

    #[inline(always)]
    fn level_name_len(&self, _: &Encoder) -> Option<usize> {
        let is_level = self.template.kind.is_level();
        is_level.then(|| self.template.name().len())
    }

    #[inline(always)]
    fn kind(&self) -> Kind {
        self.template.kind
    }
}

/// For records that never take the fast path.
impl FastLine for std::convert::Infallible {
    fn write(&self, _: &Encoder, _: &mut [u8]) -> Option<usize> {
        match *self {}
    }

    fn level_name_len(&self, _: &Encoder) -> Option<usize> {
        match *self {}
    }

    fn kind(&self) -> Kind {
        match *self {}
    }
}

impl Source for Metric<'_> {
    /// [`Encoder::fast_line`] has checked that it is a known one.
    #[inline(always)]
    fn kind(&self) -> Kind {
        match self.code {
            Code::Known(kind) => kind,
            Code::Line | Code::Parsed(_) | Code::Raw(_) => Kind::Counter,
        }
    }

    #[inline(always)]
    fn section(&self) -> Section {
        self.section
    }

    #[inline(always)]
    fn name(&self) -> &str {
        self.name
    }

    #[inline(always)]
    fn value(&self) -> Value<'_> {
        self.value
    }

    #[inline(always)]
    fn whole(&self) -> Option<&Metric<'_>> {
        Some(self)
    }

    #[inline(always)]
    fn pairs(&self) -> Option<&[(&str, &str)]> {
        match self {
            Self {
                code: Code::Known(_),
                tags: Tags::Pairs(pairs),
                rate: Rate::Always,
                extras: None,
                ..
            } => Some(pairs),
            _ => None,
        }
    }

    fn metric(&self) -> Metric<'_> {
        *self
    }
}

impl Source for Single<'_> {
    #[inline(always)]
    fn kind(&self) -> Kind {
        self.kind
    }

    #[inline(always)]
    fn section(&self) -> Section {
        self.section
    }

    #[inline(always)]
    fn name(&self) -> &str {
        self.name
    }

    #[inline(always)]
    fn value(&self) -> Value<'_> {
        Value::Number(self.number)
    }

    #[inline(always)]
    fn whole(&self) -> Option<&Metric<'_>> {
        None
    }

    #[inline(always)]
    fn pairs(&self) -> Option<&[(&str, &str)]> {
        Some(&[])
    }

    fn metric(&self) -> Metric<'_> {
        Metric {
            section: self.section,
            ..Metric::new(self.name, self.kind, Value::Number(self.number))
        }
    }
}
