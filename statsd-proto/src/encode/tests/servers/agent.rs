//! The Datadog agent: `comp/dogstatsd/server/impl/parse.go` and `parse_metrics.go`.

use super::{Reading, number, rate};

pub(super) fn read(line: &str) -> Reading {
    assert!(
        !line.starts_with("_e{") && !line.starts_with("_sc"),
        "{line:?}"
    );
    let mut fields = line.split('|');
    let (name, value) = fields
        .next()
        .and_then(|field| field.split_once(':'))
        .expect("a name and a value");
    assert!(!name.is_empty() && !value.is_empty(), "{line:?}");
    let code = fields.next().expect("a type");
    let values = if code == "s" {
        vec![value.to_owned()]
    } else {
        value.split(':').map(number).collect()
    };
    let mut reading = Reading {
        name: name.to_owned(),
        values,
        code: code.to_owned(),
        ..Reading::default()
    };
    for field in fields {
        if let Some(tags) = field.strip_prefix('#') {
            assert!(reading.tags.is_empty(), "{line:?}");
            for tag in tags.split(',') {
                assert!(!tag.is_empty(), "{line:?}");
                let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
                reading.tags.push((key.to_owned(), value.to_owned()));
            }
        } else if let Some(text) = field.strip_prefix('@') {
            assert_eq!(reading.rate, None, "{line:?}");
            reading.rate = Some(rate(text));
        } else {
            if let Some(time) = field.strip_prefix('T') {
                assert!(time.parse::<i64>().is_ok_and(|time| time >= 1), "{line:?}");
            }
            reading.extras.push(field.to_owned());
        }
    }
    reading
}
