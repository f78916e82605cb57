//! What carries the lines to a server, and how it lays them out.

use statsd_proto::{Config, Dialect, Transport};

use crate::layout::Layout;

/// A transport, with its layout where it has several.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a test that forgets one must not compile"
)]
pub enum Carrier {
    /// A stream of lines.
    Tcp,
    /// Datagrams.
    Udp,
    /// Datagrams on this machine.
    UnixDatagram,
    /// A stream of frames on this machine, as the Datadog agent reads it.
    UnixFrames,
    /// A stream of lines on this machine.
    UnixStream,
}

impl Carrier {
    pub(crate) fn layout(self) -> Layout {
        match self {
            Self::Tcp | Self::UnixStream => Layout::Lines,
            Self::Udp | Self::UnixDatagram => Layout::Datagrams,
            Self::UnixFrames => Layout::Frames,
        }
    }

    /// Whether a server that goes is noticed at once, and lines may be torn.
    pub fn is_stream(self) -> bool {
        match self {
            Self::Tcp | Self::UnixFrames | Self::UnixStream => true,
            Self::Udp | Self::UnixDatagram => false,
        }
    }

    /// How long a datagram or a frame may be by default.
    ///
    /// # Panics
    ///
    /// Where there are none.
    pub fn most(self) -> usize {
        match self {
            Self::Udp => 1432,
            Self::UnixDatagram => 8192,
            // Of the bytes of a frame, the last is a line break.
            Self::UnixFrames => 8191,
            Self::Tcp | Self::UnixStream => panic!("a stream of lines is as long as it gets"),
        }
    }

    /// How long a line may be by default.
    pub fn longest_line(self) -> usize {
        match self {
            Self::Tcp | Self::UnixStream => 4095,
            Self::Udp => 65_507,
            Self::UnixDatagram => 8192,
            // Its last byte is the line break's.
            Self::UnixFrames => 8191,
        }
    }

    pub(crate) fn set(self, config: Config) -> Config {
        // Lines are not to depend on the container that the tests run in.
        let config = config.origin_detection(false);
        match self {
            Self::Tcp => config.transport(Transport::Tcp),
            Self::Udp => config.transport(Transport::Udp),
            Self::UnixDatagram => config.transport(Transport::UnixDatagram),
            Self::UnixFrames => config
                .transport(Transport::UnixStream)
                .dialect(Dialect::DogStatsd)
                .kind_prefixes(true),
            Self::UnixStream => config.transport(Transport::UnixStream),
        }
    }
}
