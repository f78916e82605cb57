//! The payload that records are being added to, and the buffers it is made of.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::{BREAK, Framing, Payload, count_breaks, is_break};

/// One record being written: one line, or more that must stay together.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    buffer: &'a mut BytesMut,
    lines: usize,
}

impl<'a> Record<'a> {
    /// A record at the end of `buffer`.
    #[inline]
    pub(crate) fn new(buffer: &'a mut BytesMut) -> Self {
        Self { buffer, lines: 1 }
    }

    /// The line to append to.
    #[inline]
    pub(crate) fn line(&mut self) -> &mut BytesMut {
        self.buffer
    }

    /// Ends the line, for another one of the same record.
    pub(crate) fn end_line(&mut self) {
        self.buffer.extend_from_slice(BREAK);
        self.lines += 1;
    }

    /// Appends lines that have a line break between them.
    pub(crate) fn push_lines(&mut self, lines: &[u8]) {
        self.buffer.extend_from_slice(lines);
        self.lines += count_breaks(lines);
    }

    /// How many lines the record has.
    #[inline]
    pub(crate) fn lines(&self) -> usize {
        self.lines
    }
}

/// The payload that records are being added to.
///
/// A record is drafted at its end first, so that its length is known, and committed or discarded then.
#[derive(Debug)]
pub(crate) struct Open {
    framing: Framing,
    buffer: BytesMut,
    /// Where the last datagram or frame begins; on a stream always 0.
    segment: usize,
    lines: usize,
}

/// A record at the end of the open payload that is not yet part of it.
#[derive(Debug)]
pub(crate) struct Draft {
    /// Where the payload ended before.
    end: usize,
    /// Where the record begins, behind a line break if there is one.
    start: usize,
    /// How many bytes the record has.
    pub(crate) len: usize,
    /// How many lines the record has.
    pub(crate) lines: usize,
    place: Place,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// In a datagram that holds nothing else, longer than the usual size.
    Alone,
    /// Where it was drafted.
    Here,
    /// In a new datagram or frame of the same payload, which begins behind this much filling.
    NewSegment { filling: usize },
    /// In a new payload.
    NewPayload,
}

impl Open {
    pub(crate) fn new(framing: Framing, pool: &mut Pool) -> Self {
        Self {
            framing,
            buffer: pool.take(),
            segment: 0,
            lines: 0,
        }
    }

    /// Writes a record behind what is there. Nothing stays of one that fails.
    #[inline]
    pub(crate) fn draft<E>(
        &mut self,
        write: impl FnOnce(&mut Record<'_>) -> Result<(), E>,
    ) -> Result<Draft, E> {
        let end = self.buffer.len();
        let is_stream = self.framing.segment().is_none();
        if end == self.segment {
            self.push_header();
        } else if !is_stream {
            self.buffer.extend_from_slice(BREAK);
        }
        let start = self.buffer.len();
        let mut record = Record::new(&mut self.buffer);
        if let Err(error) = write(&mut record) {
            self.buffer.truncate(end);
            return Err(error);
        }
        let lines = record.lines;
        if is_stream {
            self.buffer.extend_from_slice(BREAK);
        }
        let len = self.buffer.len() - start;
        Ok(Draft {
            end,
            start,
            len,
            lines,
            place: self.place(end, len),
        })
    }

    /// How many bytes the payload has if the draft is committed to it.
    pub(crate) fn len_with(&self, draft: &Draft) -> usize {
        match draft.place {
            Place::Alone | Place::Here | Place::NewPayload => self.buffer.len(),
            Place::NewSegment { filling } => {
                draft.end + filling + self.framing.header() + draft.len
            }
        }
    }

    pub(crate) fn discard(&mut self, draft: &Draft) {
        self.buffer.truncate(draft.end);
    }

    /// Makes the draft part of the payload, or of a new one; what is complete goes to `complete`.
    #[inline]
    pub(crate) fn commit(
        &mut self,
        draft: &Draft,
        pool: &mut Pool,
        mut complete: impl FnMut(Payload),
    ) {
        match draft.place {
            Place::Here => {}
            Place::NewSegment { filling } => {
                let next = draft.end + filling;
                let begin = next + self.framing.header();
                let record = draft.start..draft.start + draft.len;
                let end = begin + draft.len;
                // Behind a datagram that is full to the byte, the record moves to the front.
                self.buffer.resize(end.max(self.buffer.len()), BREAK[0]);
                self.buffer.copy_within(record, begin);
                self.buffer.truncate(end);
                self.buffer[draft.end..next].fill(BREAK[0]);
                write_header(self.framing, &mut self.buffer[self.segment..next]);
                self.segment = next;
            }
            Place::NewPayload => {
                let lines = std::mem::take(&mut self.lines);
                let segment = std::mem::take(&mut self.segment);
                let mut full = std::mem::replace(&mut self.buffer, pool.take());
                self.push_header();
                self.buffer.extend_from_slice(&full[draft.start..]);
                full.truncate(draft.end);
                complete(payload(self.framing, full, segment, lines));
            }
            Place::Alone => {
                let data = Bytes::copy_from_slice(&self.buffer[draft.start..]);
                self.buffer.truncate(draft.end);
                self.take(pool).into_iter().for_each(&mut complete);
                complete(Payload {
                    segment: Some(data.len()),
                    header: 0,
                    data,
                    lines: draft.lines,
                });
                return;
            }
        }
        self.lines += draft.lines;
    }

    /// The longest part of a run of lines that has room where the payload ends, or in a datagram or
    /// frame of its own; without the line break at its end.
    pub(crate) fn next_piece<'a>(&self, run: &'a [u8]) -> &'a [u8] {
        let (here, anew) = match self.framing {
            Framing::Stream { capacity } => (
                capacity.saturating_sub(self.buffer.len() + BREAK.len()),
                capacity - BREAK.len(),
            ),
            Framing::Datagrams { size, .. } | Framing::Frames { size, .. } => {
                let used = match self.buffer.len() - self.segment {
                    0 => self.framing.header(),
                    used => used + BREAK.len(),
                };
                (size.saturating_sub(used), size - self.framing.header())
            }
        };
        let whole_lines = |room: usize| match run.get(..=room) {
            Some(part) => part.iter().rposition(is_break),
            None => Some(run.len() - BREAK.len()),
        };
        let end = whole_lines(here)
            .or_else(|| whole_lines(anew))
            .or_else(|| run.iter().position(is_break));
        &run[..end.expect("a run ends in a line break")]
    }

    /// Completes the payload, if there is anything in it, and opens another.
    pub(crate) fn take(&mut self, pool: &mut Pool) -> Option<Payload> {
        if self.buffer.is_empty() {
            return None;
        }
        let buffer = std::mem::replace(&mut self.buffer, pool.take());
        let lines = std::mem::take(&mut self.lines);
        let segment = std::mem::take(&mut self.segment);
        Some(payload(self.framing, buffer, segment, lines))
    }

    pub(crate) fn len(&self) -> usize {
        self.buffer.len()
    }

    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    /// Leaves room for a frame's length.
    fn push_header(&mut self) {
        self.buffer.put_bytes(0, self.framing.header());
    }

    /// Where a record of `len` bytes belongs that was drafted behind the first `end` bytes.
    #[inline]
    fn place(&self, end: usize, len: usize) -> Place {
        match self.framing {
            Framing::Stream { capacity } => {
                if end == 0 || self.buffer.len() <= capacity {
                    Place::Here
                } else {
                    Place::NewPayload
                }
            }
            Framing::Datagrams { size, capacity } | Framing::Frames { size, capacity } => {
                let header = self.framing.header();
                let next = self.segment + size;
                if header + len > size {
                    Place::Alone
                } else if self.buffer.len() <= next {
                    Place::Here
                } else if next + header + len <= capacity {
                    Place::NewSegment {
                        filling: next - end,
                    }
                } else {
                    Place::NewPayload
                }
            }
        }
    }
}

/// Completes a payload whose last datagram or frame begins at `segment`.
fn payload(framing: Framing, mut buffer: BytesMut, segment: usize, lines: usize) -> Payload {
    write_header(framing, &mut buffer[segment..]);
    Payload {
        data: buffer.freeze(),
        segment: framing.segment(),
        header: framing.header(),
        lines,
    }
}

/// Sets the length of a frame before its lines.
fn write_header(framing: Framing, frame: &mut [u8]) {
    let (header, lines) = frame.split_at_mut(framing.header());
    if !header.is_empty() {
        let len = u32::try_from(lines.len()).expect("a frame is no longer than a datagram");
        header.copy_from_slice(&len.to_le_bytes());
    }
}

/// Buffers that are used again, so that a steady flow allocates nothing.
#[derive(Debug)]
pub(crate) struct Pool {
    capacity: usize,
    pub(super) free: Vec<BytesMut>,
}

impl Pool {
    pub(crate) fn new(framing: Framing) -> Self {
        // Behind a full payload there is room for the draft that turns out not to fit.
        let capacity = match framing {
            Framing::Datagrams { size, capacity } | Framing::Frames { size, capacity } => {
                capacity + size.max(DRAFT_ROOM)
            }
            Framing::Stream { capacity } => capacity + DRAFT_ROOM,
        };
        let most = (POOLED_BYTES / capacity).max(2);
        Self {
            capacity,
            free: Vec::with_capacity(most),
        }
    }

    /// Keeps a payload's buffer, if nobody else holds a part of it.
    pub(crate) fn give(&mut self, data: Bytes) {
        if self.free.len() == self.free.capacity() {
            return;
        }
        if let Ok(mut buffer) = data.try_into_mut() {
            buffer.clear();
            if buffer.capacity() == self.capacity {
                self.free.push(buffer);
            }
        }
    }

    fn take(&mut self) -> BytesMut {
        self.free.pop().unwrap_or_else(|| {
            let mut buffer = BytesMut::with_capacity(self.capacity);
            // Splitting makes the buffer a shared one, which it stays: without this each payload
            // would allocate the count of its references.
            drop(buffer.split_to(0));
            buffer
        })
    }
}

/// The longest line that servers take on a stream is 4095 bytes.
const DRAFT_ROOM: usize = 4096;

/// Several times what waits before the driver is woken.
const POOLED_BYTES: usize = 512 * 1024;
