//! One connection that a server has accepted.

use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};

use crate::fault::{self, Fault};

#[derive(Debug)]
pub(crate) struct Connection {
    /// None after its end, from whichever side.
    pub(crate) stream: Option<TcpStream>,
    pub(crate) fault: Option<Fault>,
    pub(crate) received: Vec<u8>,
    /// How many line breaks were received.
    pub(crate) lines: usize,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, fault: Option<Fault>) -> Self {
        // Not all systems hand it down from the listener.
        let stream = stream.set_nonblocking(true).map(|()| stream).ok();
        Self {
            stream: match fault {
                Some(fault) => stream.and_then(|stream| fault.greet(stream)),
                None => stream,
            },
            fault,
            received: Vec::new(),
            lines: 0,
        }
    }

    /// Reads what is there, once. Returns whether something was.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> bool {
        let Some(stream) = &mut self.stream else {
            return false;
        };
        let allowed = self
            .fault
            .map_or(usize::MAX, |fault| fault.allows(self.received.len()));
        if allowed == 0 {
            return false;
        }
        let most = buffer.len().min(allowed);
        match stream.read(&mut buffer[..most]) {
            Ok(0) => self.stream = None,
            Ok(read) => {
                let came = &buffer[..read];
                self.lines += came.iter().filter(|&&byte| byte == b'\n').count();
                self.received.extend_from_slice(came);
                let has_enough = |fault: Fault| fault.is_reset_due(self.received.len());
                if self.fault.is_some_and(has_enough) {
                    self.reset();
                }
                return true;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.stream = None,
        }
        false
    }

    /// Tells the peer that nothing more will come, so that it stops writing.
    pub(crate) fn say_goodbye(&self) {
        if let Some(stream) = &self.stream {
            // It fails where the peer is gone already.
            let _ = stream.shutdown(Shutdown::Write);
        }
    }

    pub(crate) fn hang_up(&mut self, buffer: &mut [u8]) {
        self.say_goodbye();
        while self.read(buffer) {}
        self.stream = None;
    }

    pub(crate) fn reset(&mut self) {
        if let Some(stream) = self.stream.take() {
            fault::reset(stream);
        }
    }
}
