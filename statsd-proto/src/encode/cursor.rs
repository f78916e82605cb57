//! Where a line is written: memory that is filled from its start.

use std::{fmt, mem};

use super::inline::Inline;
use super::{Unwritten, Written};
use crate::encode::text::{are_both_plain, are_plain, is_plain};

/// The room left in a batch.
///
/// Nothing grows: what does not fit is [`Unwritten::Full`]. Text of a known greatest size is copied as a
/// block of that size, so bytes of the room after [`written`](Self::written) may change as well.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    /// The room that is not written yet.
    left: &'a mut [u8],
    /// The length of the whole room.
    len: usize,
}

impl<'a> Cursor<'a> {
    #[inline(always)]
    pub(crate) fn new(room: &'a mut [u8]) -> Self {
        Self {
            len: room.len(),
            left: room,
        }
    }

    /// The number of bytes written.
    #[inline(always)]
    pub(crate) fn written(&self) -> usize {
        self.len - self.left.len()
    }

    /// The length of the whole room.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The number of bytes that can still be written.
    #[inline(always)]
    pub(super) fn room(&self) -> usize {
        self.left.len()
    }

    /// The room that is not written yet, which this cursor loses.
    #[inline(always)]
    pub(super) fn take(&mut self) -> &'a mut [u8] {
        mem::take(&mut self.left)
    }

    /// The same room, but no more than `len` bytes of it.
    #[inline(always)]
    pub(super) fn limited(self, len: usize) -> Self {
        let len = len.min(self.left.len());
        Cursor::new(&mut self.left[..len])
    }

    /// The same, after which this cursor is where it was.
    pub(super) fn limited_again(&mut self, len: usize) -> Cursor<'_> {
        Cursor::new(&mut *self.left).limited(len)
    }

    /// Lets a function that is not inlined write on. The cursor itself stays in registers, which it would
    /// not if that function got a reference to it.
    #[inline(always)]
    pub(super) fn apart<T>(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<T, Unwritten>,
    ) -> Result<T, Unwritten> {
        let mut cursor = Cursor {
            left: self.take(),
            len: self.len,
        };
        let result = write(&mut cursor)?;
        self.left = cursor.left;
        Ok(result)
    }

    /// Writes what `write` writes, if it returns something, and `is_right` of it, of the room and of how much of
    /// it is written. Otherwise nothing is written.
    #[inline(always)]
    pub(super) fn attempt<T>(
        &mut self,
        write: impl FnOnce(&mut Cursor<'_>) -> Option<T>,
        is_right: impl FnOnce(T, &[u8], usize) -> bool,
    ) -> bool {
        let room = self.take();
        let mut cursor = Cursor::new(room);
        let result = write(&mut cursor);
        let len = cursor.written();
        let is_kept = result.is_some_and(|result| is_right(result, room, len));
        self.left = if is_kept { &mut room[len..] } else { room };
        is_kept
    }

    /// Writes a whole line, and returns the length of its name.
    pub(super) fn nested(
        &mut self,
        write: impl FnOnce(Cursor<'_>) -> Result<Written, Unwritten>,
    ) -> Result<usize, Unwritten> {
        let room = self.take();
        let written = write(Cursor::new(room))?;
        self.left = &mut room[written.bytes..];
        Ok(written.name_len)
    }

    /// Writes what `write` writes, with `suffix` after it, for which room is kept.
    pub(super) fn put_before(
        &mut self,
        suffix: &[u8],
        write: impl FnOnce(&mut Cursor<'_>) -> Result<(), Unwritten>,
    ) -> Result<(), Unwritten> {
        let room = self.take();
        let end = room
            .len()
            .checked_sub(suffix.len())
            .ok_or(Unwritten::Full)?;
        let mut cursor = Cursor::new(&mut room[..end]);
        write(&mut cursor)?;
        let len = cursor.written();
        self.left = &mut room[len..];
        self.put(suffix)
    }

    #[inline(always)]
    pub(super) fn put_byte(&mut self, byte: u8) -> Result<(), Unwritten> {
        let (first, rest) = self.take().split_first_mut().ok_or(Unwritten::Full)?;
        *first = byte;
        self.left = rest;
        Ok(())
    }

    /// Writes marks, which are shorter than a call to copy them is.
    #[inline(always)]
    pub(super) fn put_mark(&mut self, mark: &[u8]) -> Result<(), Unwritten> {
        for byte in mark {
            self.put_byte(*byte)?;
        }
        Ok(())
    }

    #[inline(always)]
    pub(super) fn put(&mut self, text: &[u8]) -> Result<(), Unwritten> {
        let room = self.take().split_at_mut_checked(text.len());
        let (to, rest) = room.ok_or(Unwritten::Full)?;
        if !copy_short(to, text) {
            to.copy_from_slice(text);
        }
        self.left = rest;
        Ok(())
    }

    /// Writes text that is neither empty nor longer than any word.
    #[inline(always)]
    pub(super) fn put_word(&mut self, text: &[u8]) -> Option<()> {
        let (to, rest) = self.take().split_at_mut_checked(text.len())?;
        if !copy_short(to, text) {
            return None;
        }
        self.left = rest;
        Some(())
    }

    /// Writes text that does not change.
    #[inline(always)]
    pub(super) fn put_inline<const SIZE: usize>(
        &mut self,
        text: &Inline<SIZE>,
    ) -> Result<(), Unwritten> {
        match (self.left.first_chunk_mut::<SIZE>(), text.block()) {
            (Some(to), Some(block)) => {
                match (to.first_chunk_mut::<16>(), text.short()) {
                    // Whoever unlocks waits for every store, so that a short text is to be one.
                    (Some(to), Some(block)) => *to = *block,
                    _ => *to = *block,
                }
                self.left = &mut self.take()[text.len()..];
                Ok(())
            }
            _ => self.apart(|cursor| cursor.put_exactly(text.as_bytes())),
        }
    }

    /// The next bytes as a block, if the room has as many.
    #[inline(always)]
    pub(super) fn block<const SIZE: usize>(&mut self) -> Option<&mut [u8; SIZE]> {
        self.left.first_chunk_mut()
    }

    /// Passes over bytes that were written as a block.
    #[inline(always)]
    pub(super) fn skip(&mut self, len: usize) -> Result<(), Unwritten> {
        self.left = self.take().get_mut(len..).ok_or(Unwritten::Full)?;
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn put_exactly(&mut self, text: &[u8]) -> Result<(), Unwritten> {
        self.put(text)
    }

    /// Writes text if it is [plain](is_plain), not empty, and fits. Otherwise nothing is written, and `false`
    /// returned.
    ///
    /// Nearly all text is plain, and this is on the hot path: blocks of sixteen compile to a few vector
    /// instructions, and the last one overlaps its neighbour instead of going byte by byte.
    #[inline(always)]
    pub(super) fn put_plain(&mut self, text: &[u8]) -> bool {
        let Some(to) = self.left.get_mut(..text.len()) else {
            return false;
        };
        let is_plain = match text.len() {
            16..=32 => copy_plain_ends::<16>(to, text),
            8..16 => copy_plain_ends::<8>(to, text),
            4..8 => copy_plain_ends::<4>(to, text),
            _ => copy_plain(to, text),
        };
        if is_plain {
            self.left = &mut self.take()[text.len()..];
        }
        is_plain
    }
}

impl fmt::Write for Cursor<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes()).map_err(|_| fmt::Error)
    }
}

/// Copies text that is just as long as its room, or returns `false` if it is empty or longer than any word.
#[inline(always)]
fn copy_short(to: &mut [u8], text: &[u8]) -> bool {
    // Two blocks that overlap take less than a call that copies any length.
    let len = text.len();
    if len < 4 {
        return copy_three(to, text);
    } else if len < 8 {
        copy_ends::<4>(to, text);
    } else if len <= 16 {
        copy_ends::<8>(to, text);
    } else if len <= 32 {
        copy_ends::<16>(to, text);
    } else if len <= 64 {
        copy_ends::<32>(to, text);
    } else {
        return false;
    }
    true
}

/// Copies text of one to three bytes, or returns `false` if there are none.
#[inline(always)]
fn copy_three(to: &mut [u8], text: &[u8]) -> bool {
    let Some(last) = text.len().checked_sub(1) else {
        return false;
    };
    for index in [0, text.len() / 2, last] {
        if let (Some(to), Some(byte)) = (to.get_mut(index), text.get(index)) {
            *to = *byte;
        }
    }
    true
}

/// Copies text of at least one block and at most two.
#[inline(always)]
fn copy_ends<const SIZE: usize>(to: &mut [u8], text: &[u8]) {
    if let (Some(first), Some(to)) = (text.first_chunk::<SIZE>(), to.first_chunk_mut()) {
        *to = *first;
    }
    if let (Some(last), Some(to)) = (text.last_chunk::<SIZE>(), to.last_chunk_mut()) {
        *to = *last;
    }
}

/// The same, and whether it is plain.
#[inline(always)]
fn copy_plain_ends<const SIZE: usize>(to: &mut [u8], text: &[u8]) -> bool {
    match (text.first_chunk::<SIZE>(), text.last_chunk::<SIZE>()) {
        (Some(first), Some(last)) => {
            copy_ends::<SIZE>(to, text);
            are_both_plain(first, last)
        }
        _ => false,
    }
}

/// The same for text of any length.
#[inline(never)]
fn copy_plain(to: &mut [u8], text: &[u8]) -> bool {
    let Some(last) = text.last_chunk::<16>() else {
        return copy_short(to, text) && is_plain(text);
    };
    let blocks = to.chunks_exact_mut(16).zip(text.chunks_exact(16));
    for (to, block) in blocks {
        to.copy_from_slice(block);
        if !block.first_chunk().is_some_and(are_plain) {
            return false;
        }
    }
    copy_ends::<16>(to.split_at_mut(text.len() - 16).1, last);
    are_plain(last)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// What a cursor over `room` bytes wrote, or none if it said that it did not.
    fn written(room: usize, write: impl FnOnce(&mut Cursor<'_>) -> bool) -> Option<Vec<u8>> {
        let mut bytes = vec![b'#'; room + 1];
        let mut cursor = Cursor::new(&mut bytes[..room]);
        let is_put = write(&mut cursor);
        let len = cursor.written();
        assert_eq!(bytes[room], b'#');
        is_put.then(|| bytes[..len].to_vec())
    }

    #[test]
    fn text_of_any_length_is_taken_whole_or_not_at_all() {
        let text: Vec<u8> = (0..90).map(|number| b'a' + number % 26).collect();
        for len in 0..text.len() {
            let text = &text[..len];
            for room in len.saturating_sub(3)..len + 70 {
                let expected = (len <= room).then(|| text.to_vec());
                let put = written(room, |cursor| cursor.put(text).is_ok());
                assert_eq!(put, expected, "{len} into {room}");
                let put = written(room, |cursor| cursor.put_plain(text));
                let plain = expected.clone().filter(|text| !text.is_empty());
                assert_eq!(put, plain, "plain {len} into {room}");
                let inline = Inline::<64>::new(text);
                let put = written(room, |cursor| cursor.put_inline(&inline).is_ok());
                assert_eq!(put, expected, "inline {len} into {room}");
                let put = written(room, |cursor| cursor.put_mark(text).is_ok());
                assert_eq!(put, expected, "mark {len} into {room}");
                let text = std::str::from_utf8(text).expect("it is ASCII");
                let put = written(room, |cursor| cursor.write_str(text).is_ok());
                assert_eq!(put, expected, "formatted {len} into {room}");
            }
        }
    }

    #[test]
    fn one_byte_that_is_not_plain_is_found_at_any_place_of_any_length() {
        for len in 1..70 {
            for place in 0..len {
                let mut text = vec![b'a'; len];
                text[place] = b':';
                let put = written(80, |cursor| cursor.put_plain(&text));
                assert_eq!(put, None, "{place} of {len}");
            }
        }
    }

    #[test]
    fn text_that_is_refused_leaves_the_cursor_where_it_was() {
        let mut room = [0; 64];
        let mut cursor = Cursor::new(&mut room);
        assert!(cursor.put_plain(b"a.name"));
        for text in [&b"a name"[..], &[b'a'; 59]] {
            assert!(!cursor.put_plain(text));
            assert_eq!(cursor.written(), 6);
        }
        assert!(cursor.put_plain(&[b'b'; 58]));
        assert_eq!(cursor.written(), 64);
    }
}
