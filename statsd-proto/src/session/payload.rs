//! Packing of lines into payloads: the only module that writes `\n` between lines.
//!
//! A payload of a stream is a sequence of lines, each with a line feed. A payload of datagrams has several of them at
//! equal distances, so that one system call can send all. Lines in a datagram are separated by line feeds, and its end
//! is padded with further line feeds, which every server skips. Frames are laid out as datagrams are, each after its
//! length, and sent as a stream.

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

/// Layout of lines for a transport.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Framing {
    /// Datagrams of at most `size` bytes, in payloads of at most `capacity` bytes. Some servers need a line feed at
    /// the end of each.
    Datagrams {
        size: usize,
        capacity: usize,
        ends_lines: bool,
    },
    /// Frames of at most `size` bytes including their length field, in payloads of at most `capacity` bytes.
    Frames { size: usize, capacity: usize },
    /// Lines without boundaries, in payloads of at most `capacity` bytes.
    Stream { capacity: usize },
}

impl Framing {
    pub(crate) fn new(config: &Config) -> Self {
        // A quarter of the queue at most: [`DropOldest`](crate::Overflow::DropOldest) drops a payload, and must never
        // drop the whole queue.
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

    /// Layout with datagrams of at most `size` bytes, in payloads that are no larger than before.
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

    /// Number of bytes before the lines of a frame.
    pub(crate) fn header(self) -> usize {
        match self {
            Self::Frames { .. } => FRAME_HEADER,
            Self::Datagrams { .. } | Self::Stream { .. } => 0,
        }
    }

    /// Maximum size of a payload in bytes.
    pub(crate) fn capacity(self) -> usize {
        match self {
            Self::Datagrams { capacity, .. }
            | Self::Frames { capacity, .. }
            | Self::Stream { capacity } => capacity,
        }
    }

    /// Maximum number of inlets, a power of two. Their batches take a quarter of the queue at most.
    pub(crate) fn max_inlets(self, max_bytes: usize) -> usize {
        1 << (max_bytes / 4 / self.capacity()).max(1).ilog2()
    }

    /// Number of line feeds that are sent after the last record of a payload, a datagram or a frame: 0 or 1.
    fn kept_break(self) -> usize {
        match self {
            Self::Datagrams { ends_lines, .. } => usize::from(ends_lines),
            Self::Frames { .. } | Self::Stream { .. } => 1,
        }
    }

    /// Distance between the starts of two datagrams or frames, or `None` on a stream of lines.
    pub(crate) fn segment(self) -> Option<usize> {
        match self {
            Self::Datagrams { size, .. } | Self::Frames { size, .. } => Some(size),
            Self::Stream { .. } => None,
        }
    }
}

/// Complete lines that are queued or being sent.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    /// Lines of a stream with their line feeds, or datagrams or frames back to back.
    pub(crate) data: Bytes,
    /// Distance between the starts of two datagrams or frames, or `None` on a stream of lines.
    pub(crate) segment: Option<usize>,
    /// Number of bytes before the lines of each datagram or frame.
    pub(crate) header: usize,
    /// Whether the last line of each datagram or frame ends in a line feed too.
    pub(crate) keeps_break: bool,
    /// Number of lines in `data`.
    pub(crate) lines: usize,
    /// Line feeds at which a record must not be split.
    pub(crate) joins: Joins,
    /// Memory of the buffer beyond `data`, in bytes.
    pub(crate) waste: usize,
}

impl Payload {
    /// Distance between the starts of two datagrams, or `None` on a stream, of frames or of lines.
    pub(crate) fn datagram_size(&self) -> Option<usize> {
        self.segment.filter(|_| self.header == 0)
    }

    /// Number of datagrams. A stream's payload counts as one.
    pub(crate) fn count(&self) -> usize {
        self.count_datagrams(self.data.len())
    }

    /// Number of datagrams in this many bytes. A stream's write counts as one.
    pub(crate) fn count_datagrams(&self, bytes: usize) -> usize {
        let size = self.datagram_size();
        size.map_or(1, |size| bytes.div_ceil(size))
    }

    /// Part to send after `written` bytes were sent, from the start of a line, datagram or frame. `None` if everything
    /// was sent.
    pub(crate) fn unfinished(&self, written: usize) -> Option<Self> {
        let start = self.unfinished_at(written);
        let lines = self.count_lines(start..self.data.len());
        (start < self.data.len()).then(|| self.part(start..self.data.len(), lines))
    }

    /// Part of the payload that begins and ends at record boundaries.
    pub(crate) fn part(&self, range: Range<usize>, lines: usize) -> Self {
        Self {
            joins: self.joins.from(range.start),
            data: self.data.slice(range),
            lines,
            waste: 0,
            ..*self
        }
    }

    /// Start of the first line, datagram or frame that is not complete in the first `written` bytes.
    pub(crate) fn unfinished_at(&self, written: usize) -> usize {
        match self.segment {
            Some(segment) => self.whole(written, segment),
            None => self.data[..written]
                .iter()
                .rposition(is_break)
                .map_or(0, |last| last + 1),
        }
    }

    /// Number of lines that this write completed.
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

    /// Half the size of the first datagram, or `None` if a single record fills it.
    pub(crate) fn smaller_datagram(&self) -> Option<usize> {
        let first = self.first_datagram();
        let is_record = self.record_ends(first).nth(1).is_none();
        (!is_record && first.len() > LEAST_DATAGRAM).then(|| (first.len() / 2).max(LEAST_DATAGRAM))
    }

    /// Splits off the records that fit in a datagram of `size` bytes, or the first record if it is longer. Returns
    /// them, the rest of the first datagram, and the rest of the payload.
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

    /// Drops the first datagram. Returns its number of lines.
    pub(crate) fn drop_first_datagram(&mut self) -> usize {
        let len = self.segment.unwrap_or(usize::MAX).min(self.data.len());
        let lines = self.count_lines(0..len);
        *self = self.part(len..self.data.len(), self.lines - lines);
        lines
    }

    /// First datagram without its padding.
    fn first_datagram(&self) -> &[u8] {
        let len = self.segment.unwrap_or(usize::MAX).min(self.data.len());
        trimmed(&self.data[..len], self.keeps_break)
    }

    /// Part of the payload as a datagram of its own.
    fn datagram(&self, range: Range<usize>) -> Self {
        let lines = count_lines(&self.data[range.clone()]);
        Self {
            segment: Some(range.len()),
            header: 0,
            ..self.part(range, lines)
        }
    }

    /// End of each record in the first datagram, without its line feed.
    fn record_ends(&self, datagram: &[u8]) -> impl Iterator<Item = usize> {
        let text = trimmed(datagram, false);
        let ends = memchr_iter(BREAK[0], text).filter(|at| !self.joins.contains(*at));
        ends.chain((!text.is_empty()).then_some(text.len()))
    }

    /// Number of bytes of the segments that are complete in the first `written` bytes. The last segment may be short.
    pub(crate) fn whole(&self, written: usize, segment: usize) -> usize {
        if written == self.data.len() {
            written
        } else {
            written - written % segment
        }
    }
}

/// Datagram without its padding. With `keeps_break`, one line feed belongs to the last line.
pub(crate) fn trimmed(datagram: &[u8], keeps_break: bool) -> &[u8] {
    let end = datagram
        .iter()
        .rposition(|byte| !is_break(byte))
        .map_or(0, |last| last + 1 + usize::from(keeps_break));
    datagram.get(..end).unwrap_or(datagram)
}

/// Text of each frame, with one line feed, and without its length field and padding.
pub(crate) fn frames(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (header, rest) = data.split_first_chunk::<FRAME_HEADER>()?;
        let (frame, rest) = rest.split_at_checked(u32::from_le_bytes(*header) as usize)?;
        data = rest;
        Some(trimmed(frame, true))
    })
}

pub(crate) const BREAK: &[u8] = b"\n";

/// Size of a frame's length field: 32 bits in little-endian order, as the Datadog agent reads it.
const FRAME_HEADER: usize = size_of::<u32>();

/// Maximum payload of a stream in bytes. Four times as much would save an eighth of the CPU time, and a server that is
/// killed would lose as much more from its kernel's buffer.
const STREAM_PAYLOAD: usize = 16 * 1024;

/// Maximum payload of datagrams in bytes: 32 full datagrams. Linux accepts at most 65,507 bytes in a call. A default
/// receive buffer holds 92 datagrams of 1400 bytes, and so two such bursts.
const DATAGRAM_PAYLOAD: usize = 32 * 1432;

/// Minimum size of a datagram in bytes. Every network carries it: IPv4 hosts accept 576 bytes with all headers.
const LEAST_DATAGRAM: usize = 512;

/// Maximum number of datagrams that Linux splits from one call (`UDP_MAX_SEGMENTS`; 128 since 6.9).
const MAX_SEGMENTS: usize = 64;

fn is_break(byte: &u8) -> bool {
    *byte == BREAK[0]
}

pub(crate) fn count_breaks(lines: &[u8]) -> usize {
    memchr_iter(BREAK[0], lines).count()
}

/// Number of lines in a datagram or a frame.
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
