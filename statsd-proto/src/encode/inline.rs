//! Short text that is written again and again.

/// Bytes that do not change, of which `SIZE` have room in place.
#[derive(Clone, Debug)]
pub(super) struct Inline<const SIZE: usize> {
    len: usize,
    /// The text if it is no longer than the block, and bytes after it that mean nothing.
    block: [u8; SIZE],
    /// The text if it is longer.
    long: Box<[u8]>,
}

impl<const SIZE: usize> Inline<SIZE> {
    pub(super) fn new(text: &[u8]) -> Self {
        let mut block = [0; SIZE];
        let mut long = &[][..];
        match block.get_mut(..text.len()) {
            Some(part) => part.copy_from_slice(text),
            None => long = text,
        }
        Self {
            len: text.len(),
            block,
            long: long.into(),
        }
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The first bytes, if the text has no more.
    #[inline(always)]
    pub(super) fn short(&self) -> Option<&[u8; 16]> {
        self.block.first_chunk().filter(|_| self.len <= 16)
    }

    /// The whole block, if the text is in it.
    #[inline(always)]
    pub(super) fn block(&self) -> Option<&[u8; SIZE]> {
        (self.len <= SIZE).then_some(&self.block)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.block.get(..self.len).unwrap_or(&self.long)
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
            assert_eq!(inline.len(), len);
            let short = inline.short().map(|block| &block[..len]);
            assert_eq!(short, (len <= 16).then_some(&*text));
            let block = inline.block().map(|block| &block[..len]);
            assert_eq!(block, (len <= 32).then_some(&*text));
        }
    }
}
