//! Counts in words. Zeros are left out, except for those that every reader looks for first.

use std::fmt;

use super::{Dropped, Refused, Report, Stats};

/// `sent 1200 lines, abandoned 0`, and what else was lost.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sent,
            abandoned,
            stats,
        } = self;
        write!(f, "sent {sent} lines, abandoned {abandoned}")?;
        // The abandoned lines are named above.
        let dropped = Dropped {
            abandoned: 0,
            ..stats.dropped
        };
        list(
            f,
            ", ",
            &[
                (dropped.total(), &format_args!("dropped {dropped}")),
                (
                    stats.unacknowledged,
                    &format_args!("not acknowledged {}", stats.unacknowledged),
                ),
                (
                    stats.refused.total(),
                    &format_args!("metrics refused {}", stats.refused),
                ),
            ],
        )
    }
}

/// `accepted 1210 lines, sent 1200, queued 10 (230 bytes)`, and so on.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            accepted,
            sent,
            resent,
            dropped,
            refused,
            sampled_out,
            queued,
            queued_bytes,
            queued_bytes_peak,
            in_flight,
            unacknowledged,
            connects,
            connect_failures,
            disconnects,
            bytes,
            payloads,
        } = self;
        write!(f, "accepted {accepted} lines, sent {sent}")?;
        list(
            f,
            ", ",
            &[
                (*resent, &format_args!("resent {resent}")),
                (
                    *queued,
                    &format_args!("queued {queued} ({queued_bytes} bytes)"),
                ),
                (*in_flight, &format_args!("in flight {in_flight}")),
                (
                    *unacknowledged,
                    &format_args!("not acknowledged {unacknowledged}"),
                ),
                (dropped.total(), &format_args!("dropped {dropped}")),
                (refused.total(), &format_args!("metrics refused {refused}")),
                (*sampled_out, &format_args!("sampled out {sampled_out}")),
                (
                    *payloads,
                    &format_args!("wrote {bytes} bytes in {payloads} payloads"),
                ),
                (
                    *queued_bytes_peak,
                    &format_args!("queued at most {queued_bytes_peak} bytes"),
                ),
                (*connects, &format_args!("connects {connects}")),
                (
                    *connect_failures,
                    &format_args!("connect failures {connect_failures}"),
                ),
                (*disconnects, &format_args!("disconnects {disconnects}")),
            ],
        )
    }
}

/// `5 (3 by overflow, 2 unsendable)`.
impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            abandoned,
            overflow,
            unsendable,
        } = self;
        causes(
            f,
            self.total(),
            &[
                (*abandoned, &format_args!("{abandoned} abandoned")),
                (*overflow, &format_args!("{overflow} by overflow")),
                (*unsendable, &format_args!("{unsendable} unsendable")),
            ],
        )
    }
}

/// `7 (6 by a full queue, 1 invalid)`.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            closed,
            full,
            invalid,
            too_long,
        } = self;
        causes(
            f,
            self.total(),
            &[
                (*closed, &format_args!("{closed} after the close")),
                (*full, &format_args!("{full} by a full queue")),
                (*invalid, &format_args!("{invalid} invalid")),
                (*too_long, &format_args!("{too_long} too long")),
            ],
        )
    }
}

/// A part of a list, with the count that it is about.
type Part<'a> = (u64, &'a dyn fmt::Display);

/// Writes the parts whose count is not zero, with `separator` before each.
fn list(f: &mut fmt::Formatter<'_>, separator: &str, parts: &[Part<'_>]) -> fmt::Result {
    let parts = parts.iter().filter(|(count, _)| *count != 0);
    parts
        .into_iter()
        .try_for_each(|(_, part)| write!(f, "{separator}{part}"))
}

/// Writes a total, and its causes unless there are none.
fn causes(f: &mut fmt::Formatter<'_>, total: u64, parts: &[Part<'_>]) -> fmt::Result {
    write!(f, "{total}")?;
    let mut separator = " (";
    for (_, part) in parts.iter().filter(|(count, _)| *count != 0) {
        write!(f, "{separator}{part}")?;
        separator = ", ";
    }
    match separator {
        " (" => Ok(()),
        _ => f.write_str(")"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_was_lost_and_nothing_else() {
        assert_eq!(Report::default().to_string(), "sent 0 lines, abandoned 0");
        let stats = Stats {
            sent: 1200,
            dropped: Dropped {
                abandoned: 7,
                overflow: 3,
                unsendable: 2,
            },
            refused: Refused {
                full: 6,
                invalid: 1,
                ..Refused::default()
            },
            unacknowledged: 4,
            connects: 1,
            ..Stats::default()
        };
        assert_eq!(
            Report::from(stats).to_string(),
            "sent 1200 lines, abandoned 7, dropped 5 (3 by overflow, 2 unsendable), \
             not acknowledged 4, metrics refused 7 (6 by a full queue, 1 invalid)"
        );
    }

    #[test]
    fn counts_say_what_is_not_zero() {
        let mut stats = Stats::default();
        assert_eq!(stats.to_string(), "accepted 0 lines, sent 0");
        stats.accepted = 1210;
        stats.sent = 1200;
        stats.queued = 10;
        stats.queued_bytes = 230;
        stats.connects = 1;
        assert_eq!(
            stats.to_string(),
            "accepted 1210 lines, sent 1200, queued 10 (230 bytes), connects 1"
        );
        stats = Stats {
            accepted: 1,
            sent: 2,
            resent: 3,
            dropped: Dropped {
                abandoned: 4,
                overflow: 0,
                unsendable: 0,
            },
            refused: Refused {
                closed: 5,
                full: 0,
                invalid: 0,
                too_long: 6,
            },
            sampled_out: 7,
            queued: 8,
            queued_bytes: 9,
            queued_bytes_peak: 10,
            in_flight: 11,
            unacknowledged: 12,
            connects: 13,
            connect_failures: 14,
            disconnects: 15,
            bytes: 16,
            payloads: 17,
        };
        assert_eq!(
            stats.to_string(),
            "accepted 1 lines, sent 2, resent 3, queued 8 (9 bytes), in flight 11, not acknowledged 12, \
             dropped 4 (4 abandoned), metrics refused 11 (5 after the close, 6 too long), \
             sampled out 7, wrote 16 bytes in 17 payloads, queued at most 10 bytes, \
             connects 13, connect failures 14, disconnects 15"
        );
    }
}
