//! A program with an event loop of its own: one thread, `mio`, and a [`Session`] among its business.
//!
//! ```text
//! mio_loop [--seconds N] [--each N]
//! ```
//!
//! It ticks a hundred times a second, for three seconds or as many as given, and records the number of
//! each tick in a gauge, once or as often as given. The server is that of the environment, as
//! [`Config::from_env`] says, or at 127.0.0.1. It exits with 0 if all accepted lines were sent.
//!
//! To drive a session in your own loop, take [`Link`] and [`Resolver`], which are all there is to do with the network, and
//! the five steps of the loop in `main`.

#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program talks to people"
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

use statsd_proto::{Config, Connect, Input, Metric, Output, Resolve, Session, Target, Transmit};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut business = Business::from_arguments()?;
    let config = Config::from_env()?
        .default_host("127.0.0.1")
        .default_prefix("");
    // The seed spreads reconnects: programs that share one come back to their server all at once.
    let seed = RandomState::new().hash_one(0);
    let mut session = Session::new(&config, seed)?;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(16);
    let mut link = Link::new(poll.registry().try_clone()?);
    let resolver = Resolver::start(Waker::new(poll.registry(), Token(1))?);

    let report = loop {
        // 1. The program's own business. What it records waits in the session. A program that records
        //    elsewhere asks `wants_poll` before it sleeps; here the session is polled in every turn.
        let next_tick = business.work(&mut session);

        // 2. The session learns what happened, before it is asked: in a poll it takes silence for consent
        //    to a datagram. `mio` reports edges, so a socket is tried until it would block, or there
        //    would be no event to come; for the same reason events need only wake the loop up.
        while let Some(input) = link.step() {
            session.handle(input);
        }
        for answer in resolver.answers.try_iter() {
            session.handle(answer);
        }

        // 3. The session says what to do. This is the only place where it learns the time.
        let output = session.poll(now());

        // 4. People learn, in few words, what happened; at the end also what was lost.
        while let Some(event) = session.poll_event() {
            eprintln!("{event}");
        }

        // 5. What it says is done. What cannot be done at once is done by steps, in the next turns.
        match output {
            Output::Connect(connect) => {
                if let Err(error) = link.connect(&connect) {
                    session.handle(Input::failed(&error));
                }
            }
            Output::Disconnect => link.close(),
            Output::Finished(report) => break report,
            Output::Resolve(name) => resolver.names.send(name)?,
            Output::Transmit(transmit) => link.to_write = Some(transmit),
            Output::Wait(until) => sleep(&mut poll, &mut events, [until, next_tick])?,
        }
    };

    let (accepted, sent) = (report.stats.accepted, report.sent);
    let dropped = report.stats.dropped.total();
    println!("accepted={accepted}\nsent={sent}\ndropped={dropped}");
    Ok(ExitCode::from(u8::from(sent != accepted)))
}

/// Sleeps until the first of these times, or until an event.
fn sleep(poll: &mut Poll, events: &mut Events, times: [Option<Instant>; 2]) -> io::Result<()> {
    let until = times.into_iter().flatten().min();
    let timeout = until.map(|until| until.saturating_duration_since(now()));
    match poll.poll(events, timeout) {
        // A signal is no reason to end.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        result => result,
    }
}

/// Looks names up on a thread of its own: a lookup blocks for seconds if a name server is down, and the loop
/// and its datagrams go on meanwhile. One that hangs holds up the next ones, and nothing else.
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
                // Where nobody listens any more, the thread ends soon.
                let _ = answer.send(name.answer(found));
                let _ = waker.wake();
            }
        });
        Self { names, answers }
    }
}

/// The socket, and what is under way with it.
struct Link {
    registry: Registry,
    socket: Option<Socket>,
    is_connecting: bool,
    to_write: Option<Transmit>,
}

enum Socket {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

impl Link {
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
            // The socket is closed either way.
            let _ = self.registry.deregister(socket.source());
            if let Socket::Tcp(stream) = socket {
                shut_down(stream);
            }
        }
    }

    /// Does what can be done without waiting. Tells the session what came of it, or nothing: then there is
    /// nothing to do before the next event. A socket that has failed is never used again.
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
        // Reading comes before writing: StatsD servers say nothing but goodbye, and what is written
        // after that is lost. One that talks without end may not keep the program from its business.
        for _ in 0..16 {
            if unless_blocked(socket.read())?.is_none() {
                break;
            }
        }
        // One write for each `Transmit`, even if it takes only a part: the session hands out the rest.
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
    /// A socket that connects in the background.
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
                // Only a connected socket hears that nobody is there.
                socket.connect(address)?;
                Ok(Self::Udp(socket))
            }
            // Left out here: they are opened by a path, and otherwise the same.
            Target::UnixDatagram(_) | Target::UnixStream(_) => {
                Err(io::ErrorKind::Unsupported.into())
            }
        }
    }

    fn is_connected(&self) -> io::Result<bool> {
        let Self::Tcp(stream) = self else {
            return Ok(true);
        };
        // A connect that failed says so here; one that goes on has no peer yet.
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
            // A server that is not there lets any call fail: it refused an earlier datagram.
            Self::Udp(socket) => socket.recv(&mut discarded).map(|_| ()),
        }
    }

    /// Returns how many bytes of the transmit are done with.
    fn write(&mut self, transmit: &Transmit) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(&transmit.data),
            Self::Udp(socket) => {
                // A datagram stands for more bytes than it has, if it was filled up.
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

/// A system that does not know an option does without.
fn set_options(socket: &SockRef<'_>, connect: &Connect) {
    // Lines have been packed already; there is nothing to wait for.
    let _ = socket.set_tcp_nodelay(true);
    if let Some(bytes) = connect.send_buffer {
        let _ = socket.set_send_buffer_size(bytes);
    }
    if let Some(keepalive) = connect.keepalive {
        // Each system has a few more; the adapters' `options.rs` has those of Linux.
        let _ = socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(keepalive.time));
    }
}

/// Sends FIN, and discards up to 1 MiB of unread data. Closing a socket with unread data would send RST instead.
fn shut_down(mut stream: TcpStream) {
    // An error means that the server has closed the connection already.
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

/// What the program is there for.
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

    /// Does what is due. Returns when there is more to do; none if never.
    fn work(&mut self, session: &mut Session) -> Option<Instant> {
        while self.ticks < self.last_tick && self.next_tick <= now() {
            for _ in 0..self.each {
                // What is refused is counted, and no reason for the business to fail.
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
