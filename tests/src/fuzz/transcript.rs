//! What a driver has written, held against what was recorded.

use std::collections::VecDeque;

use statsd_proto::{Stats, Transmit, Transport};

use super::unframed::Layout;

/// The lines that left. Each has a number, which is how many were accepted before it.
#[derive(Debug)]
pub(crate) struct Transcript {
    layout: Layout,
    /// Whether a server that is not there may refuse a datagram that the kernel took.
    is_refusable: bool,
    /// Whether no line that was accepted makes room for another.
    keeps_all: bool,
    bytes: u64,
    /// How many of them before the stream that is open.
    opened_at: u64,
    /// What was written of a stream behind the last whole line or frame.
    tail: Vec<u8>,
    /// How many different lines have left whole.
    whole: u64,
    /// How many lines have left again.
    again: u64,
    /// Of a stream whose driver tells what is acknowledged, how many bytes are.
    acknowledged: Option<u64>,
    /// The lines that have left on the stream and are not acknowledged whole: each with what was written
    /// up to its end.
    unacknowledged: VecDeque<(u64, u64)>,
    /// One more than the highest number that has left.
    end: u64,
    /// The least number that may leave next.
    next: u64,
    /// How many lines were left out.
    gaps: u64,
    /// The first number of the last write, if the server may still refuse that.
    in_doubt: Option<u64>,
}

impl Transcript {
    pub(crate) fn new(layout: Layout, transport: Transport, keeps_all: bool) -> Self {
        Self {
            layout,
            is_refusable: transport == Transport::Udp,
            keeps_all,
            bytes: 0,
            opened_at: 0,
            tail: Vec::new(),
            whole: 0,
            again: 0,
            acknowledged: None,
            unacknowledged: VecDeque::new(),
            end: 0,
            next: 0,
            gaps: 0,
            in_doubt: None,
        }
    }

    /// How many bytes were written.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A driver wrote this many bytes of what it was handed; of a datagram, all or nothing.
    pub(crate) fn write(&mut self, transmit: &Transmit, bytes: usize) {
        let mut written = &transmit.data[..bytes.min(transmit.data.len())];
        let Some(segment) = transmit.segment_size else {
            let mut end = self.bytes - self.tail.len() as u64;
            self.bytes += written.len() as u64;
            self.tail.extend_from_slice(written);
            for line in self.layout.take_lines(&mut self.tail) {
                end += line.len() as u64 + 1;
                self.leave(number(&line));
                self.unacknowledged.push_back((end, number(&line)));
            }
            return;
        };
        if written.len() < transmit.data.len() {
            written = &written[..written.len() - written.len() % segment];
        }
        if written.is_empty() {
            return;
        }
        self.bytes += written.len() as u64;
        self.in_doubt = None;
        for datagram in written.chunks(segment) {
            let lines = self.layout.take_lines(&mut datagram.to_vec());
            check_pairs(&lines);
            for line in lines {
                let number = number(&line);
                self.in_doubt.get_or_insert(number);
                self.leave(number);
            }
        }
    }

    /// The server refuses what was written last.
    pub(crate) fn refuse(&mut self) {
        if let (true, Some(first)) = (self.is_refusable, self.in_doubt) {
            self.next = first;
        }
    }

    /// The server's kernel acknowledges a part of the stream. Returns how many bytes that leaves.
    pub(crate) fn acknowledge(&mut self) -> usize {
        // As many as it happens, so that lines are cut anywhere.
        let acknowledged = self.bytes - (self.bytes - self.opened_at).min(self.bytes % 67);
        let acknowledged = self
            .acknowledged
            .map_or(acknowledged, |before| before.max(acknowledged));
        self.acknowledged = Some(acknowledged);
        self.unacknowledged.retain(|(end, _)| *end > acknowledged);
        (self.bytes - acknowledged) as usize
    }

    /// The socket is gone, and a torn line with it. What was not acknowledged comes again.
    pub(crate) fn hang_up(&mut self) {
        if let (Some(_), Some((_, first))) = (self.acknowledged, self.unacknowledged.front()) {
            self.next = *first;
        }
        self.acknowledged = None;
        self.unacknowledged.clear();
        self.opened_at = self.bytes;
        self.tail.clear();
        self.in_doubt = None;
    }

    /// Holds the session's own account against what left.
    pub(crate) fn check(&self, stats: &Stats) {
        if self.keeps_all {
            assert_eq!(stats.dropped.overflow, 0);
        }
        if self.layout != Layout::Datagrams {
            let left = self.whole + self.again;
            assert_eq!((stats.sent, stats.dropped.unsendable), (left, 0));
            assert!(self.again <= stats.resent, "{stats:?}");
        } else {
            assert!(stats.sent <= self.whole, "{stats:?}");
        }
        if self.keeps_all {
            assert!(self.gaps <= stats.dropped.unsendable, "a line was left out");
        }
    }

    fn leave(&mut self, number: u64) {
        assert!(number >= self.next, "{number} comes again, or too late");
        self.next = number + 1;
        if number >= self.end {
            self.gaps += number - self.end;
            self.whole += 1;
            self.end = number + 1;
        } else {
            self.again += 1;
        }
    }
}

/// The number of a line, which stands at the end of its name; the second of a pair has the next. A line that
/// is not whole lacks the start of the name, or an end.
fn number(line: &str) -> u64 {
    let (name, value) = line.split_once(':').expect("a line has a name");
    let name = name.strip_prefix('a').expect("the line is whole");
    let number = name.trim_start_matches('n').parse::<u64>();
    let number = number.expect("the name is as it was recorded");
    match value {
        "1|c" | "0|g" => number,
        "-5|g" => number + 1,
        _ => panic!("{line:?} was never recorded"),
    }
}

/// The two lines of a gauge below zero are in one datagram.
fn check_pairs(lines: &[String]) {
    for (line, next) in lines.iter().zip(lines[1..].iter().map(Some).chain([None])) {
        let is_half = line.ends_with(":0|g");
        let is_other_half = next.is_some_and(|next| next.ends_with(":-5|g"));
        assert!(is_half == is_other_half, "{lines:?}");
    }
}
