//! The server that all subjects send to, in a process of its own: what it works is no cost of theirs.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use memchr::memrchr;
use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_recv_buffer_size_force};

use crate::clock;
use crate::tally::metrics;

/// Says where it listens, and serves until its parent is gone.
pub(crate) fn main() -> io::Result<()> {
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    // Beyond what is allowed, if we may: subjects that never wait would lose to a short buffer what
    // they did not lose themselves.
    if set_socket_recv_buffer_size_force(&udp, RECEIVE_BUFFER).is_err() {
        set_socket_recv_buffer_size(&udp, RECEIVE_BUFFER)?;
    }
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let control = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let ports = [udp.local_addr()?, tcp.local_addr()?, control.local_addr()?];
    writeln!(io::stdout(), "{}", ports.map(|at| at.to_string()).join(" "))?;

    let log = Arc::new(Log::default());
    spawn(&log, move |log| receive_datagrams(&udp, log));
    spawn(&log, move |log| {
        for stream in tcp.incoming() {
            let stream = stream?;
            spawn(log, move |log| receive_stream(stream, log));
        }
        Ok(())
    });
    spawn(&log, move |log| {
        for stream in control.incoming() {
            let stream = stream?;
            spawn(log, move |log| answer(&stream, log));
        }
        Ok(())
    });
    io::copy(&mut io::stdin(), &mut io::sink()).map(drop)
}

fn spawn(log: &Arc<Log>, work: impl FnOnce(&Arc<Log>) -> io::Result<()> + Send + 'static) {
    let log = Arc::clone(log);
    // A subject that is gone is no reason to stop.
    thread::spawn(move || work(&log).is_ok());
}

fn receive_datagrams(socket: &UdpSocket, log: &Log) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let len = socket.recv(&mut buffer)?;
        log.add(&buffer[..len]);
    }
}

fn receive_stream(mut stream: TcpStream, log: &Log) -> io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..])?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        let whole = memrchr(b'\n', &buffer[..filled]).map_or(0, |end| end + 1);
        log.add(&buffer[..whole]);
        buffer.copy_within(whole..filled, 0);
        filled -= whole;
    }
}

/// Arrivals: for each payload, its time and the number of metrics up to and including it.
#[derive(Debug, Default)]
struct Log(Mutex<Vec<(u64, f64)>>);

impl Log {
    fn add(&self, payload: &[u8]) {
        let metrics = metrics(payload);
        let mut entries = self.lock();
        let before = last(&entries).1;
        entries.push((clock::now(), before + metrics));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(u64, f64)>> {
        self.0.lock().expect("nobody panics")
    }

    /// Waits until this many metrics have arrived, or none for some time.
    fn wait(&self, metrics: f64, patience: u64) -> (u64, f64) {
        let asked_at = clock::now();
        loop {
            let (at, arrived) = last(&self.lock());
            if arrived.round() >= metrics || clock::now() > at.max(asked_at) + patience {
                return (at, arrived);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn last(entries: &[(u64, f64)]) -> (u64, f64) {
    entries.last().copied().unwrap_or_default()
}

/// Answers the questions of [`crate::arrivals`].
fn answer(mut stream: &TcpStream, log: &Log) -> io::Result<()> {
    for question in BufReader::new(stream).lines() {
        let question = question?;
        let mut words = question.split(' ');
        let mut answer = String::new();
        match words.next() {
            Some("reset") => log.lock().clear(),
            Some("log") => {
                for (at, metrics) in &*log.lock() {
                    let _ = write!(answer, "{at} {} ", metrics.round());
                }
            }
            _ => {
                let metrics = words.next().and_then(|word| word.parse().ok());
                let patience = words.next().and_then(|word| word.parse().ok());
                let (at, metrics) = log.wait(metrics.unwrap_or(0.0), patience.unwrap_or(0));
                let _ = write!(answer, "{at} {}", metrics.round());
            }
        }
        answer.push('\n');
        stream.write_all(answer.as_bytes())?;
    }
    Ok(())
}

/// Receive buffer for all datagrams of one run, if every metric is a datagram.
const RECEIVE_BUFFER: usize = 512 * 1024 * 1024;
