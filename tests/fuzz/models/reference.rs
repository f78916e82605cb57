//! Etsy/statsd's parser of lines: `handlePacket` of `stats.js` 0.9.0, step by step.

/// Value that the server has read.
#[derive(Debug, PartialEq)]
pub(crate) struct Taken {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) code: String,
    pub(crate) rate: f64,
}

/// Values that the server reads in a line of a datagram or a stream.
///
/// # Errors
///
/// The line is a bad line, or crashes the server.
pub(crate) fn handle(line: &str) -> Result<Vec<Taken>, &'static str> {
    let mut parts = line.split("|#");
    let body = parts.next().unwrap_or_default();
    let tags = parts.next().filter(|tags| !tags.is_empty());
    let mut bits = body.split(':');
    let mut key = bits.next().unwrap_or_default().to_owned();
    for tag in tags.into_iter().flat_map(|tags| tags.split(',')) {
        key.push(';');
        key.push_str(&tag.replacen(';', "_", 1).replacen(':', "=", 1));
    }
    let key = sanitized(&key);
    bits.map(|bit| {
        let fields = bit.split('|').collect::<Vec<_>>();
        take(&key, &fields)
    })
    .collect()
}

/// Whether a timer or a set of this name finds a property there that all objects have.
pub(crate) fn is_inherited(name: &str) -> bool {
    // `Object.getOwnPropertyNames(Object.prototype)`.
    const INHERITED: [&str; 12] = [
        "__defineGetter__",
        "__defineSetter__",
        "__lookupGetter__",
        "__lookupSetter__",
        "__proto__",
        "constructor",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
        "toString",
        "valueOf",
    ];
    INHERITED.contains(&&*sanitized(name))
}

/// `sanitizeKeyName`.
fn sanitized(key: &str) -> String {
    let words = key.split(char::is_whitespace).collect::<Vec<_>>();
    let kept = |char: &char| char.is_ascii_alphanumeric() || "_-.;=".contains(*char);
    words
        .join("_")
        .replace('/', "-")
        .chars()
        .filter(kept)
        .collect()
}

fn take(key: &str, fields: &[&str]) -> Result<Taken, &'static str> {
    let (Some(value), Some(code)) = (fields.first(), fields.get(1)) else {
        return Err("no type");
    };
    // Of what `Number` of JavaScript takes, this is all that ever ought to be there.
    let number = value.parse::<f64>().ok();
    let is_number = number.is_some_and(f64::is_finite);
    let is_valid = match *code {
        "s" => true,
        "ms" => is_number && number >= Some(0.0),
        _ => is_number,
    };
    if !is_valid {
        return Err("a bad value");
    }
    if matches!(*code, "ms" | "s") && is_inherited(key) {
        return Err("the process dies of the name");
    }
    let rate = match fields.get(2) {
        None | Some(&"") => 1.0,
        Some(field) => read_rate(field)?,
    };
    Ok(Taken {
        key: key.to_owned(),
        value: (*value).to_owned(),
        code: code.trim().to_owned(),
        rate,
    })
}

/// `Number(field.match(/^@([\d\.]+)/)[1])`, which is no match for what is valid and begins otherwise.
fn read_rate(field: &str) -> Result<f64, &'static str> {
    let digits = field.strip_prefix('@').ok_or("a bad rate")?;
    let end = digits
        .find(|char: char| !char.is_ascii_digit() && char != '.')
        .unwrap_or(digits.len());
    digits[..end]
        .parse()
        .map_err(|_| "the process dies of the rate")
}
