//! A network that does what its script says, and a transcript of what it did.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use statsd_proto::Transport;
use statsd_proto::driver::{Failure, FailureKind, Input, Transmit};

/// The script, which a test may change at any time, and the transcript.
#[derive(Debug)]
pub(crate) struct Network {
    /// Whether the server listens.
    pub(crate) is_up: bool,
    /// Addresses at which no process listens, even while the server is up.
    pub(crate) dead: Vec<IpAddr>,
    /// Result of a lookup, or `None` if it fails.
    pub(crate) found: Option<Vec<IpAddr>>,
    /// Whether each lookup finds them in another order.
    pub(crate) is_shuffled: bool,
    /// Length of a lookup, or `None` if it never ends.
    pub(crate) lookup_delay: Option<Duration>,
    /// Length of a connect, or `None` if it never ends.
    pub(crate) connect_delay: Option<Duration>,
    /// Time from the accept until the server closes the connection, or `None` if it does not.
    pub(crate) hang_up_after: Option<Duration>,
    /// How the next stream connections end, one each.
    pub(crate) cuts: VecDeque<Cut>,
    /// How much one write takes: bytes of a stream, or datagrams.
    pub(crate) max_write: usize,
    /// How much more the server takes, counted likewise, before writes neither end nor fail.
    pub(crate) window: usize,
    /// Whether the system reports acknowledgements, if it is asked.
    pub(crate) tells: bool,
    /// How many of the last bytes of a stream that the kernel took stay without acknowledgement.
    pub(crate) unacknowledged: usize,
    /// How the next writes fail, one each.
    pub(crate) write_errors: VecDeque<Failure>,
    /// The longest datagram that the kernel sends.
    pub(crate) mtu: usize,
    /// How a longer one fails.
    pub(crate) too_large: Failure,
    /// How the news of a refused datagram comes back.
    pub(crate) refusal: Refusal,
    /// Error of the system, also of a stream to which no server listens.
    pub(crate) refused_by: Failure,
    /// What the system says of a name that is not found, and of a Unix socket of the other type.
    pub(crate) not_found: Failure,
    pub(crate) wrong_type: Failure,

    pub(crate) lookups: Vec<Instant>,
    pub(crate) attempts: Vec<(Instant, SocketAddr)>,
    pub(crate) connections: Vec<Connection>,
    transport: Transport,
    /// Whether the server's Unix socket has another type than the client is told.
    pub(crate) has_other_type: bool,
    /// Whether the next attempt asks for the other type of a Unix socket.
    pub(crate) is_wrong_type: bool,
    socket: Option<Socket>,
}

/// Stream that breaks when the kernel has taken some bytes. The last of them do not arrive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) takes: usize,
    pub(crate) loses: usize,
}

/// Way in which a UDP client learns that no process listens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// The next write fails.
    NextWrite,
    /// The pending read fails, after a while.
    Read(Duration),
    /// Not at all.
    Unheard,
}

/// What went over one socket.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) opened_at: Instant,
    /// The bytes of a stream that the kernel took.
    pub(crate) taken: Vec<u8>,
    /// Number of them that arrived.
    pub(crate) arrived: usize,
    /// Number of them that were reported to the client as acknowledged.
    pub(crate) acknowledged: usize,
    /// Number of writes.
    pub(crate) writes: usize,
    /// Whether the client has shut it down.
    pub(crate) is_shut_down: bool,
    pub(crate) datagrams: Vec<Datagram>,
}

/// One datagram that the kernel took.
#[derive(Debug)]
pub(crate) struct Datagram {
    pub(crate) at: Instant,
    pub(crate) text: String,
    pub(crate) fate: Fate,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    Arrived,
    /// It did not arrive, and the client heard of it while it still had the datagram.
    Refused,
    /// It did not arrive, and the client need not know.
    Swallowed,
}

#[derive(Debug)]
struct Socket {
    to: SocketAddr,
    hang_up_at: Option<Instant>,
    cut: Option<Cut>,
    /// Time at which a refusal is reported. Until then, no further datagram arrives.
    refused_at: Option<Instant>,
    /// When the last write was, and its first datagram.
    last_write: Option<(Instant, usize)>,
}

impl Network {
    pub(crate) fn new(transport: Transport) -> Self {
        Self {
            is_up: true,
            dead: Vec::new(),
            found: Some(vec![address(1)]),
            is_shuffled: false,
            lookup_delay: Some(Duration::ZERO),
            connect_delay: Some(Duration::ZERO),
            hang_up_after: None,
            cuts: VecDeque::new(),
            max_write: usize::MAX,
            window: usize::MAX,
            tells: true,
            unacknowledged: 0,
            write_errors: VecDeque::new(),
            mtu: usize::MAX,
            too_large: FailureKind::TooLarge.into(),
            refusal: Refusal::NextWrite,
            refused_by: FailureKind::Refused.into(),
            not_found: FailureKind::NotFound.into(),
            wrong_type: FailureKind::WrongSocket.into(),
            lookups: Vec::new(),
            attempts: Vec::new(),
            connections: Vec::new(),
            transport,
            has_other_type: false,
            is_wrong_type: false,
            socket: None,
        }
    }

    /// Ends all trouble.
    pub(crate) fn heal(&mut self) {
        let transcript = std::mem::replace(self, Self::new(self.transport));
        self.lookups = transcript.lookups;
        self.attempts = transcript.attempts;
        self.connections = transcript.connections;
        self.socket = transcript.socket;
        self.is_wrong_type = transcript.is_wrong_type;
        if let Some(socket) = &mut self.socket {
            socket.cut = None;
            socket.hang_up_at = None;
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.socket.is_some()
    }

    /// Opens a socket, if a process listens; over UDP, in any case.
    pub(crate) fn open(&mut self, now: Instant, to: SocketAddr) -> Input {
        let listens = self.listens(to);
        let is_lossy = [Transport::CustomDatagram, Transport::Udp].contains(&self.transport);
        if !listens && !is_lossy {
            return Input::Disconnected(self.refused_by.clone());
        }
        if self.is_wrong_type {
            return Input::Disconnected(self.wrong_type.clone());
        }
        self.connections.push(Connection {
            opened_at: now,
            taken: Vec::new(),
            arrived: 0,
            acknowledged: 0,
            writes: 0,
            is_shut_down: false,
            datagrams: Vec::new(),
        });
        self.socket = Some(Socket {
            to,
            hang_up_at: self.hang_up_after.map(|after| now + after),
            cut: self.cuts.pop_front(),
            refused_at: None,
            last_write: None,
        });
        Input::Connected
    }

    fn listens(&self, to: SocketAddr) -> bool {
        self.is_up && !self.dead.contains(&to.ip())
    }

    /// Number of unacknowledged bytes of the open stream that is reported to the client.
    pub(crate) fn tell_unacknowledged(&mut self) -> Option<usize> {
        if !self.tells || self.socket.is_none() {
            return None;
        }
        let unacknowledged = self.unacknowledged;
        let connection = self.connection();
        let taken = connection.taken.len();
        let acknowledged = taken.saturating_sub(unacknowledged);
        connection.acknowledged = connection.acknowledged.max(acknowledged);
        Some(taken - connection.acknowledged)
    }

    /// Closes the socket. The last bytes of a stream may be lost with it, unless they were acknowledged.
    pub(crate) fn close(&mut self, loses: usize) {
        if self.socket.take().is_some() {
            let connection = self.connection();
            let arrived = connection.arrived.saturating_sub(loses);
            connection.arrived = arrived.max(connection.acknowledged);
        }
    }

    /// Looks the name up.
    pub(crate) fn look_up(&mut self, port: u16) -> Result<Vec<SocketAddr>, Failure> {
        let found = self.found.as_mut().ok_or_else(|| self.not_found.clone())?;
        let addresses = found.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
        if self.is_shuffled && !found.is_empty() {
            found.rotate_left(1);
        }
        Ok(addresses)
    }

    /// Result of the open socket's pending read, if it has one by now.
    pub(crate) fn read(&mut self, now: Instant) -> Option<Input> {
        let at = self.reads_at().filter(|at| *at <= now)?;
        let socket = self.socket.as_ref()?;
        if socket.hang_up_at == Some(at) {
            self.close(0);
            return Some(Input::Disconnected(FailureKind::PeerClosed.into()));
        }
        Some(self.refuse(now))
    }

    /// Time at which the pending read completes.
    pub(crate) fn reads_at(&self) -> Option<Instant> {
        let socket = self.socket.as_ref()?;
        let refused_at = match self.refusal {
            Refusal::Read(_) => socket.refused_at,
            Refusal::NextWrite | Refusal::Unheard => None,
        };
        [socket.hang_up_at, refused_at].into_iter().flatten().min()
    }

    /// Writes once.
    pub(crate) fn write(&mut self, now: Instant, transmit: Transmit) -> Input {
        if let Some(failure) = self.write_errors.pop_front() {
            self.close(0);
            return Input::Disconnected(failure);
        }
        self.connection().writes += 1;
        self.connection().is_shut_down |= transmit.ends_stream;
        if transmit.segment_size.is_some() {
            self.write_datagrams(now, transmit)
        } else {
            self.write_stream(&transmit.data)
        }
    }

    fn write_stream(&mut self, data: &[u8]) -> Input {
        let cut = self.socket.as_ref().and_then(|socket| socket.cut);
        let max_write = self.max_write.min(self.window);
        let connection = self.connection();
        let room = cut.map_or(usize::MAX, |cut| cut.takes - connection.taken.len());
        if room == 0 {
            self.close(cut.map_or(0, |cut| cut.loses));
            return Input::Disconnected(FailureKind::Reset.into());
        }
        let len = data.len().min(max_write).min(room);
        connection.taken.extend_from_slice(&data[..len]);
        connection.arrived += len;
        self.shrink_window(len);
        Input::Written(len)
    }

    fn write_datagrams(&mut self, now: Instant, mut transmit: Transmit) -> Input {
        let is_up = self
            .socket
            .as_ref()
            .is_some_and(|socket| self.listens(socket.to));
        if !is_up && self.transport == Transport::UnixDatagram {
            self.close(0);
            return Input::Disconnected(FailureKind::Refused.into());
        }
        let (refusal, mtu) = (self.refusal, self.mtu);
        let max_write = self.max_write.min(self.window);
        let socket = self.socket.as_mut().expect("written to while open");
        if refusal == Refusal::NextWrite && socket.refused_at.is_some_and(|at| at <= now) {
            return self.refuse(now);
        }
        if !is_up {
            let delay = match refusal {
                Refusal::NextWrite => Some(Duration::ZERO),
                Refusal::Read(delay) => Some(delay),
                Refusal::Unheard => None,
            };
            let refused_at = delay.map(|delay| now + delay);
            socket.refused_at = socket.refused_at.or(refused_at);
        }
        let fate = if is_up && socket.refused_at.is_none() {
            Fate::Arrived
        } else {
            Fate::Swallowed
        };
        let connection = self.connections.last_mut().expect("one is open");
        let first = connection.datagrams.len();
        let mut written = 0;
        while !transmit.data.is_empty() && connection.datagrams.len() - first < max_write {
            let (datagram, len) = transmit.first_datagram();
            if datagram.len() > mtu {
                break;
            }
            let text = String::from_utf8(datagram.to_vec()).expect("lines are text");
            connection.datagrams.push(Datagram {
                at: now,
                text,
                fate,
            });
            transmit.data = transmit.data.slice(len..);
            written += len;
        }
        if written == 0 {
            self.close(0);
            return Input::Disconnected(self.too_large.clone());
        }
        socket.last_write = Some((now, first));
        let count = connection.datagrams.len() - first;
        self.shrink_window(count);
        Input::Written(written)
    }

    /// Tells that the last datagram was refused; the client still has it if it was sent just now.
    fn refuse(&mut self, now: Instant) -> Input {
        let last_write = self.socket.as_ref().and_then(|socket| socket.last_write);
        if let Some((at, first)) = last_write {
            if now < at + CONSENT {
                for datagram in &mut self.connection().datagrams[first..] {
                    datagram.fate = Fate::Refused;
                }
            }
        }
        self.close(0);
        Input::Disconnected(self.refused_by.clone())
    }

    fn shrink_window(&mut self, taken: usize) {
        if self.window != usize::MAX {
            self.window -= taken;
        }
    }

    fn connection(&mut self) -> &mut Connection {
        self.connections
            .last_mut()
            .expect("there is one since the first open")
    }
}

/// One of the server's addresses.
pub(crate) fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, last).into()
}

/// How long the session takes silence for consent.
const CONSENT: Duration = Duration::from_millis(50);
