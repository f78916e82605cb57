//! The codes of each system, by what they mean for a socket that sends metrics.
//!
//! They are numbers, and not names, so that the table of each system can be tested on any.

use super::FailureKind::{
    self, Forbidden, Network, NotFound, PeerClosed, Refused, Reset, TimedOut, TooLarge, Transient,
    Unsupported, WrongSocket,
};
use super::System;

/// A code and its name.
type Code = (i32, &'static str);

type Table = [(FailureKind, &'static [Code])];

/// What a code of this system means, or `None` if it is in no table.
pub(super) fn find(system: System, code: i32) -> Option<FailureKind> {
    let table = match system {
        System::Apple => APPLE,
        System::Bsd => BSD,
        System::Linux => LINUX,
        System::Windows => WINDOWS,
        System::Other => OTHER,
    };
    let has_code = |codes: &[Code]| codes.iter().any(|(known, _)| *known == code);
    let row = table.iter().find(|(_, codes)| has_code(codes));
    row.map(|(kind, _)| *kind)
}

/// `asm-generic/errno.h`. What ICMP reports of an earlier datagram is in `icmp_err_convert` of
/// `net/ipv4/icmp.c` and in `tab_unreach` of `net/ipv6/icmp.c`: `EACCES` is a firewall on the way there,
/// and `EPERM` is the one on this machine.
const LINUX: &Table = &[
    (Forbidden, &[(1, "EPERM")]),
    (
        Network,
        &[
            (98, "EADDRINUSE"),
            (99, "EADDRNOTAVAIL"),
            (100, "ENETDOWN"),
            (101, "ENETUNREACH"),
            (102, "ENETRESET"),
        ],
    ),
    (NotFound, &[(2, "ENOENT"), (20, "ENOTDIR")]),
    (
        PeerClosed,
        &[
            (32, "EPIPE"),
            (89, "EDESTADDRREQ"),
            (103, "ECONNABORTED"),
            (107, "ENOTCONN"),
            (108, "ESHUTDOWN"),
        ],
    ),
    (
        Refused,
        &[
            (13, "EACCES"),
            (64, "ENONET"),
            (92, "ENOPROTOOPT"),
            (111, "ECONNREFUSED"),
            (112, "EHOSTDOWN"),
            (113, "EHOSTUNREACH"),
        ],
    ),
    (Reset, &[(104, "ECONNRESET")]),
    (TimedOut, &[(110, "ETIMEDOUT")]),
    (TooLarge, &[(90, "EMSGSIZE")]),
    (
        Transient,
        &[
            (4, "EINTR"),
            (11, "EAGAIN"),
            (12, "ENOMEM"),
            (23, "ENFILE"),
            (24, "EMFILE"),
            (105, "ENOBUFS"),
        ],
    ),
    (
        Unsupported,
        &[(93, "EPROTONOSUPPORT"), (97, "EAFNOSUPPORT")],
    ),
    (WrongSocket, &[(88, "ENOTSOCK"), (91, "EPROTOTYPE")]),
];

/// `sys/errno.h`, the same as the BSDs' but for codes beyond those of 4.4BSD. A Unix datagram whose server
/// is gone fails by `ECONNRESET` once, then by `EDESTADDRREQ` or `ENOTCONN`; one whose server has no room
/// fails by `ENOBUFS`, where Linux would wait.
const APPLE: &Table = BSD;

/// `sys/errno.h` of FreeBSD, whose numbers the others share. ICMP comes by way of `inetctlerrmap`
/// (`netinet/ip_input.c`): all that a host or a port may answer is `ECONNREFUSED`, `EHOSTUNREACH` or
/// `EHOSTDOWN`. `EACCES` and `EPERM` are the firewall on this machine.
const BSD: &Table = &[
    (Forbidden, &[(1, "EPERM"), (13, "EACCES")]),
    (
        Network,
        &[
            (48, "EADDRINUSE"),
            (49, "EADDRNOTAVAIL"),
            (50, "ENETDOWN"),
            (51, "ENETUNREACH"),
            (52, "ENETRESET"),
        ],
    ),
    (NotFound, &[(2, "ENOENT"), (20, "ENOTDIR")]),
    (
        PeerClosed,
        &[
            (32, "EPIPE"),
            (39, "EDESTADDRREQ"),
            (53, "ECONNABORTED"),
            (57, "ENOTCONN"),
            (58, "ESHUTDOWN"),
        ],
    ),
    (
        Refused,
        &[
            (42, "ENOPROTOOPT"),
            (61, "ECONNREFUSED"),
            (64, "EHOSTDOWN"),
            (65, "EHOSTUNREACH"),
        ],
    ),
    (Reset, &[(54, "ECONNRESET")]),
    (TimedOut, &[(60, "ETIMEDOUT")]),
    (TooLarge, &[(40, "EMSGSIZE")]),
    (
        Transient,
        &[
            (4, "EINTR"),
            (12, "ENOMEM"),
            (23, "ENFILE"),
            (24, "EMFILE"),
            (35, "EAGAIN"),
            (55, "ENOBUFS"),
        ],
    ),
    (
        Unsupported,
        &[(43, "EPROTONOSUPPORT"), (47, "EAFNOSUPPORT")],
    ),
    (WrongSocket, &[(38, "ENOTSOCK"), (41, "EPROTOTYPE")]),
];

/// Windows Sockets Error Codes, and the System Error Codes by which overlapped calls report the same. Of a
/// UDP socket, `WSAECONNRESET` says that an earlier datagram was refused, and `WSAENETRESET` that one
/// outlived its time (`recvfrom`).
const WINDOWS: &Table = &[
    (
        Forbidden,
        &[(5, "ERROR_ACCESS_DENIED"), (10_013, "WSAEACCES")],
    ),
    (
        Network,
        &[
            (1231, "ERROR_NETWORK_UNREACHABLE"),
            (10_048, "WSAEADDRINUSE"),
            (10_049, "WSAEADDRNOTAVAIL"),
            (10_050, "WSAENETDOWN"),
            (10_051, "WSAENETUNREACH"),
        ],
    ),
    (
        NotFound,
        &[
            (2, "ERROR_FILE_NOT_FOUND"),
            (3, "ERROR_PATH_NOT_FOUND"),
            (11_001, "WSAHOST_NOT_FOUND"),
            (11_004, "WSANO_DATA"),
        ],
    ),
    (
        PeerClosed,
        &[
            (109, "ERROR_BROKEN_PIPE"),
            (1236, "ERROR_CONNECTION_ABORTED"),
            (10_039, "WSAEDESTADDRREQ"),
            (10_053, "WSAECONNABORTED"),
            (10_057, "WSAENOTCONN"),
            (10_058, "WSAESHUTDOWN"),
        ],
    ),
    (
        Refused,
        &[
            (1225, "ERROR_CONNECTION_REFUSED"),
            (1232, "ERROR_HOST_UNREACHABLE"),
            (1233, "ERROR_PROTOCOL_UNREACHABLE"),
            (1234, "ERROR_PORT_UNREACHABLE"),
            (10_042, "WSAENOPROTOOPT"),
            (10_052, "WSAENETRESET"),
            (10_061, "WSAECONNREFUSED"),
            (10_064, "WSAEHOSTDOWN"),
            (10_065, "WSAEHOSTUNREACH"),
        ],
    ),
    (
        Reset,
        &[(64, "ERROR_NETNAME_DELETED"), (10_054, "WSAECONNRESET")],
    ),
    (
        TimedOut,
        &[(121, "ERROR_SEM_TIMEOUT"), (10_060, "WSAETIMEDOUT")],
    ),
    (TooLarge, &[(10_040, "WSAEMSGSIZE")]),
    (
        Transient,
        &[
            (8, "ERROR_NOT_ENOUGH_MEMORY"),
            (10_004, "WSAEINTR"),
            (10_024, "WSAEMFILE"),
            (10_035, "WSAEWOULDBLOCK"),
            (10_055, "WSAENOBUFS"),
            (11_002, "WSATRY_AGAIN"),
        ],
    ),
    (
        Unsupported,
        &[(10_043, "WSAEPROTONOSUPPORT"), (10_047, "WSAEAFNOSUPPORT")],
    ),
    (
        WrongSocket,
        &[(10_038, "WSAENOTSOCK"), (10_041, "WSAEPROTOTYPE")],
    ),
];

/// What the standard library has no kind for.
#[cfg(unix)]
const OTHER: &Table = &[
    (TooLarge, &[(libc::EMSGSIZE, "EMSGSIZE")]),
    (Transient, &[(libc::ENOBUFS, "ENOBUFS")]),
    (WrongSocket, &[(libc::EPROTOTYPE, "EPROTOTYPE")]),
];
#[cfg(not(unix))]
const OTHER: &Table = &[];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_has_two_meanings() {
        for table in [APPLE, BSD, LINUX, WINDOWS] {
            let codes = table.iter().flat_map(|(_, codes)| *codes);
            let mut codes = codes.map(|(code, _)| *code).collect::<Vec<_>>();
            codes.sort_unstable();
            let count = codes.len();
            codes.dedup();
            assert_eq!(codes.len(), count);
        }
    }

    /// The numbers of the system that the tests run on are those of its headers.
    #[cfg(unix)]
    #[test]
    fn the_numbers_are_this_systems_own() {
        for (code, kind) in [
            (libc::EADDRNOTAVAIL, Network),
            (libc::ENETDOWN, Network),
            (libc::ENETUNREACH, Network),
            (libc::ENOENT, NotFound),
            (libc::EDESTADDRREQ, PeerClosed),
            (libc::ENOTCONN, PeerClosed),
            (libc::EPIPE, PeerClosed),
            (libc::ECONNREFUSED, Refused),
            (libc::EHOSTDOWN, Refused),
            (libc::EHOSTUNREACH, Refused),
            (libc::ECONNRESET, Reset),
            (libc::ETIMEDOUT, TimedOut),
            (libc::EMSGSIZE, TooLarge),
            (libc::EAGAIN, Transient),
            (libc::ENOBUFS, Transient),
            (libc::EAFNOSUPPORT, Unsupported),
            (libc::EPROTOTYPE, WrongSocket),
            (libc::ENOTSOCK, WrongSocket),
        ] {
            if System::CURRENT != System::Other {
                assert_eq!(find(System::CURRENT, code), Some(kind), "{code}");
            }
        }
    }
}
