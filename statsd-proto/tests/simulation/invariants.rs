//! What holds at every poll.

use std::time::Instant;

use statsd_proto::driver::{Output, Target, Transmit};
use statsd_proto::{Pace, Transport};

use crate::subject::Subject;
use crate::world::{World, transport};

impl<S: Subject> World<S> {
    /// Every accepted line is accounted for, after every call.
    pub(crate) fn check_account(&self) {
        let stats = self.stats();
        let settled = stats.sent + stats.dropped.total();
        if let Some(lines) = self.accepted_lines {
            assert_eq!(stats.accepted, lines);
        }
        let recorded = stats.accepted + stats.resent;
        assert_eq!(recorded, settled + stats.queued + stats.in_flight);
        let held = stats.queued + stats.in_flight + stats.unacknowledged;
        assert!(held <= self.settings.max_queue_lines as u64, "{stats:?}");
    }

    /// Holds what the session says against what it did so far.
    pub(crate) fn check_output(&mut self, polled_at: Instant, output: &Output) {
        self.check_account();
        let stats = self.stats();
        if !self.settings.resends() {
            assert_eq!((stats.resent, stats.unacknowledged), (0, 0));
        } else if self.net.is_open() && *output != Output::Disconnect {
            assert_eq!(stats.unacknowledged, self.unacknowledged_lines());
        }
        self.check_bytes();
        if !self.settings.is_datagram() {
            assert_eq!(stats.sent, self.taken_lines, "sent is what the kernel took");
        }
        let most = self.settings.max_queue_bytes as u64;
        assert!(stats.queued_bytes_peak <= most, "{stats:?}");
        if self.session.is_closed() && self.report.is_none() {
            let closed_at = *self.closed_at.get_or_insert(self.now);
            let end = closed_at + self.settings.close_timeout + self.longest_lag;
            assert!(self.now <= end, "a close ends within its timeout");
        }
        match output {
            Output::Connect(connect) => {
                self.check_idle();
                self.check_address(&connect.target);
                let transport = transport(&connect.target);
                let is_unix =
                    transport == Transport::UnixDatagram || transport == Transport::UnixStream;
                let may_guess = self.settings.is_type_open && is_unix;
                assert!(transport == self.settings.transport || may_guess);
                assert_eq!(connect.wants_unacknowledged, self.settings.resends());
            }
            Output::Resolve(_) => self.check_lookup(),
            Output::Disconnect => self.check_disconnect(),
            Output::Finished(report) => {
                self.check_idle();
                assert_eq!((report.stats, stats.queued, stats.in_flight), (stats, 0, 0));
            }
            Output::Transmit(transmit) => self.check_transmit(transmit),
            Output::Wait(until) => {
                assert!(until.is_none_or(|until| until > polled_at), "it would spin");
            }
        }
    }

    /// The lines that left on the open stream and are not acknowledged whole.
    fn unacknowledged_lines(&self) -> u64 {
        if !self.net.tells {
            return 0;
        }
        let link = self.net.connections.last().expect("one is open");
        let unacknowledged = &link.taken[link.acknowledged..];
        unacknowledged.iter().filter(|byte| **byte == b'\n').count() as u64
    }

    /// Bytes count once they were written; those of the last datagram, once it can no longer be refused.
    pub(crate) fn check_bytes(&mut self) {
        let bytes = self.stats().bytes;
        if bytes == self.taken_bytes {
            self.doubtful_bytes = 0;
        }
        assert_eq!(bytes, self.taken_bytes - self.doubtful_bytes);
    }

    /// The lookup before was answered, or takes too long.
    fn check_lookup(&self) {
        if let Some(last) = self.lookups.last() {
            assert!(
                self.polled_at >= Some(last.since + self.settings.connect_timeout),
                "one lookup at a time"
            );
        }
    }

    /// A connect goes to an address that the last answer had.
    fn check_address(&self, target: &Target) {
        if let (Target::Tcp(to) | Target::Udp(to), Some(found)) = (target, &self.answered) {
            assert!(found.contains(to), "{to} is not in {found:?}");
        }
    }

    /// A socket that works is left at the end, for an address that is not in the answer any more, or for
    /// its age.
    fn check_disconnect(&self) {
        assert!(self.net.is_open() || self.task.is_some());
        let is_ending = self.session.is_closed() || self.settings.resends();
        let may_retire = self.settings.max_connection_age.is_some();
        if self.task.is_some() || is_ending || may_retire {
            return;
        }
        let found = self.answered.as_deref().unwrap_or_default();
        let to = self.opened_to.expect("one is open");
        assert!(!found.contains(&to), "{to} works, and is in {found:?}");
    }

    fn check_idle(&self) {
        assert!(self.task.is_none(), "one instruction at a time");
        assert!(!self.net.is_open(), "one socket at a time");
    }

    fn check_transmit(&self, transmit: &Transmit) {
        assert!(self.task.is_none(), "one instruction at a time");
        assert!(self.net.is_open());
        assert_eq!(transmit.data.is_empty(), transmit.ends_stream);
        if transmit.ends_stream {
            let may_retire = self.settings.max_connection_age.is_some();
            assert!(self.session.is_closed() || may_retire);
            assert_eq!(self.settings.transport, Transport::CustomStream);
            return;
        }
        assert_eq!(transmit.segment_size.is_some(), self.settings.is_datagram());
        if transmit.segment_size.is_none() {
            let opened_at = self.net.connections.last().expect("one is open").opened_at;
            assert!(self.now >= opened_at + self.settings.settle_time);
        }
    }

    /// Holds the datagrams that the kernel took, at most `segment` bytes each, against the pace.
    pub(crate) fn check_pace(&mut self, segment: usize, bytes: usize) {
        let Some(pace) = self.settings.pace.filter(|_| self.settings.is_lossy()) else {
            return;
        };
        let elapsed = self.now.duration_since(self.level.1).as_secs_f64();
        let factor = if self.session.is_closed() {
            Pace::MAX_CLOSING_FACTOR
        } else {
            1
        };
        let rate = (pace.rate * factor) as f64;
        let level = (self.level.0 - elapsed * rate).max(0.0);
        self.level = (level + bytes as f64, self.now);
        let most = pace.burst.max(segment.min(bytes)) as f64;
        assert!(self.level.0 <= most + 1e-3, "{:?} of {most}", self.level);
    }
}
