//! What it means that a socket failed.

use std::io::{self, ErrorKind};

/// The kind of an error, also of those that the standard library has no kind for.
pub(crate) fn kind(error: &io::Error) -> ErrorKind {
    match error.raw_os_error() {
        Some(TOO_LARGE) => ErrorKind::InvalidInput,
        Some(NO_ROOM) => ErrorKind::OutOfMemory,
        Some(_) | None => error.kind(),
    }
}

/// Whether a datagram did not arrive though the kernel had taken it: there is no server, or a firewall
/// before it that says so.
pub(crate) fn is_refusal(kind: ErrorKind) -> bool {
    [ErrorKind::ConnectionRefused, ErrorKind::HostUnreachable].contains(&kind)
}

/// Whether it may pass by itself, without anything being wrong with what was to be sent: the server is
/// away, a firewall does not let it through, the network is down, the kernel has no room.
pub(crate) fn may_pass(kind: ErrorKind) -> bool {
    use ErrorKind::{
        AddrNotAvailable, ConnectionRefused, HostUnreachable, Interrupted, NetworkDown,
        NetworkUnreachable, OutOfMemory, PermissionDenied, TimedOut, WouldBlock,
    };
    [
        AddrNotAvailable,
        ConnectionRefused,
        HostUnreachable,
        Interrupted,
        NetworkDown,
        NetworkUnreachable,
        OutOfMemory,
        PermissionDenied,
        TimedOut,
        WouldBlock,
    ]
    .contains(&kind)
}

/// `EMSGSIZE`: the datagram is longer than the kernel sends.
#[cfg(unix)]
const TOO_LARGE: i32 = libc::EMSGSIZE;
/// `WSAEMSGSIZE`.
#[cfg(not(unix))]
const TOO_LARGE: i32 = 10_040;

/// `ENOBUFS`: the queue of the network interface is full.
#[cfg(unix)]
const NO_ROOM: i32 = libc::ENOBUFS;
/// `WSAENOBUFS`.
#[cfg(not(unix))]
const NO_ROOM: i32 = 10_055;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_standard_library_does_not_tell_apart_is_told_apart() {
        for (code, expected) in [
            (TOO_LARGE, ErrorKind::InvalidInput),
            (NO_ROOM, ErrorKind::OutOfMemory),
        ] {
            assert_eq!(kind(&io::Error::from_raw_os_error(code)), expected);
        }
        let refused = io::Error::from(ErrorKind::ConnectionRefused);
        assert_eq!(kind(&refused), ErrorKind::ConnectionRefused);
    }
}
