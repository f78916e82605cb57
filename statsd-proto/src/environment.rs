//! The seed's environment variables and their rules.

mod datadog;

use std::env::{self, VarError};

use crate::config::{Config, Transport};
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
    /// | variable | value | if not set |
    /// |---|---|---|
    /// | `STATSD_HOST` | a host name, an IP address, or an [address](Config::address), whose transport and port win over the variables for them | must be set by [`Config::host`], unless disabled |
    /// | `STATSD_PORT` | 1 to 65535 | 8125 |
    /// | `STATSD_PREFIX` | what stands before every name | must be set by [`Config::prefix`], which may be empty, or [`Config::application`] |
    /// | `STATSD_PROTOCOL` | `tcp` or `udp` | `tcp` |
    /// | `STATSD_ENABLED` | an integer that is not 0, or `true`, `t`, `yes` or `on` in any case; anything else means no | yes |
    ///
    /// Setters called on the result win over the environment, which wins over the defaults.
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
        let mut address = None;
        for (name, value) in vars {
            if name.as_ref() == HOST && value.as_ref().contains("://") {
                address = Some(value);
            } else {
                config = config.set_var(name.as_ref(), value.as_ref())?;
            }
        }
        match address {
            // It knows better than the other variables, wherever it stands among them.
            Some(address) => config
                .address(address.as_ref())
                .map_err(|error| rename(error, HOST)),
            None => Ok(config),
        }
    }

    fn set_var(self, name: &str, value: &str) -> Result<Self, ConfigError> {
        Ok(match name {
            HOST => {
                let config = self.host(value);
                config.check_host().map_err(|error| rename(error, HOST))?;
                config
            }
            PORT => match value.trim().parse() {
                Ok(port) if port != 0 => self.port(port),
                Ok(_) | Err(_) => return Err(invalid(PORT, value, "a number from 1 to 65535")),
            },
            PREFIX if !value.is_empty() => {
                let config = self.prefix(value);
                config
                    .check_prefix()
                    .map_err(|error| rename(error, PREFIX))?;
                config
            }
            PROTOCOL => match value.to_ascii_lowercase().as_str() {
                "tcp" => self.transport(Transport::Tcp),
                "udp" => self.transport(Transport::Udp),
                _ => return Err(invalid(PROTOCOL, value, "`tcp` or `udp`")),
            },
            ENABLED => self.enabled(is_true(value)),
            _ => self,
        })
    }
}

const ENABLED: &str = "STATSD_ENABLED";
const HOST: &str = "STATSD_HOST";
const PORT: &str = "STATSD_PORT";
const PREFIX: &str = "STATSD_PREFIX";
const PROTOCOL: &str = "STATSD_PROTOCOL";
const VARIABLES: [&str; 5] = [ENABLED, HOST, PORT, PREFIX, PROTOCOL];

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

/// The seed's table: an integer that is not zero, or one of four words.
fn is_true(value: &str) -> bool {
    let integer = value.trim();
    let digits = integer.strip_prefix(['+', '-']).unwrap_or(integer);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits.bytes().any(|digit| digit != b'0');
    }
    ["true", "t", "yes", "on"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
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
mod tests {
    use super::*;

    #[test]
    fn truth_is_an_integer_that_is_not_zero_or_one_of_four_words() {
        for value in [
            "1", "-1", " 1 ", "+7", "007", "true", "True", "t", "YES", "on",
        ] {
            assert!(is_true(value), "{value:?}");
        }
        for value in [
            "", "0", "-0", "00", "y", "1.0", "0x1", "enabled", "no", "false", " yes",
        ] {
            assert!(!is_true(value), "{value:?}");
        }
    }

    #[test]
    fn what_the_environment_says_wins_over_the_defaults() {
        let config = Config::from_vars([
            ("STATSD_HOST", "stats.example"),
            ("STATSD_PORT", "9125"),
            ("STATSD_PREFIX", "shop.web"),
            ("STATSD_PROTOCOL", "udp"),
            ("STATSD_ENABLED", "no"),
            ("PATH", "/bin"),
        ])
        .unwrap();
        let expected = Config::new("stats.example")
            .port(9125)
            .prefix("shop.web")
            .transport(Transport::Udp)
            .enabled(false);
        assert_eq!(config, expected);
    }

    #[test]
    fn an_address_wins_over_the_other_variables_in_any_order() {
        for (address, expected) in [
            (
                "udp://a:9125",
                Config::new("a").port(9125).transport(Transport::Udp),
            ),
            (
                "udp://a",
                Config::new("a").port(7).transport(Transport::Udp),
            ),
            ("unix:///s", Config::new("").port(7).unix_stream("/s")),
        ] {
            let mut vars = vec![
                ("STATSD_HOST", address),
                ("STATSD_PORT", "7"),
                ("STATSD_PROTOCOL", "tcp"),
            ];
            for _ in 0..vars.len() {
                vars.rotate_left(1);
                let config = Config::from_vars(vars.clone()).unwrap();
                assert_eq!(config.prefix(""), expected, "{vars:?}");
            }
        }
    }

    #[test]
    fn setters_win_over_the_environment() {
        let config = Config::from_vars([("STATSD_HOST", "a"), ("STATSD_PREFIX", "b")]).unwrap();
        assert_eq!(config.host("c").prefix("").check(), Ok(()));
    }

    #[test]
    fn a_bad_variable_is_named_with_its_value() {
        for (name, value) in [
            ("STATSD_PORT", "0"),
            ("STATSD_PORT", "65536"),
            ("STATSD_PORT", "-1"),
            ("STATSD_PORT", "http"),
            ("STATSD_PORT", ""),
            ("STATSD_PROTOCOL", "sctp"),
            ("STATSD_PROTOCOL", ""),
            ("STATSD_HOST", "..bad.."),
            ("STATSD_HOST", "a b"),
            ("STATSD_HOST", "host:8125"),
            ("STATSD_PREFIX", "a\nb"),
        ] {
            let error = Config::from_vars([(name, value)]).unwrap_err();
            let text = error.to_string();
            assert!(
                text.contains(name) && text.contains(&format!("{value:?}")),
                "{text}"
            );
        }
        let error = Config::from_vars([("STATSD_HOST", "")]).unwrap_err();
        assert!(
            error.to_string().starts_with("STATSD_HOST must be set"),
            "{error}"
        );
    }

    #[test]
    fn a_prefix_is_required_even_when_disabled() {
        let config = Config::from_vars([("STATSD_HOST", "a"), ("STATSD_PREFIX", "")]).unwrap();
        let missing = |config: &Config| {
            matches!(
                config.check(),
                Err(ConfigError::Missing {
                    setting: "prefix",
                    ..
                })
            )
        };
        assert!(missing(&config));
        assert!(missing(&config.clone().enabled(false)));
        assert!(missing(&config.clone().application("shop", "")));
        assert!(missing(&config.clone().application("", "production")));
        let config = config.application("shop", "production");
        assert_eq!(
            config.prefix.as_deref(),
            Some("applications.shop.production")
        );
        assert_eq!(config.check(), Ok(()));
    }

    #[test]
    fn a_host_is_required_unless_disabled() {
        let config = Config::from_vars([("STATSD_PREFIX", "a")]).unwrap();
        let missing = Err(ConfigError::Missing {
            setting: "host",
            expected: "an IP address or a host name, without a port",
        });
        assert_eq!(config.check(), missing);
        assert_eq!(config.enabled(false).check(), Ok(()));
    }
}
