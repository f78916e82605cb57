//! Splitting of lines at ASCII characters, which is faster than splitting at any character.

use std::iter;

use memchr::memchr;

/// Splits text at the first `mark`, an ASCII character.
#[inline]
pub(super) fn split_once(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = memchr(mark, text.as_bytes())?;
    Some((&text[..at], &text[at + 1..]))
}

/// Splits text at every `mark`. The number of parts is one more than the number of marks.
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
