//! netdata: `statsd_process` and its like in `src/collectors/statsd.plugin/statsd.c`.

use super::{Reading, number, rate};

pub(super) fn read(line: &str) -> Reading {
    let (name, rest) = split(line, &[':', '=', '|']);
    let rest = rest.strip_prefix(':').expect("a value");
    let (value, rest) = split(rest, &['|', '@', '#']);
    let (code, mut rest) = split(rest.strip_prefix('|').expect("a type"), &['|', '@', '#']);
    let mut reading = Reading {
        name: name.trim_matches([' ', '\t']).to_owned(),
        values: vec![value.to_owned()],
        code: code.to_owned(),
        ..Reading::default()
    };
    assert!(!reading.name.is_empty() && !value.is_empty(), "{line:?}");
    assert!(["c", "g", "m", "h", "s", "ms"].contains(&code), "{line:?}");
    match code {
        "c" | "m" => {
            value.parse::<i64>().expect("counts are whole");
        }
        "s" => {}
        _ => {
            number(value);
        }
    }
    while !rest.is_empty() {
        let mark = &rest[..2];
        let (field, behind) = split(&rest[2..], &['|', '@', '#']);
        rest = behind;
        if mark == "|@" {
            reading.rate = Some(rate(field));
        } else {
            assert_eq!(mark, "|#", "{line:?}");
            for tag in field.split(',') {
                let (key, value) = tag.split_once([':', '=']).unwrap_or((tag, ""));
                reading.tags.push((key.to_owned(), value.to_owned()));
            }
        }
    }
    reading
}

/// `statsd_parse_skip_up_to`: splits before the first of the marks.
fn split<'a>(text: &'a str, marks: &[char]) -> (&'a str, &'a str) {
    text.split_at(text.find(marks).unwrap_or(text.len()))
}
