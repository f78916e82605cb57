//! Bare minimum on this machine: one lock, one buffer, and a thread that takes it every ten milliseconds, or when a
//! write's worth is there, and writes. The line is put together by inlined code. Memory is bounded; nothing else that a
//! client has to do is done: no checks, no reconnect, no report, no end.

use std::hint::black_box;
use std::io::{self, Write};
use std::net::{TcpStream, UdpSocket};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt::UdpGsoSegment};

use super::{COUNTER, Kind, MAX_DATAGRAM, MILLISECONDS, Subject, TAGS, TIMER, Target};

/// Datagrams of equal size, padded with line feeds, which the kernel splits.
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

    /// Waits for lines worth a write, or a little while, and exchanges buffers.
    fn take(&self, lines: &mut Vec<u8>) {
        lines.clear();
        loop {
            let state = self.lock();
            let is_idle = |state: &mut State| !state.is_flushed && state.lines.len() < HIGH_WATER;
            let waited = self.filled.wait_timeout_while(state, TICK, is_idle);
            let (mut state, _) = waited.expect("nobody panics");
            state.is_flushed = false;
            if !state.lines.is_empty() {
                std::mem::swap(lines, &mut state.lines);
                state.datagram = 0;
                break;
            }
        }
        self.emptied.notify_all();
    }

    /// Adds a line that `write` writes.
    #[inline(always)]
    fn record(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.lock();
        while state.lines.len() > MOST - MAX_DATAGRAM {
            state = self.emptied.wait(state).expect("nobody panics");
        }
        let State {
            lines, datagram, ..
        } = &mut *state;
        let before = lines.len();
        write(lines);
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

/// Writes a line without tags.
#[inline(always)]
fn plain(lines: &mut Vec<u8>, name: &str, value: u32, suffix: &[u8]) {
    lines.extend_from_slice(name.as_bytes());
    lines.push(b':');
    lines.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    lines.extend_from_slice(suffix);
}

/// Writes a count with two tags.
#[inline(always)]
fn tagged(lines: &mut Vec<u8>, [region, method]: [(&str, &str); 2]) {
    plain(lines, black_box(COUNTER), 1, b"|c|#");
    lines.extend_from_slice(region.0.as_bytes());
    lines.push(b':');
    lines.extend_from_slice(region.1.as_bytes());
    lines.push(b',');
    lines.extend_from_slice(method.0.as_bytes());
    lines.push(b':');
    lines.extend_from_slice(method.1.as_bytes());
    lines.push(b'\n');
}

impl Subject for Yardstick {
    fn record(&self, kind: Kind, calls: usize) {
        for _ in 0..calls {
            match kind {
                Kind::Count => self
                    .0
                    .record(|lines| plain(lines, black_box(COUNTER), 1, b"|c\n")),
                Kind::Tagged => self.0.record(|lines| tagged(lines, black_box(TAGS))),
                Kind::Timing => {
                    let milliseconds = black_box(MILLISECONDS);
                    self.0
                        .record(|lines| plain(lines, black_box(TIMER), milliseconds, b"|ms\n"));
                }
            }
        }
    }

    fn flush(&self) {
        self.0.lock().is_flushed = true;
        self.0.filled.notify_one();
    }
}

/// When the writer is woken, in bytes: what it writes at once.
const HIGH_WATER: usize = 16 * 1024;

/// How long lines wait for others.
const TICK: Duration = Duration::from_millis(10);

/// What waits at the most.
const MOST: usize = 4 * 1024 * 1024;

/// How many datagrams go in one call.
const DATAGRAMS: usize = 32;
