//! Numbers in the form that every StatsD server reads: decimals without exponent and redundant zeros.

use std::fmt::Write as _;
use std::time::Duration;

use super::Unwritten;
use super::cursor::Cursor;
use super::digits::{Block, put_eight, put_fraction, put_group, put_integer};
use crate::metric::Number;

/// Decimal number with at most six decimals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decimal {
    /// Sign character, or zero for none.
    pub(super) sign: u8,
    whole: u64,
    /// Decimals in millionths, below 1,000,000.
    millionths: u32,
}

impl Decimal {
    /// Returns the shortest decimal that reads back as the same number. `None` if it has more than six decimals, is
    /// too large, or is not finite.
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
        /// 2^52. From here to 2^53 every `f64` is an integer, and the low bits of its representation are its distance
        /// from 2^52.
        const INTEGERS: f64 = 4_503_599_627_370_496.0;
        const SCALE: f64 = 1e6;

        let scaled = float.abs() * SCALE;
        let shifted = scaled + INTEGERS;
        // The division rounds as parsing the decimal would. A number with more decimals gives another result.
        if scaled < INTEGERS && (shifted - INTEGERS) / SCALE == float.abs() {
            let millionths = shifted.to_bits() - INTEGERS.to_bits();
            return Some(Self {
                sign: sign(float < 0.0),
                whole: millionths / 1_000_000,
                millionths: (millionths % 1_000_000) as u32,
            });
        }
        None
    }

    /// Duration in milliseconds, exact to the nanosecond. Durations of more than half a billion years are cut.
    #[inline(always)]
    pub(super) fn milliseconds(elapsed: Duration) -> Self {
        let nanoseconds = elapsed.subsec_nanos();
        let milliseconds = elapsed.as_secs().saturating_mul(1000);
        Self {
            sign: 0,
            whole: milliseconds.saturating_add(u64::from(nanoseconds / 1_000_000)),
            millionths: nanoseconds % 1_000_000,
        }
    }

    #[inline(always)]
    fn whole(is_negative: bool, whole: u64) -> Self {
        Self {
            sign: sign(is_negative),
            whole,
            millionths: 0,
        }
    }

    /// Writes the number.
    #[inline(always)]
    pub(super) fn put(self, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
        match cursor.block() {
            Some(block) => {
                let len = self.write(block, 0);
                cursor.skip(len)
            }
            None => self.put_last(cursor),
        }
    }

    /// Writes a colon, the number and a [type suffix](super::value::type_suffix). `None` if a block does not fit.
    #[inline(always)]
    pub(super) fn put_between(self, suffix: u64, cursor: &mut Cursor<'_>) -> Option<()> {
        let block = cursor.block::<40>()?;
        block[0] = b':';
        let at = self.write(block, 1);
        put_eight(block, at, suffix);
        cursor.skip(at + suffix_len(suffix)).ok()
    }

    /// Writes the number near the end of the room, where a block does not fit.
    #[cold]
    fn put_last(self, cursor: &mut Cursor<'_>) -> Result<(), Unwritten> {
        let mut block = [0; 40];
        let len = self.write(&mut block, 0);
        cursor.put(&block[..len])
    }

    /// Writes the number at an index of a block, and returns the index after it.
    #[inline(always)]
    fn write(self, block: &mut Block, at: usize) -> usize {
        let mut at = at;
        if self.sign != 0 {
            block[at] = self.sign;
            at += 1;
        }
        if self.whole < 10 {
            block[at] = b'0' + self.whole as u8;
            at += 1;
        } else if self.whole < 1000 {
            at = put_group(block, at, self.whole);
        } else {
            at = put_integer(block, at, self.whole);
        }
        if self.millionths > 0 {
            at = put_fraction(block, at, self.millionths);
        }
        at
    }
}

/// Writes a colon, a digit and a [type suffix](super::value::type_suffix). `None` if a block does not fit.
#[inline(always)]
pub(super) fn put_digit_between(digit: u8, suffix: u64, cursor: &mut Cursor<'_>) -> Option<()> {
    let digit = u64::from(b'0') | u64::from(digit);
    *cursor.block()? = (suffix << 16 | digit << 8 | u64::from(b':')).to_le_bytes();
    cursor.skip(2 + suffix_len(suffix)).ok()
}

/// Writes a colon, a number below 1000 and a [type suffix](super::value::type_suffix). `None` if a block does not fit.
#[inline(always)]
pub(super) fn put_small_between(small: u16, suffix: u64, cursor: &mut Cursor<'_>) -> Option<()> {
    let block = cursor.block::<16>()?;
    block[0] = b':';
    let at = put_group(block, 1, small.into());
    put_eight(block, at, suffix);
    cursor.skip(at + suffix_len(suffix)).ok()
}

/// Writes a [type suffix](super::value::type_suffix). `None` if a block does not fit.
#[inline(always)]
pub(super) fn put_suffix(suffix: u64, cursor: &mut Cursor<'_>) -> Option<()> {
    *cursor.block()? = suffix.to_le_bytes();
    cursor.skip(suffix_len(suffix)).ok()
}

#[inline(always)]
fn suffix_len(suffix: u64) -> usize {
    // The remainder tells the compiler that the length is within a block.
    (suffix >> 40) as usize % 8
}

#[inline(always)]
fn sign(is_negative: bool) -> u8 {
    if is_negative { b'-' } else { 0 }
}

/// Writes a finite number.
pub(super) fn put_number(cursor: &mut Cursor<'_>, number: Number) -> Result<(), Unwritten> {
    match (Decimal::exact(number), number) {
        (Some(decimal), _) => decimal.put(cursor),
        // The standard library prints the shortest decimal of a float, and never an exponent.
        (None, Number::Float(float)) => write!(cursor, "{float}").map_err(|_| Unwritten::Full),
        (None, Number::Int(_) | Number::Uint(_)) => unreachable!("every integer is a decimal"),
    }
}

/// Whether `text` is a plain decimal: an optional sign, digits, and optionally a point and more digits.
pub(super) fn is_decimal(text: &str) -> bool {
    let (first, rest) = text.as_bytes().split_first().unwrap_or((&0, &[]));
    let digits = match first {
        b'+' | b'-' => rest,
        _ => text.as_bytes(),
    };
    let whole = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    match digits[whole..].split_first() {
        None => whole > 0,
        Some((b'.', places)) => {
            whole > 0 && !places.is_empty() && places.iter().all(u8::is_ascii_digit)
        }
        Some(_) => false,
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
    fn each_group_of_three_digits_is_written_at_any_position() {
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
    fn decimals_differ_from_numbers_that_servers_misread() {
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
