//! Values of metrics, and conversions into them.

use std::time::Duration;

/// Number given by the caller. Integers stay integers, so that they are sent exactly.
///
/// ```
/// use statsd_proto::Number;
///
/// assert_eq!(Number::from(7_u8), Number::Uint(7));
/// assert_eq!(Number::from(0.5), Number::Float(0.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Number {
    /// Floating-point number. Recording refuses NaN and infinities.
    Float(f64),
    /// Signed integer.
    Int(i64),
    /// Unsigned integer.
    Uint(u64),
}

impl Number {
    /// Number with the opposite sign. A `u64` above 2^63 becomes `i64::MIN`, the smallest integer that is sent.
    #[inline]
    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Float(float) => Self::Float(-float),
            Self::Int(int) => int.checked_neg().map_or(Self::Uint(1 << 63), Self::Int),
            Self::Uint(uint) => Self::Int(0_i64.saturating_sub_unsigned(uint)),
        }
    }
}

/// Value of a [raw](crate::Metric::raw) metric.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Duration. It is sent in milliseconds.
    Elapsed(Duration),
    /// Number.
    Number(Number),
    /// Several numbers, sent in one line or in one line each, as the dialect allows.
    Packed(&'a [f64]),
    /// Text: the member of a set, or a plain decimal number.
    Text(&'a str),
}

impl<'a> From<&'a [f64]> for Value<'a> {
    fn from(values: &'a [f64]) -> Self {
        Self::Packed(values)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

macro_rules! number_from {
    ($variant:ident($wide:ty): $($narrow:ty),+) => {$(
        impl From<$narrow> for Number {
            fn from(number: $narrow) -> Self {
                Self::$variant(<$wide>::from(number))
            }
        }
    )+};
}

number_from!(Float(f64): f32, f64);
number_from!(Int(i64): i8, i16, i32, i64);
number_from!(Uint(u64): u8, u16, u32, u64);

// The casts below are lossless: `usize` and `isize` have at most 64 bits on every platform that Rust supports.
impl From<usize> for Number {
    fn from(number: usize) -> Self {
        Self::Uint(number as u64)
    }
}

impl From<isize> for Number {
    fn from(number: isize) -> Self {
        Self::Int(number as i64)
    }
}

/// Saturates at `u64::MAX`, the largest integer that is sent.
impl From<u128> for Number {
    fn from(number: u128) -> Self {
        Self::Uint(u64::try_from(number).unwrap_or(u64::MAX))
    }
}

/// Saturates at `i64::MIN` and `u64::MAX`.
impl From<i128> for Number {
    fn from(number: i128) -> Self {
        match i64::try_from(number) {
            Ok(int) => Self::Int(int),
            Err(_) if number > 0 => number.unsigned_abs().into(),
            Err(_) => Self::Int(i64::MIN),
        }
    }
}

/// Implements the conversion into [`Value`] for the types that convert into [`Number`].
macro_rules! value_from {
    ($($number:ty),+) => {$(
        impl From<$number> for Value<'_> {
            fn from(number: $number) -> Self {
                Self::Number(number.into())
            }
        }
    )+};
}

value_from!(
    Number, f32, f64, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize
);
