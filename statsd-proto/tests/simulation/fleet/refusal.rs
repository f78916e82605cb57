//! Why a metric may be refused.

use statsd_proto::{Overflow, Refused};

use super::Outcome;
use super::record::Record;
use crate::clients::Clients;
use crate::subject::Subject;
use crate::world::World;

/// Judges refusals.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    /// How many lines had left when the queue was full last.
    full_at: Option<u64>,
    /// The most bytes that all lines so far may have.
    bytes: usize,
}

impl Judge {
    /// Whether the metric was refused with good reason. For a buffered group, `outcome` has the counts before all of it.
    pub(crate) fn check(
        &mut self,
        world: &World<Clients>,
        record: &Record,
        outcome: &Outcome,
        is_buffered: bool,
    ) {
        let refused = outcome.refused;
        assert!(refused.total() <= 1, "{outcome:?}");
        let settings = &world.settings;
        let lines = record.lines(settings.dialect);
        self.bytes += record.max_len();
        assert_eq!(refused.invalid, 0, "{record:?}");
        if refused.closed > 0 {
            assert!(world.session.is_closed());
        }
        if refused.too_long > 0 {
            let is_long = record.max_len() > settings.max_line();
            let is_never = lines > settings.max_queue_lines as u64 || is_buffered;
            assert!(is_long || is_never, "{record:?}");
        }
        if refused.full > 0 {
            let before = outcome.before;
            let gone = before.sent + before.dropped.total();
            let held = before.queued + before.in_flight + before.unacknowledged;
            let is_full = held + lines > settings.max_queue_lines as u64;
            // The bound in bytes is less exact, because datagrams are padded.
            let may_be_full = 4 * self.bytes > settings.max_queue_bytes;
            // Once it was full, other inlets are not visited again until something has left.
            let was_full = self.full_at.replace(gone) == Some(gone);
            let is_known = settings.aggregate.is_none()
                && settings.overflow == Overflow::RefuseNewest
                && !is_buffered;
            assert!(
                is_full || may_be_full || was_full || !is_known,
                "{before:?}"
            );
        }
    }
}

/// Takes the first refusal out of these.
pub(crate) fn take_first(refused: &mut Refused) -> Refused {
    let mut first = Refused::default();
    let counts = [
        (&mut refused.closed, &mut first.closed),
        (&mut refused.full, &mut first.full),
        (&mut refused.too_long, &mut first.too_long),
        (&mut refused.invalid, &mut first.invalid),
    ];
    if let Some((from, to)) = counts.into_iter().find(|(from, _)| **from > 0) {
        *from -= 1;
        *to += 1;
    }
    first
}

pub(crate) fn since(after: Refused, before: Refused) -> Refused {
    let mut refused = after;
    refused.closed -= before.closed;
    refused.full -= before.full;
    refused.invalid -= before.invalid;
    refused.too_long -= before.too_long;
    refused
}

pub(crate) fn add(to: &mut Refused, more: Refused) {
    to.closed += more.closed;
    to.full += more.full;
    to.invalid += more.invalid;
    to.too_long += more.too_long;
}
