//! Caller's text made safe: what a server would take for structure never reaches the wire.

/// What happens to a character that a server would misread.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum UnsafeText {
    /// The metric is refused with [`RecordError::UnsafeText`](crate::RecordError::UnsafeText).
    Refuse,
    /// Each such character becomes `_`. The default: a metric under a slightly different name is worth
    /// more than none.
    #[default]
    Replace,
}

/// The characters that may not stand in one position of a line.
#[derive(Debug)]
pub(crate) struct Charset {
    forbidden: [bool; 128],
    /// Whether characters beyond ASCII may stand there.
    unicode: bool,
}

impl Charset {
    /// Control characters are in every server's way; `also` names the others.
    pub(crate) const fn without(also: &str, unicode: bool) -> Self {
        let mut forbidden = [false; 128];
        let mut control = 0;
        while control < b' ' {
            forbidden[control as usize] = true;
            control += 1;
        }
        forbidden[0x7f] = true;
        let also = also.as_bytes();
        let mut index = 0;
        while index < also.len() {
            forbidden[also[index] as usize] = true;
            index += 1;
        }
        Self { forbidden, unicode }
    }

    /// Whether `text` may stand as it is.
    #[inline]
    pub(crate) fn allows(&self, text: &str) -> bool {
        is_plain(text.as_bytes()) || text.chars().all(|char| self.allows_char(char))
    }

    pub(crate) fn allows_char(&self, char: char) -> bool {
        match self.forbidden.get(char as usize) {
            Some(forbidden) => !forbidden,
            // The C1 control characters include a line break.
            None => self.unicode && !char.is_control(),
        }
    }
}

/// Whether every byte is a letter, a digit or one of `_ - . /`, which may stand anywhere.
///
/// Nearly all names are plain, and this is on the hot path: a block of sixteen compiles to a few vector
/// instructions, and the last one overlaps its neighbour instead of going byte by byte.
#[inline]
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    match bytes.last_chunk::<16>() {
        Some(last) => {
            let mut blocks = bytes.chunks_exact(16).filter_map(<[u8]>::first_chunk::<16>);
            blocks.all(are_plain) && are_plain(last)
        }
        None => is_short_plain(bytes),
    }
}

#[inline]
fn is_short_plain(bytes: &[u8]) -> bool {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk()) {
        return are_both_plain(first, last);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk()) {
        return are_both_plain(first, last);
    }
    bytes.iter().all(|&byte| PLAIN[usize::from(byte)])
}

/// Not inlined, since only by itself it is sure to become vector instructions.
#[inline(never)]
pub(crate) fn are_plain(block: &[u8; 16]) -> bool {
    block
        .iter()
        .fold(true, |plain, &byte| plain & is_plain_byte(byte))
}

#[inline]
const fn is_plain_byte(byte: u8) -> bool {
    let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let is_digit_or_mark = byte.wrapping_sub(b'-') <= b'9' - b'-';
    is_letter | is_digit_or_mark | (byte == b'_')
}

/// The same of two blocks at once, which takes less than two calls.
#[inline(never)]
pub(crate) fn are_both_plain<const SIZE: usize>(one: &[u8; SIZE], other: &[u8; SIZE]) -> bool {
    let bytes = one.iter().zip(other);
    bytes.fold(true, |plain, (&one, &other)| {
        plain & is_plain_byte(one) & is_plain_byte(other)
    })
}

/// How many of the bytes are not [plain](is_plain), in blocks of sixteen. Those after the last block are not
/// looked at.
pub(crate) fn count_unusual(bytes: &[u8]) -> usize {
    let blocks = bytes.chunks_exact(16).filter_map(<[u8]>::first_chunk);
    blocks
        .map(|block| usize::from(count_unusual_in(block)))
        .sum()
}

/// Not inlined, for the same reason as [`are_plain`].
#[inline(never)]
fn count_unusual_in(block: &[u8; 16]) -> u8 {
    let mut counts = [0; 16];
    for (count, byte) in counts.iter_mut().zip(block) {
        *count = u8::from(!is_plain_byte(*byte));
    }
    counts.iter().sum()
}

/// Whether two names are the same. Two blocks that overlap take less than a call that compares any length.
#[inline]
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    one.len() == other.len()
        && match one.len() {
            16..=32 => have_same_ends::<16>(one, other),
            8..16 => have_same_ends::<8>(one, other),
            4..8 => have_same_ends::<4>(one, other),
            _ => one == other,
        }
}

#[inline(always)]
fn have_same_ends<const SIZE: usize>(one: &[u8], other: &[u8]) -> bool {
    one.first_chunk::<SIZE>() == other.first_chunk()
        && one.last_chunk::<SIZE>() == other.last_chunk()
}

static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < plain.len() {
        plain[byte] = is_plain_byte(byte as u8);
        byte += 1;
    }
    plain
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_bytes_are_letters_digits_and_four_marks() {
        for byte in 0..=u8::MAX {
            let expected = byte.is_ascii_alphanumeric() || b"_-./".contains(&byte);
            assert_eq!(is_plain(&[byte]), expected, "{byte:#x}");
        }
    }

    #[test]
    fn one_bad_byte_is_found_at_any_place_of_any_length() {
        for length in 1..70 {
            assert!(is_plain(&vec![b'a'; length]));
            for place in 0..length {
                let mut bytes = vec![b'a'; length];
                bytes[place] = b'\n';
                assert!(!is_plain(&bytes), "{place} of {length}");
            }
        }
    }

    #[test]
    fn names_that_differ_in_one_byte_are_not_the_same() {
        for length in 0..40 {
            let name = "a".repeat(length);
            assert!(is_same(&name, &name.clone()));
            assert!(!is_same(&name, &"a".repeat(length + 1)));
            for place in 0..length {
                let mut other = name.clone();
                other.replace_range(place..=place, "b");
                assert!(!is_same(&name, &other), "{place} of {length}");
            }
        }
    }
}
