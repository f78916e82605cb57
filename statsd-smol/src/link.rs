//! Link to the server: a socket that is closed, opening or open, and its pending operation. This file is the same in
//! each adapter.

use std::future::pending;
use std::io;
use std::pin::Pin;

use statsd_proto::driver::{Input, Transmit};

/// Open socket of any transport.
pub(crate) trait OpenSocket: Send + 'static {
    /// Executes `next` once, and returns the number of bytes of it that were written. Without it, waits for the peer to
    /// close the connection. Cancel-safe.
    fn step(&mut self, next: Option<&Transmit>) -> impl Future<Output = io::Result<usize>> + Send;

    /// Number of unacknowledged bytes, or `None` if the session does not want it or the system does not know.
    fn unacknowledged(&self) -> Option<usize> {
        None
    }
}

/// Socket, and its pending operation if there is one.
pub(crate) enum Link<S> {
    /// Closed socket, with its last number of unacknowledged bytes if that was not reported yet.
    Closed(Option<usize>),
    /// Pending connect, which resolves to the open socket.
    Opening(Opening<S>),
    /// Open socket, and the pending write.
    Open(S, Option<Transmit>),
}

type Opening<S> = Pin<Box<dyn Future<Output = io::Result<S>> + Send>>;

impl<S: OpenSocket> Link<S> {
    pub(crate) const CLOSED: Self = Self::Closed(None);

    pub(crate) fn open(opening: impl Future<Output = io::Result<S>> + Send + 'static) -> Self {
        Self::Opening(Box::pin(opening))
    }

    pub(crate) fn transmit(&mut self, transmit: Transmit) {
        if let Self::Open(_, next) = self {
            *next = Some(transmit);
        }
    }

    /// Report of unacknowledged bytes, if there is one. After the socket has failed, there is one more report.
    pub(crate) fn unacknowledged(&mut self) -> Option<Input> {
        let bytes = match self {
            Self::Closed(last) => last.take(),
            Self::Opening(_) => None,
            Self::Open(socket, _) => socket.unacknowledged(),
        };
        bytes.map(Input::Unacknowledged)
    }

    /// Waits for the pending operation, or for the peer to close the connection. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Input {
        let step = match self {
            Self::Closed(_) => pending().await,
            Self::Opening(opening) => opening.await.map(|socket| {
                *self = Self::Open(socket, None);
                Input::Connected
            }),
            Self::Open(socket, next) => {
                let step = socket.step(next.as_ref()).await;
                *next = None;
                step.map(Input::Written)
            }
        };
        step.unwrap_or_else(|error| {
            *self = Self::Closed(match self {
                Self::Open(socket, _) => socket.unacknowledged(),
                Self::Closed(_) | Self::Opening(_) => None,
            });
            Input::failed(&error)
        })
    }
}
