//! A program without async: clients record on any thread, and one thread of plain `std` sends.
//!
//! ```text
//! blocking [--seconds N] [--each N]
//! ```
//!
//! It ticks a hundred times a second, for three seconds or as many as given, and records the number of
//! each tick in a gauge, once or as often as given. The server is that of the environment, as
//! [`Config::from_env`] says, or at 127.0.0.1. It exits with 0 if all accepted lines were sent.
//!
//! To do the same, take [`drive`] and what it calls. A thread that blocks hears nothing meanwhile,
//! which costs less than it seems:
//!
//! - While it is parked it does not hear the server's goodbye. It looks for that before each poll, and so
//!   before each write, which is soon enough to lose nothing; but it connects again only when there
//!   is something to send.
//! - While it writes or connects it does not hear of a close. A program that stops while
//!   the server stalls waits for the write timeout, or the connect timeout, on top of the close timeout.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "a program has sockets, threads and a clock, the core has none"
)]

use std::env;
use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{
    IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket,
};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};

use statsd_proto::{
    Config, Connect, Driver, FailureKind, Input, Output, Report, Resolve, Target, Transmit,
};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let (seconds, each) = (argument("--seconds", 3)?, argument("--each", 1)?);
    let config = Config::from_env()?
        .default_host("127.0.0.1")
        .default_prefix("")
        // No close is heard during a write, so none may take as long as the default allows.
        .write_timeout(Duration::from_secs(5));
    let (client, driver) = Driver::new(&config, Instant::now)?;
    let driving = thread::spawn(move || drive(driver));

    for tick in 0..seconds * 100 {
        for _ in 0..each {
            client.gauge("ticks", tick);
        }
        thread::sleep(Duration::from_millis(10));
    }
    client.close();

    let report = driving.join().expect("driving does not panic");
    let (accepted, sent) = (report.stats.accepted, report.sent);
    let dropped = report.stats.dropped.total();
    println!("accepted={accepted}\nsent={sent}\ndropped={dropped}");
    Ok(ExitCode::from(u8::from(sent != accepted)))
}

/// Does what the driver says until all clients are done.
fn drive(mut driver: Driver) -> Report {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut link = Link::default();
    let mut resolver = None;
    loop {
        // What happened while nobody looked comes before what to do next: a datagram that was refused is
        // sent again, and nothing is written to a server that has said goodbye.
        if let Err(error) = link.look() {
            driver.handle(link.fail(&error));
        }
        for answer in resolver.iter().flat_map(Resolver::answers) {
            driver.handle(answer);
        }
        match driver.poll() {
            // How long these may take is said by the next poll, so they wait for it.
            Output::Connect(connect) => link.task = Some(Task::Connect(connect)),
            Output::Transmit(transmit) => link.task = Some(Task::Transmit(transmit)),
            Output::Disconnect => link = Link::default(),
            Output::Resolve(name) => {
                let resolver = resolver.get_or_insert_with(|| Resolver::start(waker.clone()));
                resolver.ask(name);
            }
            Output::Finished(report) => return report,
            Output::Wait(until) => match link.task.take() {
                Some(task) => {
                    let input = link.carry_out(&task, time_left(until));
                    driver.handle(input.unwrap_or_else(|error| link.fail(&error)));
                }
                None => park(&mut driver, &waker, until),
            },
        }
    }
}

/// Parks the thread until this time, or until there is something to do: the first metric after a rest,
/// a queue that fills, a flush, a close.
fn park(driver: &mut Driver, waker: &Waker, until: Option<Instant>) {
    let mut woken = pin!(driver.woken());
    let is_woken = woken.as_mut().poll(&mut Context::from_waker(waker));
    // A waker that comes before the thread is parked is remembered, and the thread not parked at all.
    match until {
        _ if is_woken.is_ready() => {}
        Some(until) => thread::park_timeout(until.saturating_duration_since(Instant::now())),
        None => thread::park(),
    }
}

/// Time for what blocks. Sockets take none at all for an error.
fn time_left(until: Option<Instant>) -> Duration {
    let until = until.expect("what is under way has a deadline");
    let time = until.saturating_duration_since(Instant::now());
    time.max(Duration::from_millis(1))
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Looks names up on a thread of its own: the standard library's lookup takes as long as the system likes,
/// and datagrams go on meanwhile. One that hangs holds up the next ones, and nothing else.
struct Resolver {
    names: Sender<Resolve>,
    answers: Receiver<Input>,
}

impl Resolver {
    fn start(driver: Waker) -> Self {
        let (names, asked) = channel::<Resolve>();
        let (answer, answers) = channel();
        thread::spawn(move || {
            for name in asked {
                let found = (&*name.host, name.port).to_socket_addrs();
                // Where nobody listens any more, the thread ends soon.
                let _ = answer.send(name.answer(found));
                driver.wake_by_ref();
            }
        });
        Self { names, answers }
    }

    fn ask(&self, name: Resolve) {
        self.names.send(name).expect("the thread lives as long");
    }

    fn answers(&self) -> impl Iterator<Item = Input> {
        self.answers.try_iter()
    }
}

/// The socket, and what is to be done next.
#[derive(Default)]
struct Link {
    socket: Option<Socket>,
    task: Option<Task>,
}

enum Task {
    Connect(Connect),
    Transmit(Transmit),
}

enum Socket {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

impl Link {
    fn look(&self) -> io::Result<()> {
        self.socket.as_ref().map_or(Ok(()), Socket::look)
    }

    fn carry_out(&mut self, task: &Task, time: Duration) -> io::Result<Input> {
        match task {
            Task::Connect(connect) => {
                self.socket = Some(Socket::connect(connect, time)?);
                Ok(Input::Connected)
            }
            Task::Transmit(transmit) => {
                let socket = self.socket.as_ref();
                let socket = socket.expect("only what is connected is written to");
                socket.write(transmit, time).map(Input::Written)
            }
        }
    }

    /// Gives up the socket, which is never used again after an error.
    fn fail(&mut self, error: &io::Error) -> Input {
        *self = Self::default();
        // Unix calls it so when a write takes too long.
        if error.kind() == io::ErrorKind::WouldBlock {
            return Input::Disconnected(FailureKind::TimedOut.into());
        }
        Input::failed(error)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Self::Tcp(stream) = self {
            shut_down(stream);
        }
    }
}

impl Socket {
    fn connect(connect: &Connect, time: Duration) -> io::Result<Self> {
        match connect.target {
            Target::Tcp(address) => {
                let stream = TcpStream::connect_timeout(&address, time)?;
                set_options(&SockRef::from(&stream), connect);
                Ok(Self::Tcp(stream))
            }
            Target::Udp(address) => {
                let any: IpAddr = match address {
                    SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                    SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
                };
                let socket = UdpSocket::bind((any, 0))?;
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

    /// Reads without waiting, for the server's goodbye or its refusal of an earlier datagram; it says
    /// nothing else.
    fn look(&self) -> io::Result<()> {
        self.set_nonblocking(true)?;
        let mut discarded = [0; 512];
        let read = match self {
            Self::Tcp(stream) => match (&*stream).read(&mut discarded) {
                Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                read => read,
            },
            Self::Udp(socket) => socket.recv(&mut discarded),
        };
        self.set_nonblocking(false)?;
        match read {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Writes once. Returns how many bytes of the transmit are done with.
    fn write(&self, transmit: &Transmit, time: Duration) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => {
                stream.set_write_timeout(Some(time))?;
                (&*stream).write(&transmit.data)
            }
            Self::Udp(socket) => {
                socket.set_write_timeout(Some(time))?;
                // A datagram stands for more bytes than it has, if it was filled up.
                let (datagram, bytes) = transmit.first_datagram();
                socket.send(datagram).map(|_| bytes)
            }
        }
    }

    fn set_nonblocking(&self, is_nonblocking: bool) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_nonblocking(is_nonblocking),
            Self::Udp(socket) => socket.set_nonblocking(is_nonblocking),
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
fn shut_down(mut stream: &TcpStream) {
    // Errors mean that the server has closed the connection already.
    let _ = stream.set_nonblocking(true);
    let _ = stream.shutdown(Shutdown::Write);
    let mut discarded = [0; 4096];
    for _ in 0..256 {
        if !matches!(stream.read(&mut discarded), Ok(1..)) {
            return;
        }
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
