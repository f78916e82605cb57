//! Layout of payloads for each transport.

use super::FRAME_HEADER;
use crate::config::{Config, Transport};

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
        let datagrams = Self::Datagrams {
            size,
            capacity: whole(DATAGRAM_PAYLOAD.min(most).min(MAX_SEGMENTS * size), size),
            ends_lines: config.ends_datagrams(),
        };
        let frames = |capacity| Self::Frames {
            size: size + FRAME_HEADER,
            capacity: whole(capacity, size + FRAME_HEADER),
        };
        match config.effective_transport() {
            Transport::UnixDatagram | Transport::UnixStream if config.is_unix_type_open() => {
                // Usually they turn out to be datagrams.
                frames(DATAGRAM_PAYLOAD.min(most))
            }
            Transport::UnixStream if config.has_frames() => frames(capacity),
            Transport::CustomStream | Transport::Tcp | Transport::UnixStream => {
                Self::Stream { capacity }
            }
            Transport::CustomDatagram | Transport::Udp | Transport::UnixDatagram => datagrams,
        }
    }

    /// Layout with datagrams of at most `size` bytes, in payloads that are no larger than before.
    pub(crate) fn shrunk(self, size: usize) -> Self {
        let whole = |capacity: usize, size: usize| capacity.min(MAX_SEGMENTS * size) / size * size;
        match self {
            Self::Datagrams {
                capacity,
                ends_lines,
                ..
            } => Self::Datagrams {
                size,
                capacity: whole(capacity, size),
                ends_lines,
            },
            // Frames that are sent as datagrams.
            Self::Frames { capacity, .. } => Self::Frames {
                size: size + FRAME_HEADER,
                capacity: whole(capacity, size + FRAME_HEADER),
            },
            Self::Stream { .. } => self,
        }
    }

    /// Number of bytes before the lines of a frame.
    pub(crate) fn header(self) -> usize {
        match self {
            Self::Frames { .. } => FRAME_HEADER,
            Self::Datagrams { .. } | Self::Stream { .. } => 0,
        }
    }

    /// Whether payloads are sent over a stream, unless the server decides it.
    pub(super) fn is_stream(self) -> bool {
        match self {
            Self::Datagrams { .. } => false,
            Self::Frames { .. } | Self::Stream { .. } => true,
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
    pub(super) fn kept_break(self) -> usize {
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

/// Maximum payload of a stream in bytes. Four times as much would save an eighth of the CPU time, and a server that is
/// killed would lose as much more from its kernel's buffer.
const STREAM_PAYLOAD: usize = 16 * 1024;

/// Maximum payload of datagrams in bytes: 32 full datagrams. Linux accepts at most 65,507 bytes in a call. A default
/// receive buffer holds 92 datagrams of 1400 bytes, and so two such bursts.
const DATAGRAM_PAYLOAD: usize = 32 * 1432;

/// Maximum number of datagrams that Linux splits from one call (`UDP_MAX_SEGMENTS`; 128 since 6.9).
const MAX_SEGMENTS: usize = 64;
