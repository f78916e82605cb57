//! Text with more of what hurts than chance would give.

use arbitrary::{Result, Unstructured};

/// A caller's string.
pub(crate) fn text(input: &mut Unstructured<'_>) -> Result<String> {
    match input.int_in_range(0..=9)? {
        0 => input.choose(&TRAPS).map(|trap| (*trap).to_owned()),
        1 => input.arbitrary(),
        2 => {
            let long = input.choose(&["n", "\u{10a}", "a.b", ":"])?;
            Ok(long.repeat(input.int_in_range(0..=5000)?))
        }
        3..=5 => collect(input, HOSTILE),
        _ => collect(input, PLAIN),
    }
}

/// The type code of a raw metric.
pub(crate) fn code(input: &mut Unstructured<'_>) -> Result<String> {
    match input.int_in_range(0..=7)? {
        0 => text(input),
        1 => collect(input, PLAIN),
        _ => input
            .choose(&["c", "g", "ms", "s", "h", "d", "m", "kv"])
            .map(|code| (*code).to_owned()),
    }
}

/// Something that may well be a number.
pub(crate) fn number(input: &mut Unstructured<'_>) -> Result<String> {
    match input.int_in_range(0..=5)? {
        0 => text(input),
        1 => Ok(format!("{:e}", input.arbitrary::<f64>()?)),
        2 => Ok(format!("{}", input.arbitrary::<f64>()?)),
        _ => collect(input, "0123456789+-.e"),
    }
}

/// Something that may well be a line.
pub(crate) fn line(input: &mut Unstructured<'_>) -> Result<String> {
    if input.ratio(1, 8)? {
        return text(input);
    }
    let mut line = format!("{}:{}|{}", text(input)?, number(input)?, code(input)?);
    for _ in 0..input.int_in_range(0..=3)? {
        let field = match input.int_in_range(0..=4)? {
            0 => format!("|{}", text(input)?),
            1 => format!("|@{}", number(input)?),
            2 => format!("|@0.{}", collect(input, "0123456789")?),
            3 => format!("|#{}", text(input)?),
            _ => format!("|#{}:{},{}", text(input)?, text(input)?, text(input)?),
        };
        line.push_str(&field);
    }
    Ok(line)
}

fn collect(input: &mut Unstructured<'_>, alphabet: &str) -> Result<String> {
    let chars = alphabet.chars().collect::<Vec<_>>();
    let len = input.int_in_range(0..=24)?;
    (0..len).map(|_| input.choose(&chars).copied()).collect()
}

const PLAIN: &str = "abcXYZ019_-./";

const HOSTILE: &str = "a0_e{sc}\n\r\0\t\u{7f} :|@#,;=/.-+0.5\u{85}\u{e9}\u{10a}\u{2028}\u{1f600}";

/// What brings a server down, or makes it see something else.
const TRAPS: [&str; 20] = [
    "",
    "__proto__",
    "_:proto__",
    "constructor",
    "con\u{e9}structor",
    "con,structor",
    "toString",
    "hasOwnProperty",
    "__defineGetter__",
    "_e{1,1}",
    ":e{1,1}:a|b",
    "_sc",
    "\nsc|a|0",
    "evil:1|c\nfake:1|c",
    "a:1|c|@+0.5",
    "a:1|c|@Infinity",
    "NaN",
    "-1",
    "+0.5",
    "0.5",
];
