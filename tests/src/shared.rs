//! State of a server, and the data that it has received.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::connection::Connection;
use crate::fault::Fault;
use crate::layout::Layout;
use crate::stream::Stream;

/// State that the thread of a server shares with the test.
pub(crate) struct Shared {
    pub(crate) is_running: AtomicBool,
    pub(crate) is_faulty: AtomicBool,
    pub(crate) fault: Box<dyn Fn(usize) -> Option<Fault> + Send + Sync>,
    pub(crate) layout: Layout,
    pub(crate) received: Mutex<Received>,
}

#[derive(Default)]
pub(crate) struct Received {
    pub(crate) connections: Vec<Connection>,
    pub(crate) datagrams: Vec<Vec<u8>>,
    pub(crate) datagram_lines: usize,
}

impl Shared {
    pub(crate) fn serve_streams(&self, accept: impl Fn() -> io::Result<Box<dyn Stream>>) {
        let mut buffer = vec![0; BUFFER];
        while self.is_running.load(Ordering::Relaxed) {
            let mut received = self.lock();
            while let Ok(stream) = accept() {
                let fault = self.fault(received.connections.len());
                let connection = Connection::new(stream, self.layout, fault);
                received.connections.push(connection);
            }
            let mut is_idle = true;
            for connection in &mut received.connections {
                is_idle &= !connection.speak();
                is_idle &= !connection.read(&mut buffer);
            }
            drop(received);
            if is_idle {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    pub(crate) fn serve_datagrams(&self, receive: impl Fn(&mut [u8]) -> io::Result<usize>) {
        let mut buffer = vec![0; BUFFER];
        while self.is_running.load(Ordering::Relaxed) {
            if self.fault(0) == Some(Fault::Stall) {
                thread::sleep(Duration::from_millis(1));
            } else if let Ok(len) = receive(&mut buffer) {
                let mut received = self.lock();
                let datagram = &buffer[..len];
                received.datagram_lines += self.layout.lines(datagram).count();
                received.datagrams.push(datagram.to_vec());
            }
        }
    }

    fn fault(&self, number: usize) -> Option<Fault> {
        (self.fault)(number).filter(|_| self.is_faulty.load(Ordering::Relaxed))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// More than the longest datagram.
pub(crate) const BUFFER: usize = 64 * 1024;
