//! Environment variables of sprockets-statsd, and their rules.

mod datadog;

use std::env::{self, VarError};

use crate::config::{Config, Transport, parse_port};
use crate::encode::dialect::Dialect;
use crate::error::ConfigError;

impl Config {
    /// Reads the configuration from the environment of the process; see [`Config::from_vars`].
    ///
    /// ```no_run
    /// use statsd_proto::Config;
    ///
    /// let config = Config::from_env()?.default_host("127.0.0.1").default_prefix("shop");
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`Config::from_vars`], and a variable that is not valid Unicode.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_vars(collect(&VARIABLES)?)
    }

    /// Reads the configuration from pairs of a variable's name and value. Other variables are ignored.
    ///
    /// | variable | value | if not set or empty |
    /// |---|---|---|
    /// | `STATSD_HOST` | a [host or an address](Config::host), whose transport and port override the variables for them | must be set by [`Config::host`], unless disabled |
    /// | `STATSD_PORT` | 1 to 65535 | the [dialect's](Config::port), which may not be empty |
    /// | `STATSD_PREFIX` | the [prefix](Config::prefix) of every name | must be set by [`Config::prefix`], which may be empty, or [`Config::application`], unless disabled |
    /// | `STATSD_PROTOCOL` | `tcp` or `udp` | the [dialect's](Config::transport), which may not be empty |
    /// | `STATSD_DIALECT` | a [dialect](Dialect) in lower case, such as `dogstatsd` or `opentelemetry` | `statsd` |
    /// | `STATSD_ENABLED` | `yes`, `y`, `true`, `t`, `on` or an integer that is not 0; or `no`, `n`, `false`, `f`, `off`, 0 or an empty value; in any case | yes |
    ///
    /// Setters called on the result override the environment, and the environment overrides the defaults. All
    /// variables but `STATSD_DIALECT` are those of sprockets-statsd.
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
    /// A variable with an invalid value. A missing setting is reported when the configuration is used, because a
    /// setter may still supply it.
    pub fn from_vars<K, V>(vars: impl IntoIterator<Item = (K, V)>) -> Result<Self, ConfigError>
    where
        K: AsRef<str>,
        V: AsRef<str>,
    {
        let mut config = Self {
            prefix: None,
            ..Self::new("")
        };
        // Applied in the order of the table: later variables override earlier ones.
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
            // The check depends on the dialect, which has been applied by now.
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

    /// Returns the configuration, if the setting just applied is valid.
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

/// Variables in the order in which they are applied: an address overrides protocol and port.
const VARIABLES: [&str; 6] = [DIALECT, ENABLED, PORT, PROTOCOL, HOST, PREFIX];

/// Reads variables from the environment of the process. Unset ones are left out.
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

/// Values of these variables, in the order of `names`. The last value of a repeated variable counts.
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

/// Parses a boolean: a word for yes or no, or an integer, where 0 means no.
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

/// Replaces the name of the setting in an error by the name of the variable.
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
