//! News for people: what happened to the link and what was lost, without flooding a log.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use crate::stats::Stats;

/// Something that a log should tell.
///
/// Each kind comes at most once in ten seconds, and less and less often while it goes on, down to once
/// in ten minutes; `unreported` says how many came between.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A link to the server is up.
    Connected {
        /// How many attempts it took.
        attempts: u64,
        /// How many links came up since this was last told.
        unreported: u64,
    },
    /// No link could be had.
    ConnectFailed {
        /// Why.
        kind: io::ErrorKind,
        /// How many attempts failed in a row.
        attempts: u64,
        /// How many failed since this was last told.
        unreported: u64,
    },
    /// The host could not be looked up; its earlier addresses are tried, if there are any.
    LookupFailed {
        /// Why.
        kind: io::ErrorKind,
        /// How many attempts failed in a row.
        attempts: u64,
        /// How many failed since this was last told.
        unreported: u64,
    },
    /// The link broke.
    Disconnected {
        /// Why.
        kind: io::ErrorKind,
        /// How many broke since this was last told.
        unreported: u64,
    },
    /// Metrics were lost since this was last told, or since the start.
    Lost {
        /// Refused because the queue was full, which `max_queue_bytes` and `max_queue_lines` bound.
        full: u64,
        /// Refused because no server would understand them.
        invalid: u64,
        /// Dropped from the queue.
        dropped: u64,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unreported = match *self {
            Self::Connected {
                attempts,
                unreported,
            } => {
                write!(
                    f,
                    "connected to the StatsD server after {attempts} attempt(s)"
                )?;
                unreported
            }
            Self::ConnectFailed {
                kind,
                attempts,
                unreported,
            } => {
                write!(
                    f,
                    "cannot connect to the StatsD server: {kind} (attempt {attempts})"
                )?;
                unreported
            }
            Self::LookupFailed {
                kind,
                attempts,
                unreported,
            } => {
                write!(
                    f,
                    "cannot look up the StatsD server: {kind} (attempt {attempts})"
                )?;
                unreported
            }
            Self::Disconnected { kind, unreported } => {
                write!(f, "the link to the StatsD server broke: {kind}")?;
                unreported
            }
            Self::Lost {
                full,
                invalid,
                dropped,
            } => {
                write!(
                    f,
                    "metrics lost: {full} refused by a full queue (see max_queue_bytes and \
                     max_queue_lines), {invalid} invalid, {dropped} dropped"
                )?;
                0
            }
        };
        match unreported {
            0 => Ok(()),
            _ => write!(f, ", {unreported} more of these went unreported"),
        }
    }
}

/// Collects events and lets few through.
#[derive(Debug, Default)]
pub(crate) struct News {
    events: VecDeque<Event>,
    connected: Throttle,
    connect_failed: Throttle,
    lookup_failed: Throttle,
    disconnected: Throttle,
    lost: Throttle,
    /// What the last [`Event::Lost`] had counted up to.
    told: Losses,
    attempts: u64,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Losses {
    full: u64,
    invalid: u64,
    dropped: u64,
}

impl News {
    pub(crate) fn on_connected(&mut self, now: Instant) {
        let attempts = std::mem::take(&mut self.attempts) + 1;
        if let Some(unreported) = self.connected.admit(now) {
            self.push(Event::Connected {
                attempts,
                unreported,
            });
        }
    }

    pub(crate) fn on_connect_failed(&mut self, now: Instant, kind: io::ErrorKind, is_lookup: bool) {
        self.attempts += 1;
        let attempts = self.attempts;
        if is_lookup {
            if let Some(unreported) = self.lookup_failed.admit(now) {
                self.push(Event::LookupFailed {
                    kind,
                    attempts,
                    unreported,
                });
            }
        } else if let Some(unreported) = self.connect_failed.admit(now) {
            self.push(Event::ConnectFailed {
                kind,
                attempts,
                unreported,
            });
        }
    }

    pub(crate) fn on_disconnected(&mut self, now: Instant, kind: io::ErrorKind) {
        if let Some(unreported) = self.disconnected.admit(now) {
            self.push(Event::Disconnected { kind, unreported });
        }
    }

    /// Tells of losses that have not been told; all of them if these are the `last` words.
    pub(crate) fn on_stats(&mut self, now: Instant, stats: &Stats, last: bool) {
        let losses = Losses {
            full: stats.refused.full,
            invalid: stats.refused.invalid + stats.refused.too_long,
            dropped: stats.dropped.total(),
        };
        if losses == self.told || self.lost.admit(now).is_none() && !last {
            return;
        }
        let told = std::mem::replace(&mut self.told, losses);
        self.push(Event::Lost {
            full: losses.full - told.full,
            invalid: losses.invalid - told.invalid,
            dropped: losses.dropped - told.dropped,
        });
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn push(&mut self, event: Event) {
        if self.events.len() == MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

/// Lets one event through, then none for a while that doubles as long as they keep coming.
#[derive(Debug, Default)]
struct Throttle {
    quiet: Option<(Instant, Duration)>,
    unreported: u64,
}

impl Throttle {
    const FIRST: Duration = Duration::from_secs(10);
    const LONGEST: Duration = Duration::from_secs(600);

    /// How many events were held back, if this one may be told.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        let silence = match self.quiet {
            Some((until, _)) if now < until => {
                self.unreported += 1;
                return None;
            }
            Some((until, silence)) if now < until + silence => (silence * 2).min(Self::LONGEST),
            Some(_) | None => Self::FIRST,
        };
        self.quiet = Some((now + silence, silence));
        Some(std::mem::take(&mut self.unreported))
    }
}

/// What is kept for somebody who never asks.
pub(crate) const MAX_EVENTS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::origin;

    #[test]
    fn an_outage_of_a_day_is_told_in_few_words() {
        let start = origin();
        let mut throttle = Throttle::default();
        let told = (0..86_400)
            .filter_map(|second| throttle.admit(start + Duration::from_secs(second)))
            .collect::<Vec<_>>();
        assert!(told.len() < 160, "{}", told.len());
        assert_eq!(told[..3], [0, 9, 19]);
    }

    #[test]
    fn after_a_quiet_time_the_next_event_is_told_at_once() {
        let start = origin();
        let mut throttle = Throttle::default();
        assert_eq!(throttle.admit(start), Some(0));
        assert_eq!(throttle.admit(start + Duration::from_secs(1)), None);
        assert_eq!(throttle.admit(start + Duration::from_secs(60)), Some(1));
        assert_eq!(throttle.admit(start + Duration::from_secs(69)), None);
    }

    #[test]
    fn a_queue_that_flaps_at_its_bound_is_told_once() {
        let start = origin();
        let mut news = News::default();
        let mut stats = Stats::default();
        for millisecond in 0..2000 {
            stats.refused.full += 1;
            news.on_stats(start + Duration::from_millis(millisecond), &stats, false);
        }
        assert_eq!(
            news.pop(),
            Some(Event::Lost {
                full: 1,
                invalid: 0,
                dropped: 0
            })
        );
        assert_eq!(news.pop(), None);
        news.on_stats(start + Duration::from_secs(3), &stats, true);
        assert_eq!(
            news.pop(),
            Some(Event::Lost {
                full: 1999,
                invalid: 0,
                dropped: 0
            })
        );
    }
}
