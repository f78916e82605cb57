//! Where lines go.

use std::path::PathBuf;

use super::{Config, Transport};

/// Where lines go.
impl Config {
    /// The host: an IP address, or a name that is looked up at every connect.
    #[must_use]
    pub fn host(self, host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            ..self
        }
    }

    /// The host, unless one is set already: for what comes [from the environment](Self::from_env).
    #[must_use]
    pub fn default_host(self, host: impl Into<String>) -> Self {
        if self.host.is_empty() {
            self.host(host)
        } else {
            self
        }
    }

    /// The port. Default: 8125, which all servers listen on.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// A Unix socket at this path, for a stream.
    #[must_use]
    pub fn unix_stream(self, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { path, ..self }.transport(Transport::UnixStream)
    }

    /// A Unix socket at this path, for datagrams.
    #[must_use]
    pub fn unix_datagram(self, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { path, ..self }.transport(Transport::UnixDatagram)
    }

    /// What carries the lines. Default: [`Transport::Tcp`].
    #[must_use]
    pub fn transport(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    /// Whether metrics are sent at all. Default: yes. A disabled client has the same interface, and
    /// does nothing.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        Self { enabled, ..self }
    }
}
