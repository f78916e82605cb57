//! sprockets-statsd's environment variables and their rules.

mod datadog;

use std::env::{self, VarError};

use crate::config::{Config, Transport, parse_port};
use crate::encode::dialect::Dialect;
use crate::error::ConfigError;

impl Config {
    /// Reads the configuration from the process's environment; see [`Config::from_vars`].
    ///
    /// # Errors
    ///
    /// As [`Config::from_vars`]; also a variable that is not Unicode.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_vars(collect(&VARIABLES)?)
    }

    /// Reads the configuration from pairs of a variable's name and value; others are passed over.
    ///
    /// | variable | value | if not set or empty |
    /// |---|---|---|
    /// | `STATSD_HOST` | a [host or an address](Config::host), whose transport and port win over the variables for them | must be set by [`Config::host`], unless disabled |
    /// | `STATSD_PORT` | 1 to 65535 | the [dialect's](Config::port), which may not be empty |
    /// | `STATSD_PREFIX` | what precedes every name | must be set by [`Config::prefix`], which may be empty, or [`Config::application`], unless disabled |
    /// | `STATSD_PROTOCOL` | `tcp` or `udp` | the [dialect's](Config::transport), which may not be empty |
    /// | `STATSD_DIALECT` | a [dialect](Dialect) in small letters, such as `dogstatsd` or `opentelemetry` | `statsd` |
    /// | `STATSD_ENABLED` | `yes`, `y`, `true`, `t`, `on` or an integer that is not 0; or `no`, `n`, `false`, `f`, `off`, 0 or nothing; in any case | yes |
    ///
    /// Setters called on the result win over the environment, which wins over the defaults. All but `STATSD_DIALECT` are
    /// sprockets-statsd's.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// # fn main() -> Result<(), statsd_proto::ConfigError> {
    /// let config = Config::from_vars([("STATSD_HOST", "10.0.0.7"), ("STATSD_PROTOCOL", "udp")])?
    ///     .application("shop", "production");
    /// # config.check()
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A variable whose value cannot work. What is missing is told when the configuration is used,
    /// since a setter may still add it.
    pub fn from_vars<K, V>(vars: impl IntoIterator<Item = (K, V)>) -> Result<Self, ConfigError>
    where
        K: AsRef<str>,
        V: AsRef<str>,
    {
        let mut config = Self {
            prefix: None,
            ..Self::new("")
        };
        // In the order of the table, where later variables win.
        for (name, value) in ordered(&VARIABLES, vars) {
            config = config.set_var(name, value.as_ref())?;
        }
        Ok(config)
    }

    fn set_var(self, name: &'static str, value: &str) -> Result<Self, ConfigError> {
        match name {
            ENABLED => Ok(self.enabled(switch(name, value)?)),
            HOST | PREFIX if value.is_empty() => Ok(self),
            HOST => self
                .address_of(name, value)?
                .checked(name, Self::check_transport),
            PORT => self.port_of(name, value),
            // Checked once the dialect is known.
            PREFIX => self.prefix(value).checked(name, Self::check_prefix),
            PROTOCOL => match value.to_ascii_lowercase().as_str() {
                "tcp" => Ok(self.transport(Transport::Tcp)),
                "udp" => Ok(self.transport(Transport::Udp)),
                _ => Err(invalid(name, value, "`tcp` or `udp`")),
            },
            DIALECT => match Dialect::named(value) {
                Some(dialect) => Ok(self.dialect(dialect)),
                None => Err(invalid(name, value, Dialect::NAMES)),
            },
            _ => Ok(self),
        }
    }

    fn port_of(self, name: &'static str, value: &str) -> Result<Self, ConfigError> {
        match parse_port(value.trim()) {
            Ok(port) => Ok(self.port(port)),
            Err(expected) => Err(invalid(name, value, expected)),
        }
    }

    /// The configuration, if what was just set can work.
    fn checked(
        self,
        name: &'static str,
        check: impl FnOnce(&Self) -> Result<(), ConfigError>,
    ) -> Result<Self, ConfigError> {
        check(&self).map_err(|error| rename(error, name))?;
        Ok(self)
    }
}

const DIALECT: &str = "STATSD_DIALECT";
const ENABLED: &str = "STATSD_ENABLED";
const HOST: &str = "STATSD_HOST";
const PORT: &str = "STATSD_PORT";
const PREFIX: &str = "STATSD_PREFIX";
const PROTOCOL: &str = "STATSD_PROTOCOL";

/// Variables in the order that they are applied: an address wins over the protocol and the port.
const VARIABLES: [&str; 6] = [DIALECT, ENABLED, PORT, PROTOCOL, HOST, PREFIX];

/// Those of the variables that are set in the process's environment.
fn collect(names: &[&'static str]) -> Result<Vec<(&'static str, String)>, ConfigError> {
    let mut vars = Vec::new();
    for &name in names {
        match env::var(name) {
            Ok(value) => vars.push((name, value)),
            Err(VarError::NotPresent) => {}
            Err(VarError::NotUnicode(value)) => {
                let value = value.to_string_lossy().into_owned();
                return Err(invalid(name, &value, "Unicode text"));
            }
        }
    }
    Ok(vars)
}

/// The variables of these names, in the order of the names. Of one that is there twice, the later counts.
fn ordered<K: AsRef<str>, V>(
    names: &[&'static str],
    vars: impl IntoIterator<Item = (K, V)>,
) -> Vec<(&'static str, V)> {
    let index_of = |name: &str| names.iter().position(|known| *known == name);
    let mut found: Vec<_> = names.iter().map(|name| (*name, None)).collect();
    for (name, value) in vars {
        if let Some(index) = index_of(name.as_ref()) {
            found[index].1 = Some(value);
        }
    }
    let set = |(name, value): (_, Option<V>)| Some((name, value?));
    found.into_iter().filter_map(set).collect()
}

/// Parses a word for yes or no, or an integer, where 0 is no.
fn switch(name: &'static str, value: &str) -> Result<bool, ConfigError> {
    let word = value.trim().to_ascii_lowercase();
    let digits = word.strip_prefix(['+', '-']).unwrap_or(&word);
    match word.as_str() {
        "yes" | "y" | "true" | "t" | "on" => Ok(true),
        "no" | "n" | "false" | "f" | "off" | "" => Ok(false),
        _ if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(digits.bytes().any(|digit| digit != b'0'))
        }
        _ => Err(invalid(
            name,
            value,
            "a word for yes (yes, y, true, t, on, 1) or no (no, n, false, f, off, 0, or nothing)",
        )),
    }
}

fn invalid(setting: &'static str, value: &str, expected: &'static str) -> ConfigError {
    ConfigError::Invalid {
        setting,
        value: value.into(),
        expected,
    }
}

/// The same error under the variable's name.
fn rename(error: ConfigError, setting: &'static str) -> ConfigError {
    match error {
        ConfigError::Invalid {
            value, expected, ..
        } => ConfigError::Invalid {
            setting,
            value,
            expected,
        },
        ConfigError::Missing { expected, .. } => ConfigError::Missing { setting, expected },
    }
}

#[cfg(test)]
mod tests;
