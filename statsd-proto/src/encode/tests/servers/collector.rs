//! The OpenTelemetry Collector's statsd receiver: `parseMessageToMetric` in `internal/parser/statsd_parser.go`.
//!
//! | part | grammar |
//! |---|---|
//! | line | name `:` value `\|` type, then parts with a `\|` before each |
//! | name | not empty, up to the first `:` |
//! | value | one number, up to the first `\|` |
//! | type | `c`, `g`, `h`, `ms` or `d` |
//! | part | `@` and a number; `#` and tags; nothing else in older ones, which know neither `c:` nor `T` |
//! | tag | key `:` value, neither of them empty, with `,` between two; the first `:` parts them |

use super::{Reading, number, rate, tag};

pub(super) fn read(line: &str) -> Reading {
    let (head, rest) = line.split_once('|').expect("a type");
    let (name, value) = head.split_once(':').expect("a value");
    assert!(!name.is_empty(), "{line:?}");
    // Over TCP, white space is trimmed.
    assert_eq!(name, name.trim_start(), "{line:?}");
    let mut parts = rest.split('|');
    let code = parts.next().unwrap_or_default();
    assert!(["c", "g", "h", "ms", "d"].contains(&code), "{line:?}");
    if code == "c" {
        value
            .parse::<i64>()
            .expect("counts are cut to whole numbers");
    }
    let mut reading = Reading {
        name: name.to_owned(),
        values: vec![number(value)],
        code: code.to_owned(),
        ..Reading::default()
    };
    for part in parts {
        if let Some(text) = part.strip_prefix('@') {
            reading.rate = Some(rate(text));
        } else {
            let tags = part.strip_prefix('#').expect("a rate or tags");
            reading.tags = tags.split(',').map(|text| tag(text, ':')).collect();
        }
    }
    reading
}
