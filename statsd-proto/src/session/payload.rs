//! Packing of lines into payloads: the only module that writes `\n` between lines.
//!
//! A payload of a stream is a sequence of lines, each with a line feed. A payload of datagrams has several of them at
//! equal distances, so that one system call can send all. Lines in a datagram are separated by line feeds, and its end
//! is padded with further line feeds, which every server skips. Frames are laid out as datagrams are, each after its
//! length, and sent as a stream.
//!
//! Where the agent decides the type of a Unix socket, frames serve both types: as datagrams they are sent without their
//! length.

mod batch;
mod framing;
mod joins;
mod pool;

use std::ops::Range;

use bytes::Bytes;
use memchr::memchr_iter;

pub(crate) use batch::{Batch, Grant, Place, alone};
pub(crate) use framing::Framing;
pub(crate) use joins::Joins;
pub(crate) use pool::{Memory, Pool};

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
    /// Whether the payload is sent over a stream.
    pub(crate) is_stream: bool,
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
        self.segment.filter(|_| !self.is_stream)
    }

    /// Size of the largest datagram or frame, without its length field, or `None` for a stream of lines.
    pub(crate) fn max_datagram(&self) -> Option<usize> {
        self.segment.map(|segment| segment - self.header)
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
        let start = self.header;
        let head = self.datagram(start..start + fit + kept);
        let tail = self.datagram(start + (fit + BREAK.len()).min(len)..start + len);
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

    /// Lines of the first datagram or frame, without its padding.
    fn first_datagram(&self) -> &[u8] {
        let len = self.segment.unwrap_or(usize::MAX).min(self.data.len());
        trimmed(&self.data[self.header.min(len)..len], self.keeps_break)
    }

    /// Lines in this range as a datagram or frame of their own.
    fn datagram(&self, range: Range<usize>) -> Self {
        let lines = count_lines(&self.data[range.clone()]);
        let part = self.part(range.start - self.header..range.end, lines);
        let data = match self.header {
            0 => part.data,
            _ => framed(&self.data[range]).into(),
        };
        Self {
            segment: Some(data.len()),
            data,
            ..part
        }
    }

    /// End of each record in the lines of the first datagram, without its line feed.
    fn record_ends(&self, datagram: &[u8]) -> impl Iterator<Item = usize> {
        let text = trimmed(datagram, false);
        let ends = memchr_iter(BREAK[0], text);
        let ends = ends.filter(|at| !self.joins.contains(self.header + at));
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

/// Lines as a frame, after their length.
fn framed(lines: &[u8]) -> Vec<u8> {
    let mut frame = [&[0; FRAME_HEADER], lines].concat();
    batch::set_frame_length(&mut frame);
    frame
}

pub(crate) const BREAK: &[u8] = b"\n";

/// Size of a frame's length field: 32 bits in little-endian order, as the Datadog agent reads it.
const FRAME_HEADER: usize = size_of::<u32>();

/// Minimum size of a datagram in bytes. Every network carries it: IPv4 hosts accept 576 bytes with all headers.
const LEAST_DATAGRAM: usize = 512;

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
