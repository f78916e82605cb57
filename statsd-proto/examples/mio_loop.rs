//! A program with an event loop of its own, on one thread with `mio`. The loop also drives a [`Session`].
//!
//! ```text
//! mio_loop [--seconds N] [--each N]
//! ```
//!
//! The program ticks a hundred times a second, for `--seconds` (default: 3). At each tick it records the number of the
//! tick in a gauge, `--each` times (default: once). It sends to the server in the environment, see
//! [`Config::from_env`], or to 127.0.0.1. Its exit status is 0 if all accepted lines were sent.
//!
//! To drive a session in your own loop, copy [`Connection`] and [`Resolver`], which contain all code for the network,
//! and the five steps of the loop in `main`.

#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "the example prints to the terminal"
)]

use std::env;
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::net::{TcpStream, UdpSocket};
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use socket2::{SockRef, TcpKeepalive};

use statsd_proto::driver::{Connect, Input, Output, Resolve, Session, Target, Transmit};
use statsd_proto::{Config, Metric};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut business = Business::from_arguments()?;
    let config = Config::from_env()?
        .default_host("127.0.0.1")
        .default_prefix("");
    // Seed of the jitter of reconnects. Programs with the same seed would reconnect at the same moments.
    let seed = RandomState::new().hash_one(0);
    let mut session = Session::new(&config, seed)?;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(16);
    let mut connection = Connection::new(poll.registry().try_clone()?);
    let resolver = Resolver::start(Waker::new(poll.registry(), Token(1))?);

    let report = loop {
        // 1. Do the program's own work. Its metrics are queued in the session. This loop polls the session in every
        //    turn; a program that records outside of its loop checks `wants_poll` before it sleeps.
        let next_tick = business.work(&mut session);

        // 2. Report results to the session before polling it. If the session is polled without hearing of a refusal,
        //    it may count a datagram as delivered. `mio` is edge-triggered: a socket is used until it would block,
        //    since no event comes before that. For the same reason, events only wake the loop.
        while let Some(input) = connection.step() {
            session.handle(input);
        }
        for answer in resolver.answers.try_iter() {
            session.handle(answer);
        }

        // 3. Ask the session for the next step. This is the only place where it receives the time.
        let output = session.poll(now());

        // 4. Log the session's events: states of the connection, and losses.
        while let Some(event) = session.poll_event() {
            eprintln!("{event}");
        }

        // 5. Perform the step. A write or a connect that would block continues in the next turns.
        match output {
            Output::Connect(connect) => {
                if let Err(error) = connection.connect(&connect) {
                    session.handle(Input::failed(&error));
                }
            }
            Output::Disconnect => connection.close(),
            Output::Finished(report) => break report,
            Output::Resolve(name) => resolver.names.send(name)?,
            Output::Transmit(transmit) => connection.to_write = Some(transmit),
            Output::Wait(until) => sleep(&mut poll, &mut events, [until, next_tick])?,
        }
    };

    let (accepted, sent) = (report.stats.accepted, report.sent);
    let dropped = report.stats.dropped.total();
    println!("accepted={accepted}\nsent={sent}\ndropped={dropped}");
    Ok(ExitCode::from(u8::from(sent != accepted)))
}

/// Sleeps until the earliest of these times, or until an event.
fn sleep(poll: &mut Poll, events: &mut Events, times: [Option<Instant>; 2]) -> io::Result<()> {
    let until = times.into_iter().flatten().min();
    let timeout = until.map(|until| until.saturating_duration_since(now()));
    match poll.poll(events, timeout) {
        // A signal must not end the program.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        result => result,
    }
}

/// Resolves host names on a thread of its own, because a lookup may block for seconds. The loop keeps running and keeps
/// sending meanwhile. A lookup that hangs delays only later lookups.
struct Resolver {
    names: Sender<Resolve>,
    answers: Receiver<Input>,
}

impl Resolver {
    #[expect(
        clippy::disallowed_methods,
        reason = "a program has threads, the core has none"
    )]
    fn start(waker: Waker) -> Self {
        let (names, asked) = channel::<Resolve>();
        let (answer, answers) = channel();
        thread::spawn(move || {
            for name in asked {
                let found = (&*name.host, name.port).to_socket_addrs();
                // Fails only at the end of the program, when the receiver is gone.
                let _ = answer.send(name.answer(found));
                let _ = waker.wake();
            }
        });
        Self { names, answers }
    }
}

/// Socket, and the step that is in progress on it.
struct Connection {
    registry: Registry,
    socket: Option<Socket>,
    is_connecting: bool,
    to_write: Option<Transmit>,
}

enum Socket {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

impl Connection {
    fn new(registry: Registry) -> Self {
        Self {
            registry,
            socket: None,
            is_connecting: false,
            to_write: None,
        }
    }

    fn connect(&mut self, connect: &Connect) -> io::Result<()> {
        let mut socket = Socket::connect(connect)?;
        let interests = Interest::READABLE | Interest::WRITABLE;
        self.registry
            .register(socket.source(), Token(0), interests)?;
        self.socket = Some(socket);
        self.is_connecting = true;
        Ok(())
    }

    fn close(&mut self) {
        self.to_write = None;
        if let Some(mut socket) = self.socket.take() {
            // An error has no effect: the socket is closed next.
            let _ = self.registry.deregister(socket.source());
            if let Socket::Tcp(stream) = socket {
                shut_down(stream);
            }
        }
    }

    /// Does one step without waiting. Returns the result for the session, or `None` if nothing can be done before the
    /// next event. A socket is closed at its first error.
    fn step(&mut self) -> Option<Input> {
        self.try_step().unwrap_or_else(|error| {
            self.close();
            Some(Input::failed(&error))
        })
    }

    fn try_step(&mut self) -> io::Result<Option<Input>> {
        let Some(socket) = &mut self.socket else {
            return Ok(None);
        };
        if self.is_connecting {
            self.is_connecting = !socket.is_connected()?;
            return Ok((!self.is_connecting).then_some(Input::Connected));
        }
        // Read before writing. A StatsD server sends nothing, so a read shows only that the server has closed the
        // connection; bytes written after that are lost. Sixteen reads at most, so that a server that sends without end
        // cannot stall the program.
        for _ in 0..16 {
            if unless_blocked(socket.read())?.is_none() {
                break;
            }
        }
        // One write for each `Transmit`. After a partial write, the session returns the rest in its next `Transmit`.
        let written = match &self.to_write {
            Some(transmit) => unless_blocked(socket.write(transmit))?,
            None => None,
        };
        if written.is_some() {
            self.to_write = None;
        }
        Ok(written.map(Input::Written))
    }
}

impl Socket {
    /// Opens a socket that connects in the background.
    fn connect(connect: &Connect) -> io::Result<Self> {
        match connect.target {
            Target::Tcp(address) => {
                let stream = TcpStream::connect(address)?;
                set_options(&SockRef::from(&stream), connect);
                Ok(Self::Tcp(stream))
            }
            Target::Udp(address) => {
                let any: IpAddr = match address {
                    SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                    SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
                };
                let socket = UdpSocket::bind((any, 0).into())?;
                // Only a connected socket reports that a datagram was refused.
                socket.connect(address)?;
                Ok(Self::Udp(socket))
            }
            // Left out of this example. They are opened by a path, and otherwise used in the same way.
            Target::CustomDatagram(_)
            | Target::CustomStream(_)
            | Target::UnixDatagram(_)
            | Target::UnixStream(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn is_connected(&self) -> io::Result<bool> {
        let Self::Tcp(stream) = self else {
            return Ok(true);
        };
        // A failed connect leaves its error here. A connect in progress has no peer address yet.
        if let Some(error) = stream.take_error()? {
            return Err(error);
        }
        match stream.peer_addr() {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            peer => peer.map(|_| true),
        }
    }

    fn read(&mut self) -> io::Result<()> {
        let mut discarded = [0; 4096];
        match self {
            Self::Tcp(stream) => match stream.read(&mut discarded)? {
                0 => Err(io::ErrorKind::UnexpectedEof.into()),
                _ => Ok(()),
            },
            // An error may be about an earlier datagram that was refused.
            Self::Udp(socket) => socket.recv(&mut discarded).map(|_| ()),
        }
    }

    /// Writes once. Returns how many bytes of the transmit are done, padding included.
    fn write(&mut self, transmit: &Transmit) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(&transmit.data),
            Self::Udp(socket) => {
                // `bytes` includes the padding of the datagram, which the session counts as written too.
                let (datagram, bytes) = transmit.first_datagram();
                socket.send(datagram).map(|_| bytes)
            }
        }
    }

    fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Tcp(stream) => stream,
            Self::Udp(socket) => socket,
        }
    }
}

/// Sets the options that the session asks for. An option that the system does not have is skipped.
fn set_options(socket: &SockRef<'_>, connect: &Connect) {
    // Lines are packed already, so the kernel must not wait for more of them.
    let _ = socket.set_tcp_nodelay(connect.no_delay);
    if let Some(bytes) = connect.send_buffer {
        let _ = socket.set_send_buffer_size(bytes);
    }
    if let Some(keepalive) = connect.keepalive {
        // Systems have further options for keepalive. The adapters' `options.rs` sets those of Linux.
        let _ = socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(keepalive.time));
    }
}

/// Half-closes the connection, then reads what the server has sent: closing with unread bytes would reset the
/// connection.
fn shut_down(mut stream: TcpStream) {
    // Fails if the server has already closed the connection.
    let _ = stream.shutdown(Shutdown::Write);
    let mut discarded = [0; 4096];
    for _ in 0..256 {
        if !matches!(stream.read(&mut discarded), Ok(1..)) {
            return;
        }
    }
}

fn unless_blocked<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// Work of the program, other than sending metrics.
struct Business {
    ticks: u64,
    last_tick: u64,
    next_tick: Instant,
    each: u64,
}

impl Business {
    const TICK: Duration = Duration::from_millis(10);

    fn from_arguments() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            ticks: 0,
            last_tick: 100 * argument("--seconds", 3)?,
            next_tick: now(),
            each: argument("--each", 1)?,
        })
    }

    /// Does the work that is due. Returns the time of the next work, or `None` if all is done.
    fn work(&mut self, session: &mut Session) -> Option<Instant> {
        while self.ticks < self.last_tick && self.next_tick <= now() {
            for _ in 0..self.each {
                // A refused metric is counted in the session's statistics, and must not stop the work.
                let _ = session.record(&Metric::gauge("ticks", self.ticks));
            }
            self.ticks += 1;
            self.next_tick += Self::TICK;
        }
        if self.ticks == self.last_tick {
            session.close();
            return None;
        }
        Some(self.next_tick)
    }
}

fn argument(name: &str, default: u64) -> Result<u64, Box<dyn Error>> {
    let mut arguments = env::args().skip_while(|argument| argument != name);
    if arguments.next().is_none() {
        return Ok(default);
    }
    let value = arguments.next().unwrap_or_default();
    let error = |error| format!("{name} is {value:?}, but must be a number: {error}").into();
    value.parse().map_err(error)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program has a clock, the core has none"
)]
fn now() -> Instant {
    Instant::now()
}
