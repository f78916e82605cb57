//! Settings of the server: host, port, transport.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use super::address::{Address, check_path};
use super::check::require;
use super::{Config, Transport};
use crate::error::ConfigError;

/// # Settings of the server
impl Config {
    /// Host, or an address, which may also set the transport and the port. Settings that the address does not contain
    /// keep their values.
    ///
    /// | text | meaning |
    /// |---|---|
    /// | `stats.example`, `10.0.0.7`, `::1`, `[::1]` | a host name, or an IP address |
    /// | `fe80::1%eth0`, `[fe80::1%2]` | an IPv6 address on this network interface |
    /// | `udp://host`, `udp://host:8125`, `udp://[::1]:8125`, `udp://[fe80::1%eth0]:8125` | datagrams |
    /// | `tcp://host`, `tcp://host:8125`, and so on | a stream of lines |
    /// | `unix:///path` | a Unix socket of the type that the dialect's servers use: datagrams for `DogStatsd`, `OpenTelemetry` and `StatsdExporter`, a stream for all others; for `DogStatsd` the other type is tried if the socket has it |
    /// | `unixgram:///path` | a Unix socket for datagrams |
    /// | `unixstream:///path` | a Unix socket for a stream |
    /// | `unix://@name`, `unixgram://@name`, `unixstream://@name` | an abstract Unix socket on Linux; a NUL may replace the `@` |
    ///
    /// The same forms are valid in files, in `STATSD_HOST`, `DD_AGENT_HOST`, `DD_DOGSTATSD_URL` and
    /// `DD_DOGSTATSD_SOCKET`, and in [`address`](Self::address). Any other text is an error when the configuration is
    /// [checked](Self::check), unless the transport is [custom](Transport::CustomStream): its connector gets any text
    /// as it is, and of the forms above `host:port` or the path.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::dogstatsd("localhost").host("udp://[::1]:9125");
    /// assert!(config.check().is_ok());
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

    /// Sets an address like [`host`](Self::host), and returns an error at once.
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
    /// Invalid text.
    pub fn address(self, address: &str) -> Result<Self, ConfigError> {
        self.address_of("address", address)
    }

    /// Host, if none is set yet, and no path, for example [from the environment](Self::from_env).
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::from_vars([("STATSD_PREFIX", "shop")])?.default_host("127.0.0.1");
    /// assert_eq!(config, Config::new("127.0.0.1").prefix("shop"));
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    #[must_use]
    pub fn default_host(self, host: impl Into<String>) -> Self {
        if self.host.is_empty() && self.path.as_os_str().is_empty() {
            self.host(host)
        } else {
            self
        }
    }

    /// Port. Default: the dialect's, which is 9125 for [`Dialect::StatsdExporter`](crate::Dialect::StatsdExporter) and
    /// 8125 for all others.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").port(9125);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        Self {
            port: Some(port),
            ..self
        }
    }

    /// Stream to the Unix socket at this path. For an abstract socket see [`host`](Self::host).
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").unix_stream("/run/statsd.sock");
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn unix_stream(self, path: impl Into<PathBuf>) -> Self {
        self.at(Address::Unix {
            transport: Some(Transport::UnixStream),
            path: path.into(),
        })
    }

    /// Datagrams to the Unix socket at this path. For an abstract socket see [`host`](Self::host).
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::dogstatsd("localhost").unix_datagram("/var/run/datadog/dsd.socket");
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn unix_datagram(self, path: impl Into<PathBuf>) -> Self {
        self.at(Address::Unix {
            transport: Some(Transport::UnixDatagram),
            path: path.into(),
        })
    }

    /// Transport of the lines. Default: the dialect's, which is [`Transport::Udp`] for `Collectd`, `DogStatsd`,
    /// `Influx`, `OpenTelemetry` and `SignalFx`, and [`Transport::Tcp`] for all others.
    ///
    /// A transport on which no server of the dialect listens is an error.
    /// [`Dialect::DogStatsd`](crate::Dialect::DogStatsd) uses TCP only if it is set here or by a `tcp://` address.
    /// Vector and statsd_exporter accept it, the Datadog agent does not.
    ///
    /// For [`Dialect::DogStatsd`](crate::Dialect::DogStatsd), a `unix://` address leaves the type of the socket to the
    /// agent: if the socket turns out to have the other type (`EPROTOTYPE`), that is used, and [`EventKind::Connected`] reports it. A
    /// transport that is set here, or by a `unixgram://` or `unixstream://` address, is the only one that is tried.
    ///
    /// ```
    /// use statsd_proto::{Config, Transport};
    ///
    /// let config = Config::new("localhost").transport(Transport::Udp);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    ///
    /// [`EventKind::Connected`]: crate::EventKind::Connected
    #[must_use]
    pub fn transport(self, transport: Transport) -> Self {
        Self {
            transport: Some(transport),
            ..self
        }
    }

    /// Whether metrics are sent. Default: yes. A disabled client has the same interface and does nothing. It needs no
    /// other setting.
    ///
    /// ```
    /// use statsd_proto::{Config, testing::recorder};
    ///
    /// let (client, mut recorder) = recorder(Config::new("localhost").enabled(false))?;
    /// client.incr("orders", 1);
    /// assert!(client.is_noop() && recorder.lines().is_empty());
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    #[doc(alias("disabled", "mock"))]
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        Self { enabled, ..self }
    }

    /// Applies an address, with `setting` as the name in an error: a setting or an environment variable.
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

/// Unix sockets that a system supports.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum UnixSockets {
    /// No Unix sockets, as on the runtimes of Windows.
    Missing,
    /// Unix sockets with a path in the file system.
    Paths,
    /// Unix sockets with a path, and abstract ones, which have a name and no file, as on Linux.
    PathsAndNames,
}

/// # For adapters
impl Config {
    /// Checks that the system has the socket to connect to. The core knows no system, so that adapters ask for
    /// this when they start.
    ///
    /// ```
    /// use statsd_proto::{Config, driver::UnixSockets};
    ///
    /// let config = Config::new("unix:///run/statsd.sock");
    /// assert!(config.check_unix_sockets(UnixSockets::Paths).is_ok());
    /// assert!(config.check_unix_sockets(UnixSockets::Missing).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// The path, if it leads to a socket that the system does not have. The transport, if it is a custom one, which no
    /// system has.
    pub fn check_unix_sockets(&self, system: UnixSockets) -> Result<(), ConfigError> {
        let transport = self.effective_transport();
        if self.enabled && transport.is_custom() {
            return Err(ConfigError::Invalid {
                setting: "transport",
                value: transport.name().into(),
                expected: "one that this call can connect; for a custom one use `connect_with`, \
                           `connect_datagrams_with`, `Connector::start_with` or `Connector::start_datagrams_with`",
            });
        }
        let is_abstract = self.path.as_os_str().as_encoded_bytes().starts_with(&[0]);
        let expected = match system {
            UnixSockets::Missing => "unset: this system has no Unix sockets",
            UnixSockets::Paths if is_abstract => "a path: this system has no abstract sockets",
            UnixSockets::Paths | UnixSockets::PathsAndNames => return Ok(()),
        };
        if !self.enabled || !transport.is_unix() {
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

    /// Server as a single address, for a log.
    pub(crate) fn server(&self) -> String {
        match self.effective_transport() {
            Transport::CustomDatagram | Transport::CustomStream => self.custom_target(),
            Transport::Tcp => format!("tcp://{}", self.host_and_port()),
            Transport::Udp => format!("udp://{}", self.host_and_port()),
            Transport::UnixDatagram | Transport::UnixStream if self.is_unix_type_open() => {
                format!("unix://{}", self.path_text())
            }
            Transport::UnixDatagram => format!("unixgram://{}", self.path_text()),
            Transport::UnixStream => format!("unixstream://{}", self.path_text()),
        }
    }

    /// Target of a custom transport: a host with its port, a path, or any other text as it was given.
    pub(crate) fn custom_target(&self) -> String {
        if !self.path.as_os_str().is_empty() {
            self.path_text()
        } else if Address::parse(&self.host).is_ok() {
            self.host_and_port()
        } else {
            self.host.clone()
        }
    }

    fn host_and_port(&self) -> String {
        let (host, port) = (&self.host, self.effective_port());
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }

    /// Path, with the NUL of an abstract socket written as `@`.
    fn path_text(&self) -> String {
        self.path.to_string_lossy().replacen('\0', "@", 1)
    }

    pub(crate) fn effective_port(&self) -> u16 {
        self.port.unwrap_or_else(|| self.dialect.rules().port)
    }

    /// IP address and port, or `None` if the host is a name. The operating system resolves the name of a network
    /// interface.
    pub(crate) fn socket_address(&self) -> Option<SocketAddr> {
        let (host, port) = (&self.host, self.effective_port());
        match host.parse::<IpAddr>() {
            Ok(address) => Some((address, port).into()),
            Err(_) => format!("[{host}]:{port}").parse().ok(),
        }
    }

    pub(super) fn check_endpoint(&self) -> Result<(), ConfigError> {
        match self.effective_transport() {
            Transport::CustomDatagram | Transport::CustomStream => self.check_target(),
            Transport::Tcp | Transport::Udp => self.check_host(),
            Transport::UnixDatagram | Transport::UnixStream => self.check_path(),
        }
    }

    fn check_target(&self) -> Result<(), ConfigError> {
        let target = self.custom_target();
        if target.is_empty() {
            return self.check_host();
        }
        // It is written to logs.
        require(
            !target.contains(char::is_control),
            "host",
            target,
            "text without control characters",
        )
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
    /// Whether the program opens the sockets itself.
    pub(crate) const fn is_custom(self) -> bool {
        matches!(self, Self::CustomDatagram | Self::CustomStream)
    }

    /// Whether the server has an IP address.
    pub(crate) const fn is_network(self) -> bool {
        matches!(self, Self::Tcp | Self::Udp)
    }

    /// Whether a datagram that the kernel has accepted may still be refused by the peer's host, or be dropped because
    /// it was sent too fast. Datagrams of a custom transport may lead to a network.
    pub(crate) const fn is_lossy(self) -> bool {
        matches!(self, Self::CustomDatagram | Self::Udp)
    }

    pub(crate) const fn is_stream(self) -> bool {
        matches!(self, Self::CustomStream | Self::Tcp | Self::UnixStream)
    }

    pub(crate) const fn is_unix(self) -> bool {
        matches!(self, Self::UnixDatagram | Self::UnixStream)
    }

    /// Name of the transport in files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::CustomDatagram => "custom_datagram",
            Self::CustomStream => "custom_stream",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::UnixDatagram => "unix_datagram",
            Self::UnixStream => "unix_stream",
        }
    }
}
