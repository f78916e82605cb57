//! Sanitized text: the caller's text never becomes structure of a line.

/// Sanitize policy: what happens to a character that a server would misread.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum SanitizePolicy {
    /// Refuses the metric with [`RecordError::UnsafeText`](crate::RecordError::UnsafeText).
    Refuse,
    /// Replaces each such character by `_`. The default: a metric under a slightly different name is worth more than
    /// none.
    #[default]
    Replace,
}

/// Set of characters that are allowed in one part of a line.
#[derive(Debug)]
pub(crate) struct Charset {
    forbidden: [bool; 128],
    /// Whether characters beyond ASCII are allowed.
    unicode: bool,
}

impl Charset {
    /// All characters but `also` and control characters, which no server accepts.
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

    /// Whether all characters of `text` are allowed.
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

/// Whether the text is not empty, and every byte is a letter, a digit or one of `_ - . /`, which are allowed everywhere.
///
/// Nearly all names are plain, and this is a hot path. Blocks of sixteen bytes compile to a few vector instructions.
/// The last block overlaps the one before, so that no byte is handled alone.
#[inline(always)]
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    match bytes.len() {
        16..=32 => are_ends_plain::<16>(bytes),
        8..16 => are_ends_plain::<8>(bytes),
        4..8 => are_ends_plain::<4>(bytes),
        _ => is_any_plain(bytes),
    }
}

/// [`is_plain`] for text of any length.
#[inline(never)]
fn is_any_plain(bytes: &[u8]) -> bool {
    match bytes.last_chunk::<16>() {
        Some(last) => {
            let mut blocks = bytes.chunks_exact(16).filter_map(<[u8]>::first_chunk::<16>);
            blocks.all(|block| are_both_plain(block, last))
        }
        None => !bytes.is_empty() && bytes.iter().all(|&byte| oddity(byte) == 0),
    }
}

/// [`is_plain`] for text of one to two blocks.
#[inline(always)]
fn are_ends_plain<const SIZE: usize>(bytes: &[u8]) -> bool {
    match (bytes.first_chunk::<SIZE>(), bytes.last_chunk()) {
        (Some(first), Some(last)) => are_both_plain(first, last),
        _ => false,
    }
}

/// Zero for a plain byte: the distance from the nearest plain byte, or another number. Saturating subtraction is one
/// vector instruction where a comparison without sign takes two.
#[inline]
const fn oddity(byte: u8) -> u8 {
    let letter = (byte | 0x20).wrapping_sub(b'a').saturating_sub(25);
    let digit_or_mark = byte.wrapping_sub(b'-').saturating_sub(b'9' - b'-');
    let underscore = byte ^ b'_';
    let other = if digit_or_mark < underscore {
        digit_or_mark
    } else {
        underscore
    };
    if letter < other { letter } else { other }
}

/// Tests two blocks at once. Kept out of line: inlined, the compiler may fail to vectorize it.
#[inline(never)]
fn are_both_plain<const SIZE: usize>(one: &[u8; SIZE], other: &[u8; SIZE]) -> bool {
    let bytes = one.iter().zip(other);
    bytes.fold(0, |odd, (&one, &other)| odd | oddity(one) | oddity(other)) == 0
}

/// Number of bytes that are not [plain](is_plain), in blocks of sixteen. Bytes after the last whole block are ignored.
#[inline(always)]
pub(crate) fn count_unusual(bytes: &[u8]) -> usize {
    // At most 240 bytes each, whose number fits into a byte. Nearly always one.
    let parts = bytes.chunks(15 * 16);
    parts.map(|part| usize::from(count_unusual_in(part))).sum()
}

/// Kept out of line, as [`are_both_plain`] is.
#[inline(never)]
fn count_unusual_in(part: &[u8]) -> u8 {
    let mut counts = [0_u8; 16];
    for block in part.chunks_exact(16) {
        for (count, byte) in counts.iter_mut().zip(block) {
            *count += u8::from(oddity(*byte) != 0);
        }
    }
    counts.iter().sum()
}

/// Whether two names are equal. Two overlapping blocks cost less than a call to `memcmp`.
#[inline]
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let len = one.len();
    if len != other.len() {
        false
    } else if (4..8).contains(&len) {
        have_same_ends::<4>(one, other)
    } else if (8..=16).contains(&len) {
        have_same_ends::<8>(one, other)
    } else if (17..=32).contains(&len) {
        have_same_ends::<16>(one, other)
    } else {
        one == other
    }
}

#[inline(always)]
fn have_same_ends<const SIZE: usize>(one: &[u8], other: &[u8]) -> bool {
    one.first_chunk::<SIZE>() == other.first_chunk()
        && one.last_chunk::<SIZE>() == other.last_chunk()
}

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
