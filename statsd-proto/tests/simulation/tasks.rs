//! Instructions that the driver has in progress, and their results.

use std::net::SocketAddr;
use std::time::Instant;

use statsd_proto::driver::{Input, Resolve, Transmit};

use crate::oracle::lines_of_frames;
use crate::subject::Subject;
use crate::world::{World, server};

/// An instruction, and the time at which it will be done, or `None` if never.
#[derive(Debug)]
pub(crate) enum Task {
    Connect(SocketAddr, Option<Instant>),
    Write(Transmit),
}

/// A lookup that has begun, and when it ends, or `None` if never.
#[derive(Debug)]
pub(crate) struct Lookup {
    pub(crate) name: Resolve,
    pub(crate) since: Instant,
    pub(crate) ends_at: Option<Instant>,
}

impl<S: Subject> World<S> {
    /// Result of the instruction, if it is done.
    pub(crate) fn answer(&mut self) -> Option<Input> {
        let is_ready = |ready: &Option<Instant>| ready.is_some_and(|at| at <= self.now);
        let is_done = match &self.task {
            None => false,
            Some(Task::Connect(_, ready)) => is_ready(ready),
            Some(Task::Write(_)) => self.net.window > 0,
        };
        if !is_done {
            return None;
        }
        match self.task.take()? {
            Task::Connect(to, _) => {
                self.framed = 0;
                Some(self.net.open(self.now, to))
            }
            Task::Write(transmit) => {
                let segment = transmit.segment_size;
                let data = transmit.data.clone();
                let input = self.net.write(self.now, transmit);
                if let Input::Written(len) = input {
                    self.polls_in_place = 0;
                    self.taken_bytes += len as u64;
                    if self.settings.is_lossy() {
                        self.doubtful_bytes = len as u64;
                    }
                    if let Some(segment) = segment {
                        self.check_pace(segment, len);
                    } else if self.settings.is_framed() {
                        self.count_frames();
                    } else {
                        let breaks = data[..len].iter().filter(|byte| **byte == b'\n');
                        self.taken_lines += breaks.count() as u64;
                    }
                }
                Some(input)
            }
        }
    }

    /// Result of a lookup, if one is done. The answer to an abandoned lookup is an address that must not be used.
    pub(crate) fn answer_lookup(&mut self) -> Option<Input> {
        let is_done = |lookup: &Lookup| lookup.ends_at.is_some_and(|at| at <= self.now);
        let index = self.lookups.iter().position(is_done)?;
        let is_last = index + 1 == self.lookups.len();
        let Lookup { name, since, .. } = self.lookups.remove(index);
        let is_overdue = self.polled_at >= Some(since + self.settings.connect_timeout);
        if !is_last || is_overdue {
            return Some(name.answer(Ok([server(NOBODY)])));
        }
        let found = self.net.look_up(name.port);
        if let Ok(found) = &found {
            if !found.is_empty() {
                self.answered = Some(found.clone());
            }
        }
        let id = name.id;
        Some(Input::Resolved { id, found })
    }

    /// Counts the lines of frames that have become whole.
    fn count_frames(&mut self) {
        let link = self.net.connections.last().expect("one is written to");
        let (lines, torn) = lines_of_frames(&link.taken[self.framed..]);
        self.taken_lines += lines.len() as u64;
        self.framed = link.taken.len() - torn.len();
    }
}

/// The server has no such address.
const NOBODY: u8 = 250;
