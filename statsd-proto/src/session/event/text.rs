//! Text of events: server, event, cause, remedy.

use std::fmt;
use std::time::Duration;

use super::{About, Backlog, Event, EventKind};
use crate::config::Transport;
use crate::session::failure::FailureKind;
use crate::session::stats::Dropped;

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = &*self.about;
        let is_lossy = about.transport.is_lossy();
        write!(f, "{}: ", about.server)?;
        match &self.kind {
            EventKind::Cancelled { abandoned } => {
                match abandoned {
                    0 => f.write_str("metrics are refused from now on")?,
                    lines => write!(f, "{} lost", Lines(*lines))?,
                }
                f.write_str(
                    ": the connection was dropped before it had ended; await Connector::stop first, or \
                     Client::close and then the connection",
                )
            }
            EventKind::Connected { peer, socket, away } => {
                f.write_str(if is_lossy { "sending" } else { "connected" })?;
                if let Some(peer) = peer {
                    write!(f, " to {peer}")?;
                }
                match socket {
                    Some(Transport::UnixDatagram) => f.write_str(" to a datagram socket")?,
                    Some(Transport::UnixStream) => f.write_str(" to a stream socket")?,
                    Some(
                        Transport::CustomDatagram
                        | Transport::CustomStream
                        | Transport::Tcp
                        | Transport::Udp,
                    )
                    | None => {}
                }
                match away {
                    Some(away) => write!(f, " after {} without the server", Span(*away)),
                    None => Ok(()),
                }
            }
            EventKind::ConnectFailed {
                failure,
                unreported,
            } => {
                write!(f, "cannot connect: {failure}")?;
                if failure.kind() == FailureKind::WrongSocket && !about.is_type_open {
                    f.write_str(match about.transport {
                        Transport::UnixDatagram => {
                            "; the server may listen for a stream (unixstream://)"
                        }
                        Transport::UnixStream => {
                            "; the server may listen for datagrams (unixgram://)"
                        }
                        Transport::CustomDatagram
                        | Transport::CustomStream
                        | Transport::Tcp
                        | Transport::Udp => "",
                    })?;
                }
                f.write_str("; retrying")?;
                write_unreported(f, *unreported)
            }
            EventKind::LookupFailed {
                failure,
                unreported,
            } => {
                write!(f, "cannot look up the host: {failure}; retrying")?;
                write_unreported(f, *unreported)
            }
            EventKind::Disconnected {
                failure,
                unreported,
            } => {
                let what = match failure {
                    failure if is_lossy && failure.is_refusal() => "datagrams are refused",
                    _ if is_lossy => "cannot send",
                    _ => "the connection broke",
                };
                write!(f, "{what}: {failure}; retrying")?;
                write_unreported(f, *unreported)
            }
            EventKind::QueueHalfFull {
                lines,
                bytes,
                backlog,
            } => {
                let (lines, size) = (Lines(*lines), Size(*bytes as usize));
                write!(f, "the queue is half full ({lines}, {size}): ")?;
                write_cause(f, *backlog, about)?;
                write_remedy(f, *backlog, about)
            }
            EventKind::QueueDrained => f.write_str("the queue has room again"),
            EventKind::Lost {
                full,
                invalid,
                dropped,
                backlog,
            } => {
                let mut losses = Losses { f, is_first: true };
                losses.write_full(*full, *backlog, about)?;
                losses.write_dropped(*dropped, *backlog, about)?;
                losses.write(
                    *invalid,
                    "refused as invalid (Client::record and try_send return the reason)",
                )
            }
            EventKind::Unstopped { pending } => write!(
                f,
                "the connector was dropped without a stop; {} will be lost if the program ends now; \
                 await Connector::stop first",
                Lines(*pending)
            ),
        }
    }
}

/// Writes the losses one after the other.
struct Losses<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    is_first: bool,
}

impl Losses<'_, '_> {
    fn write(&mut self, count: u64, what: &str) -> fmt::Result {
        if count == 0 {
            return Ok(());
        }
        let (before, unit) = match std::mem::take(&mut self.is_first) {
            true if count == 1 => ("", " metric"),
            true => ("", " metrics"),
            false => ("; ", ""),
        };
        write!(self.f, "{before}{count}{unit} {what}")
    }

    fn write_full(&mut self, full: u64, backlog: Backlog, about: &About) -> fmt::Result {
        self.write_overflow(full, "refused by a full queue, ", backlog, about)
    }

    /// Writes losses of a full queue, and what filled it at that time.
    fn write_overflow(
        &mut self,
        count: u64,
        what: &str,
        backlog: Backlog,
        about: &About,
    ) -> fmt::Result {
        if count == 0 {
            return Ok(());
        }
        self.write(count, what)?;
        match backlog {
            Backlog::Away(time) => write!(self.f, "after {} without the server", Span(time)),
            Backlog::Driver => self.f.write_str("recorded faster than they were sent"),
            Backlog::Server => self
                .f
                .write_str("recorded faster than the server read them"),
            Backlog::NeverReached | Backlog::Pace => write_cause(self.f, backlog, about),
        }?;
        write_remedy(self.f, backlog, about)
    }

    fn write_dropped(&mut self, dropped: Dropped, backlog: Backlog, about: &About) -> fmt::Result {
        let overflow = dropped.overflow;
        self.write_overflow(overflow, "dropped from a full queue, ", backlog, about)?;
        self.write(
            dropped.unsendable,
            "dropped because the kernel would not send them",
        )?;
        if dropped.abandoned > 0 {
            self.write(dropped.abandoned, "dropped at shutdown, ")?;
            write_cause(self.f, backlog, about)?;
            write!(self.f, " (close_timeout {})", Span(about.close_timeout))?;
        }
        Ok(())
    }
}

/// Writes what can be done about a backlog, and the bounds of the queue.
fn write_remedy(f: &mut fmt::Formatter<'_>, backlog: Backlog, about: &About) -> fmt::Result {
    f.write_str(match backlog {
        Backlog::Pace => " (raise pace, or aggregate or sample metrics; ",
        Backlog::Server => " (aggregate or sample metrics, or give the server more time; ",
        Backlog::Away(_) | Backlog::Driver | Backlog::NeverReached => " (",
    })?;
    write!(f, "max_queue_bytes {}", Size(about.max_queue_bytes))?;
    if about.max_queue_lines < usize::MAX {
        write!(f, ", max_queue_lines {}", about.max_queue_lines)?;
    }
    f.write_str(")")
}

fn write_cause(f: &mut fmt::Formatter<'_>, backlog: Backlog, about: &About) -> fmt::Result {
    match backlog {
        Backlog::Away(time) => write!(f, "the server has been away for {}", Span(time)),
        Backlog::Driver => f.write_str("metrics are recorded faster than they are sent"),
        Backlog::NeverReached => f.write_str("the server was never reached"),
        Backlog::Pace => write!(f, "held back by the pace of {} bytes a second", about.rate),
        Backlog::Server => f.write_str("the server reads more slowly than metrics are recorded"),
    }
}

fn write_unreported(f: &mut fmt::Formatter<'_>, unreported: u64) -> fmt::Result {
    match unreported {
        0 => Ok(()),
        count => write!(f, " (outages not reported before: {count})"),
    }
}

/// Number of lines, with the noun.
struct Lines(u64);

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 line"),
            lines => write!(f, "{lines} lines"),
        }
    }
}

/// Duration in the unit that a reader expects, with two significant digits.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (millis, seconds) = (self.0.as_millis(), self.0.as_secs());
        match seconds {
            0 => write!(f, "{millis} ms"),
            1..120 if millis % 1000 >= 100 => write!(f, "{seconds}.{} s", millis % 1000 / 100),
            1..120 => write!(f, "{seconds} s"),
            120..7200 => write!(f, "{} min", seconds / 60),
            _ => write!(f, "{} h", seconds / 3600),
        }
    }
}

/// Number of bytes in the unit that a reader expects.
struct Size(usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes >= 1 << 20 => write!(f, "{} MiB", bytes >> 20),
            bytes if bytes >= 1 << 10 => write!(f, "{} KiB", bytes >> 10),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}
