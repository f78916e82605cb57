//! Records of a batch, taken out: as a payload, or one by one.

use bytes::{Bytes, BytesMut};
use memchr::memchr;

use super::Batch;
use crate::encode::Written;
use crate::session::payload::{BREAK, Joins, Memory, Payload, Pool, is_break};

impl Batch {
    /// Takes all records as a payload that is sent at once. `None` if there are none.
    pub(crate) fn take(&mut self, pool: &mut Pool) -> Option<Payload> {
        self.take_as(pool, |bytes, len, _| freeze(bytes, len))
    }

    /// Takes all records as a payload that may be queued. A payload whose buffer exceeds its data by more than `waste`
    /// bytes is copied. `None` if there are no records.
    pub(crate) fn take_compact(&mut self, pool: &mut Pool, waste: usize) -> Option<Payload> {
        self.take_as(pool, |bytes, len, pool| {
            if bytes.len() - len <= waste {
                return freeze(bytes, len);
            }
            let data = Bytes::copy_from_slice(&bytes[..len]);
            pool.give_back(Memory { bytes, joins: None });
            (data, 0)
        })
    }

    fn take_as(
        &mut self,
        pool: &mut Pool,
        freeze: impl FnOnce(BytesMut, usize, &mut Pool) -> (Bytes, usize),
    ) -> Option<Payload> {
        let len = self.len();
        self.write_header();
        let batch = std::mem::replace(self, Self::new(self.framing));
        if batch.lines == 0 {
            pool.give_back(batch.into_memory());
            return None;
        }
        let (data, waste) = freeze(batch.bytes, len, pool);
        Some(Payload {
            data,
            waste,
            segment: batch.framing.segment(),
            header: batch.framing.header(),
            keeps_break: batch.framing.kept_break() == 1,
            is_stream: batch.framing.is_stream(),
            lines: batch.lines,
            joins: batch.joins,
        })
    }

    /// Passes each record to `take`, in order.
    pub(crate) fn for_each(&self, mut take: impl FnMut(&[u8], Written)) {
        let data = self.bytes.get(..self.len()).unwrap_or_default();
        let size = self.framing.segment().unwrap_or(usize::MAX);
        let mut start = 0;
        for segment in data.chunks(size) {
            let mut at = self.framing.header();
            while let Some((record, written)) = next_record(segment, &mut at, start, &self.joins) {
                take(record, written);
            }
            start += segment.len();
        }
    }

    /// Memory of a batch whose records were copied.
    pub(crate) fn into_memory(self) -> Memory {
        Memory {
            bytes: self.bytes,
            joins: self.joins.into_memory(),
        }
    }

    #[cfg(test)]
    pub(in crate::session::payload) fn memory(&self) -> *const u8 {
        self.bytes.as_ptr()
    }
}

/// First bytes of a batch's memory as data, and the number of bytes left over.
fn freeze(mut bytes: BytesMut, len: usize) -> (Bytes, usize) {
    let waste = bytes.len() - len;
    bytes.truncate(len);
    (bytes.freeze(), waste)
}

/// Record at index `at` of a datagram, frame or stream that begins at `start`, and its description.
fn next_record<'a>(
    segment: &'a [u8],
    at: &mut usize,
    start: usize,
    joins: &Joins,
) -> Option<(&'a [u8], Written)> {
    while segment.get(*at).is_some_and(is_break) {
        *at += 1;
    }
    let from = *at;
    let (mut lines, mut end) = (1, from);
    loop {
        let rest = segment.get(end..).filter(|rest| !rest.is_empty())?;
        end += memchr(BREAK[0], rest).unwrap_or(rest.len());
        if !joins.contains(start + end) {
            break;
        }
        lines += 1;
        end += 1;
    }
    *at = end;
    let record = &segment[from..end];
    let written = Written {
        lines,
        bytes: record.len(),
        name_len: 0,
        is_joined: lines > 1,
    };
    Some((record, written))
}
