//! Counts of the metrics in a payload.

use memchr::{memchr, memchr_iter};

/// Number of metrics in a payload, whose last line may lack a line feed: the sum
/// of its counts, and the number of other values, each divided by its sample rate.
pub(crate) fn metrics(payload: &[u8]) -> f64 {
    let mut sum = 0.0;
    let mut start = 0;
    for end in memchr_iter(b'\n', payload).chain([payload.len()]) {
        sum += metrics_of_line(&payload[start..end]);
        start = end + 1;
    }
    sum
}

fn metrics_of_line(line: &[u8]) -> f64 {
    let Some(values) = memchr(b':', line).map(|colon| &line[colon + 1..]) else {
        return 0.0; // It is empty.
    };
    let Some(bar) = memchr(b'|', values) else {
        return 0.0;
    };
    let (values, code) = (&values[..bar], &values[bar + 1..]);
    if code.first() != Some(&b'c') {
        let values = 1 + memchr_iter(b':', values).count();
        return values as f64 / rate(code);
    }
    let mut sum = 0;
    let mut value = 0_u64;
    for byte in values {
        match byte {
            b'0'..=b'9' => value = value * 10 + u64::from(byte - b'0'),
            _ => sum += std::mem::take(&mut value),
        }
    }
    (sum + value) as f64
}

/// The share of the values that a line has: of many, a client may send some.
fn rate(code: &[u8]) -> f64 {
    let rate = memchr(b'@', code).and_then(|at| {
        let mut parts = code[at + 1..].split(|byte| *byte == b'|');
        std::str::from_utf8(parts.next()?).ok()?.parse().ok()
    });
    rate.unwrap_or(1.0)
}
