//! Cursor: buffer into which a line is written from its start.

use std::{fmt, mem};

use super::inline::Inline;
use super::{Unwritten, Written};

/// Write cursor over the room in a batch.
///
/// The buffer never grows: text that does not fit is [`Unwritten::Full`]. Short text is copied as a block of constant
/// size, so bytes after [`written`](Self::written) may be overwritten too.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    /// Room that is not written yet.
    left: &'a mut [u8],
    /// Size of the whole room in bytes.
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

    /// Number of bytes written.
    #[inline(always)]
    pub(crate) fn written(&self) -> usize {
        self.len - self.left.len()
    }

    /// Size of the whole room in bytes.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Number of bytes that can still be written.
    #[inline(always)]
    pub(super) fn room(&self) -> usize {
        self.left.len()
    }

    /// Takes the unwritten room out of the cursor.
    #[inline(always)]
    pub(super) fn take(&mut self) -> &'a mut [u8] {
        mem::take(&mut self.left)
    }

    /// Limits the room to `len` bytes.
    #[inline(always)]
    pub(super) fn limited(self, len: usize) -> Self {
        let len = len.min(self.left.len());
        Cursor::new(&mut self.left[..len])
    }

    /// Cursor over the same room, limited to `len` bytes. This cursor keeps its position.
    pub(super) fn limited_again(&mut self, len: usize) -> Cursor<'_> {
        Cursor::new(&mut *self.left).limited(len)
    }

    /// Lends the cursor to a function that is not inlined. A reference to the cursor itself would force it out of
    /// registers and into memory.
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

    /// Writes what `write` writes, as far as `check` tells, which gets the result of `write`, the room and the number of
    /// bytes. If one of them returns `None`, nothing is written.
    #[inline(always)]
    pub(super) fn attempt<T>(
        &mut self,
        write: impl FnOnce(&mut Cursor<'_>) -> Option<T>,
        check: impl FnOnce(T, &[u8], usize) -> Option<usize>,
    ) -> Option<()> {
        let room = self.take();
        let mut cursor = Cursor::new(room);
        let result = write(&mut cursor);
        let len = cursor.written();
        let len = result.and_then(|result| check(result, room, len));
        self.left = room.get_mut(len.unwrap_or(0)..)?;
        len.map(|_| ())
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

    /// Writes what `write` writes, followed by `suffix`. Room for `suffix` is reserved first.
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

    /// Writes structural characters. They are so few that a call to `memcpy` would cost more.
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
        // Most names have this length.
        if (16..=32).contains(&text.len()) {
            copy_ends::<16>(to, text);
        } else if !copy_short(to, text) {
            copy_long(to, text);
        }
        self.left = rest;
        Ok(())
    }

    /// Writes text of 1 to 64 bytes, which covers every word, and a mark after it. `None` if the text has another length,
    /// or does not fit.
    #[inline(always)]
    pub(super) fn put_word(&mut self, text: &[u8], mark: u8) -> Option<()> {
        let (to, rest) = self.take().split_at_mut_checked(text.len() + 1)?;
        let (after, to) = to.split_last_mut()?;
        *after = mark;
        self.left = rest;
        copy_short(to, text).then_some(())
    }

    /// Writes constant text, and a line feed after it that the next text overwrites.
    #[inline(always)]
    pub(super) fn put_inline<const SIZE: usize>(
        &mut self,
        text: &Inline<SIZE>,
    ) -> Result<(), Unwritten> {
        match self.put_block(text) {
            Some(()) => Ok(()),
            None => self.apart(|cursor| cursor.put_exactly(text.as_bytes())),
        }
    }

    /// Writes constant text as [`put_inline`](Self::put_inline) does. `None` if it is long, or the room is small.
    #[inline(always)]
    pub(super) fn put_block<const SIZE: usize>(&mut self, text: &Inline<SIZE>) -> Option<()> {
        let to = self.left.first_chunk_mut::<SIZE>()?;
        let len = text.inline_len();
        match to.first_chunk_mut() {
            // The unlock of the caller's mutex waits for all stores, so a short text is written by one.
            Some(to) if len < 16 => *to = *text.short(),
            _ => *to = *text.block(),
        }
        self.left = if len <= self.left.len() {
            &mut self.take()[len..]
        } else {
            return None;
        };
        Some(())
    }

    /// Next `SIZE` bytes, or `None` if the room is smaller.
    #[inline(always)]
    pub(super) fn block<const SIZE: usize>(&mut self) -> Option<&mut [u8; SIZE]> {
        self.left.first_chunk_mut()
    }

    /// Advances over bytes that were written as a block.
    #[inline(always)]
    pub(super) fn skip(&mut self, len: usize) -> Result<(), Unwritten> {
        self.left = self.take().get_mut(len..).ok_or(Unwritten::Full)?;
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn put_exactly(&mut self, text: &[u8]) -> Result<(), Unwritten> {
        self.put(text)?;
        self.end_line();
        Ok(())
    }

    /// Writes a line feed after the text, if there is room. It is not counted, and the next text overwrites it.
    #[inline(always)]
    pub(super) fn end_line(&mut self) {
        if let Some(next) = self.left.first_mut() {
            *next = b'\n';
        }
    }
}

impl fmt::Write for Cursor<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes()).map_err(|_| fmt::Error)
    }
}

/// Copies text into a slice of the same length. Returns `false` if the text is empty or longer than 64 bytes.
#[inline(always)]
fn copy_short(to: &mut [u8], text: &[u8]) -> bool {
    // Two overlapping blocks cost less than a call to `memcpy`.
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

/// Copies text of any length into a slice of the same length. Cold, so that short text does not pay for the call.
#[cold]
#[inline(never)]
fn copy_long(to: &mut [u8], text: &[u8]) {
    to.copy_from_slice(text);
}

/// Copies text of one to three bytes. Returns `false` if it is empty.
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

/// Copies text of one to two blocks, as two blocks that may overlap.
#[inline(always)]
fn copy_ends<const SIZE: usize>(to: &mut [u8], text: &[u8]) {
    if let (Some(first), Some(to)) = (text.first_chunk::<SIZE>(), to.first_chunk_mut()) {
        *to = *first;
    }
    if let (Some(last), Some(to)) = (text.last_chunk::<SIZE>(), to.last_chunk_mut()) {
        *to = *last;
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Bytes that a cursor over `room` bytes wrote, or `None` if `write` returned `false`.
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
                let put = written(room, |cursor| cursor.put_word(text, b'=').is_some());
                let word = ((1..=64).contains(&len) && len < room).then(|| [text, b"="].concat());
                assert_eq!(put, word, "word {len} into {room}");
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
}
