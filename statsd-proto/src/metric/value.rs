//! Values of metrics, and what they come from.

use std::time::Duration;

/// A number as the caller has it, so that integers stay exact.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Number {
    /// A fraction; NaN and the infinities are refused when recorded.
    Float(f64),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
}

impl Number {
    /// The number with the other sign. Beyond what a counter can go down by, it goes down as far as it can.
    #[inline]
    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Float(float) => Self::Float(-float),
            Self::Int(int) => int.checked_neg().map_or(Self::Uint(1 << 63), Self::Int),
            Self::Uint(uint) => Self::Int(0_i64.saturating_sub_unsigned(uint)),
        }
    }
}

/// The value of a [raw](crate::Metric::raw) metric.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// A duration, sent in milliseconds.
    Elapsed(Duration),
    /// A number.
    Number(Number),
    /// Several numbers, in one line or as many lines.
    Packed(&'a [f64]),
    /// Text: a set's member, or a plain decimal number.
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

// No platform that Rust supports has integers of its own size beyond 64 bits.
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

/// Saturates: what no server can count becomes the most that can be sent.
impl From<u128> for Number {
    fn from(number: u128) -> Self {
        Self::Uint(u64::try_from(number).unwrap_or(u64::MAX))
    }
}

/// Saturates, as that of `u128` does.
impl From<i128> for Number {
    fn from(number: i128) -> Self {
        match i64::try_from(number) {
            Ok(int) => Self::Int(int),
            Err(_) if number > 0 => number.unsigned_abs().into(),
            Err(_) => Self::Int(i64::MIN),
        }
    }
}

/// The types that a [`Number`] comes from.
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
