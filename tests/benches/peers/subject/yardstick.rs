//! What the machine allows: one lock, one buffer, and a thread that takes it and writes. It bounds its
//! memory and does nothing else that a client has to: no checks, no reconnect, no report, no end.

use std::hint::black_box;
use std::io::{self, Write};
use std::net::{TcpStream, UdpSocket};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

use nix::sys::socket::{setsockopt, sockopt::UdpGsoSegment};

use super::{COUNTER, Kind, MAX_DATAGRAM, MILLISECONDS, Subject, TAGS, TIMER, Target};

/// Datagrams of equal size, filled up with line breaks, which the kernel cuts apart.
pub(super) fn udp(to: Target) -> Box<dyn Subject> {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("the loopback has ports");
    socket.connect(to.udp).expect("the receiver is there");
    let size = i32::try_from(MAX_DATAGRAM).expect("a datagram is short");
    setsockopt(&socket, UdpGsoSegment, &size).expect("the kernel cuts datagrams");
    Box::new(Yardstick::start(Some(MAX_DATAGRAM), move |lines| {
        let calls = lines.chunks(DATAGRAMS * MAX_DATAGRAM);
        calls
            .into_iter()
            .try_for_each(|call| socket.send(call).map(drop))
    }))
}

pub(super) fn tcp(to: Target) -> Box<dyn Subject> {
    let mut stream = TcpStream::connect(to.tcp).expect("the receiver is there");
    Box::new(Yardstick::start(None, move |lines| stream.write_all(lines)))
}

struct Yardstick(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// The writer waits for lines.
    filled: Condvar,
    /// Callers wait for room.
    emptied: Condvar,
    datagram: Option<usize>,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    /// Where the last datagram begins.
    datagram: usize,
    is_flushed: bool,
}

impl Yardstick {
    fn start(
        datagram: Option<usize>,
        mut write: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            datagram,
        });
        let writer = Arc::clone(&shared);
        thread::spawn(move || {
            let mut lines = Vec::with_capacity(MOST);
            loop {
                writer.take(&mut lines);
                write(&lines).expect("the receiver is there");
            }
        });
        Self(shared)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics")
    }

    /// Waits for lines worth a wake-up, and exchanges buffers.
    fn take(&self, lines: &mut Vec<u8>) {
        lines.clear();
        let state = self.lock();
        let is_idle = |state: &mut State| !state.is_flushed && state.lines.len() < HIGH_WATER;
        let waited = self.filled.wait_while(state, is_idle);
        let mut state = waited.expect("nobody panics");
        std::mem::swap(lines, &mut state.lines);
        state.lines.reserve(MOST);
        state.datagram = 0;
        state.is_flushed = false;
        drop(state);
        self.emptied.notify_all();
    }

    fn record(&self, parts: &[&str], value: u32, tail: &[&str]) {
        let mut state = self.lock();
        while state.lines.len() > MOST - MAX_DATAGRAM {
            state = self.emptied.wait(state).expect("nobody panics");
        }
        let State {
            lines, datagram, ..
        } = &mut *state;
        let before = lines.len();
        for part in parts {
            lines.extend_from_slice(part.as_bytes());
        }
        lines.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        for part in tail {
            lines.extend_from_slice(part.as_bytes());
        }
        lines.push(b'\n');
        let after = lines.len();
        if let Some(size) = self.datagram.filter(|size| after - *datagram > *size) {
            // The line moves to the next datagram.
            *datagram += size;
            let filling = *datagram - before;
            lines.resize(after + filling, b'\n');
            lines.copy_within(before..after, *datagram);
            lines[before..*datagram].fill(b'\n');
        }
        let is_worth_it = before < HIGH_WATER && lines.len() >= HIGH_WATER;
        drop(state);
        if is_worth_it {
            self.filled.notify_one();
        }
    }
}

impl Subject for Yardstick {
    fn record(&self, kind: Kind, calls: usize) {
        let [region, method] = TAGS;
        let tags = [
            "|c|#", region.0, ":", region.1, ",", method.0, ":", method.1,
        ];
        for _ in 0..calls {
            match kind {
                Kind::Count => self.0.record(&[black_box(COUNTER), ":"], 1, &["|c"]),
                Kind::Tagged => self
                    .0
                    .record(&[black_box(COUNTER), ":"], 1, black_box(&tags)),
                Kind::Timing => {
                    let milliseconds = black_box(MILLISECONDS);
                    self.0
                        .record(&[black_box(TIMER), ":"], milliseconds, &["|ms"]);
                }
            }
        }
    }

    fn flush(&self) {
        self.0.lock().is_flushed = true;
        self.0.filled.notify_one();
    }
}

/// When the writer is woken, in bytes.
const HIGH_WATER: usize = 64 * 1024;

/// What waits at the most.
const MOST: usize = 4 * 1024 * 1024;

/// How many datagrams go in one call.
const DATAGRAMS: usize = 32;
