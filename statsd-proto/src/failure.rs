//! What an error of a socket means: one table for each system, read once, where errors enter.

mod tables;

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::iter;
use std::sync::Arc;

use FailureKind::{
    Forbidden, Network, NotFound, Other, PeerClosed, Refused, Reset, TimedOut, TooLarge, Transient,
    Unsupported, WrongSocket,
};

/// An error of a socket or of a lookup: what it means, and the system's own words for a log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    kind: FailureKind,
    words: Arc<str>,
}

/// What a [`Failure`] means for what was to be sent, whatever the system calls it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FailureKind {
    /// A firewall on this machine forbids it.
    Forbidden,
    /// This machine has no network or no route, for now.
    Network,
    /// There is no such name, or no such file.
    NotFound,
    /// None of the others. A datagram that fails so again and again cannot be sent.
    Other,
    /// The peer closed the connection, or its socket is gone.
    PeerClosed,
    /// Nobody listens there, or something on the way says that nobody may. Of datagrams, one that the kernel
    /// had taken did not arrive.
    Refused,
    /// The peer reset the connection. Of UDP datagrams, one that the kernel had taken was refused: so Windows
    /// reports it.
    Reset,
    /// There was no answer in time.
    TimedOut,
    /// The datagram is larger than the kernel sends.
    TooLarge,
    /// The kernel has no room, for now.
    Transient,
    /// The system does not have such sockets.
    Unsupported,
    /// The socket at this path is of another kind: for datagrams and not a stream, or the reverse.
    WrongSocket,
}

/// The system whose codes of errors a [`Failure`] is read by.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum System {
    /// macOS, iOS and their kin.
    Apple,
    /// FreeBSD, NetBSD, OpenBSD and DragonFly.
    Bsd,
    /// Linux and Android, on architectures that have the usual codes.
    Linux,
    /// None of these: errors are read by the kind that the standard library gives them.
    Other,
    /// Windows.
    Windows,
}

impl System {
    /// The system that this program is built for.
    pub const CURRENT: Self = if cfg!(target_vendor = "apple") {
        Self::Apple
    } else if cfg!(any(
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd"
    )) {
        Self::Bsd
    } else if cfg!(windows) {
        Self::Windows
    } else if cfg!(any(target_os = "android", target_os = "linux")) && HAS_USUAL_CODES {
        Self::Linux
    } else {
        Self::Other
    };
}

/// MIPS and SPARC have their own, after the systems that ran there first.
const HAS_USUAL_CODES: bool = !cfg!(any(
    target_arch = "mips",
    target_arch = "mips32r6",
    target_arch = "mips64",
    target_arch = "mips64r6",
    target_arch = "sparc",
    target_arch = "sparc64"
));

impl Failure {
    /// Reads an error by the codes of the system that it comes from.
    ///
    /// Drivers take [`Input::failed`](crate::Input::failed) and [`Resolve::answer`](crate::Resolve::answer),
    /// which know their system.
    pub fn new(error: &io::Error, system: System) -> Self {
        let code = code(error);
        let known = code.and_then(|code| tables::find(system, code));
        let kind = match (code, known) {
            (_, Some(kind)) => kind,
            // The standard library reads codes as those of its own system.
            (Some(_), None) if system != System::CURRENT => Other,
            (_, None) => by_kind(error.kind()),
        };
        let words = words(error);
        // The standard library has but a name for what no system reported.
        let is_bare = code.is_none() && words == error.kind().to_string();
        match (is_bare, kind) {
            (true, kind) if kind != Other => kind.into(),
            _ => Self {
                kind,
                words: words.into(),
            },
        }
    }

    /// What it means.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Whether a datagram that the kernel had taken did not arrive.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.kind, Refused | Reset)
    }

    /// Whether something may be wrong with what was to be sent. Everything else may pass by itself.
    pub(crate) fn is_about_data(&self) -> bool {
        matches!(self.kind, Other | TooLarge | Unsupported)
    }
}

impl From<FailureKind> for Failure {
    /// A failure that no system has words for.
    fn from(kind: FailureKind) -> Self {
        let words = match kind {
            Forbidden => "forbidden",
            Network => "no network",
            NotFound => "no such host",
            Other => "failed",
            PeerClosed => "closed by the server",
            Refused => "refused",
            Reset => "reset by the server",
            TimedOut => "no answer in time",
            TooLarge => "datagram too large",
            Transient => "no room",
            Unsupported => "not supported by this system",
            WrongSocket => "socket of another kind",
        };
        Self {
            kind,
            words: words.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// The error, and those that it wraps: some runtimes put words of their own around the system's.
fn causes(error: &io::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    fn source<'a>(error: &&'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
        (*error).source()
    }
    iter::successors(Some(error as &(dyn Error + 'static)), source)
}

fn code(error: &io::Error) -> Option<i32> {
    let errors = causes(error).filter_map(|error| error.downcast_ref::<io::Error>());
    errors.filter_map(io::Error::raw_os_error).next()
}

fn words(error: &io::Error) -> String {
    causes(error).fold(String::new(), |words, error| match error.to_string() {
        first if words.is_empty() => first,
        known if words.contains(&known) => words,
        further => format!("{words}: {further}"),
    })
}

/// For systems without a table, errors that no system reported, and codes that are in no table.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are none of a socket's"
)]
fn by_kind(kind: ErrorKind) -> FailureKind {
    match kind {
        ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable => Refused,
        ErrorKind::ConnectionReset => Reset,
        ErrorKind::BrokenPipe
        | ErrorKind::ConnectionAborted
        | ErrorKind::NotConnected
        | ErrorKind::UnexpectedEof
        | ErrorKind::WriteZero => PeerClosed,
        ErrorKind::TimedOut => TimedOut,
        ErrorKind::NotADirectory | ErrorKind::NotFound => NotFound,
        ErrorKind::PermissionDenied => Forbidden,
        ErrorKind::AddrInUse
        | ErrorKind::AddrNotAvailable
        | ErrorKind::NetworkDown
        | ErrorKind::NetworkUnreachable => Network,
        ErrorKind::Interrupted | ErrorKind::OutOfMemory | ErrorKind::WouldBlock => Transient,
        ErrorKind::Unsupported => Unsupported,
        _ => Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_reports_the_same_in_its_own_codes() {
        for (kind, apple, linux, windows) in [
            (Refused, 61, 111, 10_061),
            (Reset, 54, 104, 10_054),
            (TooLarge, 40, 90, 10_040),
            (Transient, 55, 105, 10_055),
            (Network, 51, 101, 10_051),
            (PeerClosed, 57, 107, 10_057),
            (TimedOut, 60, 110, 10_060),
            (WrongSocket, 41, 91, 10_041),
            (Unsupported, 47, 97, 10_047),
        ] {
            for (system, code) in [
                (System::Apple, apple),
                (System::Bsd, apple),
                (System::Linux, linux),
                (System::Windows, windows),
            ] {
                assert_eq!(read(code, system), kind, "{code} of {system:?}");
            }
        }
    }

    #[test]
    fn a_peer_that_is_gone_has_other_codes_where_datagrams_go_to_a_file() {
        for system in [System::Apple, System::Bsd] {
            // `ENOTCONN`, `EDESTADDRREQ`, `EPIPE`.
            for code in [57, 39, 32] {
                assert_eq!(read(code, system), PeerClosed, "{code} of {system:?}");
            }
        }
        assert_eq!(read(89, System::Linux), PeerClosed, "EDESTADDRREQ");
    }

    #[test]
    fn a_code_of_another_system_is_not_read_by_this_ones() {
        let refused_here = if cfg!(target_os = "linux") { 111 } else { 61 };
        let elsewhere = if System::CURRENT == System::Windows {
            System::Linux
        } else {
            System::Windows
        };
        let _ = read(refused_here, System::CURRENT);
        assert_eq!(read(refused_here, elsewhere), Other);
    }

    #[test]
    fn errors_that_no_system_reported_are_read_by_their_kind() {
        for system in [System::Apple, System::Linux, System::Other, System::Windows] {
            for (kind, expected) in [
                (ErrorKind::UnexpectedEof, PeerClosed),
                (ErrorKind::ConnectionRefused, Refused),
                (ErrorKind::Unsupported, Unsupported),
                (ErrorKind::InvalidData, Other),
            ] {
                assert_eq!(Failure::new(&kind.into(), system).kind(), expected);
            }
        }
    }

    #[test]
    fn the_systems_words_are_kept_and_a_bare_name_is_told_in_ours() {
        let lookup = io::Error::other("failed to lookup address information");
        let failure = Failure::new(&lookup, System::CURRENT);
        assert_eq!(failure.to_string(), "failed to lookup address information");
        let failure = Failure::new(&ErrorKind::UnexpectedEof.into(), System::CURRENT);
        assert_eq!(failure.to_string(), "closed by the server");
        let code = io::Error::from_raw_os_error(if cfg!(windows) { 10_061 } else { 111 });
        let failure = Failure::new(&code, System::CURRENT);
        assert_eq!(failure.to_string(), code.to_string());
    }

    #[test]
    fn what_a_runtime_puts_around_an_error_hides_neither_its_code_nor_its_words() {
        #[derive(Debug)]
        struct Wrapped(io::Error);

        impl fmt::Display for Wrapped {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("could not connect")
            }
        }

        impl Error for Wrapped {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }

        let code = if System::CURRENT == System::Windows {
            10_061
        } else {
            111
        };
        let inner = io::Error::from_raw_os_error(code);
        let expected = format!("could not connect: {inner}");
        let failure = Failure::new(&io::Error::other(Wrapped(inner)), System::Linux);
        assert_eq!(failure.to_string(), expected);
        assert_eq!(failure.kind() == Refused, code == 111);
    }

    fn read(code: i32, system: System) -> FailureKind {
        Failure::new(&io::Error::from_raw_os_error(code), system).kind()
    }
}
