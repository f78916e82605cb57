//! Digits written into place, three at a time.

/// Room for a mark, a sign, the longest integer of 64 bits, a point, six places, a type suffix, and what the
/// last group of digits writes past its end.
pub(super) type Block = [u8; 40];

/// Writes four bytes at an index of a block.
#[inline(always)]
pub(super) fn put_four(block: &mut Block, at: usize, bytes: u32) {
    if let Some(to) = block.get_mut(at..at + 4) {
        to.copy_from_slice(&bytes.to_le_bytes());
    }
}

/// Writes an integer of at most three digits.
#[inline(always)]
pub(super) fn put_group(block: &mut Block, at: usize, integer: u64) -> usize {
    let group = GROUPS[(integer % 1000) as usize];
    let len = leading(group);
    put_four(block, at, group >> (8 * (3 - len)));
    at + len as usize
}

/// Writes an integer of more digits, in groups of three.
#[inline(never)]
pub(super) fn put_integer(block: &mut Block, at: usize, integer: u64) -> usize {
    let high = integer / 1000;
    let at = if high < 1000 {
        put_group(block, at, high)
    } else {
        put_integer(block, at, high)
    };
    put_four(block, at, GROUPS[(integer % 1000) as usize]);
    at + 3
}

/// Writes a point and the places after it, without zeros at the end.
#[inline(always)]
pub(super) fn put_fraction(block: &mut Block, at: usize, millionths: u32) -> usize {
    let high = GROUPS[(millionths / 1000) as usize % 1000];
    let low = GROUPS[(millionths % 1000) as usize];
    block[at] = b'.';
    put_four(block, at + 1, high);
    put_four(block, at + 4, low);
    let places = match trailing(low) {
        0 => trailing(high),
        places => 3 + places,
    };
    at + 1 + places as usize
}

/// How many digits are left of a group without zeros before them; of 000 one.
#[inline(always)]
fn leading(group: u32) -> u32 {
    group >> 24 & 3
}

/// How many digits are left of a group without zeros after them.
#[inline(always)]
fn trailing(group: u32) -> u32 {
    group >> 26
}

/// Each number below 1000 as three digits, the first in the lowest byte. The highest byte has how many of them
/// are [`leading`] and [`trailing`].
static GROUPS: [u32; 1000] = {
    let mut groups = [0; 1000];
    let mut number = 0;
    while number < 1000 {
        let (hundreds, tens, ones) = (number / 100, number / 10 % 10, number % 10);
        let leading = match (hundreds, tens) {
            (0, 0) => 1,
            (0, _) => 2,
            _ => 3,
        };
        let trailing = match (hundreds, tens, ones) {
            (0, 0, 0) => 0,
            (_, 0, 0) => 1,
            (_, _, 0) => 2,
            _ => 3,
        };
        let digits = 0x30_3030 + hundreds + (tens << 8) + (ones << 16);
        groups[number as usize] = digits + (leading << 24) + (trailing << 26);
        number += 1;
    }
    groups
};
