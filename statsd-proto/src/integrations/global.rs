//! One client for a whole program, for those who cannot pass one.

use std::sync::{PoisonError, RwLock};

use crate::client::Client;

/// The client that was given to [`set_global`]; before that, one that does nothing.
///
/// A program that can pass a [`Client`] to what records should: tests of one that is passed
/// [see its metrics only](crate::testing), and nothing is lost that is recorded early. A part of a program that records
/// often keeps what this returns, for as long as that client is not closed.
///
/// ```
/// # let client = statsd_proto::Client::noop();
/// statsd_proto::global().incr("early", 1); // Nobody is there yet.
/// statsd_proto::set_global(client)?;
/// statsd_proto::global().incr("starts", 1);
/// # Ok::<(), statsd_proto::AlreadySet>(())
/// ```
pub fn global() -> &'static Client {
    *GLOBAL.read().unwrap_or_else(PoisonError::into_inner)
}

/// Makes this client the program's [`global`] one. It takes the place of one that does nothing or is
/// [closed](Client::is_closed), as that of a runtime that has ended, such as each test has one.
///
/// It is never dropped. So that what is queued at the end is sent, stop its connector, or [close](Client::close) it.
///
/// # Errors
///
/// There is one already, which is not closed and stays.
pub fn set_global(client: Client) -> Result<(), AlreadySet> {
    let mut global = GLOBAL.write().unwrap_or_else(PoisonError::into_inner);
    if !global.is_noop() && !global.is_closed() {
        return Err(AlreadySet);
    }
    // Others may still refer to the one before, so neither is ever freed.
    *global = Box::leak(Box::new(client));
    Ok(())
}

/// There is a global client already.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is a global client already, which is not closed")]
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

        // As with a runtime that ends.
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
