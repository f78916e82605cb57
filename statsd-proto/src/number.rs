//! Numbers as every StatsD server reads them: plain decimals, no exponent, no superfluous zero.

use std::io::Write as _;
use std::time::Duration;

use crate::metric::Number;

/// Appends a number. The caller has made sure that it is finite.
#[inline]
pub(crate) fn push_number(out: &mut Vec<u8>, number: Number) {
    match number {
        Number::Float(float) => push_float(out, float),
        Number::Int(int) => push_integer(out, int),
        Number::Uint(uint) => push_integer(out, uint),
    }
}

#[inline]
pub(crate) fn push_integer(out: &mut Vec<u8>, integer: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(integer).as_bytes());
}

/// Appends the shortest plain decimal that reads back as the same number.
pub(crate) fn push_float(out: &mut Vec<u8>, float: f64) {
    match Decimal::exact(float) {
        Some(decimal) => out.extend_from_slice(decimal.as_bytes()),
        // The standard library prints floats shortest and never with an exponent.
        None => write!(out, "{float}").expect("writing to a buffer in memory does not fail"),
    }
}

/// A plain decimal with at most six places behind the point.
#[derive(Debug)]
pub(crate) struct Decimal {
    /// A sign, the longest integer of 64 bits, a point, and the places.
    text: [u8; 1 + 20 + 1 + PLACES],
    len: usize,
}

impl Decimal {
    /// The shortest decimal that reads back as the same number; none if it has more places, or is too
    /// large to tell. The number is finite, or there is none.
    #[inline]
    pub(crate) fn exact(float: f64) -> Option<Self> {
        /// Integers up to here are exact as an `f64`, and so is the quotient's rounding below.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        const SCALE: f64 = 1e6;

        let scaled = float.abs() * SCALE + 0.5;
        let millionths = scaled as u64;
        let is_exact = scaled < EXACT && millionths as f64 / SCALE == float.abs();
        is_exact.then(|| {
            let whole = millionths / 1_000_000;
            Self::new(float < 0.0, whole, (millionths % 1_000_000) as u32)
        })
    }

    /// A duration in milliseconds, exact to the nanosecond.
    #[inline]
    pub(crate) fn milliseconds(elapsed: Duration) -> Self {
        let nanoseconds = elapsed.subsec_nanos();
        // Half a billion years of milliseconds fit; a longer duration is cut there.
        let milliseconds = elapsed
            .as_secs()
            .saturating_mul(1000)
            .saturating_add(u64::from(nanoseconds / 1_000_000));
        Self::new(false, milliseconds, nanoseconds % 1_000_000)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text[..self.len]
    }

    fn new(is_negative: bool, whole: u64, millionths: u32) -> Self {
        let mut text = [0; 1 + 20 + 1 + PLACES];
        text[0] = b'-';
        let mut len = usize::from(is_negative);
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(whole).as_bytes();
        text[len..][..digits.len()].copy_from_slice(digits);
        len += digits.len();
        if millionths > 0 {
            // A digit before them keeps their leading zeros, and its place is the point's.
            let mut buffer = itoa::Buffer::new();
            let places = buffer.format(1_000_000 + millionths).as_bytes();
            text[len..][..=PLACES].copy_from_slice(places);
            text[len] = b'.';
            len += places.len();
            while text[len - 1] == b'0' {
                len -= 1;
            }
        }
        Self { text, len }
    }
}

const PLACES: usize = 6;

/// Whether `text` is a plain decimal: an optional sign, digits, and perhaps a point and more digits.
pub(crate) fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn floats_are_plain_decimals() {
        for (float, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.0, "-1"),
            (0.1, "0.1"),
            (-0.25, "-0.25"),
            (1.5, "1.5"),
            (1_001.344_919_204_711_9, "1001.3449192047119"),
            (300.000_000_000_000_06, "300.00000000000006"),
            (1e-5, "0.00001"),
            (1e-7, "0.0000001"),
            (1e16, "10000000000000000"),
            (0.000_001, "0.000001"),
            (123_456_789.125, "123456789.125"),
        ] {
            assert_eq!(float_text(float), text);
        }
    }

    #[test]
    fn durations_are_exact_milliseconds() {
        for (elapsed, text) in [
            (Duration::ZERO, "0"),
            (Duration::from_millis(1), "1"),
            (Duration::from_micros(1500), "1.5"),
            (Duration::from_nanos(1), "0.000001"),
            (Duration::from_nanos(1_001_344_919), "1001.344919"),
            (Duration::MAX, "18446744073709551615.999999"),
        ] {
            let decimal = Decimal::milliseconds(elapsed);
            assert_eq!(decimal.as_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn decimals_are_told_from_what_servers_misread() {
        for text in ["0", "12", "-5", "+5", "1.0", "-0.25", "00"] {
            assert!(is_decimal(text), "{text}");
        }
        for text in [
            "", "-", "+-1", ".5", "5.", "1e5", "0x10", "nan", "inf", " 1", "1 ", "1_0", "1.2.3",
            "١",
        ] {
            assert!(!is_decimal(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_float_reads_back_as_itself(float in any::<f64>().prop_filter("finite", |f| f.is_finite())) {
            let text = float_text(float);
            prop_assert!(is_decimal(&text), "{text}");
            prop_assert_eq!(text.parse::<f64>().unwrap(), float);
        }

        #[test]
        fn floats_with_few_decimals_print_no_more(millionths in -9_000_000_000_000_i64..9_000_000_000_000) {
            let float = millionths as f64 / 1e6;
            prop_assert_eq!(float_text(float), if float == 0.0 { "0".into() } else { format!("{float}") });
        }
    }

    fn float_text(float: f64) -> String {
        let mut out = Vec::new();
        push_float(&mut out, float);
        String::from_utf8(out.to_vec()).unwrap()
    }
}
