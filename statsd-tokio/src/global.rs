//! One client for a whole program, for those who cannot pass one.

use std::error::Error;
use std::fmt;
use std::sync::OnceLock;

use statsd_proto::Client;

/// The client that was given to [`set_global`]; before that, one that does nothing.
///
/// A program that can pass a [`Client`] to what records should: tests of one that is passed
/// [see its metrics only](statsd_proto::testing), and nothing is lost that is recorded early.
///
/// ```
/// # let client = statsd_tokio::Client::noop();
/// statsd_tokio::global().incr("early", 1); // Nobody is there yet.
/// statsd_tokio::set_global(client)?;
/// statsd_tokio::global().incr("starts", 1);
/// # Ok::<(), statsd_tokio::AlreadySet>(())
/// ```
pub fn global() -> &'static Client {
    static NOOP: Client = Client::noop();
    GLOBAL.get().unwrap_or(&NOOP)
}

/// Makes this client the program's [`global`] one, for good.
///
/// It is never dropped. So that what is queued at the end is sent, stop its
/// [`Connector`](crate::Connector), or [close](Client::close) it.
///
/// # Errors
///
/// There is one already, which stays.
pub fn set_global(client: Client) -> Result<(), AlreadySet> {
    GLOBAL.set(client).map_err(|_| AlreadySet(()))
}

/// There is a global client already.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AlreadySet(());

impl fmt::Display for AlreadySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is a global client already")
    }
}

impl Error for AlreadySet {}

static GLOBAL: OnceLock<Client> = OnceLock::new();

#[cfg(test)]
mod tests {
    use super::*;
    use statsd_proto::Config;
    use statsd_proto::testing::recorder;

    #[test]
    fn the_first_client_stays_and_before_it_nothing_happens() {
        global().incr("early", 1);
        assert!(global().is_noop());

        let (client, mut recorder) = recorder(Config::new("localhost")).unwrap();
        assert_eq!(set_global(client), Ok(()));
        global().incr("a", 1);
        let error = set_global(Client::noop()).unwrap_err();
        assert_eq!(error.to_string(), "there is a global client already");
        global().incr("b", 1);
        assert_eq!(recorder.names(), ["counters.a", "counters.b"]);
    }
}
