//! The link to the server: when to look up its name, when to connect, when to wait.
//!
//! ```text
//!              wait is over, no address left          addresses
//!        ┌────────────────────────────────▶ Resolving ──────────┐
//!        │                                      │               ▼
//!      Idle ◀───────────────────────────────────┤          (next one)
//!        │         failed, or out of time       │               │
//!        │                                      │               ▼
//!        └────────────────────────────────▶ Connecting ◀────────┘
//!        ▲    wait is over, address left        │
//!        │                                      │ connected
//!        └────────────────────────────────── Up ◀┘
//!                       broken
//! ```
//!
//! A lookup goes on beside the socket. While the link is up, its answer decides whether the socket stays.

mod lookup;
mod targets;
mod up;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::random::Random;
use crate::session::backoff::Backoff;
use crate::session::failure::{Failure, FailureKind};
use crate::session::instruction::{Connect, Keepalive, Resolve, Target};
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

/// Where the link stands. A time that is `None` is set by the next poll.
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
    /// There is no address to try: a lookup has to come first.
    Resolving,
    Up(Up),
}

/// What the link wants.
#[derive(Debug)]
pub(crate) enum Step {
    Connect(Connect),
    Resolve(Resolve),
    /// The attempt takes too long.
    TimedOut,
    /// The link is up, and may be written to.
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
            send_buffer: config.send_buffer,
            keepalive: config.keepalive.map(keepalive),
            ack_timeout: config.write_timeout,
            resends: config.resends(),
            connect_timeout: config.connect_timeout,
            times: Times::new(config),
        }
    }

    /// Gives up a lookup that takes too long. Returns why, if that leaves no address to try.
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
            State::Up(up) => match up.poll(now, self.times, &mut self.random) {
                Some(until) => Step::Wait(until),
                None => Step::Usable,
            },
        }
    }

    /// Looks the name up beside the link that is up and has work to do, if it is time for that.
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

    /// The answer to a lookup came, unless it answers none that is under way. Returns why it failed, if that
    /// leaves no address to try.
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

    /// There are addresses to go to.
    fn on_answer(&mut self, now: Option<Instant>) {
        match &mut self.state {
            State::Resolving => self.idle(Duration::ZERO),
            State::Up(up) => {
                up.on_answer(now, self.targets.knows(&up.to));
                // After a break the name is looked up again.
                self.targets.forget_untried();
            }
            State::Connecting { .. } | State::Idle { .. } => {}
        }
    }

    /// A lookup failed: the last good addresses serve, and a link that is up stays. Returns whether there is
    /// no address to try.
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
            State::Connecting { .. } | State::Idle { .. } => false,
        }
    }

    /// Whether the input fitted the state.
    pub(crate) fn on_connected(&mut self) -> bool {
        let State::Connecting { to, .. } = &self.state else {
            return false;
        };
        self.state = State::Up(Up::new(to.clone()));
        true
    }

    /// The attempt failed, or the link broke; the server's other addresses have their turn before the
    /// wait. Returns whether the next attempt has to wait.
    pub(crate) fn on_disconnected(&mut self, is_refusal: bool) -> bool {
        if let State::Up(up) = &self.state {
            if is_refusal {
                self.targets.refused(&up.to);
            }
            if up.has_progress {
                self.backoff.reset();
                self.targets.forget_untried();
            }
        }
        self.fail()
    }

    /// A payload left whole: the server is worth coming back to soon.
    pub(crate) fn on_progress(&mut self) {
        if let State::Up(up) = &mut self.state {
            if !up.has_progress {
                self.targets.answered(&up.to);
            }
            up.has_progress = true;
        }
    }

    /// Whether it is time for a new link.
    pub(crate) fn is_outdated(&self) -> bool {
        matches!(
            self.state,
            State::Up(Up {
                is_outdated: true,
                ..
            })
        )
    }

    /// Gives the link up for a new one, to where the server is now.
    pub(crate) fn renew(&mut self) {
        if let State::Up(up) = &self.state {
            if up.has_progress {
                self.backoff.reset();
            }
        }
        self.targets.retry_known_in_order();
        self.idle(Duration::ZERO);
    }

    /// Whether a socket is open, or being opened.
    pub(crate) fn has_socket(&self) -> bool {
        matches!(self.state, State::Connecting { .. } | State::Up(_))
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.state, State::Up(_))
    }

    /// Whether somebody is there, as far as a client can know: nobody answers datagrams, so that silence has to
    /// do.
    pub(crate) fn is_proven(&self) -> bool {
        match &self.state {
            State::Up(up) => up.has_progress || !matches!(up.to, Target::Udp(_)),
            State::Connecting { .. } | State::Idle { .. } | State::Resolving => false,
        }
    }

    /// Where the server of a name is, if the link is up.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        match &self.state {
            State::Up(up) if self.lookup.has_name() => up.to.address(),
            State::Connecting { .. } | State::Idle { .. } | State::Resolving | State::Up(_) => None,
        }
    }

    /// When the lookup that is under way takes too long, or `None` if none is.
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
                send_buffer: self.send_buffer,
                // The rest is for what is on its way and not yet acknowledged. On loopback a reader takes
                // as much in a second as with a quarter of it.
                max_unsent: self.send_buffer.map(|bytes| bytes.div_ceil(64)),
                keepalive: self.keepalive,
                ack_timeout: self.ack_timeout,
                wants_unacknowledged: self.resends,
            });
        }
        self.state = State::Resolving;
        match self.lookup.deadline() {
            // One that began while the link was up.
            Some(deadline) => Step::Wait(deadline),
            None => Step::Resolve(self.lookup.start(now + self.connect_timeout)),
        }
    }

    /// Waits for the next attempt: hardly, while there are addresses that have not been tried.
    fn fail(&mut self) -> bool {
        let wait = if self.targets.is_exhausted() {
            self.backoff.delay(&mut self.random)
        } else if self.targets.is_patient() {
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

/// Asks three times within as long again as the silence has lasted.
fn keepalive(time: Duration) -> Keepalive {
    Keepalive {
        time,
        interval: time / 3,
        probes: 3,
    }
}
