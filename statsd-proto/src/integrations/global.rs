//! Global client, for programs that cannot pass a client.

use std::sync::{PoisonError, RwLock};

use crate::client::Client;

/// Global client: the one passed to [`set_global`], and before that a client that does nothing.
///
/// Prefer to pass a [`Client`] to the code that records. Its tests then [see its metrics only](crate::testing), and no
/// metric is lost that is recorded early. Code that records often should keep the returned reference until that client
/// is closed.
///
/// ```
/// # let client = statsd_proto::Client::noop();
/// statsd_proto::global().incr("early", 1); // No client is set yet: this does nothing.
/// statsd_proto::set_global(client)?;
/// statsd_proto::global().incr("starts", 1);
/// # Ok::<(), statsd_proto::AlreadySet>(())
/// ```
#[must_use]
pub fn global() -> &'static Client {
    *GLOBAL.read().unwrap_or_else(PoisonError::into_inner)
}

/// Makes this client the program's [`global`] client. It replaces a client that does nothing, or one that is
/// [closed](Client::is_closed), for example because the runtime of an earlier test has ended.
///
/// The global client is never dropped. To send the queue at the end, stop its connector, or [close](Client::close) it.
///
/// ```
/// # let client = statsd_proto::Client::noop();
/// statsd_proto::set_global(client)?;
/// statsd_proto::global().incr("starts", 1);
/// # Ok::<(), statsd_proto::AlreadySet>(())
/// ```
///
/// # Errors
///
/// A global client is set already and is not closed. It stays.
pub fn set_global(client: Client) -> Result<(), AlreadySet> {
    let mut global = GLOBAL.write().unwrap_or_else(PoisonError::into_inner);
    if !global.is_noop() && !global.is_closed() {
        return Err(AlreadySet);
    }
    // Callers may still hold a reference to the replaced client, so no client is ever freed.
    *global = Box::leak(Box::new(client));
    Ok(())
}

/// Error: a global client is set already.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[error("a global client is set already and is not closed")]
#[non_exhaustive]
pub struct AlreadySet;

static GLOBAL: RwLock<&Client> = RwLock::new(&NOOP);

static NOOP: Client = Client::noop();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::testing::recorder;

    #[test]
    fn an_open_client_stays_and_a_closed_one_gives_way() {
        global().incr("early", 1);
        assert!(global().is_noop());

        let (client, mut first) = recorder(Config::new("localhost")).unwrap();
        assert_eq!(set_global(client), Ok(()));
        global().incr("a", 1);
        assert_eq!(set_global(Client::noop()), Err(AlreadySet));
        global().incr("b", 1);
        assert_eq!(first.names(), ["counters.a", "counters.b"]);

        // A runtime that ends drops its driver in the same way.
        let before = global();
        drop(first);
        before.incr("lost", 1);
        assert_eq!(before.stats().refused.closed, 1);
        let (client, mut second) = recorder(Config::new("localhost")).unwrap();
        assert_eq!(set_global(client), Ok(()));
        global().incr("c", 1);
        assert_eq!(second.names(), ["counters.c"]);
    }
}
