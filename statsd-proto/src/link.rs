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

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::backoff::Backoff;
use crate::config::{Config, Transport};
use crate::instruction::{Connect, Keepalive, Resolve, Target};
use crate::random::Random;

#[derive(Debug)]
pub(crate) struct Link {
    state: State,
    backoff: Backoff,
    random: Random,
    targets: Targets,
    send_buffer: Option<usize>,
    keepalive: Option<Keepalive>,
    ack_timeout: Duration,
    resends: bool,
    connect_timeout: Duration,
    settle_time: Duration,
    /// After what time a link that is up gives way to a new one, to where the server is then; none if
    /// never.
    max_age: Option<Duration>,
    /// The link was given up for nothing but that.
    is_renewal: bool,
}

/// Where the link stands. A time that is none is set by the next poll.
#[derive(Debug)]
enum State {
    Connecting {
        deadline: Option<Instant>,
    },
    Idle {
        wait: Duration,
        until: Option<Instant>,
    },
    Resolving {
        deadline: Option<Instant>,
    },
    Up {
        usable_at: Option<Instant>,
        stale_at: Option<Instant>,
        has_progress: bool,
    },
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

/// Where the server may be.
#[derive(Debug)]
struct Targets {
    /// What to look up; none if the host is an address or a path.
    name: Option<Resolve>,
    transport: Transport,
    /// What was found last, for when a lookup fails.
    known: Vec<Target>,
    /// What has not been tried in this round.
    untried: VecDeque<Target>,
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
            targets: Targets::new(config),
            send_buffer: config.send_buffer,
            keepalive: config.keepalive.map(keepalive),
            ack_timeout: config.write_timeout,
            resends: config.resends(),
            connect_timeout: config.connect_timeout,
            settle_time: match config.effective_transport() {
                Transport::Tcp | Transport::UnixStream => config.settle_time,
                Transport::Udp | Transport::UnixDatagram => Duration::ZERO,
            },
            max_age: max_age(config),
            is_renewal: false,
        }
    }

    pub(crate) fn poll(&mut self, now: Instant) -> Step {
        match &mut self.state {
            State::Connecting { deadline } | State::Resolving { deadline } => {
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
                    self.attempt()
                }
            }
            State::Up {
                usable_at,
                stale_at,
                ..
            } => {
                let usable_at = *usable_at.get_or_insert(now + self.settle_time);
                if now < usable_at {
                    return Step::Wait(usable_at);
                }
                if let (None, Some(age)) = (&stale_at, self.max_age) {
                    // Up to a quarter less, so that many clients do not come at once.
                    let share = 1.0 - self.random.fraction() / 4.0;
                    *stale_at = Some(now + age.mul_f64(share));
                }
                Step::Usable
            }
        }
    }

    pub(crate) fn on_resolved(&mut self, found: Vec<SocketAddr>) {
        if matches!(self.state, State::Resolving { .. }) {
            self.targets.found(&found);
            self.state = State::Idle {
                wait: Duration::ZERO,
                until: None,
            };
        }
    }

    /// Whether the input fitted the state.
    pub(crate) fn on_connected(&mut self) -> bool {
        let fits = matches!(self.state, State::Connecting { .. });
        if fits {
            self.state = State::Up {
                usable_at: None,
                stale_at: None,
                has_progress: false,
            };
        }
        fits
    }

    /// The attempt failed, or the link broke; the server's other addresses have their turn before the
    /// wait.
    pub(crate) fn on_disconnected(&mut self) {
        match self.state {
            State::Resolving { .. } => self.targets.retry_known(),
            State::Up {
                has_progress: true, ..
            } => {
                self.backoff.reset();
                self.targets.untried.clear();
            }
            State::Connecting { .. } | State::Idle { .. } | State::Up { .. } => {}
        }
        let wait = if self.targets.untried.is_empty() {
            self.backoff.delay(&mut self.random)
        } else {
            Duration::ZERO
        };
        self.state = State::Idle { wait, until: None };
    }

    /// A payload left whole: the server is worth coming back to soon.
    pub(crate) fn on_progress(&mut self) {
        if let State::Up { has_progress, .. } = &mut self.state {
            *has_progress = true;
        }
    }

    /// Whether it is time for a new link.
    pub(crate) fn is_stale(&self, now: Instant) -> bool {
        matches!(self.state, State::Up { stale_at: Some(at), .. } if now >= at)
    }

    /// Gives the link up for a new one, to where the server is now.
    pub(crate) fn renew(&mut self) {
        if matches!(
            self.state,
            State::Up {
                has_progress: true,
                ..
            }
        ) {
            self.backoff.reset();
        }
        self.is_renewal = true;
        self.targets.untried.clear();
        self.state = State::Idle {
            wait: Duration::ZERO,
            until: None,
        };
    }

    /// Whether the link that came up takes the place of one that worked.
    pub(crate) fn take_renewal(&mut self) -> bool {
        std::mem::take(&mut self.is_renewal)
    }

    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle { .. })
    }

    pub(crate) fn is_resolving(&self) -> bool {
        matches!(self.state, State::Resolving { .. })
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    fn attempt(&mut self) -> Step {
        if let Some(target) = self.targets.next() {
            self.state = State::Connecting { deadline: None };
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
        let name = self.targets.name.clone();
        self.state = State::Resolving { deadline: None };
        Step::Resolve(name.expect("what is no name is always known"))
    }
}

/// A stream breaks when its server has moved; datagrams go on to where it was.
fn max_age(config: &Config) -> Option<Duration> {
    let is_name_to_watch =
        config.effective_transport() == Transport::Udp && config.socket_address().is_none();
    let resolve_interval = config.resolve_interval.filter(|_| is_name_to_watch);
    let ages = [resolve_interval, config.max_connection_age];
    ages.into_iter().flatten().min()
}

/// Asks three times within as long again as the silence has lasted.
fn keepalive(time: Duration) -> Keepalive {
    Keepalive {
        time,
        interval: time / 3,
        probes: 3,
    }
}

impl Targets {
    fn new(config: &Config) -> Self {
        let transport = config.effective_transport();
        let (name, known) = match (transport, config.socket_address()) {
            (Transport::UnixDatagram, _) => (None, vec![Target::UnixDatagram(config.path.clone())]),
            (Transport::UnixStream, _) => (None, vec![Target::UnixStream(config.path.clone())]),
            (Transport::Tcp, Some(address)) => (None, vec![Target::Tcp(address)]),
            (Transport::Udp, Some(address)) => (None, vec![Target::Udp(address)]),
            (Transport::Tcp | Transport::Udp, None) => {
                let (host, port) = (config.host.as_str().into(), config.effective_port());
                (Some(Resolve { host, port }), Vec::new())
            }
        };
        Self {
            name,
            transport,
            known,
            untried: VecDeque::new(),
        }
    }

    /// The next one to try; none if a lookup has to come first.
    fn next(&mut self) -> Option<Target> {
        if self.name.is_none() && self.untried.is_empty() {
            self.retry_known();
        }
        self.untried.pop_front()
    }

    fn found(&mut self, addresses: &[SocketAddr]) {
        let target = match self.transport {
            Transport::Udp => Target::Udp,
            Transport::Tcp | Transport::UnixDatagram | Transport::UnixStream => Target::Tcp,
        };
        self.known = addresses.iter().copied().map(target).collect();
        self.retry_known();
    }

    fn retry_known(&mut self) {
        self.untried = self.known.iter().cloned().collect();
    }
}
