//! What came in one piece: a connection's bytes, or a datagram.

use std::fmt;

/// What a connection brought, or a datagram.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Piece {
    /// The bytes as they came.
    pub bytes: Vec<u8>,
    pub(crate) is_stream: bool,
}

impl Piece {
    /// The whole lines: on a stream, what has no line break is torn.
    pub fn lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let whole = match text.rfind('\n') {
            Some(last) if self.is_stream => &text[..last],
            None if self.is_stream => return Vec::new(),
            Some(_) | None => &text,
        };
        whole.split('\n').map(str::to_owned).collect()
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.bytes))
    }
}
