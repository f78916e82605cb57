//! Lookup of the server's name. At most one is pending; each has a number.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::config::Config;
use crate::session::failure::{Failure, FailureKind};
use crate::session::instruction::Resolve;

#[derive(Debug)]
pub(super) struct Lookup {
    /// Name and port, or `None` if the host is an address or a path.
    name: Option<(Arc<str>, u16)>,
    /// Number of the last lookup, counted from 1.
    count: u64,
    /// Deadline of the pending lookup, or `None` if no lookup is pending.
    deadline: Option<Instant>,
}

/// Classification of an answer.
#[derive(Debug)]
pub(super) enum Answer {
    Failed(Failure),
    Found(Vec<SocketAddr>),
    /// Answer to a lookup that was given up.
    Stray,
}

impl Lookup {
    pub(super) fn new(config: &Config) -> Self {
        let is_network = config.effective_transport().is_network();
        let is_name = is_network && config.socket_address().is_none();
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

    /// Gives up the pending lookup. Its answer will count as [`Answer::Stray`].
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
