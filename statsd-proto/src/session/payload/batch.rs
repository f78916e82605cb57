//! Batch: lines where they are recorded, in the layout in which they are sent.

mod reading;

use bytes::{Bytes, BytesMut};
use memchr::memchr;

use super::{BREAK, Framing, Joins, Memory, Payload, framed};
use crate::encode::{Cursor, Unwritten, Written};

/// Batch of records, and room for more.
///
/// A record that does not fit in the rest of its datagram or frame moves to the next one while it is written. A full
/// batch is therefore sent without copying.
#[derive(Debug)]
pub(crate) struct Batch {
    framing: Framing,
    /// Memory of the batch, empty until room is granted.
    bytes: BytesMut,
    joins: Joins,
    /// Index after the last record and its line feed, where the next record begins.
    end: usize,
    /// Last index at which a record in the current datagram or frame may end; on a stream, in the batch.
    segment_end: usize,
    /// Index of the first byte of the current datagram or frame; 0 on a stream.
    segment: usize,
    /// Number of bytes that may be used. The queue grants them within its own limit.
    granted_bytes: usize,
    lines: usize,
    /// Number of lines that the batch may hold.
    granted_lines: usize,
    /// Content of the batch when the queue last saw it.
    noted: Grant,
}

/// Amount of room, in bytes and lines.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Grant {
    pub(crate) bytes: usize,
    pub(crate) lines: usize,
}

/// Place for a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// In a datagram of its own, which is longer than the others.
    OwnDatagram,
    /// In this batch, which then holds `bytes` bytes.
    Here { bytes: usize },
    /// In a new batch, of which it takes `bytes` bytes.
    NewBatch { bytes: usize },
}

impl Batch {
    pub(crate) fn new(framing: Framing) -> Self {
        Self {
            framing,
            bytes: BytesMut::new(),
            joins: Joins::default(),
            end: 0,
            segment_end: 0,
            segment: 0,
            granted_bytes: 0,
            lines: 0,
            granted_lines: 0,
            noted: Grant::default(),
        }
    }

    /// Memory after the last record, which may be larger than the room granted. `None` if the batch has none.
    #[inline(always)]
    pub(crate) fn room(&mut self) -> Option<&mut [u8]> {
        self.bytes.get_mut(self.end..)
    }

    /// First `len` bytes of the [room](Self::room).
    #[inline(always)]
    pub(crate) fn name(&self, len: usize) -> Option<&[u8]> {
        self.bytes.get(self.end..)?.get(..len)
    }

    /// Adds a line of this length that was written into the [room](Self::room) with a line feed after it. Returns `false` if no room
    /// was granted for the line, or it belongs in another datagram; the batch is then unchanged.
    #[inline(always)]
    pub(crate) fn commit_line(&mut self, len: usize) -> bool {
        let next = self.end + len;
        // The room granted is smaller than the memory, so the line feed was written.
        if next > self.segment_end || self.lines >= self.granted_lines {
            return false;
        }
        self.end = next + 1;
        self.lines += 1;
        true
    }

    /// Copies several records after the others, with line feeds between them. Returns `false` if they do not fit in
    /// the current datagram; the batch is then unchanged.
    pub(crate) fn put_all(&mut self, records: &[u8], lines: usize) -> bool {
        let next = self.end + records.len();
        if next > self.segment_end || self.lines + lines > self.granted_lines {
            return false;
        }
        let Some([room @ .., end]) = self.bytes.get_mut(self.end..=next) else {
            return false;
        };
        room.copy_from_slice(records);
        *end = BREAK[0];
        self.end = next + 1;
        self.lines += lines;
        true
    }

    /// Whether the layout never splits a record: true on a stream.
    pub(crate) fn keeps_joined(&self) -> bool {
        self.framing.segment().is_none()
    }

    /// Writes a record after the others. `admit` gets the name of its first line, and may refuse the record.
    ///
    /// # Errors
    ///
    /// The batch has no memory or no room, or the record was refused. The batch is unchanged.
    pub(crate) fn write(
        &mut self,
        encode: &dyn Fn(Cursor<'_>) -> Result<Written, Unwritten>,
        admit: impl FnOnce(&[u8]) -> Result<(), Unwritten>,
    ) -> Result<(), Unwritten> {
        let end = self.end;
        let Some(room) = self.bytes.get_mut(end..self.granted_bytes) else {
            return Err(Unwritten::Full);
        };
        let written = encode(Cursor::new(room))?;
        admit(&self.bytes[end..end + written.name_len])?;
        self.place_written(written)
    }

    /// Moves a record that was just written to the next datagram if it does not fit in this one.
    fn place_written(&mut self, written: Written) -> Result<(), Unwritten> {
        let (from, len) = (self.end, written.bytes);
        if self.lines + written.lines > self.granted_lines {
            return Err(Unwritten::Full);
        }
        if from + len > self.segment_end {
            let Place::Here { bytes } = self.place(len) else {
                return Err(Unwritten::Full);
            };
            if bytes > self.granted_bytes {
                return Err(Unwritten::Full);
            }
            let next = self.segment + self.framing.segment().unwrap_or_default();
            self.bytes
                .copy_within(from..from + len, next + self.framing.header());
            self.next_segment();
        }
        self.commit(written);
        Ok(())
    }

    /// Adds a record for which [room was granted](Self::grant).
    pub(crate) fn put(&mut self, record: &[u8], written: Written) {
        if self.end + record.len() > self.segment_end {
            self.next_segment();
        }
        self.bytes[self.end..self.end + record.len()].copy_from_slice(record);
        self.commit(written);
    }

    /// Place for a record of this length.
    pub(crate) fn place(&self, len: usize) -> Place {
        let (end, kept) = (self.end + len, self.framing.kept_break());
        match self.framing {
            Framing::Stream { .. } if end + kept <= self.capacity() => {
                Place::Here { bytes: end + kept }
            }
            Framing::Stream { .. } => Place::NewBatch { bytes: len + kept },
            Framing::Datagrams { size, .. } | Framing::Frames { size, .. } => {
                let header = self.framing.header();
                let capacity = self.capacity().min(self.framing.capacity());
                let alone = header + len + kept;
                let first = if self.lines == 0 { header } else { self.end };
                let next = self.segment + size;
                if alone > size {
                    Place::OwnDatagram
                } else if first + len + kept <= next.min(capacity) {
                    Place::Here {
                        bytes: first + len + kept,
                    }
                } else if next + alone <= capacity {
                    Place::Here {
                        bytes: next + alone,
                    }
                } else {
                    Place::NewBatch { bytes: alone }
                }
            }
        }
    }

    /// Grants room to the batch.
    pub(crate) fn grant(&mut self, grant: Grant) {
        self.granted_bytes = grant.bytes;
        self.granted_lines = grant.lines;
        self.set_segment_end();
    }

    /// Total room granted to the batch.
    pub(crate) fn granted(&self) -> Grant {
        Grant {
            bytes: self.granted_bytes,
            lines: self.granted_lines,
        }
    }

    /// Returns the content that the queue last saw and the present content, and remembers the latter.
    pub(crate) fn note(&mut self) -> (Grant, Grant) {
        let known = self.noted;
        self.noted = Grant {
            bytes: self.len(),
            lines: self.lines,
        };
        (known, self.noted)
    }

    /// Size of the batch's memory in bytes.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.len().saturating_sub(SPARE)
    }

    /// Sets the batch's memory, which is one byte larger than the room that may be granted.
    pub(crate) fn open(&mut self, memory: Memory) {
        self.bytes = memory.bytes;
        self.joins = Joins::new(memory.joins);
        self.end = self.framing.header();
        self.segment = 0;
        self.set_segment_end();
    }

    /// Number of bytes written, including line feeds and padding.
    pub(crate) fn len(&self) -> usize {
        match self.lines {
            0 => 0,
            // A datagram that is full to the last byte has no line feed in it.
            _ => self.end - (1 - self.framing.kept_break()),
        }
    }

    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    /// Begins the next datagram or frame, and pads the one before with line feeds, which servers skip.
    fn next_segment(&mut self) {
        let Some(size) = self.framing.segment() else {
            return;
        };
        let next = self.segment + size;
        if let Some(rest) = self.bytes.get_mut(self.end..next) {
            rest.fill(BREAK[0]);
        }
        self.end = next;
        self.write_header();
        self.segment = next;
        self.end = next + self.framing.header();
        self.set_segment_end();
    }

    /// Counts a record that was written at the end.
    fn commit(&mut self, written: Written) {
        if written.is_joined {
            self.join(written);
        }
        self.end += written.bytes;
        self.bytes[self.end] = BREAK[0];
        self.end += 1;
        self.lines += written.lines;
    }

    /// Notes the line feeds at which the last record must not be split. A stream is never split at lines.
    #[cold]
    fn join(&mut self, written: Written) {
        if self.framing.segment().is_none() {
            return;
        }
        let record = &self.bytes[self.end..self.end + written.bytes];
        if let Some(at) = memchr(BREAK[0], record) {
            self.joins.push(self.end + at);
        }
    }

    fn set_segment_end(&mut self) {
        let size = self.framing.segment().unwrap_or(usize::MAX - self.segment);
        let end = self.granted_bytes.min(self.segment + size);
        self.segment_end = end.saturating_sub(self.framing.kept_break());
    }

    /// Writes the length field of a frame.
    fn write_header(&mut self) {
        let size = self.framing.segment().unwrap_or_default();
        let end = self.end.min(self.segment + size);
        let frame = self.bytes.get_mut(self.segment..end.max(self.segment));
        if let Framing::Frames { .. } = self.framing {
            set_frame_length(frame.unwrap_or_default());
        }
    }
}

/// Writes the length field at the start of a frame.
pub(super) fn set_frame_length(frame: &mut [u8]) {
    if let Some((length, lines)) = frame.split_first_chunk_mut() {
        let len = u32::try_from(lines.len()).expect("a frame is no longer than a datagram");
        *length = len.to_le_bytes();
    }
}

/// Datagram or frame with a single record, longer than the others.
pub(crate) fn alone(framing: Framing, record: &[u8], written: Written) -> Payload {
    let header = framing.header();
    let lines = [record, &BREAK[..framing.kept_break()]].concat();
    let data = if header > 0 { framed(&lines) } else { lines };
    let mut joins = Joins::default();
    if let Some(at) = memchr(BREAK[0], record).filter(|_| written.is_joined) {
        joins.push(header + at);
    }
    Payload {
        segment: Some(data.len()),
        header,
        keeps_break: framing.kept_break() == 1,
        is_stream: framing.is_stream(),
        lines: written.lines,
        joins,
        waste: 0,
        data: Bytes::from(data),
    }
}

/// Spare byte of a batch. The line feed after the last byte of a full datagram is written here, and never sent.
pub(crate) const SPARE: usize = 1;
