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
mod tests;
