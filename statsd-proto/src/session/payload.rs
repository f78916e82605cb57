//! Lines packed into payloads: the only module that knows `\n`.
//!
//! A stream's payload is a run of lines, each with its line break. A datagram payload holds several
//! datagrams at equal distance, so that they can leave in one system call; in each the lines have a
//! line break between them, and what is left before the next datagram is filled with more, which
//! every server skips. Frames are laid out as datagrams are, each behind its length, and sent as a stream.

mod batch;
mod joins;
mod pool;

use std::ops::Range;

use bytes::Bytes;
use memchr::memchr_iter;

use crate::config::{Config, Transport};
use crate::encode::dialect::Dialect;
pub(crate) use batch::{Batch, Grant, Place, alone};
pub(crate) use joins::Joins;
pub(crate) use pool::{Memory, Pool};

/// How lines are laid out for a transport.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Framing {
    /// Datagrams of at most `size` bytes, in payloads of at most `capacity` bytes. Whether each ends in a line break
    /// depends on the server.
    Datagrams {
        size: usize,
        capacity: usize,
        ends_lines: bool,
    },
    /// Frames of at most `size` bytes with their length, in payloads of at most `capacity` bytes.
    Frames { size: usize, capacity: usize },
    /// One run of lines, cut into payloads of at most `capacity` bytes.
    Stream { capacity: usize },
}

impl Framing {
    pub(crate) fn new(config: &Config) -> Self {
        // Quarters, so that dropping the oldest payload never drops the whole queue.
        let most = config.max_queue_bytes / 4;
        let capacity = STREAM_PAYLOAD.min(most);
        let size = config.datagram_limit();
        let whole = |most: usize, size: usize| size * (most / size).max(1);
        match (config.effective_transport(), config.dialect) {
            (Transport::UnixStream, Dialect::DogStatsd) => {
                let size = size + FRAME_HEADER;
                Self::Frames {
                    size,
                    capacity: whole(capacity, size),
                }
            }
            (Transport::Tcp | Transport::UnixStream, _) => Self::Stream { capacity },
            (Transport::Udp | Transport::UnixDatagram, dialect) => Self::Datagrams {
                size,
                capacity: whole(DATAGRAM_PAYLOAD.min(most).min(MAX_SEGMENTS * size), size),
                ends_lines: dialect == Dialect::DogStatsd,
            },
        }
    }

    /// The same with datagrams of at most `size` bytes, in payloads that are no larger.
    pub(crate) fn shrunk(self, size: usize) -> Self {
        match self {
            Self::Datagrams {
                capacity,
                ends_lines,
                ..
            } => Self::Datagrams {
                size,
                capacity: capacity.min(MAX_SEGMENTS * size) / size * size,
                ends_lines,
            },
            Self::Frames { .. } | Self::Stream { .. } => self,
        }
    }

    /// How many bytes stand before the lines of a frame.
    fn header(self) -> usize {
        match self {
            Self::Frames { .. } => FRAME_HEADER,
            Self::Datagrams { .. } | Self::Stream { .. } => 0,
        }
    }

    /// Bytes of a payload.
    pub(crate) fn capacity(self) -> usize {
        match self {
            Self::Datagrams { capacity, .. }
            | Self::Frames { capacity, .. }
            | Self::Stream { capacity } => capacity,
        }
    }

    /// Maximum number of inlets, a power of two: together they take a quarter of the queue at most.
    pub(crate) fn most_inlets(self, max_bytes: usize) -> usize {
        1 << (max_bytes / 4 / self.capacity()).max(1).ilog2()
    }

    /// How many line breaks the last record of a payload, a datagram or a frame leaves with: one or none.
    fn kept_break(self) -> usize {
        match self {
            Self::Datagrams { ends_lines, .. } => usize::from(ends_lines),
            Self::Frames { .. } | Self::Stream { .. } => 1,
        }
    }

    /// How far apart datagrams or frames are; none on a stream.
    pub(crate) fn segment(self) -> Option<usize> {
        match self {
            Self::Datagrams { size, .. } | Self::Frames { size, .. } => Some(size),
            Self::Stream { .. } => None,
        }
    }
}

/// Lines that are complete and wait to be sent, or are being sent.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    /// A stream's lines with their line breaks, or datagrams or frames back to back.
    pub(crate) data: Bytes,
    /// How far apart the datagrams or frames are; none on a stream.
    pub(crate) segment: Option<usize>,
    /// How many bytes stand before the lines of each of them.
    pub(crate) header: usize,
    /// Whether the last line of each datagram or frame ends in a line break too.
    pub(crate) keeps_break: bool,
    /// How many lines `data` holds.
    pub(crate) lines: usize,
    /// Line breaks within a record whose lines make no sense apart.
    pub(crate) joins: Joins,
    /// Bytes of memory that it holds beside its data.
    pub(crate) waste: usize,
}

impl Payload {
    /// How far apart the datagrams are; none on a stream, of frames or of lines.
    pub(crate) fn datagram_size(&self) -> Option<usize> {
        self.segment.filter(|_| self.header == 0)
    }

    /// How many datagrams there are; of a stream it is one payload.
    pub(crate) fn count(&self) -> usize {
        self.count_datagrams(self.data.len())
    }

    /// How many datagrams so many bytes are; of a stream it is one write.
    pub(crate) fn count_datagrams(&self, bytes: usize) -> usize {
        let size = self.datagram_size();
        size.map_or(1, |size| bytes.div_ceil(size))
    }

    /// What is to be sent again after `written` bytes went out. `None` if everything went out.
    pub(crate) fn unfinished(&self, written: usize) -> Option<Self> {
        let start = self.unfinished_at(written);
        let lines = self.count_lines(start..self.data.len());
        (start < self.data.len()).then(|| self.part(start..self.data.len(), lines))
    }

    /// A part that begins and ends with a record.
    pub(crate) fn part(&self, range: Range<usize>, lines: usize) -> Self {
        Self {
            joins: self.joins.from(range.start),
            data: self.data.slice(range),
            lines,
            waste: 0,
            ..*self
        }
    }

    /// Where the first line, datagram or frame begins that is not whole after `written` bytes went out.
    pub(crate) fn unfinished_at(&self, written: usize) -> usize {
        match self.segment {
            Some(segment) => self.whole(written, segment),
            None => self.data[..written]
                .iter()
                .rposition(is_break)
                .map_or(0, |last| last + 1),
        }
    }

    /// How many lines have become whole by the writing of these bytes.
    pub(crate) fn count_lines(&self, written: Range<usize>) -> usize {
        match self.segment {
            None => count_breaks(&self.data[written]),
            Some(segment) => {
                let whole = self.whole(written.start, segment)..self.whole(written.end, segment);
                let segments = self.data[whole].chunks(segment);
                segments.map(|data| count_lines(&data[self.header..])).sum()
            }
        }
    }

    /// Half the size of the first datagram, if its records would fit in smaller ones.
    pub(crate) fn smaller_datagram(&self) -> Option<usize> {
        let first = self.first_datagram();
        let is_record = self.record_ends(first).nth(1).is_none();
        (!is_record && first.len() > LEAST_DATAGRAM).then(|| (first.len() / 2).max(LEAST_DATAGRAM))
    }

    /// Splits off what fits in one datagram of `size` bytes, or the first record if that is longer.
    /// Returns it, and the rest: of the first datagram, and of the payload.
    pub(crate) fn split(mut self, size: usize) -> [Option<Self>; 3] {
        let first = self.first_datagram();
        let len = first.len();
        let kept = usize::from(self.keeps_break);
        let fit = self
            .record_ends(first)
            .take_while(|end| *end + kept <= size)
            .last()
            .or_else(|| self.record_ends(first).next())
            .unwrap_or_default();
        let head = self.datagram(0..fit + kept);
        let tail = self.datagram((fit + BREAK.len()).min(len)..len);
        self.drop_first_datagram();
        [head, tail, self].map(|part| (part.lines > 0).then_some(part))
    }

    /// Gives up the first datagram. Returns how many lines it held.
    pub(crate) fn drop_first_datagram(&mut self) -> usize {
        let len = self.segment.unwrap_or(usize::MAX).min(self.data.len());
        let lines = self.count_lines(0..len);
        *self = self.part(len..self.data.len(), self.lines - lines);
        lines
    }

    /// The first datagram without its padding.
    fn first_datagram(&self) -> &[u8] {
        let len = self.segment.unwrap_or(usize::MAX).min(self.data.len());
        trimmed(&self.data[..len], self.keeps_break)
    }

    /// A part as a datagram of its own.
    fn datagram(&self, range: Range<usize>) -> Self {
        let lines = count_lines(&self.data[range.clone()]);
        Self {
            segment: Some(range.len()),
            header: 0,
            ..self.part(range, lines)
        }
    }

    /// Where the records of the first datagram end, each without its line break.
    fn record_ends(&self, datagram: &[u8]) -> impl Iterator<Item = usize> {
        let text = trimmed(datagram, false);
        let ends = memchr_iter(BREAK[0], text).filter(|at| !self.joins.contains(*at));
        ends.chain((!text.is_empty()).then_some(text.len()))
    }

    /// Where the last segment ends that is whole after `written` bytes; the last of all may be short.
    pub(crate) fn whole(&self, written: usize, segment: usize) -> usize {
        if written == self.data.len() {
            written
        } else {
            written - written % segment
        }
    }
}

/// A datagram without its padding, of which one line break may belong to the last line.
pub(crate) fn trimmed(datagram: &[u8], keeps_break: bool) -> &[u8] {
    let end = datagram
        .iter()
        .rposition(|byte| !is_break(byte))
        .map_or(0, |last| last + 1 + usize::from(keeps_break));
    datagram.get(..end).unwrap_or(datagram)
}

/// The text of each frame, without its length and what fills it up.
pub(crate) fn frames(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (header, rest) = data.split_first_chunk::<FRAME_HEADER>()?;
        let (frame, rest) = rest.split_at_checked(u32::from_le_bytes(*header) as usize)?;
        data = rest;
        Some(trimmed(frame, false))
    })
}

pub(crate) const BREAK: &[u8] = b"\n";

/// The length of a frame, as the Datadog agent has it: 32 bits, the lowest first.
const FRAME_HEADER: usize = size_of::<u32>();

/// Four times as much would save an eighth of the processor's time, and cost a server that is killed so much
/// more of what its kernel has.
const STREAM_PAYLOAD: usize = 16 * 1024;

/// Linux takes at most 65,507 bytes in one call; this is a burst of full datagrams that a default receive
/// buffer (92 of 1400 bytes) takes twice.
const DATAGRAM_PAYLOAD: usize = 32 * 1432;

/// Every network carries this much: IPv4 hosts take 576 bytes with all headers.
const LEAST_DATAGRAM: usize = 512;

/// How many datagrams Linux cuts apart that came in one call; since 6.9 it would do 128.
const MAX_SEGMENTS: usize = 64;

fn is_break(byte: &u8) -> bool {
    *byte == BREAK[0]
}

pub(crate) fn count_breaks(lines: &[u8]) -> usize {
    memchr_iter(BREAK[0], lines).count()
}

/// How many lines a datagram or a frame holds.
fn count_lines(segment: &[u8]) -> usize {
    let lines = trimmed(segment, false);
    if lines.is_empty() {
        0
    } else {
        count_breaks(lines) + 1
    }
}

#[cfg(test)]
mod tests;
