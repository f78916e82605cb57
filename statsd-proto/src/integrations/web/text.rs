//! Buffer for the text of one metric.

use std::fmt;
use std::str;

/// Text that is stored inline up to 192 bytes, and on the heap if it is longer. Names are rarely that long.
pub(super) struct Text {
    inline: [u8; 192],
    /// Number of inline bytes in use.
    len: usize,
    /// Whole text once it exceeds the inline bytes; else empty.
    heap: String,
}

impl Text {
    pub(super) fn new() -> Self {
        Self {
            inline: [0; 192],
            len: 0,
            heap: String::new(),
        }
    }

    pub(super) fn push(&mut self, text: &str) {
        if self.heap.is_empty() {
            let end = self.len + text.len();
            if let Some(rest) = self.inline.get_mut(self.len..end) {
                rest.copy_from_slice(text.as_bytes());
                self.len = end;
                return;
            }
            self.heap = self.as_str().to_owned();
        }
        self.heap.push_str(text);
    }

    pub(super) fn as_str(&self) -> &str {
        if self.heap.is_empty() {
            str::from_utf8(&self.inline[..self.len]).expect("only whole `str`s are pushed")
        } else {
            &self.heap
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.as_str().is_empty()
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_length_stays_as_it_was_written() {
        for len in [0, 1, 95, 96, 97, 191, 192, 193, 1000] {
            let part = "\u{fc}".repeat(len);
            let mut text = Text::new();
            text.push(&part);
            text.push("");
            text.push("a");
            text.push(&part);
            assert_eq!(text.as_str(), format!("{part}a{part}"));
            assert!(!text.is_empty());
        }
        assert!(Text::new().is_empty());
    }
}
