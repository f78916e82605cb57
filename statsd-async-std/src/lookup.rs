//! The lookup of a name, beside the socket.

use std::future::pending;
use std::pin::Pin;

use async_std::net::ToSocketAddrs;

use statsd_proto::{Input, Resolve};

/// A lookup that is under way, if any.
pub(crate) struct Lookup(Option<Pin<Box<dyn Future<Output = Input> + Send>>>);

impl Lookup {
    pub(crate) const NONE: Self = Self(None);

    pub(crate) fn start(name: Resolve) -> Self {
        Self(Some(Box::pin(async move {
            let found = (&*name.host, name.port).to_socket_addrs().await;
            name.answer(found)
        })))
    }

    /// Waits for the answer. Loses nothing if it is dropped.
    pub(crate) async fn next(&mut self) -> Input {
        match &mut self.0 {
            Some(lookup) => {
                let input = lookup.await;
                *self = Self::NONE;
                input
            }
            None => pending().await,
        }
    }
}
