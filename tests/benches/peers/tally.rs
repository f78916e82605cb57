//! What a receiver counts in what arrives.

use std::ops::AddAssign;

use memchr::{memchr, memchr_iter};

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    /// Lines that are not empty.
    pub(crate) lines: u64,
    /// What was recorded: the sum of counts, and the number of other values.
    pub(crate) metrics: u64,
}

impl Tally {
    /// Counts the lines of a payload, of which the last need not end in a line break.
    pub(crate) fn of(payload: &[u8]) -> Self {
        let mut tally = Self::default();
        let mut start = 0;
        for end in memchr_iter(b'\n', payload).chain([payload.len()]) {
            let line = &payload[start..end];
            start = end + 1;
            if !line.is_empty() {
                tally.lines += 1;
                tally.metrics += metrics(line);
            }
        }
        tally
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.lines += more.lines;
        self.metrics += more.metrics;
    }
}

/// How many metrics a line stands for.
fn metrics(line: &[u8]) -> u64 {
    let Some(values) = memchr(b':', line).map(|colon| &line[colon + 1..]) else {
        return 0;
    };
    let Some(bar) = memchr(b'|', values) else {
        return 0;
    };
    let (values, code) = (&values[..bar], &values[bar + 1..]);
    if code.first() != Some(&b'c') {
        let values = 1 + memchr_iter(b':', values).count();
        return (values as f64 / rate(code)).round() as u64;
    }
    let mut sum = 0;
    let mut value = 0;
    for byte in values {
        match byte {
            b'0'..=b'9' => value = value * 10 + u64::from(byte - b'0'),
            _ => sum += std::mem::take(&mut value),
        }
    }
    sum + value
}

/// The share of the values that a line has: of many, a client may send some.
fn rate(code: &[u8]) -> f64 {
    let rate = memchr(b'@', code).and_then(|at| {
        let mut parts = code[at + 1..].split(|byte| *byte == b'|');
        std::str::from_utf8(parts.next()?).ok()?.parse().ok()
    });
    rate.unwrap_or(1.0)
}
