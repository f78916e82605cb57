//! The narrowest form of a line, for netdata.
//!
//! Netdata's source has another licence than this crate. This reader follows what a running netdata was seen to do with
//! lines, which `tests/interop` of the repository sends to it, and not its source:
//!
//! | part | form | otherwise, netdata was seen to |
//! |---|---|---|
//! | name | not empty, without `=`, `:` and `\|`, and without spaces at its ends | cut the name at `=`, and skip an empty one |
//! | value | one; of counts and meters a whole number | read `1.5` as 1, and `1e3` as 1 |
//! | type | `c`, `g`, `m`, `h`, `s` or `ms` | count an unknown type as such, and read `d` as another thing |
//! | rate | `@` and a number between 0 and 1 | limit it |
//! | tags | `#`, with `,` between two; a value follows `:` or `=` | ignore most of them |

use super::{Reading, number, rate};

pub(super) fn read(line: &str) -> Reading {
    let mut fields = line.split('|');
    let first = fields.next().unwrap_or_default();
    let (name, value) = first.split_once(':').expect("a value");
    assert!(!name.is_empty() && !name.contains('='), "{line:?}");
    assert!(!name.starts_with([' ', '\t']) && !name.ends_with([' ', '\t']));
    let code = fields.next().expect("a type");
    match code {
        "c" | "m" => drop(value.parse::<i64>().expect("counts are whole")),
        "g" | "h" | "ms" => drop(number(value)),
        "s" => assert!(!value.is_empty(), "{line:?}"),
        _ => panic!("{line:?} has another type"),
    }
    let mut reading = Reading {
        name: name.to_owned(),
        values: vec![value.to_owned()],
        code: code.to_owned(),
        ..Reading::default()
    };
    for field in fields {
        match field.split_at_checked(1) {
            Some(("@", text)) => reading.rate = Some(rate(text)),
            Some(("#", text)) => reading.tags.extend(text.split(',').map(tag)),
            _ => panic!("{line:?} has a field of another kind"),
        }
    }
    // The marks of fields end a value too.
    assert!(!value.contains(['@', '#']), "{line:?}");
    reading
}

fn tag(text: &str) -> (String, String) {
    assert!(!text.contains(['@', '#']), "{text:?}");
    let (key, value) = text.split_once([':', '=']).unwrap_or((text, ""));
    (key.to_owned(), value.to_owned())
}
