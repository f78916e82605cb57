//! State of the connection for the log: connected, or unreachable since when and why.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::throttle::Throttle;
use super::{Backlog, EventKind};
use crate::config::Transport;
use crate::session::failure::Failure;

/// Actual state of the connection, and the state that was last reported.
#[derive(Debug, Default)]
pub(super) struct Connection {
    state: State,
    reported: Reported,
    throttle: Throttle,
    unreported: u64,
    /// Whether the server was ever reached.
    was_up: bool,
    /// Start of the present outage, or of the last one if the server is back.
    away_since: Option<Instant>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Unknown,
    Up {
        since: Instant,
        peer: Peer,
    },
    Down(Outage),
}

/// What is not known of the server before it is reached.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Peer {
    /// Address of a host with a name.
    pub(crate) address: Option<SocketAddr>,
    /// Type of a Unix socket whose type is not configured.
    pub(crate) socket: Option<Transport>,
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
    Up(Peer),
    Down(Outage),
}

impl Connection {
    pub(super) fn on_up(&mut self, now: Instant, peer: Peer) {
        if let State::Up { peer: before, .. } = &mut self.state {
            *before = peer;
            return;
        }
        self.was_up = true;
        if matches!(self.reported, Reported::Up(_)) {
            // Outages that are too short, or follow the last one too soon, are counted only.
            self.unreported += 1;
            self.away_since = None;
        }
        self.state = State::Up { since: now, peer };
    }

    pub(super) fn on_down(&mut self, now: Instant, outage: Outage) {
        let is_reported = matches!(self.reported, Reported::Up(_));
        if matches!(self.state, State::Up { .. }) && !is_reported {
            // The server was back for too short a time: the same outage goes on.
            self.unreported += 1;
        }
        self.away_since.get_or_insert(now);
        self.state = State::Down(outage);
    }

    /// Returns the event that is due now.
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

    /// Whether the state differs from the reported one: an outage, its cause, or the server's address.
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

    /// Length of the present outage, or that the server was never reached. `None` while it is reachable.
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
        Some(EventKind::Connected {
            peer: peer.address,
            socket: peer.socket,
            away,
        })
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

/// Time for which a reconnected server has to stay before it is reported. Some servers accept and close at once, or
/// refuse each datagram with a delay.
const HOLD: Duration = Duration::from_secs(1);
