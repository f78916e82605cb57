//! What happens to a world beside recording.

use std::time::Duration;

use statsd_proto::driver::FailureKind;

use crate::arbitrary::Event;
use crate::network::address;
use crate::settings::secs;
use crate::subject::Subject;
use crate::world::World;

impl<S: Subject> World<S> {
    pub(crate) fn suffer(&mut self, event: Event) {
        let addresses = |last: Vec<u8>| last.into_iter().map(address).collect();
        match event {
            Event::Advance(time) => self.advance(time),
            // Of UDP datagrams a reset is a refusal, and `Up` decides on those.
            Event::Break(FailureKind::Reset, loses) if self.settings.is_lossy() => {
                self.break_link(FailureKind::PeerClosed, loses);
            }
            Event::Break(kind, loses) => self.break_link(kind, loses),
            Event::Close => self.session.close(),
            Event::ConnectDelay(delay) => self.net.connect_delay = delay,
            Event::Cut(cut) => self.net.cuts.push_back(cut),
            Event::Dead(last) => self.net.dead = addresses(last),
            Event::Found(found) => self.net.found = found.map(addresses),
            Event::HangUp(after) => self.net.hang_up_after = after,
            Event::Lag(lag) => self.lag = lag,
            Event::LookupDelay(delay) => self.net.lookup_delay = delay,
            Event::MaxWrite(max) => self.net.max_write = max,
            Event::Mtu(mtu) => self.net.mtu = mtu,
            Event::Poll { back } => self.poll_at(self.now - back),
            Event::Refusal(refusal) => self.net.refusal = refusal,
            Event::Shuffled(is_shuffled) => self.net.is_shuffled = is_shuffled,
            Event::Stray(input) => self.handle_stray(input),
            Event::Unacknowledged(bytes) => self.net.unacknowledged = bytes,
            Event::Up(is_up) => {
                self.net.is_up = is_up;
                if !is_up && !self.settings.is_datagram() {
                    self.break_link(FailureKind::Reset, 0);
                }
            }
            Event::Window(window) => self.net.window = window,
            Event::WriteErrors(kind, count) => {
                let errors = std::iter::repeat_n(kind.into(), count);
                self.net.write_errors.extend(errors);
            }
        }
    }

    /// Checks the account, and lets the driver act, unless it is yet to notice: it is slow to notice what is recorded,
    /// so that several steps may come in between.
    pub(crate) fn follow(&mut self) {
        self.check_account();
        if !self.session.wants_poll() {
            self.settle();
        }
    }

    /// Ends all trouble, and gives everything the time to leave.
    pub(crate) fn heal(&mut self) {
        self.net.heal();
        self.lag = Duration::ZERO;
        self.advance(secs(600));
        assert_eq!(self.stats().queued, 0, "it wakes up by itself");
    }
}
