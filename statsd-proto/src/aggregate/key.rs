//! What a metric is called, and where it is looked for.

use crate::line::Encoder;
use crate::metric::{Code, Kind, Metric, Rate, Section, Tags};
use crate::text::is_same;

/// Where a metric is to be added up: what can be told without a table, and so without a lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sought {
    /// The metric's.
    pub(super) kind: Kind,
    /// Of the context that gathers its value.
    pub(super) gathered_as: Kind,
    /// Which slot may know where the context is.
    pub(super) slot: usize,
}

/// What a metric is called.
#[derive(Debug)]
pub(super) struct Key {
    kind: Kind,
    section: Section,
    name: Box<str>,
    tags: Box<[(Box<str>, Box<str>)]>,
}

impl Sought {
    /// None if the metric goes as a line of its own.
    #[inline]
    pub(crate) fn new(encoder: &Encoder, metric: &Metric<'_>) -> Option<Self> {
        let Code::Known(kind) = metric.code else {
            return None;
        };
        // What has a time of its own, or what somebody else has sampled and stands for more than itself.
        if metric.extras.is_some() || matches!(metric.rate, Rate::Sampled(_)) {
            return None;
        }
        // A change is gathered with the levels that it changes.
        let gathered_as = if kind != Kind::GaugeDelta {
            kind
        } else if encoder.supports(kind) {
            Kind::Gauge
        } else {
            return None;
        };
        Some(Self {
            kind,
            gathered_as,
            slot: slot(gathered_as, metric),
        })
    }
}

impl Key {
    pub(super) fn new(kind: Kind, metric: &Metric<'_>) -> Self {
        let tags = metric.tags.pairs();
        Self {
            kind,
            section: metric.section,
            name: metric.name.into(),
            tags: tags
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        }
    }

    #[inline]
    pub(super) fn is_of(&self, kind: Kind, metric: &Metric<'_>) -> bool {
        self.kind == kind
            && self.section == metric.section
            && is_same(&self.name, metric.name)
            && match metric.tags {
                Tags::Pairs([]) => self.tags.is_empty(),
                Tags::Pairs(pairs) => self.has_pairs(pairs),
                Tags::List(_) => self.has_tags(metric.tags),
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

/// Which slot may know where the metric's context is.
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
