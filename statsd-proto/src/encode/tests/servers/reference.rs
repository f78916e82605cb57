//! Etsy/statsd: `stats.js`, `lib/helpers.js`. It reads a stream as 7-bit ASCII.

use super::{Reading, number, rate, tag};

pub(super) fn plain(line: &str) -> Reading {
    let (line, tags) = match line.split_once("|#") {
        Some((line, tags)) => (line, tags.split(',').collect()),
        None => (line, Vec::new()),
    };
    let mut reading = packet(line);
    reading.name = sanitized(&reading.name);
    for tag in tags {
        // The server turns the tag into `;key=value` at the end of the name.
        assert!(!tag.contains([';', '=', ',']), "{line:?}");
        let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
        assert!(!key.is_empty(), "{line:?}");
        reading.tags.push((key.to_owned(), value.to_owned()));
    }
    reading
}

/// Graphite gets the name unchanged: `TaggedSeries.parse_carbon`.
pub(super) fn graphite(line: &str) -> Reading {
    let mut reading = packet(line);
    let path = sanitized(&reading.name);
    let mut segments = path.split(';');
    reading.name = segments.next().unwrap_or_default().to_owned();
    assert!(!reading.name.is_empty(), "{line:?}");
    for segment in segments {
        let (key, value) = tag(segment, '=');
        assert!(!key.contains(['!', '^', '=']), "{line:?}");
        assert!(!value.starts_with('~'), "{line:?}");
        reading.tags.push((key, value));
    }
    reading
}

/// With `keyNameSanitize: false`. Librato's back end parses the name.
pub(super) fn librato(line: &str) -> Reading {
    let mut reading = packet(line);
    if let Some((name, tags)) = reading.name.clone().split_once('#') {
        reading.name = name.to_owned();
        reading.tags = tags.split(',').map(|text| tag(text, '=')).collect();
    }
    reading
}

fn packet(line: &str) -> Reading {
    for byte in line.bytes() {
        assert!((b' '..0x7f).contains(&byte), "{line:?}");
    }
    let mut bits = line.split(':');
    let key = bits.next().unwrap_or_default();
    assert!(!key.is_empty(), "{line:?}");
    assert!(!key.contains([' ', '|', '@']), "{line:?}");
    let bit = bits.next().expect("a value");
    assert_eq!(bits.next(), None, "{line:?} has a second value");
    let fields: Vec<_> = bit.split('|').collect();
    let (value, code) = (fields[0], fields[1]);
    assert!(fields.len() <= 3, "{line:?}");
    if code == "s" {
        assert!(!value.is_empty(), "{line:?}");
    } else {
        number(value);
        assert!(code != "ms" || !value.starts_with('-'), "{line:?}");
    }
    let sanitized = sanitized(key);
    for property in ["constructor", "__proto__", "toString", "valueOf"] {
        assert_ne!(sanitized, property, "{line:?}");
    }
    Reading {
        name: key.to_owned(),
        values: vec![value.to_owned()],
        code: code.to_owned(),
        rate: fields.get(2).map(|field| {
            let text = field.strip_prefix('@').expect("the third field is a rate");
            rate(text)
        }),
        ..Reading::default()
    }
}

/// `sanitizeKeyName`.
fn sanitized(key: &str) -> String {
    let kept = |char: &char| char.is_ascii_alphanumeric() || "_-.;=".contains(*char);
    key.replace(' ', "_")
        .replace('/', "-")
        .chars()
        .filter(kept)
        .collect()
}
