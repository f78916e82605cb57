//! Addresses of the server, and the order of attempts.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::config::{Config, Transport};
use crate::session::instruction::Target;

#[derive(Debug)]
pub(super) struct Targets {
    /// Whether the addresses belong to a name and may change.
    is_named: bool,
    transport: Transport,
    /// Addresses of the last answer, in the resolver's order.
    known: Vec<Target>,
    /// The same Unix socket with the other type, or `None` if the type is configured.
    other_type: Option<Target>,
    /// Addresses not tried since the last lookup or success.
    untried: VecDeque<Target>,
    /// Number of addresses tried since then.
    tried: usize,
    /// Address that last proved reachable. A server on `localhost` often listens on one of `::1` and `127.0.0.1` only.
    answered: Option<Target>,
    /// Address that last refused datagrams. A refusal may arrive after the address had counted as reachable.
    refused: Option<Target>,
}

impl Targets {
    pub(super) fn new(config: &Config) -> Self {
        let transport = config.effective_transport();
        let known = match (transport, config.socket_address()) {
            (Transport::CustomDatagram, _) => vec![Target::CustomDatagram(config.custom_target())],
            (Transport::CustomStream, _) => vec![Target::CustomStream(config.custom_target())],
            (Transport::UnixDatagram, _) => vec![Target::UnixDatagram(config.path.clone())],
            (Transport::UnixStream, _) => vec![Target::UnixStream(config.path.clone())],
            (Transport::Tcp, Some(address)) => vec![Target::Tcp(address)],
            (Transport::Udp, Some(address)) => vec![Target::Udp(address)],
            (Transport::Tcp | Transport::Udp, None) => Vec::new(),
        };
        let is_open = config.is_unix_type_open();
        let other_type = known.first().filter(|_| is_open).map(Target::other_type);
        Self {
            is_named: known.is_empty(),
            transport,
            known,
            other_type: other_type.flatten(),
            untried: VecDeque::new(),
            tried: 0,
            answered: None,
            refused: None,
        }
    }

    /// Takes the next address to try, or `None` if a lookup is needed first.
    pub(super) fn next(&mut self) -> Option<Target> {
        if !self.is_named && self.untried.is_empty() {
            self.retry_known();
        }
        let next = self.untried.pop_front()?;
        self.tried += 1;
        Some(next)
    }

    pub(super) fn found(&mut self, addresses: &[SocketAddr]) {
        let target = if self.transport == Transport::Udp {
            Target::Udp
        } else {
            Target::Tcp
        };
        self.known = addresses.iter().copied().map(target).collect();
        self.retry_known();
    }

    /// Makes all addresses untried again. The one that last proved reachable comes first, the one that refused
    /// datagrams last.
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

    /// Makes all addresses untried again, in the resolver's order. A resolver may balance clients by that order.
    pub(super) fn retry_known_in_order(&mut self) {
        self.answered = None;
        self.retry_known();
    }

    /// Handles a Unix socket that has the other type. It is tried at once, unless both types have been tried.
    pub(super) fn on_wrong_type(&mut self) {
        let (Some(other), Some(known)) = (&mut self.other_type, self.known.first_mut()) else {
            return;
        };
        std::mem::swap(other, known);
        if self.tried < 2 {
            self.untried.push_back(known.clone());
        }
    }

    /// Whether the server decides the type of the Unix socket.
    pub(super) fn is_type_open(&self) -> bool {
        self.other_type.is_some()
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

    /// Whether so many addresses have been tried that the next attempt waits too.
    pub(super) fn is_past_prompt(&self) -> bool {
        self.tried >= PROMPT
    }
}

/// Number of addresses tried without a wait. Most names have one or two; a name with a thousand addresses would cause
/// a thousand connects at once.
const PROMPT: usize = 4;
