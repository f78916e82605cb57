//! Decimal digits, written three at a time.

/// Block for a number: separator (1), sign (1), 20 digits, point and six decimals (7), and a type suffix (8).
pub(super) type Block = [u8; 40];

/// Writes four bytes at an index of a block.
#[inline(always)]
fn put_four(block: &mut [u8], at: usize, bytes: u32) {
    if let Some(to) = block.get_mut(at..at + 4) {
        to.copy_from_slice(&bytes.to_le_bytes());
    }
}

/// Writes eight bytes at an index of a block.
#[inline(always)]
pub(super) fn put_eight(block: &mut [u8], at: usize, bytes: u64) {
    if let Some(to) = block.get_mut(at..at + 8) {
        to.copy_from_slice(&bytes.to_le_bytes());
    }
}

/// Writes an integer of at most three digits.
#[inline(always)]
pub(super) fn put_group(block: &mut [u8], at: usize, integer: u64) -> usize {
    let group = GROUPS[(integer % 1000) as usize];
    let len = leading(group);
    put_four(block, at, group >> (8 * (3 - len)));
    at + len as usize
}

/// Writes an integer of more than three digits.
#[cold]
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

/// Writes a point and up to six decimals, without trailing zeros.
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

/// Number of digits of a group without leading zeros; 1 for 000.
#[inline(always)]
fn leading(group: u32) -> u32 {
    group >> 24 & 3
}

/// Number of digits of a group without trailing zeros.
#[inline(always)]
fn trailing(group: u32) -> u32 {
    group >> 26
}

/// Digits of each number below 1000, the first one in the lowest byte. The highest byte holds its [`leading`] and
/// [`trailing`] counts.
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
