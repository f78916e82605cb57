//! Telegraf: `parseStatsdLine` and `parseName` in `plugins/inputs/statsd/statsd.go`.

use super::{Reading, number, rate, tag};

pub(super) fn read(line: &str) -> Reading {
    let trimmed = line.trim();
    assert_eq!(trimmed, line, "white space at the ends is taken off");
    // With the Datadog extensions, which must not change the result.
    assert!(!line.starts_with("_e"), "{line:?}");
    for segment in line.split('|') {
        assert!(
            !segment.starts_with('#') && !segment.starts_with("c:"),
            "{line:?}"
        );
    }

    let bits: Vec<_> = line.split(':').collect();
    let [bucket, bit] = bits[..] else {
        panic!("{line:?} has other than one value");
    };
    let fields: Vec<_> = bit.split('|').collect();
    let (value, code) = (fields[0], fields[1]);
    assert!(fields.len() <= 3, "{line:?}");
    let is_signed = value.starts_with(['+', '-']);
    match code {
        "c" => {
            value.parse::<i64>().expect("counts are whole");
        }
        "g" => {
            number(value);
        }
        "h" | "ms" => {
            number(value);
            assert!(!is_signed, "{line:?}");
        }
        // A rule for numbers refuses a sign here too.
        "s" => assert!(!is_signed, "{line:?}"),
        _ => panic!("{line:?} has another type"),
    }
    let mut parts = bucket.split(',');
    let name = parts.next().unwrap_or_default();
    assert!(!name.is_empty(), "{line:?}");
    Reading {
        name: name.to_owned(),
        tags: parts.map(|part| tag(part, '=')).collect(),
        values: vec![value.to_owned()],
        code: code.to_owned(),
        rate: fields.get(2).map(|field| {
            let text = field.strip_prefix('@').expect("the third field is a rate");
            rate(text)
        }),
        ..Reading::default()
    }
}
