//! What a metric is called, and where its series is looked for.

use crate::encode::Encoder;
use crate::encode::text::is_same;
use crate::metric::{Code, Kind, Metric, Rate, Section, Tags, Value};

/// What can be known of a metric's series without a table, and so without a lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lookup {
    /// Kind of the metric.
    pub(super) kind: Kind,
    /// Kind of the series: a gauge's for a change of it.
    pub(super) series_kind: Kind,
    /// Index of the slot that may know where the series is.
    pub(super) slot: usize,
    /// Number of the scope that the name and the tags belong to.
    pub(super) scope: u32,
}

/// What a metric is called.
#[derive(Debug)]
pub(super) struct Key {
    scope: u32,
    kind: Kind,
    section: Section,
    name: Box<str>,
    tags: Box<[(Box<str>, Box<str>)]>,
}

impl Lookup {
    /// `None` if the metric is sent as a line of its own.
    #[inline]
    pub(crate) fn new(encoder: &Encoder, metric: &Metric<'_>) -> Option<Self> {
        let kind = match metric.code {
            Code::Known(kind) => kind,
            Code::Raw(_) => raw_kind(encoder, metric)?,
            // The name may have tags in it.
            Code::Line | Code::Parsed(_) => return None,
        };
        // What has a time of its own, or what somebody else has sampled and stands for more than itself.
        if metric.extras.is_some() || matches!(metric.rate, Rate::Sampled(_)) {
            return None;
        }
        // A change is gathered with the levels that it changes.
        if kind == Kind::GaugeDelta && !encoder.supports(kind) {
            return None;
        }
        let series_kind = kind.of_series();
        Some(Self {
            kind,
            series_kind,
            slot: slot(series_kind, metric),
            scope: encoder.scope_id(),
        })
    }
}

/// What a server takes a metric for whose type code the caller gave. `None` if its value is text, or no number that the
/// series can gather.
#[cold]
fn raw_kind(encoder: &Encoder, metric: &Metric<'_>) -> Option<Kind> {
    let kind = metric.code.kind().filter(|kind| encoder.supports(*kind))?;
    match metric.value {
        // A gauge's sign makes it a change for most servers.
        Value::Number(_) if encoder.is_two_lines(kind, metric.value) => Some(Kind::GaugeDelta),
        Value::Number(_) if kind != Kind::Set => Some(kind),
        Value::Elapsed(_) if kind == Kind::Timing => Some(kind),
        Value::Elapsed(_) | Value::Number(_) | Value::Packed(_) | Value::Text(_) => None,
    }
}

impl Key {
    pub(super) fn new(lookup: Lookup, metric: &Metric<'_>) -> Self {
        let tags = metric.tags.pairs();
        Self {
            scope: lookup.scope,
            kind: lookup.series_kind,
            section: metric.section,
            name: metric.name.into(),
            tags: tags
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        }
    }

    /// About how much memory it takes, with the part that it belongs to.
    pub(super) fn bytes(&self) -> usize {
        let tags = self
            .tags
            .iter()
            .map(|(key, value)| key.len() + value.len() + TAG_BYTES);
        PART_BYTES + self.name.len() + tags.sum::<usize>()
    }

    #[inline]
    pub(super) fn is_of(&self, lookup: Lookup, metric: &Metric<'_>) -> bool {
        self.kind == lookup.series_kind
            && self.scope == lookup.scope
            && self.section == metric.section
            && is_same(&self.name, metric.name)
            && match metric.tags {
                Tags::Pairs([]) => self.tags.is_empty(),
                Tags::Pairs(pairs) => self.has_pairs(pairs),
                Tags::List(_) | Tags::Lists(_) => self.has_tags(metric.tags),
                Tags::TooMany => false,
            }
    }

    /// Not inlined, as metrics without tags are not to pay for it.
    #[inline(never)]
    fn has_pairs(&self, pairs: &[(&str, &str)]) -> bool {
        let mut both = pairs.iter().zip(&self.tags);
        pairs.len() == self.tags.len()
            && both.all(|(pair, own)| is_same(pair.0, &own.0) && is_same(pair.1, &own.1))
    }

    #[inline(never)]
    fn has_tags(&self, tags: Tags<'_>) -> bool {
        let own = self.tags.iter().map(|(key, value)| (&**key, &**value));
        own.eq(tags.pairs())
    }
}

/// Index of the slot that may know where the metric's series is.
#[inline]
fn slot(kind: Kind, metric: &Metric<'_>) -> usize {
    let name = metric.name.as_bytes();
    let mut mixed = name.len() as u64 ^ (kind as u64) << 32;
    // Its beginning, its end, and what is between.
    if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        let middle = name[name.len() / 2 - 4..].first_chunk();
        let middle = u64::from_le_bytes(middle.copied().unwrap_or_default());
        mixed ^= u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(17);
        mixed ^= middle.rotate_left(41);
    } else {
        mixed ^= mix_short(name);
    }
    match metric.tags {
        Tags::Pairs(pairs) => {
            for (_, value) in pairs {
                mixed = mix_tag(mixed, value);
            }
        }
        Tags::List(list) => mixed = mix_tag(mixed, list),
        Tags::Lists(_) | Tags::TooMany => {}
    }
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - SLOTS.ilog2())) as usize
}

#[inline(never)]
fn mix_short(name: &[u8]) -> u64 {
    let bytes = name.iter();
    bytes.fold(0, |mixed, &byte| mixed << 8 ^ u64::from(byte))
}

#[inline]
fn mix_tag(mixed: u64, text: &str) -> u64 {
    let last = text.as_bytes().last().copied().unwrap_or_default();
    mixed.rotate_left(9) ^ text.len() as u64 ^ u64::from(last) << 8
}

/// How many slots there are: a power of two.
pub(super) const SLOTS: usize = 128;

/// A part, and its entry in the index.
const PART_BYTES: usize = 192;

/// Two pointers with their lengths.
const TAG_BYTES: usize = 32;
