//! Room for a line where it is to stand: nothing grows, and what does not fit goes another way.

use crate::text::{are_both_plain, are_plain, is_plain};

/// Memory that is filled from its start. Filling it returns what is left, or none if it does not fit.
///
/// It is passed on by value, so that it stays in registers.
#[derive(Debug)]
pub(crate) struct Room<'a>(&'a mut [u8]);

impl<'a> Room<'a> {
    #[inline]
    pub(crate) fn new(bytes: &'a mut [u8]) -> Self {
        Self(bytes)
    }

    /// How many bytes are left.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    #[inline(always)]
    pub(crate) fn put_byte(self, byte: u8) -> Option<Self> {
        let (first, rest) = self.0.split_first_mut()?;
        *first = byte;
        Some(Self(rest))
    }

    /// Text that does not change, by the copy of a block whose size the compiler knows.
    #[inline(always)]
    pub(crate) fn put_fixed<const SIZE: usize>(self, text: &Fixed<SIZE>) -> Option<Self> {
        if !text.more.is_empty() {
            return self.put(&text.more);
        }
        // Where there is no room for the whole block, there is hardly any for the line.
        let block = self.0.first_chunk_mut::<SIZE>()?;
        // The unlocking waits for every store.
        match (block.first_chunk_mut::<16>(), text.block.first_chunk()) {
            (Some(start), Some(short)) if text.len <= 16 => *start = *short,
            _ => *block = text.block,
        }
        Some(Self(self.0.get_mut(text.len..)?))
    }

    /// Marks, which are shorter than a call to copy them is.
    #[inline(always)]
    pub(crate) fn put_mark(self, mark: &str) -> Option<Self> {
        mark.bytes().try_fold(self, Self::put_byte)
    }

    #[inline(always)]
    pub(crate) fn put(self, text: &[u8]) -> Option<Self> {
        let (to, rest) = self.0.split_at_mut_checked(text.len())?;
        match text.len() {
            // Two blocks that overlap take less than a call that copies any length.
            33..=64 => copy_ends::<32>(to, text)?,
            16..=32 => copy_ends::<16>(to, text)?,
            8..16 => copy_ends::<8>(to, text)?,
            0..8 => to.iter_mut().zip(text).for_each(|(to, byte)| *to = *byte),
            _ => to.copy_from_slice(text),
        }
        Some(Self(rest))
    }

    /// The same for [plain](is_plain) text; none for any other.
    ///
    /// Nearly all text is plain, and this is on the hot path: blocks of sixteen compile to a few vector
    /// instructions, and the last one overlaps its neighbour instead of going byte by byte.
    #[inline(always)]
    pub(crate) fn put_plain(self, text: &[u8]) -> Option<Self> {
        let (mut to, rest) = self.0.split_at_mut_checked(text.len())?;
        let Some(last) = text.last_chunk::<16>() else {
            return put_short_plain(to, text).then_some(Self(rest));
        };
        if text.len() <= 32 {
            return put_plain_ends::<16>(to, text).then_some(Self(rest));
        }
        *to.last_chunk_mut()? = *last;
        let mut is_plain = are_plain(last);
        let mut text = text;
        while let Some((block, behind)) = text.split_first_chunk::<16>().filter(|_| is_plain) {
            let (first, room) = to.split_first_chunk_mut()?;
            *first = *block;
            is_plain = are_plain(block);
            (to, text) = (room, behind);
        }
        is_plain.then_some(Self(rest))
    }
}

/// Text that does not change, usually of at most `SIZE` bytes.
#[derive(Debug)]
pub(crate) struct Fixed<const SIZE: usize> {
    block: [u8; SIZE],
    /// How much of the block is the text.
    len: usize,
    /// The text, if it is longer than the block.
    more: Box<[u8]>,
}

impl<const SIZE: usize> Fixed<SIZE> {
    pub(crate) fn new(text: &[u8]) -> Self {
        let mut block = [0; SIZE];
        let (len, more) = match block.get_mut(..text.len()) {
            Some(part) => {
                part.copy_from_slice(text);
                (text.len(), &[][..])
            }
            None => (0, text),
        };
        Self {
            block,
            len,
            more: more.into(),
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0 && self.more.is_empty()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        if self.more.is_empty() {
            &self.block[..self.len]
        } else {
            &self.more
        }
    }
}

#[inline]
fn put_short_plain(to: &mut [u8], text: &[u8]) -> bool {
    match text.len() {
        8..16 => put_plain_ends::<8>(to, text),
        4..8 => put_plain_ends::<4>(to, text),
        _ => {
            let bytes = to.iter_mut().zip(text);
            bytes.for_each(|(to, byte)| *to = *byte);
            is_plain(text)
        }
    }
}

#[inline(always)]
fn put_plain_ends<const SIZE: usize>(to: &mut [u8], text: &[u8]) -> bool {
    match (text.first_chunk::<SIZE>(), text.last_chunk::<SIZE>()) {
        (Some(first), Some(last)) => {
            copy_ends::<SIZE>(to, text).is_some() && are_both_plain(first, last)
        }
        _ => false,
    }
}

/// Copies text of at least one block and at most two.
#[inline(always)]
fn copy_ends<const SIZE: usize>(to: &mut [u8], text: &[u8]) -> Option<()> {
    *to.first_chunk_mut::<SIZE>()? = *text.first_chunk()?;
    *to.last_chunk_mut::<SIZE>()? = *text.last_chunk()?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_length_is_taken_whole_or_not_at_all() {
        let text: Vec<u8> = (0..80).map(|number| b'a' + number % 26).collect();
        for len in 0..text.len() {
            for room in len.saturating_sub(3)..len + 3 {
                for is_plain in [false, true] {
                    let mut bytes = vec![b'#'; room + 1];
                    let empty = Room::new(&mut bytes[..room]);
                    let left = if is_plain {
                        empty.put_plain(&text[..len])
                    } else {
                        empty.put(&text[..len])
                    };
                    let left = left.map(|left| left.len());
                    assert_eq!(left, room.checked_sub(len), "{len} into {room}");
                    let end = left.map_or(0, |_| len);
                    assert_eq!(bytes[..end], text[..end]);
                    assert!(bytes[end..].iter().all(|byte| *byte == b'#'));
                }
            }
        }
    }

    #[test]
    fn one_byte_that_is_not_plain_is_found_at_any_place_of_any_length() {
        for len in 1..70 {
            for place in 0..len {
                let mut text = vec![b'a'; len];
                text[place] = b':';
                let mut bytes = [0; 80];
                let is_put = Room::new(&mut bytes).put_plain(&text);
                assert!(is_put.is_none(), "{place} of {len}");
            }
        }
    }
}
