//! Comparison of the lines that a driver has written with the lines that were recorded.

use statsd_proto::driver::Transmit;
use statsd_proto::{Overflow, Stats, Transport};

use super::settings::Settings;
use tests::layout::Layout;

/// Lines that were written. The number of a line is the number of lines accepted before it. Lines that the
/// session makes itself do not contain theirs.
#[derive(Debug)]
pub(crate) struct Transcript {
    layout: Layout,
    /// Whether a server that is not there may refuse a datagram that the kernel took.
    is_refusable: bool,
    /// Whether no line that was accepted makes room for another.
    keeps_all: bool,
    /// Whether a gauge below zero is two lines.
    has_pairs: bool,
    bytes: u64,
    /// Number of them that a refusal may still return to the queue.
    doubtful_bytes: u64,
    /// How many of them before the stream that is open.
    opened_at: u64,
    /// Bytes of a stream after the last complete line or frame.
    tail: Vec<u8>,
    /// How many different lines have left whole.
    whole: u64,
    /// Number of lines that were resent.
    again: u64,
    /// Number of acknowledged bytes, on a stream whose driver reports it.
    acknowledged: Option<u64>,
    /// The lines that have left on the stream and are not acknowledged whole: what was written up to the
    /// end of each, and its number.
    unacknowledged: Vec<(u64, String, u64)>,
    /// One more than the highest number that has left.
    end: u64,
    /// The least number that may leave next.
    next: u64,
    /// How many lines were left out.
    gaps: u64,
    /// Lines of the last write with their numbers, if the server may still refuse it.
    in_doubt: Vec<(String, u64)>,
    /// Lines that were refused or not acknowledged, and will be resent, unless a refusal was reported too late.
    refused: Vec<(String, u64)>,
    /// How many lines without a number looked like one that was refused, and may be new.
    unclear: u64,
    /// Sum of the aggregated count in all lines.
    sum: u64,
}

impl Transcript {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            layout: settings.layout(),
            is_refusable: settings.transport == Transport::Udp,
            keeps_all: settings.overflow == Overflow::RefuseNewest,
            has_pairs: !settings.grammar().has_negative_gauge,
            bytes: 0,
            doubtful_bytes: 0,
            opened_at: 0,
            tail: Vec::new(),
            whole: 0,
            again: 0,
            acknowledged: None,
            unacknowledged: Vec::new(),
            end: 0,
            next: 0,
            gaps: 0,
            in_doubt: Vec::new(),
            refused: Vec::new(),
            unclear: 0,
            sum: 0,
        }
    }

    /// Bytes count once they were written; those of the last datagram, once it can no longer be refused.
    ///
    /// # Panics
    ///
    /// If another number is reported.
    pub(crate) fn check_bytes(&mut self, told: u64) {
        if told == self.bytes {
            self.doubtful_bytes = 0;
        }
        assert_eq!(told, self.bytes - self.doubtful_bytes);
    }

    /// Sum of the aggregated counts that have arrived.
    pub(crate) fn sum(&self) -> u64 {
        self.sum
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
                self.leave(&line);
                self.unacknowledged.push((end, line, self.next - 1));
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
        if self.is_refusable {
            self.doubtful_bytes = written.len() as u64;
        }
        self.in_doubt.clear();
        for datagram in written.chunks(segment) {
            let lines = self.layout.take_lines(&mut datagram.to_vec());
            if self.has_pairs {
                check_pairs(&lines);
            }
            for line in lines {
                self.leave(&line);
                self.in_doubt.push((line, self.next - 1));
            }
        }
    }

    /// The server refuses what was written last.
    pub(crate) fn refuse(&mut self) {
        self.bytes -= std::mem::take(&mut self.doubtful_bytes);
        if let (true, Some((_, first))) = (self.is_refusable, self.in_doubt.first()) {
            self.next = *first;
            self.refused.splice(0..0, self.in_doubt.drain(..));
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
        self.unacknowledged.retain(|(end, ..)| *end > acknowledged);
        (self.bytes - acknowledged) as usize
    }

    /// It acknowledges all. Returns that this leaves nothing.
    pub(crate) fn acknowledge_all(&mut self) -> usize {
        self.acknowledged = Some(self.bytes);
        self.unacknowledged.clear();
        0
    }

    /// The socket is closed, and a torn line is lost with it. Unacknowledged lines are resent.
    pub(crate) fn hang_up(&mut self) {
        let unacknowledged = std::mem::take(&mut self.unacknowledged);
        if let (Some(_), Some((_, _, first))) = (self.acknowledged.take(), unacknowledged.first()) {
            self.next = *first;
            let lines = unacknowledged.into_iter();
            let lines = lines.map(|(_, line, number)| (line, number));
            self.refused.splice(0..0, lines);
        }
        self.opened_at = self.bytes;
        self.tail.clear();
        self.in_doubt.clear();
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
            assert!(stats.sent <= self.whole + self.unclear, "{stats:?}");
        }
        if self.keeps_all {
            let lost = stats.dropped.unsendable + self.unclear;
            assert!(self.gaps <= lost, "a line was left out");
        }
    }

    /// Number of the line. A line without a number is new, unless it is resent.
    fn number(&mut self, line: &str) -> u64 {
        if let Some(number) = number(line, self.has_pairs) {
            return number;
        }
        assert!(is_own(line), "{line:?} was never recorded");
        let known = self.refused.iter().find(|(other, _)| other == line);
        self.unclear += u64::from(known.is_some());
        known.map_or(self.end, |(_, number)| *number)
    }

    fn leave(&mut self, line: &str) {
        let number = self.number(line);
        assert!(number >= self.next, "{number} is repeated, or too late");
        self.next = number + 1;
        // Others that were refused come in their order, or not at all.
        self.refused.retain(|(_, other)| *other > number);
        if number >= self.end {
            self.gaps += number - self.end;
            self.whole += 1;
            self.end = number + 1;
            self.sum += sum(line);
        } else {
            self.again += 1;
        }
    }
}

/// Number of a line, at the end of its name; the second line of a pair has the next one. A line that
/// is not whole lacks the start of the name, or an end.
fn number(line: &str, has_pairs: bool) -> Option<u64> {
    let (name, step) = if let Some(rest) = line.strip_prefix("_e{") {
        let (len, rest) = rest.split_once(",0}:").expect("an event has no text");
        let name = rest.strip_suffix('|').expect("the line is whole");
        assert_eq!(len.parse(), Ok(name.len()));
        (name, 0)
    } else if let Some(rest) = line.strip_prefix("_sc|") {
        (rest.strip_suffix("|0").expect("the line is whole"), 0)
    } else {
        let (name, value) = line.split_once(':').expect("a line has a name");
        let step = match value {
            "0|g" | "1|c" | "1|c|@0.5" | "1|c|@0.25" | "1|c|@0.125" | "1|c|@0.0625" => 0,
            "-5|g" => u64::from(has_pairs),
            _ => return None,
        };
        (name, step)
    };
    let number = name.strip_prefix('a')?.trim_start_matches('n');
    Some(
        number
            .parse::<u64>()
            .expect("the name is as it was recorded")
            + step,
    )
}

/// Whether it is a line of the session's own: of a round, or of telemetry.
fn is_own(line: &str) -> bool {
    let (name, _) = line.split_once(':').expect("a line has a name");
    let is_telemetry = name.starts_with("t.") || name.starts_with("datadog.dogstatsd.client.");
    is_telemetry || matches!(name, "level" | "set" | "sum" | "time")
}

/// Aggregated count in the line.
fn sum(line: &str) -> u64 {
    let value = line.strip_prefix("sum:").map(|rest| rest.split('|').next());
    value
        .flatten()
        .map_or(0, |value| value.parse().expect("a sum is a number"))
}

/// The two lines of a gauge below zero are in one datagram.
fn check_pairs(lines: &[String]) {
    for (line, next) in lines.iter().zip(lines[1..].iter().map(Some).chain([None])) {
        let is_half = line.starts_with('a') && line.ends_with(":0|g");
        let is_other_half = next.is_some_and(|next| next.ends_with(":-5|g"));
        assert!(is_half == is_other_half, "{lines:?}");
    }
}
