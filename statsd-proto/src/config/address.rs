//! The one parser of server addresses, for setters, files and the environment.

use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

use super::Transport;

/// The settings that an address makes. All others stay as they were set.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Address {
    Network {
        /// `None` if the address has no scheme.
        transport: Option<Transport>,
        host: String,
        port: Option<u16>,
    },
    Unix {
        /// `None` follows the dialect.
        transport: Option<Transport>,
        path: PathBuf,
    },
}

impl Address {
    /// Parses an address.
    ///
    /// # Errors
    ///
    /// A description of valid text.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if is_pipe(text) {
            return Err(PIPE);
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(Self::Network {
                transport: None,
                host: host(text)?,
                port: None,
            });
        };
        match scheme.to_ascii_lowercase().as_str() {
            "tcp" => network(Transport::Tcp, rest),
            "udp" => network(Transport::Udp, rest),
            "unix" => unix(None, rest),
            "unixgram" => unix(Some(Transport::UnixDatagram), rest),
            "unixstream" => unix(Some(Transport::UnixStream), rest),
            "pipe" | "npipe" => Err(PIPE),
            _ => Err("a tcp://, udp://, unix://, unixgram:// or unixstream:// address"),
        }
    }
}

fn network(transport: Transport, rest: &str) -> Result<Address, &'static str> {
    let (name, port) = split_port(rest);
    // `fe80::1:2` might be an address, or one with a port.
    if name.contains(':') && !name.starts_with('[') {
        return Err("an IPv6 address in brackets, such as udp://[::1]:8125");
    }
    Ok(Address::Network {
        transport: Some(transport),
        host: host(name)?,
        port: port.map(parse_port).transpose()?,
    })
}

fn unix(transport: Option<Transport>, rest: &str) -> Result<Address, &'static str> {
    let path = match rest.strip_prefix('@') {
        Some(name) => PathBuf::from(format!("\0{name}")),
        None => PathBuf::from(rest),
    };
    check_path(&path)?;
    Ok(Address::Unix { transport, path })
}

/// A port as digits, without a sign.
pub(crate) fn parse_port(text: &str) -> Result<u16, &'static str> {
    // Kubernetes sets a variable of that name in every container.
    if text.contains("://") {
        return Err(
            "a number from 1 to 65535; Kubernetes sets this variable for a service of that name: \
             set `enableServiceLinks: false` for the pod, or give the service another name",
        );
    }
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if is_digits && port != 0 => Ok(port),
        Ok(_) | Err(_) => Err("a port from 1 to 65535, in digits"),
    }
}

/// A host's name or IP address, without the brackets of an address.
fn host(text: &str) -> Result<String, &'static str> {
    let in_brackets = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    if let Some(address) = in_brackets {
        return match is_ip_v6(address) {
            true => Ok(address.to_owned()),
            false => Err("an IPv6 address in its brackets"),
        };
    }
    if is_name(text) || is_ip_v6(text) {
        return Ok(text.to_owned());
    }
    let (name, port) = split_port(text);
    let has_port = parse_port(port.unwrap_or_default()).is_ok();
    Err(match has_port && host(name).is_ok() {
        true => "a host without a port, or an address with its scheme, such as udp://host:8125",
        false => "a host name, an IP address, or an address such as udp://host:8125",
    })
}

/// An IPv6 address, perhaps with the network interface that it holds for.
fn is_ip_v6(text: &str) -> bool {
    let (address, scope) = text.split_once('%').unwrap_or((text, "lo"));
    let is_scope = |byte: u8| byte.is_ascii_graphic() && !b"%[]/:".contains(&byte);
    address.parse::<Ipv6Addr>().is_ok()
        && (1..=64).contains(&scope.len())
        && scope.bytes().all(is_scope)
}

fn is_name(text: &str) -> bool {
    // A name may end in the dot of the root.
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (1..=63).contains(&label.len()) && label.bytes().all(is_valid)
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// What precedes and follows the colon of a port; the colons in brackets are an IPv6 address's.
fn split_port(rest: &str) -> (&str, Option<&str>) {
    match rest.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (rest, None),
    }
}

/// Checks the path of a Unix socket, or the name of an abstract one after its NUL.
pub(super) fn check_path(path: &Path) -> Result<(), &'static str> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let text = path.to_string_lossy();
    let (is_abstract, name) = match bytes {
        [0, name @ ..] => (true, name),
        name => (false, name),
    };
    if is_pipe(&text) {
        Err(PIPE)
    } else if name.is_empty() {
        Err("the path of a Unix socket, or the name of an abstract one after `@`")
    } else if text.contains("://") {
        Err("a path without a scheme: `Config::host` takes an address")
    } else if name.first() == Some(&b'@') && !is_abstract {
        Err(
            "`./@…` for a file of that name; for an abstract socket unixgram://@name or unixstream://@name",
        )
    } else if name.contains(&0) {
        Err("without a NUL, except to begin the name of an abstract socket")
    } else if bytes.len() > MAX_PATH {
        Err("at most 107 bytes, which is all that a socket's may have")
    } else {
        Ok(())
    }
}

fn is_pipe(text: &str) -> bool {
    text.starts_with(r"\\.\pipe\") || text.starts_with("//./pipe/")
}

const PIPE: &str = "no Windows pipe: to send into one, connect it yourself with `connect_with`";

/// What Linux has room for, and the last byte of that ends the path; macOS has three fewer.
const MAX_PATH: usize = 107;

#[cfg(test)]
mod tests;
