//! Link: the connection to the server as a state machine of lookup, connect, backoff and reconnect.
//!
//! ```text
//!              backoff is over, no address left       addresses
//!        ┌────────────────────────────────▶ Resolving ──────────┐
//!        │                                      │               ▼
//!      Idle ◀───────────────────────────────────┤          (next one)
//!        │         failed, or timed out         │               │
//!        │                                      │               ▼
//!        └────────────────────────────────▶ Connecting ◀────────┘
//!        ▲    backoff is over, address left     │
//!        │                                      │ connected
//!        ├────────────────────────────────── Up ◀┘
//!        │              broken                │
//!        │                                    │ ends on purpose, over a custom stream
//!        └───────────────────────────── Ending ◀
//!           shut down, failed, or timed out
//! ```
//!
//! A lookup is concurrent with the socket. While the link is up, the answer decides whether the socket stays.

mod ending;
mod lookup;
mod targets;
mod up;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::random::Random;
use crate::session::backoff::Backoff;
use crate::session::event::Peer;
use crate::session::failure::{Failure, FailureKind};
use crate::session::instruction::{Connect, Keepalive, Resolve, Target};
pub(crate) use ending::End;
use lookup::{Answer, Lookup};
use targets::Targets;
use up::{Times, Up};

#[derive(Debug)]
pub(crate) struct Link {
    state: State,
    backoff: Backoff,
    random: Random,
    lookup: Lookup,
    targets: Targets,
    send_buffer: Option<usize>,
    keepalive: Option<Keepalive>,
    ack_timeout: Duration,
    resends: bool,
    connect_timeout: Duration,
    times: Times,
}

/// State of the connection. A deadline is `None` until the next poll sets it.
#[derive(Debug)]
enum State {
    Connecting {
        to: Target,
        deadline: Option<Instant>,
    },
    Idle {
        wait: Duration,
        until: Option<Instant>,
    },
    /// A lookup is needed before the next attempt, because no address is left.
    Resolving,
    Up(Up),
    /// The stream is being shut down, until the deadline. `None` if that is done, or has failed.
    Ending(Option<Instant>),
}

/// Next step of the connection.
#[derive(Debug)]
pub(crate) enum Step {
    Connect(Connect),
    /// The connection is being ended; see [`Link::end`].
    End,
    Resolve(Resolve),
    /// The attempt has timed out.
    TimedOut,
    /// The connection is up and may be written to.
    Usable,
    Wait(Instant),
}

impl Link {
    pub(crate) fn new(config: &Config, random: Random) -> Self {
        let (initial, max) = config.backoff;
        Self {
            state: State::Idle {
                wait: Duration::ZERO,
                until: None,
            },
            backoff: Backoff::new(initial, max),
            random,
            lookup: Lookup::new(config),
            targets: Targets::new(config),
            send_buffer: config.send_buffer.value(),
            keepalive: config.keepalive.value().map(keepalive),
            ack_timeout: config.write_timeout,
            resends: config.resends(),
            connect_timeout: config.connect_timeout,
            times: Times::new(config),
        }
    }

    /// Gives up a lookup that has timed out. Returns the failure if no address is left to try.
    pub(crate) fn poll_timeout(&mut self, now: Instant) -> Option<Failure> {
        let is_overdue = self.lookup.is_overdue(now);
        let leaves_none = is_overdue && self.on_unresolved();
        leaves_none.then(|| FailureKind::TimedOut.into())
    }

    pub(crate) fn poll(&mut self, now: Instant) -> Step {
        match &mut self.state {
            State::Connecting { deadline, .. } => {
                let deadline = *deadline.get_or_insert(now + self.connect_timeout);
                if now < deadline {
                    Step::Wait(deadline)
                } else {
                    Step::TimedOut
                }
            }
            State::Idle { wait, until } => {
                let until = *until.get_or_insert(now + *wait);
                if now < until {
                    Step::Wait(until)
                } else {
                    self.attempt(now)
                }
            }
            State::Resolving => self.attempt(now),
            State::Ending(_) => Step::End,
            State::Up(up) => match up.poll(now, self.times, &mut self.random) {
                Some(until) => Step::Wait(until),
                None => Step::Usable,
            },
        }
    }

    /// Starts a re-resolve if one is due. It runs while the connection is up and has work to do.
    pub(crate) fn poll_lookup(&mut self, now: Instant) -> Option<Resolve> {
        let State::Up(up) = &mut self.state else {
            return None;
        };
        if !self.lookup.has_name() {
            up.retire(now);
            return None;
        }
        let is_due = up.wants_lookup(now) && !self.lookup.is_under_way();
        is_due.then(|| self.lookup.start(now + self.connect_timeout))
    }

    /// Handles the answer to a lookup. Answers to earlier lookups are ignored. Returns the failure if no address is
    /// left to try.
    pub(crate) fn on_resolved(
        &mut self,
        id: u64,
        found: Result<Vec<SocketAddr>, Failure>,
        now: Option<Instant>,
    ) -> Option<Failure> {
        match self.lookup.answer(id, found) {
            Answer::Found(found) => {
                self.targets.found(&found);
                self.on_answer(now);
                None
            }
            Answer::Failed(failure) => self.on_unresolved().then_some(failure),
            Answer::Stray => None,
        }
    }

    /// Handles the addresses of an answer.
    fn on_answer(&mut self, now: Option<Instant>) {
        match &mut self.state {
            State::Resolving => self.idle(Duration::ZERO),
            State::Up(up) => {
                up.on_answer(now, self.targets.knows(&up.to));
                // The next outage starts with a new lookup.
                self.targets.forget_untried();
            }
            State::Connecting { .. } | State::Ending(_) | State::Idle { .. } => {}
        }
    }

    /// Handles a failed lookup: the addresses of the last answer stay in use, and a connection that is up stays.
    /// Returns whether no address is left to try.
    fn on_unresolved(&mut self) -> bool {
        self.lookup.give_up();
        match &mut self.state {
            State::Resolving => {
                self.targets.retry_known();
                self.fail()
            }
            State::Up(up) => {
                up.keep();
                false
            }
            State::Connecting { .. } | State::Ending(_) | State::Idle { .. } => false,
        }
    }

    /// Handles a successful attempt. Returns `false` if no attempt was pending.
    pub(crate) fn on_connected(&mut self) -> bool {
        let State::Connecting { to, .. } = &self.state else {
            return false;
        };
        self.state = State::Up(Up::new(to.clone()));
        true
    }

    /// Handles a failed attempt or a broken connection. Untried addresses of the server are tried before the backoff.
    /// Returns whether the next attempt has to wait.
    pub(crate) fn on_disconnected(&mut self, failure: &Failure) -> bool {
        match &self.state {
            State::Up(up) => {
                if failure.is_refusal() {
                    self.targets.refused(&up.to);
                }
                if up.has_progress {
                    self.backoff.reset();
                    self.targets.forget_untried();
                }
            }
            State::Connecting { .. } if failure.kind() == FailureKind::WrongSocket => {
                self.targets.on_wrong_type();
            }
            State::Connecting { .. } | State::Ending(_) | State::Idle { .. } | State::Resolving => {
            }
        }
        self.fail()
    }

    /// Handles a payload that was sent whole: the backoff starts from its minimum after the next break.
    pub(crate) fn on_progress(&mut self) {
        if let State::Up(up) = &mut self.state {
            if !up.has_progress {
                self.targets.answered(&up.to);
            }
            up.has_progress = true;
        }
    }

    /// Whether the connection should be replaced by a new one.
    pub(crate) fn is_outdated(&self) -> bool {
        matches!(
            self.state,
            State::Up(Up {
                is_outdated: true,
                ..
            })
        )
    }

    /// Replaces the connection: the next attempt goes to the server's present address.
    pub(crate) fn renew(&mut self) {
        if let State::Up(up) = &self.state {
            if up.has_progress {
                self.backoff.reset();
            }
        }
        self.targets.retry_known_in_order();
        self.idle(Duration::ZERO);
    }

    /// Whether a socket is open or being opened.
    pub(crate) fn has_socket(&self) -> bool {
        matches!(
            self.state,
            State::Connecting { .. } | State::Ending(_) | State::Up(_)
        )
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.state, State::Up(_))
    }

    /// Whether data is sent as a stream, and not as datagrams, over the connection that is up.
    pub(crate) fn is_stream(&self) -> bool {
        matches!(&self.state, State::Up(up) if up.to.is_stream())
    }

    /// Whether the server is known to be reachable. A stream proves it by connecting. UDP has no answers: a datagram
    /// that was not refused has to suffice.
    pub(crate) fn is_proven(&self) -> bool {
        match &self.state {
            State::Up(up) => {
                up.has_progress || !matches!(up.to, Target::CustomDatagram(_) | Target::Udp(_))
            }
            State::Connecting { .. } | State::Ending(_) | State::Idle { .. } | State::Resolving => {
                false
            }
        }
    }

    /// What the connection shows of the server beyond the configuration.
    pub(crate) fn peer(&self) -> Peer {
        let State::Up(up) = &self.state else {
            return Peer::default();
        };
        let is_named = self.lookup.has_name();
        let is_open = self.targets.is_type_open();
        Peer {
            address: up.to.address().filter(|_| is_named),
            socket: up.to.unix_type().filter(|_| is_open),
        }
    }

    /// Deadline of the pending lookup, or `None` if no lookup is pending.
    pub(crate) fn lookup_deadline(&self) -> Option<Instant> {
        self.lookup.deadline()
    }

    fn attempt(&mut self, now: Instant) -> Step {
        if let Some(target) = self.targets.next() {
            self.state = State::Connecting {
                to: target.clone(),
                deadline: None,
            };
            return Step::Connect(Connect {
                target,
                no_delay: true,
                send_buffer: self.send_buffer,
                // Limits unsent bytes to a 64th of the send buffer; the rest is for bytes that are sent and not
                // acknowledged. On loopback, a 64th and a quarter gave the same throughput.
                max_unsent: self.send_buffer.map(|bytes| bytes.div_ceil(64)),
                keepalive: self.keepalive,
                ack_timeout: self.ack_timeout,
                wants_unacknowledged: self.resends,
            });
        }
        self.state = State::Resolving;
        match self.lookup.deadline() {
            // This lookup began while the connection was up.
            Some(deadline) => Step::Wait(deadline),
            None => Step::Resolve(self.lookup.start(now + self.connect_timeout)),
        }
    }

    /// Waits before the next attempt. The wait is zero or short while untried addresses are left.
    fn fail(&mut self) -> bool {
        let wait = if self.targets.is_exhausted() {
            self.backoff.delay(&mut self.random)
        } else if self.targets.is_past_prompt() {
            self.backoff.first_delay(&mut self.random)
        } else {
            Duration::ZERO
        };
        self.idle(wait);
        !wait.is_zero()
    }

    fn idle(&mut self, wait: Duration) {
        self.state = State::Idle { wait, until: None };
    }
}

/// Keepalive with three probes within another `time`: a lost server is detected after twice `time`.
fn keepalive(time: Duration) -> Keepalive {
    Keepalive {
        time,
        interval: time / 3,
        probes: 3,
    }
}
