//! Keys under which inlets find their series.

use crate::encode::text::is_same;
use crate::encode::{Encoder, Source};
use crate::metric::{Code, Kind, Metric, Rate, Section, Tags, Value};

/// Facts about a metric's series that need neither a table nor a lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lookup {
    /// Kind of the metric.
    pub(super) kind: Kind,
    /// Kind of the series. Changes of a gauge belong to the series of the gauge.
    pub(super) series_kind: Kind,
    /// Index in the cache of recently used parts.
    pub(super) slot: usize,
    /// Number of the scope that name and tags belong to.
    pub(super) scope: u32,
}

/// The same of a metric that consists of a name, a kind, pairs of tags and a value: the only ones on the fast path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FastLookup<'a> {
    pub(super) kind: Kind,
    pub(super) section: Section,
    pub(super) name: &'a str,
    pub(super) pairs: &'a [(&'a str, &'a str)],
    pub(super) value: Value<'a>,
    pub(super) slot: usize,
    pub(super) scope: u32,
}

/// Name and tags of a metric.
#[derive(Debug)]
pub(super) struct Key {
    scope: u32,
    kind: Kind,
    section: Section,
    name: Box<str>,
    tags: Box<[(Box<str>, Box<str>)]>,
}

impl Lookup {
    /// Lookup for a metric, or `None` if the metric is sent as a line of its own.
    #[inline]
    pub(crate) fn new(encoder: &Encoder, metric: &Metric<'_>) -> Option<Self> {
        let kind = match metric.code {
            Code::Known(kind) => kind,
            Code::Raw(_) => raw_kind(encoder, metric)?,
            // The name of such a line may contain tags.
            Code::Line | Code::Parsed(_) => return None,
        };
        // A timestamp forbids merging, and a value sampled by the caller represents more than one event.
        if metric.extras.is_some() || matches!(metric.rate, Rate::Sampled(_)) {
            return None;
        }
        // Changes share the series of the levels that they change.
        if kind == Kind::GaugeDelta && !encoder.supports(kind) {
            return None;
        }
        let series_kind = kind.of_series();
        Some(Self {
            kind,
            series_kind,
            slot: match metric.tags {
                Tags::Pairs(pairs) => slot(series_kind, metric.name, pairs),
                Tags::List(list) => slot(series_kind, metric.name, &[("", list)]),
                Tags::Lists(_) | Tags::TooMany => slot(series_kind, metric.name, &[]),
            },
            scope: encoder.scope_id(),
        })
    }
}

impl<'a> FastLookup<'a> {
    /// Lookup for a metric, or `None` if it takes the slow path.
    #[inline(always)]
    pub(crate) fn new(encoder: &Encoder, source: &'a impl Source) -> Option<Self> {
        let (kind, name, pairs) = (source.kind(), source.name(), source.pairs()?);
        // A change of a gauge belongs to the series of another kind.
        (kind != Kind::GaugeDelta).then(|| Self {
            kind,
            section: source.section(),
            name,
            pairs,
            value: source.value(),
            slot: slot(kind, name, pairs),
            scope: encoder.scope_id(),
        })
    }
}

/// Kind that a server reads from the caller's own type code. `None` if the value is text, or a number that the series
/// cannot aggregate.
#[cold]
fn raw_kind(encoder: &Encoder, metric: &Metric<'_>) -> Option<Kind> {
    let kind = metric.code.kind().filter(|kind| encoder.supports(*kind))?;
    match metric.value {
        // Most servers read a signed gauge as a change.
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

    /// Estimated memory of the key and its part, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let tags = self
            .tags
            .iter()
            .map(|(key, value)| key.len() + value.len() + TAG_BYTES);
        PART_BYTES + self.name.len() + tags.sum::<usize>()
    }

    #[inline(always)]
    pub(super) fn is_of_fast(&self, lookup: &FastLookup<'_>) -> bool {
        self.has_name(lookup.kind, lookup.scope, lookup.section, lookup.name)
            && self.has_pairs_or_none(lookup.pairs)
    }

    pub(super) fn is_of(&self, lookup: Lookup, metric: &Metric<'_>) -> bool {
        let Lookup {
            series_kind, scope, ..
        } = lookup;
        self.has_name(series_kind, scope, metric.section, metric.name)
            && match metric.tags {
                Tags::Pairs(pairs) => self.has_pairs_or_none(pairs),
                Tags::List(_) | Tags::Lists(_) => self.has_tags(metric.tags),
                Tags::TooMany => false,
            }
    }

    #[inline(always)]
    fn has_name(&self, kind: Kind, scope: u32, section: Section, name: &str) -> bool {
        let is_named = self.kind == kind && self.scope == scope && self.section == section;
        is_named && is_same(&self.name, name)
    }

    #[inline(always)]
    fn has_pairs_or_none(&self, pairs: &[(&str, &str)]) -> bool {
        match pairs {
            [] => self.tags.is_empty(),
            pairs => self.has_pairs(pairs),
        }
    }

    /// Kept out of line: metrics without tags do not pay for this loop.
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

/// Index of a metric in the cache of recently used parts.
#[inline(always)]
fn slot(kind: Kind, name: &str, pairs: &[(&str, &str)]) -> usize {
    let name = name.as_bytes();
    let mut mixed = name.len() as u64 ^ (kind as u64) << 32;
    // Mixes the length and eight bytes each from the start, the middle and the end.
    if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        let middle = name[name.len() / 2 - 4..].first_chunk();
        let middle = u64::from_le_bytes(middle.copied().unwrap_or_default());
        mixed ^= u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(17);
        mixed ^= middle.rotate_left(41);
    } else {
        mixed ^= mix_short(name);
    }
    for (_, value) in pairs {
        let last = value.as_bytes().last().copied().unwrap_or_default();
        mixed = mixed.rotate_left(9) ^ value.len() as u64 ^ u64::from(last) << 8;
    }
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - SLOTS.ilog2())) as usize
}

#[inline(never)]
fn mix_short(name: &[u8]) -> u64 {
    let bytes = name.iter();
    bytes.fold(0, |mixed, &byte| mixed << 8 ^ u64::from(byte))
}

/// Number of cache slots, a power of two so that a shift selects one. 128 indices of 8 bytes take a KiB.
pub(super) const SLOTS: usize = 128;

/// Estimated size of a part and its index entry, in bytes.
const PART_BYTES: usize = 192;

/// Two fat pointers: key and value of a tag.
const TAG_BYTES: usize = 32;
