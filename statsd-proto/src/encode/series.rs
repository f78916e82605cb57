//! What makes two metrics one to the server.

use crate::metric::Kind;

/// A series: metrics of one kind, one name and the same tags in any order, as they are written.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct SeriesKey {
    /// Changes of a gauge belong to its levels.
    kind: Kind,
    name_len: usize,
    /// The name, and the tags in the order of their bytes.
    text: Box<[u8]>,
}

impl SeriesKey {
    /// `tags` are as they are written, with a separator between them.
    pub(super) fn new(kind: Kind, name: &[u8], tags: &[u8], separator: u8) -> Self {
        let kind = match kind {
            Kind::GaugeDelta => Kind::Gauge,
            kind => kind,
        };
        let mut text = Vec::with_capacity(name.len() + tags.len() + 1);
        text.extend_from_slice(name);
        if !tags.is_empty() {
            let mut tags: Vec<_> = tags.split(|byte| *byte == separator).collect();
            tags.sort_unstable();
            tags.dedup();
            for tag in tags {
                text.push(separator);
                text.extend_from_slice(tag);
            }
        }
        Self {
            kind,
            name_len: name.len(),
            text: text.into_boxed_slice(),
        }
    }
}
