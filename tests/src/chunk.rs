//! Received chunk: the bytes of a connection, or a datagram.

use std::fmt;
use std::iter;

use crate::layout::Layout;

/// Bytes of a connection, or a datagram.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Chunk {
    /// The bytes as they came.
    pub bytes: Vec<u8>,
    pub(crate) layout: Layout,
}

impl Chunk {
    /// The whole lines.
    pub fn lines(&self) -> Vec<String> {
        let lines = self.wholes().flat_map(|text| self.layout.lines(text));
        lines
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect()
    }

    /// The datagram, or the frames or lines of a stream that are whole, without what is around them.
    pub fn wholes(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.bytes[..];
        iter::from_fn(move || {
            let (text, len) = self.layout.first(rest)?;
            rest = &rest[len..];
            Some(text)
        })
    }

    /// Whether a stream ended within a line or a frame.
    pub fn is_torn(&self) -> bool {
        let mut rest = &self.bytes[..];
        while let Some((_, len)) = self.layout.first(rest) {
            rest = &rest[len..];
        }
        !rest.is_empty()
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.bytes))
    }
}
