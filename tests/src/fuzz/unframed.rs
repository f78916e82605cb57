//! The lines in what a session has a driver write, whatever carries them.

use statsd_proto::{Dialect, Transport};

/// How the written bytes hold lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Layout {
    /// Line breaks between the lines, and perhaps more of them at the end.
    Datagrams,
    /// As in a datagram, behind the length in four bytes, the lowest first.
    Frames,
    /// A line break behind each line.
    Stream,
}

impl Layout {
    pub(crate) fn new(transport: Transport, dialect: Dialect) -> Self {
        match transport {
            Transport::Udp | Transport::UnixDatagram => Self::Datagrams,
            Transport::UnixStream if dialect == Dialect::DogStatsd => Self::Frames,
            Transport::Tcp | Transport::UnixStream => Self::Stream,
            _ => panic!("{transport:?} has no layout yet"),
        }
    }

    /// Takes the lines that are whole from the start of a stream, or of one datagram.
    pub(crate) fn take_lines(self, bytes: &mut Vec<u8>) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some((text, len)) = self.first(bytes) {
            let text = std::str::from_utf8(text).expect("lines are text");
            if self == Self::Stream {
                lines.push(text.to_owned());
            } else {
                let text = text.trim_end_matches('\n');
                assert!(!text.is_empty(), "a datagram or frame of nothing");
                lines.extend(text.split('\n').map(str::to_owned));
            }
            bytes.drain(..len);
        }
        lines
    }

    fn first(self, bytes: &[u8]) -> Option<(&[u8], usize)> {
        match self {
            Self::Datagrams if bytes.is_empty() => None,
            Self::Datagrams => Some((bytes, bytes.len())),
            Self::Frames => {
                let (header, rest) = bytes.split_first_chunk()?;
                let len = u32::from_le_bytes(*header) as usize;
                Some((rest.get(..len)?, header.len() + len))
            }
            Self::Stream => {
                let len = bytes.iter().position(|byte| *byte == b'\n')?;
                Some((&bytes[..len], len + 1))
            }
        }
    }
}
