//! What holds at every step, and at the end.

use std::time::Instant;

use statsd_proto::driver::{Input, Output};
use statsd_proto::{Metric, Overflow, RecordError};

use super::World;
use tests::layout::Layout;

impl World {
    /// What holds after every call.
    pub(super) fn check(&mut self) {
        let stats = self.session.stats();
        let settled = stats.sent + stats.dropped.total();
        if self.settings.aggregate.is_some() || self.settings.telemetry.is_some() {
            // Lines of the session's own have come, in a round or a poll.
            assert!(stats.accepted >= self.accepted);
            self.accepted = stats.accepted;
        }
        assert_eq!(stats.accepted, self.accepted);
        assert!(self.transcript.sum() <= self.added, "a count came twice");
        let recorded = stats.accepted + stats.resent;
        assert_eq!(recorded, settled + stats.queued + stats.in_flight);
        self.transcript.check_bytes(stats.bytes);
        let before = self.before;
        assert!(stats.sent >= before.sent && stats.bytes >= before.bytes);
        assert!(stats.dropped.total() >= before.dropped.total());
        let held = stats.queued + stats.in_flight + stats.unacknowledged;
        assert!(held <= self.settings.max_queue_lines as u64);
        let most = self.settings.max_queue_bytes() as u64;
        assert!(stats.queued_bytes_peak <= most, "{stats:?}");
        self.transcript.check(&stats);
        self.before = stats;
        if self.session.is_finished() {
            assert_eq!((stats.queued, stats.in_flight), (0, 0));
        }
    }

    /// Whether aggregated counts have not arrived yet. On a stream that keeps all lines, none is
    /// lost, before it is closed.
    pub(super) fn has_sum_to_come(&self) -> bool {
        let is_kept = self.settings.layout() != Layout::Datagrams
            && self.settings.overflow == Overflow::RefuseNewest;
        let is_exact = is_kept && !self.settings.adaptive_sampling && !self.session.is_closed();
        is_exact && self.transcript.sum() < self.added
    }

    /// A close ends within its timeout, which begins with the first poll after it.
    pub(super) fn check_end(&mut self, output: &Output, polled_at: Instant) {
        if !self.session.is_closed() {
            return;
        }
        let end = *self
            .end
            .get_or_insert(polled_at + self.settings.timeouts[2]);
        match output {
            Output::Disconnect | Output::Finished(_) => {}
            Output::Wait(Some(until)) => assert!(polled_at < end && *until <= end),
            Output::Connect(_) | Output::Resolve(_) | Output::Transmit(_) | Output::Wait(None) => {
                assert!(polled_at < end, "a close ends within its timeout");
            }
        }
    }

    /// A session that has ended stays ended.
    pub(super) fn check_over(&mut self) {
        self.check();
        let is_settled = self.task.is_none() && !self.is_open;
        if !is_settled {
            // An abandoned session closes its socket.
            let output = self.session.poll(self.now);
            assert_eq!(output, Output::Disconnect);
        }
        let report = self.session.poll(self.now);
        assert!(matches!(report, Output::Finished(_)), "{report:?}");
        self.session.handle(Input::Connected);
        self.session.flush();
        let refused = self.session.record(&Metric::counter("late", 1));
        assert_eq!(refused, Err(RecordError::Closed));
        assert!(matches!(self.session.poll(self.now), Output::Finished(_)));
    }
}
