//! Short constant text with inline storage.

/// Constant text, stored inline if it is shorter than `SIZE` bytes.
///
/// A line feed follows the text, so that text that ends a line brings its own.
#[derive(Clone, Debug)]
pub(super) struct Inline<const SIZE: usize> {
    /// Length in bytes, or `usize::MAX` if the text is not inline: then no room is large enough for it.
    inline_len: usize,
    /// Text shorter than `SIZE` bytes, followed by line feeds.
    block: [u8; SIZE],
    /// Text of at least `SIZE` bytes, or empty.
    long: Box<[u8]>,
}

impl<const SIZE: usize> Inline<SIZE> {
    pub(super) fn new(text: &[u8]) -> Self {
        let mut block = [b'\n'; SIZE];
        let mut long = &[][..];
        match block.get_mut(..=text.len()) {
            Some([part @ .., _]) => part.copy_from_slice(text),
            Some([]) | None => long = text,
        }
        Self {
            inline_len: if text.len() < SIZE {
                text.len()
            } else {
                usize::MAX
            },
            block,
            long: long.into(),
        }
    }

    #[inline(always)]
    pub(super) fn inline_len(&self) -> usize {
        self.inline_len
    }

    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.inline_len == 0
    }

    /// First sixteen bytes of the [block](Self::block).
    #[inline(always)]
    pub(super) fn short(&self) -> &[u8; 16] {
        self.block
            .first_chunk()
            .expect("a block has at least sixteen bytes")
    }

    /// The text, if it is shorter than `SIZE` bytes, and line feeds.
    #[inline(always)]
    pub(super) fn block(&self) -> &[u8; SIZE] {
        &self.block
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.block.get(..self.inline_len).unwrap_or(&self.long)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_length_stays_as_it_is() {
        for len in 0..40 {
            let text = vec![b'a'; len];
            let inline = Inline::<32>::new(&text);
            assert_eq!(inline.as_bytes(), text);
            assert_eq!(inline.is_empty(), len == 0);
            if len < 16 {
                assert_eq!(inline.short()[..=len], [&*text, b"\n"].concat());
            }
            if len < 32 {
                assert_eq!(inline.block()[..=len], [&*text, b"\n"].concat());
            }
        }
    }
}
