//! Lines taken apart at their marks, which takes less than for characters of any kind.

use std::iter;

use memchr::memchr;

/// Splits text at its first mark, which is ASCII.
#[inline]
pub(super) fn split_once(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = memchr(mark, text.as_bytes())?;
    Some((&text[..at], &text[at + 1..]))
}

/// Splits text at all marks. There is one part more than there are marks.
#[inline]
pub(super) fn split(text: &str, mark: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    iter::from_fn(move || {
        let text = rest?;
        let (part, others) = match split_once(text, mark) {
            Some((part, others)) => (part, Some(others)),
            None => (text, None),
        };
        rest = others;
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_of_the_standard_library() {
        for text in ["", ":", "a", "a:b", ":a::b:", "\u{e9}:\u{10a}"] {
            assert_eq!(split_once(text, b':'), text.split_once(':'));
            let parts: Vec<_> = split(text, b':').collect();
            assert_eq!(parts, text.split(':').collect::<Vec<_>>());
        }
    }
}
