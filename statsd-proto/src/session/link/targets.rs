//! Where the server may be: its addresses, and in which order they are tried.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::config::{Config, Transport};
use crate::session::instruction::Target;

#[derive(Debug)]
pub(super) struct Targets {
    /// Whether the addresses are those of a name, and change.
    is_named: bool,
    transport: Transport,
    /// What was found last, in the resolver's order.
    known: Vec<Target>,
    /// What has not been tried in this round.
    untried: VecDeque<Target>,
    /// How many have been tried in this round.
    tried: usize,
    /// Where somebody answered last. Of `localhost`, which is `::1` first, servers often have but one.
    answered: Option<Target>,
    /// Where datagrams were refused last. That may be heard after silence had counted as an answer.
    refused: Option<Target>,
}

impl Targets {
    pub(super) fn new(config: &Config) -> Self {
        let transport = config.effective_transport();
        let known = match (transport, config.socket_address()) {
            (Transport::UnixDatagram, _) => vec![Target::UnixDatagram(config.path.clone())],
            (Transport::UnixStream, _) => vec![Target::UnixStream(config.path.clone())],
            (Transport::Tcp, Some(address)) => vec![Target::Tcp(address)],
            (Transport::Udp, Some(address)) => vec![Target::Udp(address)],
            (Transport::Tcp | Transport::Udp, None) => Vec::new(),
        };
        Self {
            is_named: known.is_empty(),
            transport,
            known,
            untried: VecDeque::new(),
            tried: 0,
            answered: None,
            refused: None,
        }
    }

    /// The next one to try, or `None` if a lookup has to come first.
    pub(super) fn next(&mut self) -> Option<Target> {
        if !self.is_named && self.untried.is_empty() {
            self.retry_known();
        }
        let next = self.untried.pop_front()?;
        self.tried += 1;
        Some(next)
    }

    pub(super) fn found(&mut self, addresses: &[SocketAddr]) {
        let target = match self.transport {
            Transport::Udp => Target::Udp,
            Transport::Tcp | Transport::UnixDatagram | Transport::UnixStream => Target::Tcp,
        };
        self.known = addresses.iter().copied().map(target).collect();
        self.retry_known();
    }

    /// Starts a round: where somebody answered last comes first, and where datagrams were refused comes last.
    pub(super) fn retry_known(&mut self) {
        self.tried = 0;
        let mut targets: Vec<_> = self.known.iter().collect();
        targets.sort_by_key(|target| match Some(*target) {
            refused if refused == self.refused.as_ref() => 2,
            answered if answered == self.answered.as_ref() => 0,
            _ => 1,
        });
        self.untried = targets.into_iter().cloned().collect();
    }

    /// Starts a round in the resolver's order, by which a name may share out its clients.
    pub(super) fn retry_known_in_order(&mut self) {
        self.answered = None;
        self.retry_known();
    }

    pub(super) fn forget_untried(&mut self) {
        self.untried.clear();
    }

    pub(super) fn answered(&mut self, target: &Target) {
        self.answered = Some(target.clone());
        self.refused.take_if(|refused| refused == target);
    }

    pub(super) fn refused(&mut self, target: &Target) {
        self.refused = Some(target.clone());
    }

    pub(super) fn knows(&self, target: &Target) -> bool {
        self.known.contains(target)
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.untried.is_empty()
    }

    /// Whether so many have been tried that the next one has to wait as well.
    pub(super) fn is_patient(&self) -> bool {
        self.tried >= PROMPT
    }
}

/// How many addresses are tried one right after the other. Most names have no more than two, and one with a
/// thousand would be a thousand connects at once.
const PROMPT: usize = 4;
