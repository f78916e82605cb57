//! Numbers as every StatsD server reads them: plain decimals, no exponent, no superfluous zero.

use std::fmt::Write as _;
use std::time::Duration;

use super::Unwritten;
use super::cursor::Cursor;
use crate::metric::Number;

/// A decimal with at most six places after the point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decimal {
    /// The sign as it is written, if there is one.
    pub(super) sign: Option<u8>,
    whole: u64,
    /// Below 1,000,000.
    millionths: u32,
}

impl Decimal {
    /// Returns the shortest decimal that reads back as the same number, or `None` if it has more places or is
    /// too large to know. NaN and the infinities have none.
    #[inline(always)]
    pub(super) fn exact(number: Number) -> Option<Self> {
        match number {
            Number::Float(float) => Self::exact_float(float),
            Number::Int(int) => Some(Self::whole(int < 0, int.unsigned_abs())),
            Number::Uint(uint) => Some(Self::whole(false, uint)),
        }
    }

    #[inline(always)]
    fn exact_float(float: f64) -> Option<Self> {
        /// Integers up to here are exact as an `f64`, and so is the quotient's rounding below.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        const SCALE: f64 = 1e6;

        let scaled = float.abs() * SCALE + 0.5;
        if scaled < EXACT {
            // Below 2^63, so that the cast to a signed integer, which takes less, is the same.
            let millionths = scaled as i64;
            if millionths as f64 / SCALE == float.abs() {
                let millionths = millionths as u64;
                return Some(Self {
                    sign: (float < 0.0).then_some(b'-'),
                    whole: millionths / 1_000_000,
                    millionths: (millionths % 1_000_000) as u32,
                });
            }
        }
        None
    }

    /// A duration in milliseconds, exact to the nanosecond. Half a billion years fit, and longer ones are cut
    /// there.
    #[inline(always)]
    pub(super) fn milliseconds(elapsed: Duration) -> Self {
        let nanoseconds = elapsed.subsec_nanos();
        let milliseconds = elapsed.as_secs().saturating_mul(1000);
        Self {
            sign: None,
            whole: milliseconds.saturating_add(u64::from(nanoseconds / 1_000_000)),
            millionths: nanoseconds % 1_000_000,
        }
    }

    #[inline(always)]
    fn whole(is_negative: bool, whole: u64) -> Self {
        Self {
            sign: is_negative.then_some(b'-'),
            whole,
            millionths: 0,
        }
    }

    /// Writes the decimal at an index of a block, and returns the index after it.
    #[inline(always)]
    pub(super) fn write(self, block: &mut Block, at: usize) -> usize {
        let mut at = at;
        if let Some(sign) = self.sign {
            block[at] = sign;
            at += 1;
        }
        if self.whole < 10 {
            block[at] = b'0' + self.whole as u8;
            at += 1;
        } else {
            at = put_integer(block, at, self.whole);
        }
        if self.millionths > 0 {
            at = put_fraction(block, at, self.millionths);
        }
        at
    }
}

/// Room for a mark, a sign, the longest integer of 64 bits, a point, six places, a type suffix, and what the
/// last group of digits writes past its end.
pub(super) type Block = [u8; 40];

/// Writes four bytes at an index of a block.
#[inline(always)]
pub(super) fn put_four(block: &mut Block, at: usize, bytes: [u8; 4]) {
    if let Some(to) = block.get_mut(at..at + 4) {
        to.copy_from_slice(&bytes);
    }
}

/// Writes an integer in groups of three digits.
#[inline(never)]
fn put_integer(block: &mut Block, at: usize, integer: u64) -> usize {
    if integer < 1000 {
        let group = GROUPS[integer as usize];
        let digits = u32::from_le_bytes(group) >> (8 * (3 - group[3] % 4));
        put_four(block, at, digits.to_le_bytes());
        return at + usize::from(group[3] % 4);
    }
    let at = put_integer(block, at, integer / 1000);
    put_four(block, at, GROUPS[(integer % 1000) as usize]);
    at + 3
}

/// Writes a point and the places after it, without zeros at the end.
#[inline(always)]
fn put_fraction(block: &mut Block, at: usize, millionths: u32) -> usize {
    let high = GROUPS[(millionths / 1000) as usize % 1000];
    let low = GROUPS[(millionths % 1000) as usize];
    block[at] = b'.';
    put_four(block, at + 1, high);
    put_four(block, at + 4, low);
    let places = if low[3] < 4 {
        high[3] / 4
    } else {
        3 + low[3] / 4
    };
    at + 1 + usize::from(places)
}

/// Each number below 1000 as three digits, and in the fourth byte how many are left without zeros before
/// them, and four times how many without zeros behind them.
static GROUPS: [[u8; 4]; 1000] = {
    let mut groups = [[0; 4]; 1000];
    let mut number = 0;
    while number < groups.len() {
        let n = number;
        let digits = [(n / 100) as u8, (n / 10 % 10) as u8, (n % 10) as u8];
        let leading = if n >= 100 {
            3
        } else if n >= 10 {
            2
        } else {
            1
        };
        let trailing = if n == 0 {
            0
        } else if n % 100 == 0 {
            1
        } else if n % 10 == 0 {
            2
        } else {
            3
        };
        groups[number] = [
            b'0' + digits[0],
            b'0' + digits[1],
            b'0' + digits[2],
            leading + 4 * trailing,
        ];
        number += 1;
    }
    groups
};

/// Writes a number that is finite.
pub(super) fn put_number(cursor: &mut Cursor<'_>, number: Number) -> Result<(), Unwritten> {
    match (Decimal::exact(number), number) {
        (Some(decimal), _) => cursor.put_block(|block| decimal.write(block, 0)),
        // The standard library prints floats shortest and never with an exponent.
        (None, Number::Float(float)) => write!(cursor, "{float}").map_err(|_| Unwritten::Full),
        (None, Number::Int(_) | Number::Uint(_)) => unreachable!("every integer is a decimal"),
    }
}

/// Whether `text` is a plain decimal: an optional sign, digits, and perhaps a point and more digits.
pub(super) fn is_decimal(text: &str) -> bool {
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
            assert_eq!(text_of(Number::Float(float)), text);
        }
    }

    #[test]
    fn durations_are_exact_milliseconds() {
        for (elapsed, text) in [
            (Duration::ZERO, "0"),
            (Duration::from_millis(1), "1"),
            (Duration::from_micros(1500), "1.5"),
            (Duration::from_micros(48_250), "48.25"),
            (Duration::from_nanos(1), "0.000001"),
            (Duration::from_nanos(1_001_344_919), "1001.344919"),
            (Duration::MAX, "18446744073709551615.999999"),
        ] {
            let decimal = Decimal::milliseconds(elapsed);
            let mut block = Block::from([b'#'; 40]);
            let len = decimal.write(&mut block, 2);
            assert_eq!(std::str::from_utf8(&block[2..len]), Ok(text));
            assert_eq!(block[..2], *b"##");
        }
    }

    #[test]
    fn each_group_of_three_digits_stands_anywhere() {
        for number in 0..1000 {
            for (number, scale) in [(number, 1_000_000), (number * 1000, 1000)] {
                let float = f64::from(number) / 1e6;
                assert_eq!(text_of(Number::Float(float)), format!("{float}"));
                let int = i64::from(number) * scale;
                for int in [int, int + 7, -int] {
                    assert_eq!(text_of(Number::Int(int)), int.to_string());
                }
            }
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
        fn every_integer_is_its_digits(int in any::<i64>(), uint in any::<u64>(), bits in 0..64_u32) {
            prop_assert_eq!(text_of(Number::Int(int >> bits)), (int >> bits).to_string());
            prop_assert_eq!(text_of(Number::Uint(uint >> bits)), (uint >> bits).to_string());
        }

        #[test]
        fn every_float_reads_back_as_itself(float in any::<f64>().prop_filter("finite", |f| f.is_finite())) {
            let text = text_of(Number::Float(float));
            prop_assert!(is_decimal(&text), "{text}");
            prop_assert_eq!(text.parse::<f64>().unwrap(), float);
        }

        #[test]
        fn floats_with_few_decimals_print_no_more(millionths in -9_000_000_000_000_i64..9_000_000_000_000) {
            let float = millionths as f64 / 1e6;
            prop_assert_eq!(text_of(Number::Float(float)), if float == 0.0 { "0".into() } else { format!("{float}") });
        }

        #[test]
        fn every_duration_is_its_milliseconds(seconds in any::<u32>(), nanoseconds in 0..1_000_000_000_u32) {
            let elapsed = Duration::new(seconds.into(), nanoseconds);
            let mut block = [0; 40];
            let len = Decimal::milliseconds(elapsed).write(&mut block, 0);
            let millionths = elapsed.as_nanos() % 1_000_000;
            let text = format!("{}.{millionths:06}", elapsed.as_millis());
            let text = text.trim_end_matches('0').trim_end_matches('.');
            prop_assert_eq!(std::str::from_utf8(&block[..len]), Ok(text));
        }
    }

    fn text_of(number: Number) -> String {
        let mut room = [0; 400];
        let mut cursor = Cursor::new(&mut room);
        put_number(&mut cursor, number).unwrap();
        let len = cursor.written();
        std::str::from_utf8(&room[..len]).unwrap().to_owned()
    }
}
