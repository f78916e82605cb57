//! The payload that records are being added to, and the buffers it is made of.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::{BREAK, Framing, Payload, is_break};

/// One record being written: one line, or more that must stay together.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    buffer: &'a mut Vec<u8>,
    lines: usize,
}

impl<'a> Record<'a> {
    /// A record at the end of `buffer`.
    #[inline]
    pub(crate) fn new(buffer: &'a mut Vec<u8>) -> Self {
        Self { buffer, lines: 1 }
    }

    /// The line to append to.
    #[inline]
    pub(crate) fn line(&mut self) -> &mut Vec<u8> {
        self.buffer
    }

    /// Ends the line, for another one of the same record.
    pub(crate) fn end_line(&mut self) {
        self.buffer.extend_from_slice(BREAK);
        self.lines += 1;
    }

    /// Takes the lines of another record, in place of any of its own.
    pub(crate) fn copy(&mut self, record: &[u8], lines: usize) {
        self.buffer.extend_from_slice(record);
        self.lines = lines;
    }

    /// How many lines the record has.
    #[inline]
    pub(crate) fn lines(&self) -> usize {
        self.lines
    }
}

/// The payload that records are being added to.
#[derive(Debug)]
pub(crate) struct Open {
    framing: Framing,
    buffer: BytesMut,
    /// Where the last datagram or frame begins; on a stream always 0.
    segment: usize,
    lines: usize,
}

/// Where a record belongs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// In a datagram that holds nothing else, longer than the usual size.
    Alone,
    /// Where the payload ends.
    Here,
    /// In a new payload.
    NewPayload,
    /// In a new datagram or frame of the same payload, which begins behind this much filling.
    NewSegment { filling: usize },
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

    /// Where a record of so many bytes belongs, and how many more bytes there are with it.
    #[inline]
    pub(crate) fn place(&self, len: usize) -> (Place, usize) {
        let end = self.buffer.len();
        let header = self.framing.header();
        match self.framing {
            Framing::Stream { capacity } => {
                let len = len + BREAK.len();
                if end + len <= capacity || end == 0 {
                    (Place::Here, len)
                } else {
                    (Place::NewPayload, len)
                }
            }
            Framing::Datagrams { size, capacity } | Framing::Frames { size, capacity } => {
                let before = if end == self.segment {
                    header
                } else {
                    BREAK.len()
                };
                let next = self.segment + size;
                if end + before + len <= next {
                    (Place::Here, before + len)
                } else if header + len > size {
                    (Place::Alone, len)
                } else if next + header + len <= capacity {
                    let filling = next - end;
                    (Place::NewSegment { filling }, filling + header + len)
                } else {
                    (Place::NewPayload, header + len)
                }
            }
        }
    }

    /// Puts a record there; what is complete then goes to `complete`.
    #[inline]
    pub(crate) fn put(
        &mut self,
        place: Place,
        record: &[u8],
        lines: usize,
        pool: &mut Pool,
        mut complete: impl FnMut(Payload),
    ) {
        match place {
            Place::Here => {}
            Place::NewSegment { filling } => {
                self.buffer.put_bytes(BREAK[0], filling);
                let next = self.buffer.len();
                write_header(self.framing, &mut self.buffer[self.segment..]);
                self.segment = next;
            }
            Place::NewPayload => self.take(pool).into_iter().for_each(&mut complete),
            Place::Alone => {
                self.take(pool).into_iter().for_each(&mut complete);
                return complete(Payload {
                    data: Bytes::copy_from_slice(record),
                    segment: Some(record.len()),
                    header: 0,
                    lines,
                });
            }
        }
        let is_stream = self.framing.segment().is_none();
        if self.buffer.len() == self.segment {
            // Leaves room for a frame's length.
            self.buffer.put_bytes(0, self.framing.header());
        } else if !is_stream {
            self.buffer.extend_from_slice(BREAK);
        }
        self.buffer.extend_from_slice(record);
        if is_stream {
            self.buffer.extend_from_slice(BREAK);
        }
        self.lines += lines;
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

    /// Makes the datagrams to come smaller. To be called while there is nothing in it.
    pub(crate) fn shrink(&mut self, size: usize) {
        self.framing = self.framing.shrunk(size);
    }

    pub(crate) fn len(&self) -> usize {
        self.buffer.len()
    }

    pub(crate) fn lines(&self) -> usize {
        self.lines
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

/// Buffers that are used again, so that a flow allocates nothing, however full the queue is.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Of each buffer.
    capacity: usize,
    /// How many are kept at the most.
    most: usize,
    pub(super) free: Vec<BytesMut>,
}

impl Pool {
    /// Buffers for a queue of so many bytes: all that it filled may come back.
    pub(crate) fn new(framing: Framing, max_bytes: usize) -> Self {
        let (Framing::Datagrams { capacity, .. }
        | Framing::Frames { capacity, .. }
        | Framing::Stream { capacity }) = framing;
        Self {
            capacity,
            most: (max_bytes / capacity).max(LEAST_KEPT),
            free: Vec::with_capacity(Self::kept(capacity)),
        }
    }

    /// How many buffers are kept for good.
    fn kept(capacity: usize) -> usize {
        (KEPT_BYTES / capacity).max(LEAST_KEPT)
    }

    /// Gives back to the allocator what only a full queue needed.
    pub(crate) fn trim(&mut self) {
        self.free.truncate(Self::kept(self.capacity));
    }

    /// Keeps a payload's buffer, if nobody else holds a part of it.
    pub(crate) fn give(&mut self, data: Bytes) {
        if self.free.len() >= self.most {
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

/// Several times what waits before the driver is woken.
const KEPT_BYTES: usize = 1024 * 1024;

/// One is filled while another leaves.
const LEAST_KEPT: usize = 2;
