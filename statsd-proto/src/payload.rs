//! Lines packed into payloads: the only file that knows `\n`.
//!
//! A stream's payload is a run of lines, each with its line break. A datagram payload holds several
//! datagrams at equal distance, so that they can leave in one system call; in each the lines have a
//! line break between them, and what is left before the next datagram is filled with more, which
//! every server skips.

use bytes::{Bytes, BytesMut};

use crate::config::{Config, Transport};

/// How lines are laid out for a transport.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Framing {
    /// Datagrams of at most `size` bytes, in payloads of at most `capacity` bytes.
    Datagrams { size: usize, capacity: usize },
    /// One run of lines, cut into payloads of at most `capacity` bytes.
    Stream { capacity: usize },
}

impl Framing {
    pub(crate) fn new(config: &Config) -> Self {
        // Quarters, so that dropping the oldest payload never drops the whole queue.
        let most = config.max_queue_bytes / 4;
        if config.transport == Transport::Tcp {
            return Self::Stream {
                capacity: STREAM_PAYLOAD.min(most),
            };
        }
        let size = config.max_datagram;
        let count = (DATAGRAM_PAYLOAD.min(most) / size).max(1);
        Self::Datagrams {
            size,
            capacity: size * count,
        }
    }
}

/// Lines that are complete and wait to be sent, or are being sent.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    /// A stream's lines with their line breaks, or datagrams laid out back to back.
    pub(crate) data: Bytes,
    /// How far apart the datagrams are; none on a stream.
    pub(crate) segment: Option<usize>,
    /// How many lines `data` holds.
    pub(crate) lines: usize,
}

impl Payload {
    /// What is to be sent again after `written` bytes went out: from the start of the first line, or
    /// of the first datagram, that is not whole. None if everything went out.
    pub(crate) fn unfinished(&self, written: usize) -> Option<Self> {
        let start = match self.segment {
            Some(_) if written == self.data.len() => written,
            Some(segment) => written - written % segment,
            None => self.data[..written]
                .iter()
                .rposition(is_break)
                .map_or(0, |last| last + 1),
        };
        let data = self.data.slice(start..);
        let lines = count_lines(&data, self.segment);
        (!data.is_empty()).then_some(Self {
            data,
            segment: self.segment,
            lines,
        })
    }

    /// Gives up the first datagram. Returns how many lines it held.
    pub(crate) fn drop_first_datagram(&mut self) -> usize {
        let len = self.segment.unwrap_or(usize::MAX).min(self.data.len());
        let lines = count_lines(&self.data.split_to(len), self.segment);
        self.lines -= lines;
        lines
    }
}

/// How many lines are whole in `data`, which starts at the start of a datagram if it has any.
pub(crate) fn count_lines(data: &[u8], segment: Option<usize>) -> usize {
    match segment {
        None => data.iter().filter(|byte| is_break(byte)).count(),
        Some(segment) => data.chunks(segment).map(count_datagram_lines).sum(),
    }
}

/// A datagram without what fills it up.
pub(crate) fn trimmed(datagram: &[u8]) -> &[u8] {
    let end = datagram
        .iter()
        .rposition(|byte| !is_break(byte))
        .map_or(0, |last| last + 1);
    &datagram[..end]
}

/// One record being written: one line, or more that must stay together.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    buffer: &'a mut BytesMut,
    lines: usize,
}

impl Record<'_> {
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
}

/// The payload that records are being added to.
///
/// A record is drafted at its end first, so that its length is known, and committed or discarded then.
#[derive(Debug)]
pub(crate) struct Open {
    framing: Framing,
    buffer: BytesMut,
    /// Where the last datagram begins; on a stream always 0.
    datagram: usize,
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
    /// In a new datagram of the same payload, behind this much filling.
    NewDatagram { filling: usize },
    /// In a new payload.
    NewPayload,
}

impl Open {
    pub(crate) fn new(framing: Framing, pool: &mut Pool) -> Self {
        Self {
            framing,
            buffer: pool.take(),
            datagram: 0,
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
        let is_stream = matches!(self.framing, Framing::Stream { .. });
        if !is_stream && end > self.datagram {
            self.buffer.extend_from_slice(BREAK);
        }
        let start = self.buffer.len();
        let mut record = Record {
            buffer: &mut self.buffer,
            lines: 1,
        };
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
            Place::NewDatagram { filling } => draft.end + filling + draft.len,
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
            Place::NewDatagram { filling } => {
                let begin = draft.end + filling;
                let record = draft.start..draft.start + draft.len;
                let end = begin + draft.len;
                // Behind a datagram that is full to the byte, the record moves to the front.
                self.buffer.resize(end.max(self.buffer.len()), BREAK[0]);
                self.buffer.copy_within(record, begin);
                self.buffer.truncate(end);
                self.buffer[draft.end..begin].fill(BREAK[0]);
                self.datagram = begin;
            }
            Place::NewPayload => {
                let lines = std::mem::take(&mut self.lines);
                let mut full = std::mem::replace(&mut self.buffer, pool.take());
                self.buffer.extend_from_slice(&full[draft.start..]);
                full.truncate(draft.end);
                self.datagram = 0;
                complete(self.payload(full, lines));
            }
            Place::Alone => {
                let data = Bytes::copy_from_slice(&self.buffer[draft.start..]);
                self.buffer.truncate(draft.end);
                self.take(pool).into_iter().for_each(&mut complete);
                complete(Payload {
                    segment: Some(data.len()),
                    data,
                    lines: draft.lines,
                });
                return;
            }
        }
        self.lines += draft.lines;
    }

    /// Completes the payload, if there is anything in it, and opens another.
    pub(crate) fn take(&mut self, pool: &mut Pool) -> Option<Payload> {
        if self.buffer.is_empty() {
            return None;
        }
        let buffer = std::mem::replace(&mut self.buffer, pool.take());
        let lines = std::mem::take(&mut self.lines);
        self.datagram = 0;
        Some(self.payload(buffer, lines))
    }

    pub(crate) fn len(&self) -> usize {
        self.buffer.len()
    }

    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    fn payload(&self, buffer: BytesMut, lines: usize) -> Payload {
        let segment = match self.framing {
            Framing::Datagrams { size, .. } => Some(size),
            Framing::Stream { .. } => None,
        };
        Payload {
            data: buffer.freeze(),
            segment,
            lines,
        }
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
            Framing::Datagrams { size, capacity } => {
                let next = self.datagram + size;
                if len > size {
                    Place::Alone
                } else if self.buffer.len() <= next {
                    Place::Here
                } else if next + len <= capacity {
                    Place::NewDatagram {
                        filling: next - end,
                    }
                } else {
                    Place::NewPayload
                }
            }
        }
    }
}

/// Buffers that are used again, so that a steady flow allocates nothing.
#[derive(Debug)]
pub(crate) struct Pool {
    capacity: usize,
    free: Vec<BytesMut>,
}

impl Pool {
    pub(crate) fn new(framing: Framing) -> Self {
        // Behind a full payload there is room for the draft that turns out not to fit.
        let capacity = match framing {
            Framing::Datagrams { size, capacity } => capacity + size.max(DRAFT_ROOM),
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

const BREAK: &[u8] = b"\n";

/// A write of 16 KiB costs least per byte; larger ones gain nothing on loopback.
const STREAM_PAYLOAD: usize = 16 * 1024;

/// The longest line that servers take on a stream is 4095 bytes.
const DRAFT_ROOM: usize = 4096;

/// Several times what waits before the driver is woken.
const POOLED_BYTES: usize = 512 * 1024;

/// Linux takes at most 64 segments and 65,507 bytes in one call; half of that is a burst that a default
/// receive buffer (92 datagrams of 1400 bytes) takes twice.
const DATAGRAM_PAYLOAD: usize = 32 * 1432;

fn is_break(byte: &u8) -> bool {
    *byte == BREAK[0]
}

fn count_datagram_lines(datagram: &[u8]) -> usize {
    let lines = trimmed(datagram);
    if lines.is_empty() {
        0
    } else {
        lines.iter().filter(|byte| is_break(byte)).count() + 1
    }
}

#[cfg(test)]
mod tests;
