//! Layout of lines in the bytes that a client sends.

#[path = "../../statsd-proto/tests/simulation/frame.rs"]
mod frame;

use statsd_proto::{Dialect, Transport};

/// Layout of lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a test that forgets one must not compile"
)]
pub enum Layout {
    /// Line feeds between the lines, and perhaps more of them at the end of a datagram.
    Datagrams,
    /// Layout of a datagram in each frame, which follows its length.
    Frames,
    /// Line feed after each line.
    Lines,
}

impl Layout {
    /// Layout for the servers of a dialect.
    ///
    /// # Panics
    ///
    /// If the transport is a new one.
    pub fn of(transport: Transport, dialect: Dialect) -> Self {
        match transport {
            Transport::CustomDatagram | Transport::Udp | Transport::UnixDatagram => Self::Datagrams,
            Transport::UnixStream if dialect == Dialect::DogStatsd => Self::Frames,
            Transport::CustomStream | Transport::Tcp | Transport::UnixStream => Self::Lines,
            _ => panic!("{transport:?} has no layout yet"),
        }
    }

    /// First complete datagram, frame or line without what surrounds it, and the number of bytes with that.
    pub(crate) fn first(self, bytes: &[u8]) -> Option<(&[u8], usize)> {
        match self {
            Self::Datagrams if bytes.is_empty() => None,
            Self::Datagrams => Some((bytes, bytes.len())),
            Self::Frames => frame::first(bytes),
            Self::Lines => {
                let len = bytes.iter().position(|&byte| byte == b'\n')?;
                Some((&bytes[..len], len + 1))
            }
        }
    }

    /// Lines of a complete datagram, frame or line. Servers skip the padding of datagrams and frames.
    pub(crate) fn lines(self, text: &[u8]) -> impl Iterator<Item = &[u8]> {
        text.split(|&byte| byte == b'\n')
            .filter(move |line| self == Self::Lines || !line.is_empty())
    }

    /// Removes the complete lines from the start of a stream, or all lines of one datagram.
    ///
    /// # Panics
    ///
    /// If they are not text, or if a datagram or a frame has an empty line before its padding, or nothing else.
    pub fn take_lines(self, bytes: &mut Vec<u8>) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some((text, len)) = self.first(bytes) {
            let text = std::str::from_utf8(text).expect("lines are text");
            let trimmed = text.trim_end_matches('\n');
            let first = lines.len();
            lines.extend(trimmed.split('\n').map(str::to_owned));
            let is_valid =
                self == Self::Lines || lines[first..].iter().all(|line| !line.is_empty());
            assert!(is_valid, "an empty line in {text:?}");
            bytes.drain(..len);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_complete_when_all_its_bytes_are_there() {
        let bytes = b"\x03\0\0\0a\nb\x02\0\0\0c";
        assert_eq!(Layout::Frames.first(bytes), Some((&b"a\nb"[..], 7)));
        for torn in 7..bytes.len() {
            assert_eq!(Layout::Frames.first(&bytes[7..torn]), None, "{torn}");
        }
        assert_eq!(Layout::Frames.lines(b"a\nb\n\n").count(), 2);
        let mut stream = bytes.to_vec();
        assert_eq!(Layout::Frames.take_lines(&mut stream), ["a", "b"]);
        assert_eq!(stream, b"\x02\0\0\0c");
    }

    #[test]
    fn a_line_is_complete_at_its_line_feed() {
        assert_eq!(Layout::Lines.first(b"a\n\nb"), Some((&b"a"[..], 2)));
        assert_eq!(Layout::Lines.first(b"\nb"), Some((&b""[..], 1)));
        assert_eq!(Layout::Lines.first(b"b"), None);
        // No client records an empty line, so it must be seen.
        assert_eq!(Layout::Lines.lines(b"").count(), 1);
    }
}
