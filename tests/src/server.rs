//! Servers on plain threads: they share no code with what they judge.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use statsd_proto::Config;

use crate::address::{ServerAddress, SocketFile, unused_port};
use crate::carrier::Carrier;
use crate::chunk::Chunk;
use crate::connection::Connection;
use crate::fault::Fault;
use crate::shared::{BUFFER, Shared};
use crate::socket::Socket;
use crate::timeout::eventually;

/// A server that keeps what it receives, also across restarts at its address.
#[derive(Debug)]
pub struct Server {
    address: ServerAddress,
    carrier: Carrier,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// A server on a port of its own at 127.0.0.1, or on a socket file of its own.
    ///
    /// # Panics
    ///
    /// If the machine does not let it.
    pub fn start(carrier: Carrier) -> Self {
        Self::start_faulty(carrier, |_| None)
    }

    /// A server on a port of its own.
    ///
    /// # Panics
    ///
    /// If the machine has no such address.
    pub fn start_at(ip: IpAddr, carrier: Carrier) -> Self {
        Self::try_start(Some(ip), carrier, |_| None).expect("the machine has the address")
    }

    /// A server that does to each connection, counted from 0, what `fault` says. One of datagrams reads
    /// none while that is to stall.
    ///
    /// # Panics
    ///
    /// If the machine does not let it.
    pub fn start_faulty(
        carrier: Carrier,
        fault: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let ip = match carrier {
            Carrier::Tcp | Carrier::Udp => Some(Ipv4Addr::LOCALHOST.into()),
            Carrier::UnixDatagram | Carrier::UnixFrames | Carrier::UnixStream => None,
        };
        Self::try_start(ip, carrier, fault).expect("some port is free, and files can be made")
    }

    /// Server that is not running yet; [`restart`](Self::restart) starts it at its address.
    pub fn absent(carrier: Carrier) -> Self {
        let mut server = Self::start(carrier);
        server.stop();
        server
    }

    fn try_start(
        ip: Option<IpAddr>,
        carrier: Carrier,
        fault: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (address, socket) = loop {
            let address = match ip {
                Some(ip) => ServerAddress::Network(SocketAddr::new(ip, unused_port())),
                None => ServerAddress::File(SocketFile::unused()),
            };
            match Socket::bind(&address, carrier) {
                Ok(socket) => break (address, socket),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        };
        let shared = Arc::new(Shared {
            is_running: AtomicBool::new(false),
            is_faulty: AtomicBool::new(true),
            fault: Box::new(fault),
            layout: carrier.layout(),
            received: Mutex::default(),
        });
        let mut server = Self {
            address,
            carrier,
            shared,
            thread: None,
        };
        server.serve(socket);
        Ok(server)
    }

    /// Closes all connections and the port. The file of a Unix socket stays, as after a crash.
    ///
    /// # Panics
    ///
    /// If the server has.
    pub fn stop(&mut self) {
        self.close_port();
        self.hang_up();
    }

    /// Closes the port, half-closes all connections, and reads until the clients have closed them:
    /// so nothing is lost that a client wrote to a stream before it noticed.
    ///
    /// # Panics
    ///
    /// If the server has panicked, or if a client does not close its connection.
    pub fn retire(&mut self) {
        self.close_port();
        let mut buffer = vec![0; BUFFER];
        for connection in &self.shared.lock().connections {
            connection.half_close();
        }
        eventually("the end of all connections", || {
            for connection in &mut self.shared.lock().connections {
                while connection.read(&mut buffer) {}
            }
            self.open() == 0
        });
    }

    /// Removes the file of a Unix socket.
    pub fn remove_file(&self) {
        if let ServerAddress::File(file) = &self.address {
            file.remove();
        }
    }

    /// Comes back at the same address after a [`stop`](Self::stop).
    ///
    /// # Panics
    ///
    /// If another program has taken the port.
    pub fn restart(&mut self) {
        self.stop();
        let socket = Socket::bind(&self.address, self.carrier).expect("the port is still free");
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
        self.relent();
    }

    /// Does nothing wrong any more to the connections that it has.
    pub fn relent(&self) {
        for connection in &mut self.shared.lock().connections {
            connection.fault = None;
        }
    }

    /// Transport that it listens on.
    pub fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// A configuration for it, with all defaults.
    pub fn config(&self) -> Config {
        self.address.config(self.carrier)
    }

    /// Where it listens.
    ///
    /// # Panics
    ///
    /// If that is no port.
    pub fn address(&self) -> SocketAddr {
        match &self.address {
            ServerAddress::Network(address) => *address,
            ServerAddress::File(_) => panic!("a Unix socket has a path"),
        }
    }

    /// Where it listens.
    ///
    /// # Panics
    ///
    /// If that is no Unix socket.
    pub fn path(&self) -> &Path {
        match &self.address {
            ServerAddress::Network(_) => panic!("a port has no path"),
            ServerAddress::File(file) => file.path(),
        }
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

    /// How many connections the clients have reset.
    pub fn resets(&self) -> usize {
        let received = self.shared.lock();
        let connections = received.connections.iter();
        connections.filter(|one| one.was_reset).count()
    }

    /// What each connection brought, or each datagram.
    pub fn chunks(&self) -> Vec<Chunk> {
        let received = self.shared.lock();
        let connections = received.connections.iter().map(|one| &one.received);
        connections
            .chain(&received.datagrams)
            .map(|bytes| Chunk {
                bytes: bytes.clone(),
                layout: self.shared.layout,
            })
            .collect()
    }

    /// Takes the complete lines that have arrived since the last call, so that a server may run for
    /// long. The lines are grouped by connection, counted from 0.
    pub fn take_lines(&self) -> Vec<(usize, Vec<String>)> {
        let layout = self.shared.layout;
        let mut received = self.shared.lock();
        let datagrams = std::mem::take(&mut received.datagrams).into_iter();
        let datagrams = datagrams.map(|bytes| (0, bytes)).collect::<Vec<_>>();
        let connections = received.connections.iter_mut();
        let taken = connections.map(Connection::take).enumerate();
        taken
            .filter(|(_, bytes)| !bytes.is_empty())
            .chain(datagrams)
            .map(|(number, bytes)| (number, Chunk { bytes, layout }.lines()))
            .collect()
    }

    /// All whole lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.chunks().iter().flat_map(Chunk::lines).collect()
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
            Socket::Datagrams(receive) => shared.serve_datagrams(receive),
            Socket::Streams(accept) => shared.serve_streams(accept),
        }));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
