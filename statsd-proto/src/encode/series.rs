//! What makes two metrics one to the server.

use super::Encoder;
use crate::metric::{Code, Kind, Metric};

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
        let kind = if kind == Kind::GaugeDelta {
            Kind::Gauge
        } else {
            kind
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

impl Encoder {
    /// The series of a gauge, however its level is written. `None` if it is none that could be sent.
    #[cold]
    pub(crate) fn gauge_series(&self, metric: &Metric<'_>) -> Option<SeriesKey> {
        if metric.code == Code::Line {
            return self.series_of_line(metric.name);
        }
        let blank = Metric {
            tags: metric.tags,
            section: metric.section,
            code: match metric.code {
                Code::Raw(_) => Code::Known(Kind::Gauge),
                code @ (Code::Known(_) | Code::Line | Code::Parsed(_)) => code,
            },
            ..Metric::blank(metric.name, Kind::Gauge)
        };
        self.template(&blank).ok().map(|template| template.series())
    }

    /// The series of a gauge's line that was written elsewhere.
    fn series_of_line(&self, line: &str) -> Option<SeriesKey> {
        let (name, fields) = line.split_once(':')?;
        let Some(syntax) = &self.rules.tags else {
            return Some(SeriesKey::new(Kind::Gauge, name.as_bytes(), &[], 0));
        };
        let (name, tags) = if syntax.in_name {
            let (name, tags) = name.split_once(syntax.open).unwrap_or((name, ""));
            (name, tags.strip_suffix(syntax.close).unwrap_or(tags))
        } else {
            let tags = fields.split('|').find_map(|field| field.strip_prefix('#'));
            (name, tags.unwrap_or_default())
        };
        let (name, tags) = (name.as_bytes(), tags.as_bytes());
        Some(SeriesKey::new(Kind::Gauge, name, tags, syntax.separator))
    }
}
