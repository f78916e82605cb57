//! What a driver has written, held against what was recorded.

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
    /// What was written of a stream behind the last whole line or frame.
    tail: Vec<u8>,
    /// How many different lines have left whole.
    whole: u64,
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
            tail: Vec::new(),
            whole: 0,
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
            self.bytes += written.len() as u64;
            self.tail.extend_from_slice(written);
            let lines = self.layout.take_lines(&mut self.tail);
            lines.iter().for_each(|line| self.leave(number(line)));
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

    /// The socket is gone, and a torn line with it.
    pub(crate) fn hang_up(&mut self) {
        self.tail.clear();
        self.in_doubt = None;
    }

    /// Holds the session's own account against what left.
    pub(crate) fn check(&self, stats: &Stats) {
        if self.keeps_all {
            assert_eq!(stats.dropped.overflow, 0);
        }
        if self.layout != Layout::Datagrams {
            assert_eq!((stats.sent, stats.dropped.unsendable), (self.whole, 0));
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
