//! Configurations in files, of any format that serde has.

mod form;

use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::form::{Backoff, OrNone, Tags, Time};
use super::origin::Origin;
use super::{Config, Pace, Transport};
use crate::encode::dialect::Dialect;
use crate::encode::text::UnsafeText;
use crate::error::ConfigError;
use crate::session::queue::Overflow;

/// The settings go by the names of their setters; what is left out has its default.
///
/// - Times are texts such as `"100ms"`, `"5s"` or `"1m 30s"`.
/// - `backoff` has `initial` and `max`, `pace` has `burst` and `rate`, `tags` has a value for each key.
/// - `origin` has `container_id`, `cgroup_inode`, `external_data`, `cardinality` and `detection`.
/// - `telemetry` has `name`, without which Datadog's names are taken, and `interval`.
/// - `"none"` turns off what can be turned off, such as `pace`, `resolve_interval` and `send_buffer`.
/// - `host` may be an [address](Config::host), which wins over `port` and `transport`. So may `address`, which wins over
///   `host`. Without one, `path` leads to a Unix socket.
///
/// A setting that is not known, or cannot work, is an error with its name. What is missing is told when
/// the configuration is used, since a setter may still add it.
///
/// ```
/// use std::time::Duration;
/// use statsd_proto::Config;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config: Config = toml::from_str(
///     r#"
///     host = "metrics.internal"
///     prefix = "shop"
///     dialect = "dogstatsd"
///     flush_interval = "50ms"
///     tags = { env = "production" }
///     "#,
/// )?;
/// let expected = Config::dogstatsd("metrics.internal")
///     .prefix("shop")
///     .flush_interval(Duration::from_millis(50))
///     .tag("env", "production");
/// assert_eq!(config, expected);
/// # Ok(())
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut settings = Settings::deserialize(deserializer)?;
        let host = settings.host.take().unwrap_or_default();
        let address = settings.address.take().unwrap_or_default();
        let is_address = host.contains("://");
        let read = |config: Self, setting, text: &str| match text {
            "" => Ok(config),
            text => config.address_of(setting, text).map_err(D::Error::custom),
        };
        let mut config = Self::new("");
        if !is_address {
            config = read(config, "host", &host)?;
        }
        settings.apply(&mut config);
        // An address wins over what is beside it.
        if is_address {
            config = read(config, "host", &host)?;
        }
        config = read(config, "address", &address)?;
        // A setter may still bring the host, which is no reason to pass over what is wrong already.
        match config.clone().default_host("localhost").check() {
            Ok(()) | Err(ConfigError::Missing { .. }) => Ok(config),
            Err(error @ ConfigError::Invalid { .. }) => Err(D::Error::custom(error)),
        }
    }
}

/// Only what differs from the defaults is written.
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Settings::from(self).serialize(serializer)
    }
}

/// Each setting with the form that it has in a file.
macro_rules! settings {
    ($($name:ident: $form:ty,)+) => {
        #[derive(Deserialize, Serialize)]
        #[serde(deny_unknown_fields, rename = "Config")]
        struct Settings {
            #[serde(skip_serializing)]
            address: Option<String>,
            $(#[serde(skip_serializing_if = "Option::is_none")]
            $name: Option<$form>,)+
        }

        impl Settings {
            fn apply(self, config: &mut Config) {
                $(if let Some(value) = self.$name {
                    config.$name = value.into();
                })+
            }
        }

        impl From<&Config> for Settings {
            fn from(config: &Config) -> Self {
                // Does not compile while a setting is missing here.
                let Config { $($name),+ } = config;
                let base = Config::new("");
                Self {
                    address: None,
                    $($name: if *$name == base.$name {
                        None
                    } else {
                        Some($name.clone().into())
                    },)+
                }
            }
        }
    };
}

settings! {
    host: String,
    port: Option<u16>,
    path: PathBuf,
    transport: Option<Transport>,
    enabled: bool,
    prefix: Option<String>,
    kind_prefixes: Option<bool>,
    dialect: Dialect,
    tags: Tags,
    origin: Origin,
    unsafe_text: UnsafeText,
    max_line: usize,
    max_datagram: Option<usize>,
    max_queue_bytes: usize,
    max_queue_lines: usize,
    overflow: Overflow,
    pace: OrNone<Pace>,
    flush_interval: Time,
    aggregate: OrNone<Time>,
    max_contexts: usize,
    max_samples: usize,
    max_aggregate_bytes: usize,
    backoff: Backoff,
    settle_time: Time,
    resolve_interval: OrNone<Time>,
    connect_timeout: Time,
    write_timeout: Time,
    close_timeout: Time,
    send_buffer: OrNone<usize>,
    keepalive: OrNone<Time>,
    max_connection_age: OrNone<Time>,
    resend_unacknowledged: bool,
    telemetry: OrNone<form::Telemetry>,
    adaptive_sampling: bool,
    rate: f64,
}

#[cfg(test)]
mod tests;
