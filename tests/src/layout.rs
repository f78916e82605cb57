//! Finding lines in bytes.

use crate::carrier::Carrier;

/// How lines are told from each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Layout {
    /// Line breaks stand between them.
    Datagram,
    /// As in a datagram, behind the length in four bytes, the lowest first.
    Frames,
    /// A line break stands behind each.
    Lines,
}

impl Layout {
    pub(crate) fn new(carrier: Carrier) -> Self {
        match carrier {
            Carrier::Tcp | Carrier::UnixStream => Self::Lines,
            Carrier::Udp | Carrier::UnixDatagram => Self::Datagram,
            Carrier::UnixFrames => Self::Frames,
        }
    }

    /// The first datagram, frame or line that is whole, without what is around it, and how many bytes
    /// it has with that.
    pub(crate) fn first(self, bytes: &[u8]) -> Option<(&[u8], usize)> {
        match self {
            Self::Datagram if bytes.is_empty() => None,
            Self::Datagram => Some((bytes, bytes.len())),
            Self::Frames => {
                let (header, rest) = bytes.split_first_chunk()?;
                let len = usize::try_from(u32::from_le_bytes(*header)).ok()?;
                let text = rest.get(..len)?;
                Some((text, header.len() + len))
            }
            Self::Lines => {
                let len = bytes.iter().position(|&byte| byte == b'\n')?;
                Some((&bytes[..len], len + 1))
            }
        }
    }

    /// The lines of a datagram, a frame or a line that is whole. Servers pass over what fills datagrams and
    /// frames up.
    pub(crate) fn lines(self, text: &[u8]) -> impl Iterator<Item = &[u8]> {
        text.split(|&byte| byte == b'\n')
            .filter(move |line| self == Self::Lines || !line.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_whole_when_its_length_has_come() {
        let bytes = b"\x03\0\0\0a\nb\x02\0\0\0c";
        assert_eq!(Layout::Frames.first(bytes), Some((&b"a\nb"[..], 7)));
        for torn in 7..bytes.len() {
            assert_eq!(Layout::Frames.first(&bytes[7..torn]), None, "{torn}");
        }
        assert_eq!(Layout::Frames.lines(b"a\nb\n\n").count(), 2);
    }

    #[test]
    fn a_line_is_whole_at_its_line_break() {
        assert_eq!(Layout::Lines.first(b"a\n\nb"), Some((&b"a"[..], 2)));
        assert_eq!(Layout::Lines.first(b"\nb"), Some((&b""[..], 1)));
        assert_eq!(Layout::Lines.first(b"b"), None);
        // An empty line is none that anybody recorded, and has to be seen.
        assert_eq!(Layout::Lines.lines(b"").count(), 1);
    }
}
