//! Configuration files, in any format that serde supports.

mod form;

use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::form::{Backoff, OrNone, Tags, Time};
use super::origin::Origin;
use super::{Config, Pace, Transport};
use crate::encode::dialect::Dialect;
use crate::encode::text::SanitizePolicy;
use crate::error::ConfigError;
use crate::session::queue::Overflow;

/// Keys are the names of the setters. Settings that are left out keep their defaults.
///
/// - Times are strings such as `"100ms"`, `"5s"` or `"1m 30s"`.
/// - `backoff` has the keys `initial` and `max`, `pace` has `burst` and `rate`, `tags` has a value for each tag.
/// - `origin` has the keys `container_id`, `cgroup_inode`, `external_data`, `cardinality` and `detection`.
/// - `telemetry` has the keys `name` and `interval`. Without `name` it uses Datadog's names.
/// - `"none"` turns an optional setting off, such as `pace`, `resolve_interval` and `send_buffer`.
/// - `host` may be an [address](Config::host), which overrides `port` and `transport`. `address` is the same, and
///   overrides `host`. `path` is the path of a Unix socket, if neither contains an address.
///
/// Unknown keys and invalid values are errors, which name the setting. A missing setting is reported when the
/// configuration is used, because a setter may still supply it.
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
        // An address overrides host, port and transport.
        if is_address {
            config = read(config, "host", &host)?;
        }
        config = read(config, "address", &address)?;
        // A setter may still supply the host. The other settings are checked at once.
        match config.clone().default_host("localhost").check() {
            Ok(()) | Err(ConfigError::Missing { .. }) => Ok(config),
            Err(error @ ConfigError::Invalid { .. }) => Err(D::Error::custom(error)),
        }
    }
}

/// Writes only settings that differ from the defaults.
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Settings::from(self).serialize(serializer)
    }
}

/// All settings, each with its form in a file.
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
                // Destructured, so that a new setting that is missing here does not compile.
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
    sanitize_policy: SanitizePolicy,
    max_line: usize,
    max_datagram: Option<usize>,
    segmentation: bool,
    max_queue_bytes: usize,
    max_queue_lines: usize,
    overflow: Overflow,
    pace: OrNone<Pace>,
    flush_interval: Time,
    aggregate: OrNone<Time>,
    max_series: usize,
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
