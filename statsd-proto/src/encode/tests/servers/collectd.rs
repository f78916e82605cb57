//! collectd: `statsd_parse_line` in `src/statsd.c`; SignalFx's takes dimensions from the name.

use super::{Reading, number, rate, tag};

pub(super) fn plain(line: &str) -> Reading {
    // The first bar ends the value, and the last colon before it begins the value.
    let (name_and_value, rest) = line.split_once('|').expect("a type");
    let (name, value) = name_and_value.rsplit_once(':').expect("a value");
    assert!(!name.is_empty() && !name.contains(':'), "{line:?}");
    let (code, extra) = match rest.split_once('|') {
        Some((code, extra)) => (code, Some(extra)),
        None => (rest, None),
    };
    assert!(["c", "ms", "g", "s"].contains(&code), "{line:?}");
    assert!(extra.is_none() || code == "c", "{line:?}");
    if code != "s" {
        number(value);
    }
    Reading {
        name: name.to_owned(),
        values: vec![value.to_owned()],
        code: code.to_owned(),
        rate: extra.map(|extra| rate(extra.strip_prefix('@').expect("a rate"))),
        ..Reading::default()
    }
}

pub(super) fn with_dimensions(line: &str) -> Reading {
    let mut reading = plain(line);
    let name = reading.name.clone();
    let Some(start) = name.find('[') else {
        assert!(!name.contains(']'), "{line:?}");
        return reading;
    };
    let end = name.find(']').expect("brackets are closed");
    assert_eq!(end, name.len() - 1, "{line:?}");
    reading.name = name[..start].to_owned();
    let dimensions = name[start + 1..end].split(',');
    reading.tags = dimensions.map(|text| tag(text, '=')).collect();
    reading
}
