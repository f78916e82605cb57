//! One connection that a server has accepted.

use std::io;

use crate::fault::Fault;
use crate::layout::Layout;
use crate::stream::Stream;

#[derive(Debug)]
pub(crate) struct Connection {
    /// None after its end, from whichever side.
    pub(crate) stream: Option<Box<dyn Stream>>,
    pub(crate) fault: Option<Fault>,
    /// Whether the peer ended it so that what is on its way is lost.
    pub(crate) was_reset: bool,
    pub(crate) received: Vec<u8>,
    /// How many whole lines were received.
    pub(crate) lines: usize,
    layout: Layout,
    /// How many bytes of `received` are whole lines, with what is around them.
    counted: usize,
    /// How many bytes have been taken out of `received`.
    taken: usize,
}

impl Connection {
    pub(crate) fn new(stream: Box<dyn Stream>, layout: Layout, fault: Option<Fault>) -> Self {
        // Not all systems hand it down from the listener.
        let stream = stream.set_nonblocking().map(|()| stream).ok();
        Self {
            stream: match fault {
                Some(fault) => stream.and_then(|stream| fault.greet(stream)),
                None => stream,
            },
            fault,
            was_reset: false,
            received: Vec::new(),
            lines: 0,
            layout,
            counted: 0,
            taken: 0,
        }
    }

    /// Says what is to be said. Returns whether something was.
    pub(crate) fn speak(&mut self) -> bool {
        match (&mut self.stream, self.fault) {
            (Some(stream), Some(fault)) => fault.speak(&mut **stream),
            (None, _) | (_, None) => false,
        }
    }

    /// Reads what is there, once. Returns whether something was.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> bool {
        let total = self.total();
        let Some(stream) = &mut self.stream else {
            return false;
        };
        let allowed = self.fault.map_or(usize::MAX, |fault| fault.allows(total));
        if allowed == 0 {
            return false;
        }
        let most = buffer.len().min(allowed);
        match stream.read(&mut buffer[..most]) {
            Ok(0) => self.stream = None,
            Ok(read) => {
                self.received.extend_from_slice(&buffer[..read]);
                self.count_lines();
                let has_enough = |fault: Fault| fault.is_reset_due(self.total());
                if self.fault.is_some_and(has_enough) {
                    self.reset();
                }
                return true;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                self.was_reset = error.kind() == io::ErrorKind::ConnectionReset;
                self.stream = None;
            }
        }
        false
    }

    /// Takes the bytes of the lines that are whole, and forgets them.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.taken += self.counted;
        let whole = self.received.drain(..std::mem::take(&mut self.counted));
        let whole = whole.collect();
        if self.stream.is_none() {
            // Thousands of connections that have ended would keep the room they had.
            self.received.shrink_to_fit();
        }
        whole
    }

    /// Tells the peer that nothing more will come, so that it stops writing.
    pub(crate) fn half_close(&self) {
        if let Some(stream) = &self.stream {
            // It fails where the peer is gone already.
            let _ = stream.shut_down();
        }
    }

    pub(crate) fn hang_up(&mut self, buffer: &mut [u8]) {
        self.half_close();
        while self.read(buffer) {}
        self.stream = None;
    }

    pub(crate) fn reset(&mut self) {
        if let Some(stream) = self.stream.take() {
            stream.reset();
        }
    }

    /// How many bytes came in all.
    fn total(&self) -> usize {
        self.taken + self.received.len()
    }

    fn count_lines(&mut self) {
        while let Some((text, len)) = self.layout.first(&self.received[self.counted..]) {
            self.lines += self.layout.lines(text).count();
            self.counted += len;
        }
    }
}
