//! The lookup of the server's name: at most one is under way, known by its number.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::config::Config;
use crate::session::failure::{Failure, FailureKind};
use crate::session::instruction::Resolve;

#[derive(Debug)]
pub(super) struct Lookup {
    /// The name and the port, or `None` if the host is an address or a path.
    name: Option<(Arc<str>, u16)>,
    /// How many lookups there were: the number of the last.
    count: u64,
    /// When the one that is under way takes too long.
    deadline: Option<Instant>,
}

/// What an answer is worth.
#[derive(Debug)]
pub(super) enum Answer {
    Failed(Failure),
    Found(Vec<SocketAddr>),
    /// It answers a lookup that was given up.
    Stray,
}

impl Lookup {
    pub(super) fn new(config: &Config) -> Self {
        let is_unix = config.effective_transport().is_unix();
        let is_name = !is_unix && config.socket_address().is_none();
        Self {
            name: is_name.then(|| (config.host.as_str().into(), config.effective_port())),
            count: 0,
            deadline: None,
        }
    }

    pub(super) fn has_name(&self) -> bool {
        self.name.is_some()
    }

    pub(super) fn start(&mut self, deadline: Instant) -> Resolve {
        let (host, port) = self.name.clone().expect("what is no name is always known");
        self.count += 1;
        self.deadline = Some(deadline);
        Resolve {
            id: self.count,
            host,
            port,
        }
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.deadline.is_some()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }

    /// An answer to it is a stray one from now on.
    pub(super) fn give_up(&mut self) {
        self.deadline = None;
    }

    pub(super) fn answer(&mut self, id: u64, found: Result<Vec<SocketAddr>, Failure>) -> Answer {
        if id != self.count || self.deadline.take().is_none() {
            return Answer::Stray;
        }
        match found {
            Ok(found) if found.is_empty() => Answer::Failed(FailureKind::NotFound.into()),
            Ok(found) => Answer::Found(found),
            Err(failure) => Answer::Failed(failure),
        }
    }
}
