//! Lines that are recorded beside the session, by threads of their own, and come to it in runs.

use std::time::Instant;

use super::{ANY, NEVER, Session};
use crate::lane::Limits;
use crate::stats::Refused;

impl Session {
    /// How much a lane may hold.
    pub(crate) fn lane_limits(&self) -> Limits {
        self.lane_limits
    }

    /// Sets room aside for a lane, if there is so much, and sees to it that its lines will be asked for.
    pub(crate) fn open_lane(&mut self) -> bool {
        self.follow_pressure();
        let (bytes, lines) = self.lane_limits.reservation();
        if self.is_closed() || !self.queue.reserve(bytes, lines) {
            return false;
        }
        self.open_lanes += 1;
        let is_asleep = self.wake_at == ANY;
        if is_asleep || self.wake_at != NEVER && !self.has_room() {
            self.wants_poll = true;
        }
        true
    }

    /// Takes the lines of a lane, each with its line break, and the room that was set aside for them.
    pub(crate) fn close_lane(&mut self, run: &[u8], lines: usize) {
        let (reserved_bytes, reserved_lines) = self.lane_limits.reservation();
        self.queue.release(reserved_bytes, reserved_lines);
        self.open_lanes -= 1;
        self.queue.append(run);
        self.stats.accepted += lines as u64;
        self.check_wake();
    }

    /// Counts what a lane did not take.
    pub(crate) fn count_outside(&mut self, refused: Refused, sampled_out: u64) {
        self.stats.refused.add(refused);
        self.stats.sampled_out += sampled_out;
    }

    /// Whether the lines in lanes are to be brought in before the poll at this time.
    ///
    /// Not while complete payloads make room by leaving: memory that two cores write in turn costs them more
    /// than all else that is done with a line.
    pub(crate) fn wants_lanes(&self, now: Instant) -> bool {
        let is_short = !self.has_room() && !self.queue.has_complete();
        self.open_lanes > 0 && (self.flusher.is_due(now) || is_short)
    }
}
