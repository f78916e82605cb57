//! Short text that is written again and again.

/// Bytes that do not change, of which `SIZE` have room in place.
#[derive(Clone, Debug)]
pub(super) struct Inline<const SIZE: usize> {
    pub(super) block: [u8; SIZE],
    /// How many bytes of the block are the text.
    pub(super) len: usize,
    /// The text, if it is longer than the block.
    pub(super) long: Box<[u8]>,
}

impl<const SIZE: usize> Inline<SIZE> {
    pub(super) fn new(text: &[u8]) -> Self {
        let mut block = [0; SIZE];
        let (len, long) = match block.get_mut(..text.len()) {
            Some(part) => {
                part.copy_from_slice(text);
                (text.len(), &[][..])
            }
            None => (0, text),
        };
        Self {
            block,
            len,
            long: long.into(),
        }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0 && self.long.is_empty()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        if self.long.is_empty() {
            &self.block[..self.len]
        } else {
            &self.long
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_length_stays_as_it_is() {
        for len in 0..40 {
            let text = vec![b'a'; len];
            let inline = Inline::<16>::new(&text);
            assert_eq!(inline.as_bytes(), text);
            assert_eq!(inline.is_empty(), len == 0);
        }
    }
}
