//! Frames of a Unix stream, read as the Datadog agent reads them: each follows its length in four bytes, little-endian.
//!
//! The tests of the workspace include this file too.

/// Text of the first frame, with its padding, and the number of bytes that the frame takes. `None` if it is incomplete.
pub(crate) fn first(stream: &[u8]) -> Option<(&[u8], usize)> {
    let (header, rest) = stream.split_first_chunk()?;
    let len = usize::try_from(u32::from_le_bytes(*header)).ok()?;
    Some((rest.get(..len)?, header.len() + len))
}
