//! TCP and UDP servers on plain threads: they share no code with what they judge.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use statsd_proto::Transport;

use crate::connection::Connection;
use crate::fault::Fault;
use crate::patience::eventually;
use crate::piece::Piece;

/// A server that keeps what it receives, also across restarts on its port.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    transport: Transport,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// A server on a port of its own at 127.0.0.1.
    pub fn start(transport: Transport) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), transport)
    }

    /// A server on a port of its own.
    ///
    /// # Panics
    ///
    /// If the machine has no such address.
    pub fn start_at(ip: IpAddr, transport: Transport) -> Self {
        Self::try_start(ip, transport, |_| None).expect("the machine has the address")
    }

    /// A TCP server that does to each connection, counted from 0, what `fault` says.
    ///
    /// # Panics
    ///
    /// If no port is free.
    pub fn start_faulty(fault: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static) -> Self {
        Self::try_start(Ipv4Addr::LOCALHOST.into(), Transport::Tcp, fault)
            .expect("some port is free")
    }

    /// A server that is to [`restart`](Self::restart) later at an address where nobody is.
    pub fn absent(transport: Transport) -> Self {
        let mut server = Self::start(transport);
        server.stop();
        server
    }

    fn try_start(
        ip: IpAddr,
        transport: Transport,
        fault: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (address, socket) = loop {
            let address = SocketAddr::new(ip, unused_port());
            match Socket::bind(address, transport) {
                Ok(socket) => break (address, socket),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        };
        let shared = Arc::new(Shared {
            is_running: AtomicBool::new(false),
            is_faulty: AtomicBool::new(true),
            fault: Box::new(fault),
            received: Mutex::default(),
        });
        let mut server = Self {
            address,
            transport,
            shared,
            thread: None,
        };
        server.serve(socket);
        Ok(server)
    }

    /// Closes all connections and the port.
    ///
    /// # Panics
    ///
    /// If the server has.
    pub fn stop(&mut self) {
        self.close_port();
        self.hang_up();
    }

    /// Closes the port, says goodbye on all connections, and reads on until the clients have hung up:
    /// so nothing is lost that a client wrote to a stream before it heard.
    ///
    /// # Panics
    ///
    /// If the server has, or if a client does not hang up.
    pub fn retire(&mut self) {
        self.close_port();
        let mut buffer = vec![0; BUFFER];
        for connection in &self.shared.lock().connections {
            connection.say_goodbye();
        }
        eventually("the end of all connections", || {
            for connection in &mut self.shared.lock().connections {
                while connection.read(&mut buffer) {}
            }
            self.open() == 0
        });
    }

    /// Comes back on the same port after a [`stop`](Self::stop).
    ///
    /// # Panics
    ///
    /// If somebody else has taken the port.
    pub fn restart(&mut self) {
        self.stop();
        let socket = Socket::bind(self.address, self.transport).expect("the port is still free");
        self.serve(socket);
    }

    /// Closes all connections in an orderly way, and reads what has come until then.
    pub fn hang_up(&self) {
        let mut buffer = vec![0; BUFFER];
        for connection in &mut self.shared.lock().connections {
            connection.hang_up(&mut buffer);
        }
    }

    /// Resets all connections.
    pub fn reset(&self) {
        for connection in &mut self.shared.lock().connections {
            connection.reset();
        }
    }

    /// Does nothing wrong from now on, also to the connections that it has.
    pub fn recover(&self) {
        self.shared.is_faulty.store(false, Ordering::Relaxed);
        for connection in &mut self.shared.lock().connections {
            connection.fault = None;
        }
    }

    /// What it takes.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections it has accepted.
    pub fn accepted(&self) -> usize {
        self.shared.lock().connections.len()
    }

    /// How many connections are open on both sides.
    pub fn open(&self) -> usize {
        let received = self.shared.lock();
        let connections = received.connections.iter();
        connections.filter(|one| one.stream.is_some()).count()
    }

    /// What each connection brought, or each datagram.
    pub fn pieces(&self) -> Vec<Piece> {
        let received = self.shared.lock();
        let connections = received.connections.iter().map(|one| &one.received);
        connections
            .chain(&received.datagrams)
            .map(|bytes| Piece {
                bytes: bytes.clone(),
                is_stream: self.transport == Transport::Tcp,
            })
            .collect()
    }

    /// All whole lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.pieces().iter().flat_map(Piece::lines).collect()
    }

    /// How many whole lines came so far.
    pub fn line_count(&self) -> usize {
        let received = self.shared.lock();
        let lines = received.connections.iter().map(|one| one.lines);
        lines.sum::<usize>() + received.datagram_lines
    }

    /// Waits for this many lines. Returns all that came.
    pub fn wait_for(&self, lines: usize) -> Vec<String> {
        let what = format!("{lines} lines at the server");
        eventually(&what, || self.line_count() >= lines);
        self.lines()
    }

    /// Waits for this many lines and for the end of all connections. Returns all that came.
    pub fn wait_for_end(&self, lines: usize) -> Vec<String> {
        self.wait_for(lines);
        eventually("the end of all connections", || self.open() == 0);
        self.lines()
    }

    fn close_port(&mut self) {
        self.shared.is_running.store(false, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server does not panic");
        }
    }

    fn serve(&mut self, socket: Socket) {
        let shared = Arc::clone(&self.shared);
        shared.is_running.store(true, Ordering::Relaxed);
        self.thread = Some(thread::spawn(move || match socket {
            Socket::Tcp(listener) => shared.serve_tcp(&listener),
            Socket::Udp(socket) => shared.serve_udp(&socket),
        }));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A port that nobody has been given, below those that systems hand out by themselves: so nobody else
/// takes the port of a server that is to come back, and no client connects to itself.
pub fn unused_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Each process has some ports before those of the next one.
    let start = process::id().wrapping_mul(16);
    let given = GIVEN.fetch_add(1, Ordering::Relaxed);
    let offset = start.wrapping_add(given) % 12_000;
    20_000 + u16::try_from(offset).expect("it is below 12,000")
}

enum Socket {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

impl Socket {
    fn bind(address: SocketAddr, transport: Transport) -> io::Result<Self> {
        if transport == Transport::Tcp {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            return Ok(Self::Tcp(listener));
        }
        let socket = UdpSocket::bind(address)?;
        socket.set_read_timeout(Some(Duration::from_millis(20)))?;
        Ok(Self::Udp(socket))
    }
}

struct Shared {
    is_running: AtomicBool,
    is_faulty: AtomicBool,
    fault: Box<dyn Fn(usize) -> Option<Fault> + Send + Sync>,
    received: Mutex<Received>,
}

#[derive(Default)]
struct Received {
    connections: Vec<Connection>,
    datagrams: Vec<Vec<u8>>,
    datagram_lines: usize,
}

impl Shared {
    fn serve_tcp(&self, listener: &TcpListener) {
        let mut buffer = vec![0; BUFFER];
        while self.is_running.load(Ordering::Relaxed) {
            let mut received = self.lock();
            while let Ok((stream, _)) = listener.accept() {
                let number = received.connections.len();
                let fault = (self.fault)(number).filter(|_| self.is_faulty.load(Ordering::Relaxed));
                received.connections.push(Connection::new(stream, fault));
            }
            let mut is_idle = true;
            for connection in &mut received.connections {
                is_idle &= !connection.read(&mut buffer);
            }
            drop(received);
            if is_idle {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    fn serve_udp(&self, socket: &UdpSocket) {
        let mut buffer = vec![0; BUFFER];
        while self.is_running.load(Ordering::Relaxed) {
            if let Ok(len) = socket.recv(&mut buffer) {
                let mut received = self.lock();
                let datagram = &buffer[..len];
                received.datagram_lines += datagram.split(|&byte| byte == b'\n').count();
                received.datagrams.push(datagram.to_vec());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

const BUFFER: usize = 64 * 1024;
