//! Where lines go, and what carries them.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use super::address::{Address, check_path};
use super::{Config, Transport};
use crate::error::ConfigError;

/// Where lines go.
impl Config {
    /// The host, or an address, which sets the transport and the port as well. Settings that it leaves out stay as they
    /// were.
    ///
    /// | written | means |
    /// |---|---|
    /// | `stats.example`, `10.0.0.7`, `::1`, `[::1]` | a name, which is looked up, or an IP address |
    /// | `fe80::1%eth0`, `[fe80::1%2]` | an IPv6 address on this network interface |
    /// | `udp://host`, `udp://host:8125`, `udp://[::1]:8125`, `udp://[fe80::1%eth0]:8125` | datagrams |
    /// | `tcp://host`, `tcp://host:8125`, and so on | a stream of lines |
    /// | `unix:///path` | a Unix socket of the kind that the dialect's servers listen on: datagrams for `DogStatsd`, `OpenTelemetry` and `StatsdExporter`, else a stream |
    /// | `unixgram:///path` | a Unix socket for datagrams |
    /// | `unixstream:///path` | a Unix socket for a stream |
    /// | `unix://@name`, `unixgram://@name`, `unixstream://@name` | an abstract Unix socket, on Linux; a NUL may take the place of the `@` |
    ///
    /// The same forms are read from files, from `STATSD_HOST`, `DD_AGENT_HOST`, `DD_DOGSTATSD_URL` and
    /// `DD_DOGSTATSD_SOCKET`, and by [`address`](Self::address). All else is an error when the configuration is
    /// [checked](Self::check).
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// assert!(Config::new("udp://[::1]:9125").check().is_ok());
    /// let error = Config::new("stats.example:9125").check().unwrap_err().to_string();
    /// assert!(error.contains("such as udp://host:8125"), "{error}");
    /// ```
    #[must_use]
    pub fn host(self, host: impl Into<String>) -> Self {
        let host = host.into();
        match Address::parse(&host) {
            Ok(address) => self.at(address),
            // The check reports the error.
            Err(_) => self.at_host(host),
        }
    }

    /// The same as [`host`](Self::host), with an error at once.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// # fn main() -> Result<(), statsd_proto::ConfigError> {
    /// let config = Config::dogstatsd("localhost").address("unix:///var/run/datadog/dsd.socket")?;
    /// # config.check()
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Text that is no address.
    pub fn address(self, address: &str) -> Result<Self, ConfigError> {
        self.address_of("address", address)
    }

    /// The host, unless one or a path is set already: for what comes [from the environment](Self::from_env).
    #[must_use]
    pub fn default_host(self, host: impl Into<String>) -> Self {
        if self.host.is_empty() && self.path.as_os_str().is_empty() {
            self.host(host)
        } else {
            self
        }
    }

    /// The port. Default: the one that the dialect's servers listen on, which is 9125 for
    /// [`Dialect::StatsdExporter`](crate::Dialect::StatsdExporter) and 8125 for all others.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        Self {
            port: Some(port),
            ..self
        }
    }

    /// A Unix socket at this path, for a stream. For an abstract socket see [`host`](Self::host).
    #[must_use]
    pub fn unix_stream(self, path: impl Into<PathBuf>) -> Self {
        self.at(Address::Unix {
            transport: Some(Transport::UnixStream),
            path: path.into(),
        })
    }

    /// A Unix socket at this path, for datagrams. For an abstract socket see [`host`](Self::host).
    #[must_use]
    pub fn unix_datagram(self, path: impl Into<PathBuf>) -> Self {
        self.at(Address::Unix {
            transport: Some(Transport::UnixDatagram),
            path: path.into(),
        })
    }

    /// What carries the lines. Default: what the dialect's servers listen on first, which is [`Transport::Udp`] for
    /// `Collectd`, `DogStatsd`, `Influx`, `OpenTelemetry` and `SignalFx`, and [`Transport::Tcp`] for all others.
    ///
    /// A transport that no server of the dialect listens on is an error.
    /// [`Dialect::DogStatsd`](crate::Dialect::DogStatsd) goes over TCP only where that is asked for here or by a `tcp://`
    /// address: Vector and statsd_exporter take it, the Datadog agent does not.
    #[must_use]
    pub fn transport(self, transport: Transport) -> Self {
        Self {
            transport: Some(transport),
            ..self
        }
    }

    /// Whether metrics are sent at all. Default: yes. A disabled client has the same interface, and
    /// does nothing; nothing else has to be set for it.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        Self { enabled, ..self }
    }

    /// The address that a setting or a variable of this name has.
    pub(crate) fn address_of(self, setting: &'static str, text: &str) -> Result<Self, ConfigError> {
        match Address::parse(text) {
            Ok(address) => Ok(self.at(address)),
            Err(expected) => Err(ConfigError::Invalid {
                setting,
                value: text.into(),
                expected,
            }),
        }
    }

    fn at(self, address: Address) -> Self {
        match address {
            Address::Network {
                transport,
                host,
                port,
            } => {
                let config = self.at_host(host);
                Self {
                    transport: transport.or(config.transport),
                    port: port.or(config.port),
                    ..config
                }
            }
            Address::Unix { transport, path } => Self {
                transport: transport.or_else(|| self.transport.filter(|known| known.is_unix())),
                path,
                ..self
            },
        }
    }

    fn at_host(self, host: String) -> Self {
        Self {
            host,
            path: PathBuf::new(),
            transport: self.transport.filter(|transport| !transport.is_unix()),
            ..self
        }
    }
}

/// Which Unix sockets a system has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum UnixSockets {
    /// None at all, as Windows' runtimes.
    Missing,
    /// Those that are files.
    Paths,
    /// Also abstract ones, which have a name and no file, as on Linux.
    PathsAndNames,
}

impl Config {
    /// Checks that the system has the socket to connect to. The core knows no system, so that adapters ask for
    /// this when they start.
    ///
    /// # Errors
    ///
    /// The path, if it leads to a socket that the system does not have.
    pub fn check_unix_sockets(&self, system: UnixSockets) -> Result<(), ConfigError> {
        let is_abstract = self.path.as_os_str().as_encoded_bytes().starts_with(&[0]);
        let expected = match system {
            UnixSockets::Missing => "unset: this system has no Unix sockets",
            UnixSockets::Paths if is_abstract => "a path: this system has no abstract sockets",
            UnixSockets::Paths | UnixSockets::PathsAndNames => return Ok(()),
        };
        if !self.enabled || !self.effective_transport().is_unix() {
            return Ok(());
        }
        Err(ConfigError::Invalid {
            setting: "path",
            value: self.path.display().to_string(),
            expected,
        })
    }
}

/// Settings that follow the dialect unless they are set.
impl Config {
    pub(crate) fn effective_transport(&self) -> Transport {
        let is_unix = !self.path.as_os_str().is_empty();
        self.transport
            .unwrap_or_else(|| self.dialect.rules().transport(is_unix))
    }

    /// The server as one address, for people.
    pub(crate) fn server(&self) -> String {
        let path = self.path.to_string_lossy();
        // An abstract socket has a NUL before its name.
        let path = path.replacen('\0', "@", 1);
        let scheme = match self.effective_transport() {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
            Transport::UnixDatagram => return format!("unixgram://{path}"),
            Transport::UnixStream => return format!("unixstream://{path}"),
        };
        let (host, port) = (&self.host, self.effective_port());
        if host.contains(':') {
            format!("{scheme}://[{host}]:{port}")
        } else {
            format!("{scheme}://{host}:{port}")
        }
    }

    pub(crate) fn effective_port(&self) -> u16 {
        self.port.unwrap_or_else(|| self.dialect.rules().port)
    }

    /// The host and the port, if the host is no name. The system looks up a network interface that has a name.
    pub(crate) fn socket_address(&self) -> Option<SocketAddr> {
        let (host, port) = (&self.host, self.effective_port());
        match host.parse::<IpAddr>() {
            Ok(address) => Some((address, port).into()),
            Err(_) => format!("[{host}]:{port}").parse().ok(),
        }
    }

    pub(super) fn check_endpoint(&self) -> Result<(), ConfigError> {
        if self.effective_transport().is_unix() {
            self.check_path()
        } else {
            self.check_host()
        }
    }

    fn check_path(&self) -> Result<(), ConfigError> {
        if self.path.as_os_str().is_empty() {
            return Err(ConfigError::Missing {
                setting: "path",
                expected: "the path of a Unix socket, by `Config::host` or one of `Config::unix_…`",
            });
        }
        check_path(&self.path).map_err(|expected| ConfigError::Invalid {
            setting: "path",
            value: self.path.display().to_string(),
            expected,
        })
    }

    fn check_host(&self) -> Result<(), ConfigError> {
        if self.host.is_empty() {
            return Err(ConfigError::Missing {
                setting: "host",
                expected: "a host or an address, by `Config::host`, `STATSD_HOST` or `DD_AGENT_HOST`",
            });
        }
        // A valid address was parsed when it was set.
        match Address::parse(&self.host) {
            Ok(_) => Ok(()),
            Err(expected) => Err(ConfigError::Invalid {
                setting: "host",
                value: self.host.clone(),
                expected,
            }),
        }
    }
}

impl Transport {
    pub(crate) const fn is_unix(self) -> bool {
        match self {
            Self::Tcp | Self::Udp => false,
            Self::UnixDatagram | Self::UnixStream => true,
        }
    }

    /// The transport's name in files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::UnixDatagram => "unix_datagram",
            Self::UnixStream => "unix_stream",
        }
    }
}
