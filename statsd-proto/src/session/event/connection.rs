//! The connection as a log has it: there, or away since when, and for what cause.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::throttle::Throttle;
use super::{Backlog, EventKind};
use crate::session::failure::Failure;

/// How the connection is, and what a log says of it.
#[derive(Debug, Default)]
pub(super) struct Connection {
    state: State,
    reported: Reported,
    throttle: Throttle,
    unreported: u64,
    /// Whether the server was ever reached.
    was_up: bool,
    /// Since when it is away, or was before it came back.
    away_since: Option<Instant>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Unknown,
    Up {
        since: Instant,
        peer: Option<SocketAddr>,
    },
    Down(Outage),
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Outage {
    Broken(Failure),
    NotConnected(Failure),
    NotFound(Failure),
}

#[derive(Debug, Default, Eq, PartialEq)]
enum Reported {
    #[default]
    Nothing,
    Up(Option<SocketAddr>),
    Down(Outage),
}

impl Connection {
    pub(super) fn on_up(&mut self, now: Instant, peer: Option<SocketAddr>) {
        if let State::Up { peer: before, .. } = &mut self.state {
            *before = peer;
            return;
        }
        self.was_up = true;
        if matches!(self.reported, Reported::Up(_)) {
            // It was away for too short a time, or too soon after it was away before.
            self.unreported += 1;
            self.away_since = None;
        }
        self.state = State::Up { since: now, peer };
    }

    pub(super) fn on_down(&mut self, now: Instant, outage: Outage) {
        let is_reported = matches!(self.reported, Reported::Up(_));
        if matches!(self.state, State::Up { .. }) && !is_reported {
            // It was back for too short a time: this is the same outage.
            self.unreported += 1;
        }
        self.away_since.get_or_insert(now);
        self.state = State::Down(outage);
    }

    /// What is to be reported now.
    pub(super) fn poll(&mut self, now: Instant) -> Option<EventKind> {
        match &self.state {
            State::Unknown => None,
            State::Up { since, .. } => match self.reported {
                Reported::Up(_) if self.has_news() && self.throttle.admit(now) => self.report_up(),
                Reported::Down(_) if now < *since + HOLD => None,
                Reported::Down(_) | Reported::Nothing => self.report_up(),
                Reported::Up(_) => None,
            },
            State::Down(_) if self.has_news() && self.throttle.admit(now) => self.report_down(),
            State::Down(_) => None,
        }
    }

    /// Whether the outage, or its cause, has not been reported; or where the server is now.
    fn has_news(&self) -> bool {
        match (&self.state, &self.reported) {
            (State::Down(outage), Reported::Down(reported)) => {
                outage.failure() != reported.failure()
            }
            (State::Down(_), Reported::Nothing | Reported::Up(_)) => true,
            (State::Up { peer, .. }, Reported::Up(reported)) => peer != reported,
            (State::Unknown | State::Up { .. }, _) => false,
        }
    }

    pub(super) fn finish(&mut self) -> Option<EventKind> {
        match (&self.state, &self.reported) {
            (State::Up { .. }, Reported::Down(_)) => self.report_up(),
            (State::Up { .. }, _) if self.has_news() => self.report_up(),
            (State::Down(_), _) if self.has_news() => self.report_down(),
            (State::Down(_) | State::Unknown | State::Up { .. }, _) => None,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match (&self.state, &self.reported) {
            (State::Up { since, .. }, Reported::Down(_)) => Some(*since + HOLD),
            _ if self.has_news() => self.throttle.until(),
            (State::Down(_) | State::Unknown | State::Up { .. }, _) => None,
        }
    }

    /// How long the server has been away, or that it was never there; `None` if it is there.
    pub(super) fn outage(&self, now: Instant) -> Option<Backlog> {
        match (&self.state, self.away_since) {
            (State::Up { .. }, _) => None,
            (_, Some(since)) if self.was_up => {
                Some(Backlog::Away(now.saturating_duration_since(since)))
            }
            _ => Some(Backlog::NeverReached),
        }
    }

    fn report_up(&mut self) -> Option<EventKind> {
        let State::Up { since, peer } = self.state else {
            return None;
        };
        self.reported = Reported::Up(peer);
        let away_since = self.away_since.take();
        let away = away_since.map(|at| since.saturating_duration_since(at));
        Some(EventKind::Connected { peer, away })
    }

    fn report_down(&mut self) -> Option<EventKind> {
        let State::Down(outage) = &self.state else {
            return None;
        };
        self.reported = Reported::Down(outage.clone());
        let unreported = std::mem::take(&mut self.unreported);
        Some(match outage.clone() {
            Outage::Broken(failure) => EventKind::Disconnected {
                failure,
                unreported,
            },
            Outage::NotConnected(failure) => EventKind::ConnectFailed {
                failure,
                unreported,
            },
            Outage::NotFound(failure) => EventKind::LookupFailed {
                failure,
                unreported,
            },
        })
    }
}

impl Outage {
    fn failure(&self) -> &Failure {
        match self {
            Self::Broken(failure) | Self::NotConnected(failure) | Self::NotFound(failure) => {
                failure
            }
        }
    }
}

/// How long the server has to be back before that is reported: one that accepts and hangs up, or refuses each
/// datagram a little late, is not back.
const HOLD: Duration = Duration::from_secs(1);
