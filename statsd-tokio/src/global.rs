//! Global client, for programs that cannot pass a client.

use std::error::Error;
use std::fmt;
use std::sync::OnceLock;

use statsd_proto::Client;

/// Global client: the one passed to [`set_global`], and before that a client that does nothing.
///
/// Prefer to pass a [`Client`] to the code that records. Its tests then [see its metrics only](statsd_proto::testing),
/// and no metric is lost that is recorded early.
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

/// Makes this client the program's [`global`] client, permanently.
///
/// The global client is never dropped. To send the queue at the end, stop its [`Connector`](crate::Connector), or
/// [close](Client::close) it.
///
/// # Errors
///
/// A global client is set already. It stays.
pub fn set_global(client: Client) -> Result<(), AlreadySet> {
    GLOBAL.set(client).map_err(|_| AlreadySet(()))
}

/// Error: a global client is set already.
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
