//! A program without async: clients record on any thread, and one thread sends with blocking sockets of the standard
//! library.
//!
//! ```text
//! blocking [--seconds N] [--each N]
//! ```
//!
//! The program ticks a hundred times a second, for `--seconds` (default: 3). At each tick it records the number of the
//! tick in a gauge, `--each` times (default: once). It sends to the server in the environment, see
//! [`Config::from_env`], or to 127.0.0.1. Its exit status is 0 if all accepted lines were sent.
//!
//! To do the same, copy [`drive`] and the functions that it calls. A blocked thread notices no events, which has two
//! effects:
//!
//! - While the thread is parked, it does not notice that the server closes the connection. It checks for that before
//!   each poll, and thus before each write, so no line is lost. It reconnects only when there is something to send.
//! - While the thread writes or connects, it does not notice that the client is closed. If the server stalls while the
//!   program stops, the stop takes the write timeout or the connect timeout, plus the close timeout.

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

use statsd_proto::driver::{
    Connect, Driver, FailureKind, Input, Output, Resolve, Target, Transmit,
};
use statsd_proto::{Config, Report};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let (seconds, each) = (argument("--seconds", 3)?, argument("--each", 1)?);
    let config = Config::from_env()?
        .default_host("127.0.0.1")
        .default_prefix("")
        // A close is noticed only after the current write, so writes get a shorter timeout than the default.
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

/// Performs the driver's steps until all clients are closed or dropped.
fn drive(mut driver: Driver) -> Report {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut connection = Connection::default();
    let mut resolver = None;
    loop {
        // Check the socket before each poll, so that a refused datagram is resent, and nothing is written to a
        // connection that the server has closed.
        if let Err(error) = connection.check() {
            driver.handle(connection.fail(&error));
        }
        for answer in resolver.iter().flat_map(Resolver::answers) {
            driver.handle(answer);
        }
        match driver.poll() {
            // The next poll returns the deadline of this step, so the step is stored until then.
            Output::Connect(connect) => connection.task = Some(Task::Connect(connect)),
            Output::Transmit(transmit) => connection.task = Some(Task::Transmit(transmit)),
            Output::Disconnect => connection = Connection::default(),
            Output::Resolve(name) => {
                let resolver = resolver.get_or_insert_with(|| Resolver::start(waker.clone()));
                resolver.ask(name);
            }
            Output::Finished(report) => return report,
            Output::Wait(until) => match connection.task.take() {
                Some(task) => {
                    let input = connection.carry_out(&task, time_left(until));
                    driver.handle(input.unwrap_or_else(|error| connection.fail(&error)));
                }
                None => park(&mut driver, &waker, until),
            },
        }
    }
}

/// Parks the thread until this time, or until the driver is woken: by the first metric in an empty queue, by a queue
/// that fills, by a flush, or by a close.
fn park(driver: &mut Driver, waker: &Waker, until: Option<Instant>) {
    let mut woken = pin!(driver.woken());
    let is_woken = woken.as_mut().poll(&mut Context::from_waker(waker));
    // If the waker is called before the thread parks, the token of `unpark` makes `park` return at once.
    match until {
        _ if is_woken.is_ready() => {}
        Some(until) => thread::park_timeout(until.saturating_duration_since(Instant::now())),
        None => thread::park(),
    }
}

/// Time that is left for a blocking call, at least 1 ms: sockets refuse a timeout of zero.
fn time_left(until: Option<Instant>) -> Duration {
    let until = until.expect("a step in progress has a deadline");
    let time = until.saturating_duration_since(Instant::now());
    time.max(Duration::from_millis(1))
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Resolves host names on a thread of its own, because a lookup by the standard library has no timeout. Datagrams are
/// sent meanwhile. A lookup that hangs delays only later lookups.
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
                // Fails only at the end of the program, when the receiver is gone.
                let _ = answer.send(name.answer(found));
                driver.wake_by_ref();
            }
        });
        Self { names, answers }
    }

    fn ask(&self, name: Resolve) {
        self.names
            .send(name)
            .expect("the thread ends after its sender is dropped");
    }

    fn answers(&self) -> impl Iterator<Item = Input> {
        self.answers.try_iter()
    }
}

/// Socket, and the next step on it.
#[derive(Default)]
struct Connection {
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

impl Connection {
    fn check(&self) -> io::Result<()> {
        self.socket.as_ref().map_or(Ok(()), Socket::check)
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

    /// Drops the socket after an error, and returns the error for the driver.
    fn fail(&mut self, error: &io::Error) -> Input {
        *self = Self::default();
        // On Unix, a blocking call that times out returns `WouldBlock`.
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

    /// Reads without waiting. A StatsD server sends nothing, so a read shows only that the server has closed the
    /// connection or refused an earlier datagram.
    fn check(&self) -> io::Result<()> {
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

    /// Writes once. Returns how many bytes of the transmit are done, padding included.
    fn write(&self, transmit: &Transmit, time: Duration) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => {
                stream.set_write_timeout(Some(time))?;
                (&*stream).write(&transmit.data)
            }
            Self::Udp(socket) => {
                socket.set_write_timeout(Some(time))?;
                // `bytes` includes the padding of the datagram, which the session counts as written too.
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
fn shut_down(mut stream: &TcpStream) {
    // These fail if the server has already closed the connection.
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
