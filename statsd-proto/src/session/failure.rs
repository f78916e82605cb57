//! Classification of socket errors, by one table for each operating system.

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

/// Error of a socket or a lookup: its classification, and the system's own text for a log.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Failure {
    kind: FailureKind,
    words: Arc<str>,
}

/// Meaning of a [`Failure`] for the data to be sent, on every operating system.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FailureKind {
    /// A firewall on this machine forbids it.
    Forbidden,
    /// This machine has no network or no route at present.
    Network,
    /// The name, or the file of a socket, does not exist.
    NotFound,
    /// An error of no other kind. A datagram that fails three times in a row with it is dropped.
    Other,
    /// The peer closed the connection, or its socket is gone.
    PeerClosed,
    /// No process listens on the port, or a router or firewall rejects the traffic. On a datagram socket it means that
    /// an earlier datagram did not arrive.
    Refused,
    /// The peer reset the connection. On a UDP socket of Windows it means that an earlier datagram was refused.
    Reset,
    /// No answer arrived in time.
    TimedOut,
    /// The datagram is larger than the kernel sends.
    TooLarge,
    /// The kernel is short of buffers at present.
    Transient,
    /// The system does not support this type of socket.
    Unsupported,
    /// The socket at this path has the other type: datagram instead of stream, or the reverse.
    WrongSocket,
}

/// Operating system whose error codes a [`Failure`] is classified by.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum System {
    /// macOS, iOS and other systems of Apple.
    Apple,
    /// FreeBSD, NetBSD, OpenBSD and DragonFly.
    Bsd,
    /// Linux and Android, on architectures with the usual error codes.
    Linux,
    /// Any other system. Errors are classified by [`io::ErrorKind`].
    Other,
    /// Windows.
    Windows,
}

impl System {
    /// System that this program is built for.
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

/// MIPS and SPARC have error codes of their own.
const HAS_USUAL_CODES: bool = !cfg!(any(
    target_arch = "mips",
    target_arch = "mips32r6",
    target_arch = "mips64",
    target_arch = "mips64r6",
    target_arch = "sparc",
    target_arch = "sparc64"
));

impl Failure {
    /// Classifies an error by the codes of `system`, where it was raised.
    ///
    /// Drivers call `Input::failed` and `Resolve::answer`, which use the current system.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use statsd_proto::driver::System;
    /// use statsd_proto::{Failure, FailureKind};
    ///
    /// let failure = Failure::new(&ErrorKind::ConnectionRefused.into(), System::CURRENT);
    /// assert_eq!(failure.kind(), FailureKind::Refused);
    /// ```
    #[must_use]
    pub fn new(error: &io::Error, system: System) -> Self {
        let code = code(error);
        let known = code.and_then(|code| tables::find(system, code));
        let kind = match (code, known) {
            (_, Some(kind)) => kind,
            // The kind that the standard library gives belongs to the current system.
            (Some(_), None) if system != System::CURRENT => Other,
            (_, None) => by_kind(error.kind()),
        };
        let words = words(error);
        // An error that the standard library raises itself has no text but that of its kind.
        let is_bare = code.is_none() && words == error.kind().to_string();
        match (is_bare, kind) {
            (true, kind) if kind != Other => kind.into(),
            _ => Self {
                kind,
                words: words.into(),
            },
        }
    }

    /// Classification of the error.
    ///
    /// ```
    /// use statsd_proto::{Failure, FailureKind};
    ///
    /// assert_eq!(Failure::from(FailureKind::TimedOut).kind(), FailureKind::TimedOut);
    /// ```
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Whether a datagram that the kernel had accepted was refused.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.kind, Refused | Reset)
    }

    /// Whether the data itself may be the cause. Any other failure may pass with time.
    pub(crate) fn is_about_data(&self) -> bool {
        matches!(self.kind, Other | TooLarge | Unsupported)
    }
}

impl From<FailureKind> for Failure {
    /// Failure without a text of the system.
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

impl Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// The error and its sources. Some runtimes wrap the error of the system in their own.
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
    let words = joined(error);
    // What the standard library puts in front of the resolver's words. A log says so itself.
    let words = words
        .strip_prefix("failed to lookup address information: ")
        .unwrap_or(&words);
    words.to_owned()
}

/// Texts of the error and its sources.
fn joined(error: &io::Error) -> String {
    causes(error).fold(String::new(), |words, error| match error.to_string() {
        first if words.is_empty() => first,
        known if words.contains(&known) => words,
        further => format!("{words}: {further}"),
    })
}

/// Classifies errors without a known code: those of systems without a table, of the standard library, and codes in no
/// table.
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
