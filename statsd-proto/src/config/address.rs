//! Addresses with their transport, as one text.

use std::net::IpAddr;

use super::{Config, Transport};
use crate::error::ConfigError;

impl Config {
    /// Sets the transport and where it leads to by one address.
    ///
    /// | address | means |
    /// |---|---|
    /// | `tcp://host:port`, `udp://host:port` | a name or an IP address, IPv6 in brackets; without a port, the one that is set |
    /// | `unix:///path` | a Unix socket for a stream |
    /// | `unixgram:///path` | a Unix socket for datagrams |
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// # fn main() -> Result<(), statsd_proto::ConfigError> {
    /// let config = Config::dogstatsd("localhost").address("udp://[::1]:9125")?;
    /// # assert!(config.check().is_ok());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// An address that is none of these.
    pub fn address(self, address: &str) -> Result<Self, ConfigError> {
        let invalid = |expected| ConfigError::Invalid {
            setting: "address",
            value: address.into(),
            expected,
        };
        let Some((scheme, rest)) = address.split_once("://") else {
            return Err(invalid("an address such as udp://host:8125"));
        };
        if rest.is_empty() {
            return Err(invalid("an address with a host or a path behind `://`"));
        }
        let transport = match scheme {
            "tcp" => Transport::Tcp,
            "udp" => Transport::Udp,
            "unix" => return Ok(self.unix_stream(rest)),
            "unixgram" => return Ok(self.unix_datagram(rest)),
            _ => return Err(invalid("a tcp://, udp://, unix:// or unixgram:// address")),
        };
        let (host, port) = split_port(rest);
        let config = self.transport(transport).host(host);
        config
            .check_host()
            .map_err(|_| invalid("an address with a host name or an IP address"))?;
        match port.map(str::parse) {
            None => Ok(config),
            Some(Ok(port)) if port != 0 => Ok(config.port(port)),
            Some(_) => Err(invalid("an address with a port from 1 to 65535")),
        }
    }
}

impl Config {
    /// Where the server is, as one address.
    pub(crate) fn server(&self) -> String {
        let scheme = match self.transport {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
            Transport::UnixDatagram => return format!("unixgram://{}", self.path.display()),
            Transport::UnixStream => return format!("unix://{}", self.path.display()),
        };
        let port = self.port;
        match self.ip_address() {
            Some(IpAddr::V6(ip)) => format!("{scheme}://[{ip}]:{port}"),
            Some(IpAddr::V4(_)) | None => format!("{scheme}://{}:{port}", self.host),
        }
    }
}

/// What stands before and behind the colon of a port; the colons in brackets are an IPv6 address's.
fn split_port(rest: &str) -> (&str, Option<&str>) {
    match rest.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (rest, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_told_by_the_address_that_leads_to_it() {
        for address in [
            "tcp://a.example:1",
            "udp://[::1]:8125",
            "unix:///run/statsd.sock",
            "unixgram:///run/statsd.sock",
        ] {
            let config = Config::new("elsewhere").address(address).unwrap();
            assert_eq!(config.server(), address);
        }
    }

    #[test]
    fn an_address_says_all() {
        let base = || Config::new("elsewhere").port(9);
        for (address, expected) in [
            ("tcp://a.example:1", base().host("a.example").port(1)),
            ("tcp://10.0.0.1", base().host("10.0.0.1")),
            (
                "udp://[::1]:65535",
                base().host("[::1]").port(65535).transport(Transport::Udp),
            ),
            (
                "udp://[::1]",
                base().host("[::1]").transport(Transport::Udp),
            ),
            ("unix:///run/s.sock", base().unix_stream("/run/s.sock")),
            (
                "unixgram:///run/s.sock",
                base().unix_datagram("/run/s.sock"),
            ),
        ] {
            assert_eq!(base().address(address), Ok(expected), "{address}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_an_error_with_its_text() {
        for address in [
            "",
            "host",
            "host:8125",
            "http://host:8125",
            "tcp://",
            "tcp://:8125",
            "tcp://a b:1",
            "tcp://host:0",
            "tcp://host:65536",
            "tcp://host:",
            "udp://::1:8125x",
            "unix://",
        ] {
            let error = Config::new("elsewhere")
                .address(address)
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with(&format!("address is {address:?}, but must be ")),
                "{error}"
            );
        }
    }

    #[test]
    fn the_path_of_a_unix_socket_has_its_bounds() {
        assert!(Config::new("").unix_stream("/run/s.sock").check().is_ok());
        for path in [String::new(), "a".repeat(108), "\0name".to_owned()] {
            let error = Config::new("")
                .unix_datagram(&path)
                .check()
                .unwrap_err()
                .to_string();
            assert!(error.starts_with("path "), "{error}");
        }
    }
}
