//! statsd_exporter: `pkg/line/line.go` with all syntaxes of tags on, and `pkg/exporter/exporter.go`.

use super::{Reading, number, rate, tag};

pub(super) fn read(line: &str) -> Reading {
    let (name, rest) = line.split_once(':').expect("a name");
    assert!(!name.is_empty(), "{line:?}");
    // Each of these characters begins tags in the name, which exclude tags after the type.
    assert!(!name.contains(['#', ',', '[', ']']), "{line:?}");
    let has_tags = rest.contains("|#");
    let (value, fields) = rest.split_once('|').expect("a type");
    let mut fields = fields.split('|');
    let code = fields.next().unwrap_or_default();
    let is_packed = value.contains(':');
    if is_packed {
        assert!(["ms", "h", "d"].contains(&code), "{line:?}");
    } else if !has_tags {
        // A further colon would begin another value.
        assert!(!rest.contains(':'), "{line:?}");
    }
    let mut reading = Reading {
        name: name.to_owned(),
        values: value.split(':').map(number).collect(),
        code: code.to_owned(),
        ..Reading::default()
    };
    assert!(["c", "g", "ms", "h", "d"].contains(&code), "{line:?}");
    assert!(code != "c" || !value.starts_with('-'), "{line:?}");
    for field in fields {
        if let Some(text) = field.strip_prefix('@') {
            reading.rate = Some(rate(text));
        } else {
            let tags = field.strip_prefix('#').expect("a rate or tags");
            let trimmed = tags
                .split(',')
                .map(|text| text.strip_prefix('#').unwrap_or(text));
            reading.tags = trimmed.map(|text| tag(text, ':')).collect();
        }
    }
    reading
}
